"""RefWorks' tagged text, which CNKI, ProQuest and others export too: `RT` begins a record, `T1` is its title."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rag.sources import records
from rag.sources.record_lines import first_value, parse_name, repeated, split_tagged, tagged_lines
from rag.types import Paper, Reject

_TAG = re.compile(r"\ufeff?([A-Z][A-Z0-9](?=[ ]|$)|[A-Z][A-Z0-9][^\w\s])[ ]?(.*)$", re.DOTALL)
"""A tag that has lost the space after it, `DO(`, is an unknown one: it must not become a part of the abstract."""
_BEGIN = re.compile(r"^\ufeff?RT [A-Za-z][A-Za-z ,/()-]{2,50}\n(?:[A-Z][A-Z0-9](?: .*)?\n)*?T1 \S", re.MULTILINE)
_ONCE_PER_RECORD = frozenset("T1 AB JF YR SR".split())


def recognise(head: str) -> bool:
    """True if a record begins with its type and has a title."""
    return head.lstrip()[:1] not in ("{", "[", "<") and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per record; a second title or abstract makes it a Reject."""
    for lines in split_tagged(stream, _TAG, first=("RT",), once=_ONCE_PER_RECORD):
        values = tagged_lines(lines.rows, _TAG)
        yield (
            lines.too_long()
            or repeated(values, f"line {lines.start}", "RefWorks text", "T1", "AB")
            or records.make_paper(_fields(values), f"line {lines.start}", context)
        )


def _fields(values: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, object]:
    joined = {tag: [" ".join(lines) for lines in texts] for tag, texts in values.items()}
    year, day = first_value(joined, "YR"), first_value(joined, "FD")
    links = [link for tag in ("UL", "LK") for text in joined.get(tag, ()) for link in re.findall(r"https?://\S+", text)]
    database = " ".join([*joined.get("DB", ()), *joined.get("DS", ())]).lower()
    return {
        "title": first_value(joined, "T1"),
        "abstract": first_value(joined, "AB"),
        "authors": [parse_name(name) for text in joined.get("A1", ()) for name in re.split("[;；]", text)],
        "published": day if re.search(r"\d{4}", day) else f"{year} {day}".strip(),
        "date": year,
        "doi": first_value(joined, "DO"),
        "pmid": first_value(joined, "AN") if "pubmed" in database or "medline" in database else "",
        "url": next(iter(links), ""),
        "venue": first_value(joined, "JF", "JO"),
        "tags": [part for text in joined.get("K1", ()) for part in re.split("[;；]", text)],
    }
