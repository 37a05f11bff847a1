"""RefWorks' tagged text, which CNKI, ProQuest and others export too: `RT` begins a record, `T1` is its title."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rag.sources import records
from rag.sources.record_lines import first_value, parse_name, repeated, split_tagged, tagged_lines
from rag.sources.records import printable
from rag.types import Paper, Reject

_TAG = re.compile(r"\ufeff?([A-Z][A-Z0-9](?=[ ]|$)|[A-Z][A-Z0-9][^\w\s])[ ]?(.*)$", re.DOTALL)
"""A tag that has lost the space after it, `DO(`, is an unknown one: it must not become a part of the abstract."""
_TAGS = frozenset(
    """A1 A2 A3 A4 A5 A6 AB AD AN AU AV CL CN CR DB DO DS ED EN FD FT ID IN IP IS JF JO K1 K2 LA LK LL NO OL OP PA PB PE
    PM PN PP PY RD RT SF SL SN SP SR ST T1 T2 T3 TI U1 U2 U3 U4 U5 U6 U7 U8 U9 UL UR VO WP WT WV YR""".split()
)
_BEGIN = re.compile(r"^\ufeff?RT [A-Za-z][A-Za-z ,/()-]{2,50}\n(?:[A-Z][A-Z0-9](?: .*)?\n)*?T1 \S", re.MULTILINE)
_ONCE_PER_RECORD = frozenset("T1 AB JF YR SR".split())


def recognise(head: str) -> bool:
    """True if a record begins with its type and has a title."""
    return head.lstrip()[:1] not in ("{", "[", "<") and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per record; a second title or abstract makes it a Reject."""
    for lines in split_tagged(stream, _TAG, first=("RT",), once=_ONCE_PER_RECORD):
        rows, unsure = _with_prose(lines.rows)
        values = tagged_lines(rows, _TAG)
        yield (
            lines.too_long()
            or (
                unsure
                and Reject(where=f"line {lines.start}", reason=f"not valid RefWorks text: “{unsure}” in the abstract")
            )
            or repeated(values, f"line {lines.start}", "RefWorks text", "T1", "AB")
            or records.make_paper(_fields(values), f"line {lines.start}", context)
        )


def _with_prose(rows: Sequence[str]) -> tuple[list[str], str]:
    """
    The lines of a record with those marked as continued that go on with the abstract in a word of two capital letters.

    “AI models are compared” is no field, for RefWorks has no tag AI. “AD patients” may be a field or not: it is
    returned as what makes the record unsure.
    """
    result: list[str] = []
    last = ""
    for row in rows:
        found = _TAG.match(row)
        tag = found[1] if found else ""
        if found and last == "AB" and len(tag) == 2 and row[2:3] == " ":
            if tag not in _TAGS:
                row, tag = f" {row}", ""
            elif tag.isalpha() and re.match(r"[a-z]+ [a-z]+ [a-z]", found[2]):
                return result, printable(row[:40]) or ""
        result.append(row)
        last = tag or last
    return result, ""


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
