"""
EndNote's tagged export, also called refer (`.enw`): `%0` begins a record, `%T` is the title and `%X` the abstract.

The older refer of Unix has no `%0`: there a blank line ends a record. `rag.sources.endnote_xml` reads EndNote's XML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rag.sources import records
from rag.sources.record_lines import first_value, parse_name, repeated, split_tagged, tagged_lines
from rag.types import Paper, Reject

_TAG = re.compile(r"\ufeff?(%(?:[0-9A-Za-z@!#$&()*+<>?[\]^~=:;-](?=[ \t]|$)|[0-9A-Z]\S))[ \t]*(.*)$", re.DOTALL)
"""A tag that has lost the space after it, `%R(`, is an unknown one: it must not become a part of the abstract."""
_SHARE = re.compile(r"%(?:\d{1,2}|100)(?:[.,]\d+)?(?=[ ,;)'’])(?<!%\d)")
"""A share as Turkish writes it, “%95 güven aralığı”: the line may go on with the abstract, or be a damaged field."""
_BEGIN = re.compile(r"^\ufeff?%(?:0[ \t]+[A-Z][a-zA-Z -]+|[AT][ \t]+\S.*\n(?:.+\n)*?%[TAX][ \t]+\S)", re.MULTILINE)
_ONCE_AFTER_A_BLANK_LINE = frozenset("%A %T %X %D %J %B %R".split())


def recognise(head: str) -> bool:
    """True if a line gives the type of a reference, or an author and a title follow each other."""
    return head.lstrip()[:1] not in ("{", "[", "<") and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per reference; a second title or abstract makes it a Reject."""
    for lines in split_tagged(stream, _TAG, first=("%0",), once=_ONCE_AFTER_A_BLANK_LINE):
        values = tagged_lines(lines.rows, _TAG)
        share = next((found[0] for row in lines.rows if (found := _SHARE.match(row))), "")
        yield (
            lines.too_long()
            or (
                share and Reject(where=f"line {lines.start}", reason=f"not valid EndNote text: a line begins “{share}”")
            )
            or repeated(values, f"line {lines.start}", "EndNote text", "%T", "%X")
            or records.make_paper(_fields(values), f"line {lines.start}", context)
        )


def _fields(values: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, object]:
    joined = {tag: [" ".join(lines) for lines in texts] for tag, texts in values.items()}
    year, day = first_value(joined, "%D"), first_value(joined, "%8")
    is_pubmed = re.search(
        "pubmed|medline|nlm", " ".join((first_value(joined, "%W"), first_value(joined, "%~"))), re.IGNORECASE
    )
    return {
        "title": first_value(joined, "%T"),
        "abstract": first_value(joined, "%X"),
        "authors": [parse_name(name) for lines in values.get("%A", ()) for name in lines],
        "published": day if re.search(r"\d{4}", day) else f"{year} {day}".strip(),
        "date": year,
        "doi": first_value(joined, "%R"),
        "pmid": first_value(joined, "%M") if is_pubmed else "",
        "pmcid": first_value(joined, "%2"),
        "url": next((link for text in joined.get("%U", ()) for link in re.findall(r"https?://\S+", text)), ""),
        "venue": first_value(joined, "%J", "%B"),
        "tags": [part for lines in values.get("%K", ()) for line in lines for part in line.split(";")],
    }
