"""
Web of Science, tagged (`.ciw`, `.txt`): `PT J` begins a record, `ER` ends it, and a continued line begins with spaces.

The tab-delimited export of the same database is a table, which `rag.sources.tables` reads.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rag.sources import records
from rag.sources.record_lines import first_value, parse_name, repeated, split_tagged, tagged_lines
from rag.sources.values import is_retracted
from rag.types import Paper, Reject

_TAG = re.compile(r"\ufeff?(?!ER \S)([A-Z][A-Z0-9])(?: (.*)|)$", re.DOTALL)
_BEGIN = re.compile(
    r"^\ufeff?(?:FN .*\n+VR \d|PT [A-Z]{1,2}[ \t]*\n(?:[A-Z][A-Z0-9] .*\n|   .*\n)*?(?:TI|UT) )", re.MULTILINE
)
_KNOWN = frozenset(
    """FN VR PT AU AF BA BE BF CA GP TI FT SO SE BS LA DT CT CY CL SP HO DE ID AB C1 C3 RP EM RI OI FU FP FX CR NR TC Z1
    Z2 Z3 Z4 Z5 Z6 Z7 Z8 Z9 U1 U2 PU PI PA SN EI BN J9 JI PD PY VL IS PN SU SI MA BP EP AR DI DL D2 EA EY PG P2 WC WE SC
    GA PM UT OA HC HP DA ED ER EF""".split()
)
_PROSE = re.compile(r"[a-z]+ [a-z]+ [a-z]")
_STRAY = "a line neither has a tag nor begins with a space"
_ONCE_PER_RECORD = frozenset("TI SO AB PY UT".split())
_OF_THE_FILE = frozenset(("FN", "VR", "EF"))


def recognise(head: str) -> bool:
    """True if a line names the file's format (`FN`, `VR`), or a record begins with its type."""
    return head.lstrip()[:1] not in ("{", "[", "<") and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per record; a stray line, or a second title or abstract, makes it a Reject."""
    for lines in split_tagged(stream, _TAG, first=("PT",), last="ER", once=_ONCE_PER_RECORD, outside=_OF_THE_FILE):
        values = tagged_lines(lines.rows, _TAG)
        stray = next((row for row in lines.rows if row and not row[0].isspace() and not _is_field(row)), None)
        yield (
            lines.too_long()
            or (stray and Reject(where=f"line {lines.start}", reason=f"not valid Web of Science text: {_STRAY}"))
            or repeated(values, f"line {lines.start}", "Web of Science text", "TI", "AB")
            or _paper(values, f"line {lines.start}", context)
        )


def _is_field(row: str) -> bool:
    """False for a line of an abstract that has lost the spaces before it: “AI models are compared”."""
    found = _TAG.match(row)
    return found is not None and (found[1] in _KNOWN or not _PROSE.match(found[2] or ""))


def _paper(values: Mapping[str, Sequence[Sequence[str]]], where: str, context: records.Context) -> Paper | Reject:
    record = records.make_paper(_fields(values), where, context)
    kinds = " ".join(line for lines in values.get("DT", ()) for line in lines)
    return records.flag_retracted(record) if is_retracted(kinds) else record


def _fields(values: Mapping[str, Sequence[Sequence[str]]]) -> dict[str, object]:
    joined = {tag: [" ".join(lines) for lines in texts] for tag, texts in values.items()}
    names = [
        name
        for tag in ("AF", "AU")
        for lines in values.get(tag, ())
        for name in lines
        if tag == "AF" or "AF" not in values
    ]
    return {
        "id": first_value(joined, "UT"),
        "title": first_value(joined, "TI"),
        "abstract": first_value(joined, "AB"),
        "authors": [*map(parse_name, names), *(name for lines in values.get("CA", ()) for name in lines)],
        "published": " ".join(filter(None, (first_value(joined, "PY"), first_value(joined, "PD")))),
        "date": first_value(joined, "EA") if not first_value(joined, "PY") else "",
        "doi": first_value(joined, "DI", "D2"),
        "pmid": first_value(joined, "PM"),
        "venue": first_value(joined, "SO"),
        "tags": [part for keywords in joined.get("DE", ()) for part in keywords.split(";")],
    }
