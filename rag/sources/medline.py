"""
MEDLINE text (PubMed's `.nbib`): tags in four columns, continued lines after six spaces, blank lines between records.

The reader is our own: no library for it is both maintained and small (Biopython is large).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rag.sources import records
from rag.sources.decoding import numbered_lines
from rag.sources.record_lines import RecordLines, first_value, parse_name
from rag.types import Paper, Reject

_TAG = re.compile(r"\ufeff?([A-Z][A-Z0-9]{1,3}) *(?<=....)- ?(.*)$", re.DOTALL)
_BEGIN = re.compile(r"^\ufeff?PMID- ?\d{1,9}[ \t]*$", re.MULTILINE)
_RETRACTED = "retracted publication"  # a "Retraction of Publication" is the notice
_ONCE_PER_RECORD = {"OWN", "STAT", "TI", "DP", "AB", "JT", "TA", "DCOM", "LR", "EDAT", "CRDT"}


def recognise(head: str) -> bool:
    """True if a line gives a PubMed id, as the first line of each record does."""
    return head.lstrip()[:1] not in ("{", "[", "<") and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per MEDLINE record; the abstract is `AB`, else `OAB`, which another source wrote."""
    for lines in _split(stream):
        too_long = lines.too_long()
        values = {} if too_long else _values(lines.rows)
        record = too_long or records.make_paper(_fields(values), f"line {lines.start}", context)
        types = [value.lower() for value in values.get("PT", ())]
        yield records.flag_retracted(record) if _RETRACTED in types or values.get("RIN") else record


def _split(stream: TextIO) -> Iterator[RecordLines]:
    """
    Split the text before each PMID.

    If that line is damaged, the next record begins after a blank line, with a tag that the record has already and that
    a record has only once.
    """
    record: RecordLines | None = None
    tags: set[str] = set()
    after_blank, last_number = False, 0
    for number, line in numbered_lines(stream):
        after_blank, last_number = after_blank or number > last_number + 1, number
        tag = _TAG.match(line) if line is not None else None
        if tag and record and (tag[1] == "PMID" or (after_blank and tag[1] in tags)):
            yield record
            record = None
        if tag and not record:
            record, tags = RecordLines(start=number), set()
        if tag:
            after_blank = False
            tags |= {tag[1]} & _ONCE_PER_RECORD
        if record:
            record.add(line)
    if record:
        yield record


def _values(rows: Sequence[str]) -> dict[str, list[str]]:
    """The values of each tag, one for each time that the tag stands in the record."""
    parts: dict[str, list[list[str]]] = defaultdict(list)
    current: list[str] = []
    for row in rows:
        if tag := _TAG.match(row):
            current = [tag[2].strip()]
            parts[tag[1]].append(current)
        elif row[:1].isspace():
            current.append(row.strip())
        else:
            current = []  # a damaged line: what continues it belongs to no known tag
    return {tag: [" ".join(filter(None, lines)) for lines in values] for tag, values in parts.items()}


def _fields(values: Mapping[str, Sequence[str]]) -> dict[str, object]:
    ids = [value for tag in ("LID", "AID") for value in values.get(tag, ())]
    dois = [re.sub(r"\s*\[doi\]\s*$", "", value) for value in ids if re.search(r"\[doi\]\s*$", value)]
    return {
        "pmid": first_value(values, "PMID"),
        "title": first_value(values, "TI", "BTI", "TT"),
        "abstract": first_value(values, "AB", "OAB"),
        "authors": [*map(parse_name, values.get("FAU") or values.get("AU") or ()), *values.get("CN", ())],
        "published": first_value(values, "DP"),
        "date": first_value(values, "DEP"),
        "pmcid": first_value(values, "PMC"),
        "doi": next(iter(dois), ""),
        "venue": first_value(values, "JT", "TA", "CTI"),
        "tags": [value.lstrip("*") for value in values.get("OT", ())],
    }
