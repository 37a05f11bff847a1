"""
MEDLINE text, PubMed's `.nbib`: tags in four columns, six spaces before what goes on, blank lines between records.

Read by hand: of the libraries none is both kept and small (Biopython is neither needed nor light).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rag.sources import records, ris
from rag.sources.decoding import lines
from rag.types import Paper, Reject

_TAG = re.compile(r"\ufeff?([A-Z][A-Z0-9]{1,3}) *(?<=....)- ?(.*)$", re.DOTALL)
_BEGIN = re.compile(r"^\ufeff?PMID- ?\d{1,9}[ \t]*$", re.MULTILINE)
_RETRACTED = "retracted publication"  # a "Retraction of Publication" is the notice
_ONCE = ("OWN", "STAT", "TI", "DP", "AB", "JT", "TA", "DCOM", "LR", "EDAT", "CRDT")


def recognise(head: str) -> bool:
    """Whether a line gives a PubMed id, as the first of each record does."""
    return head.lstrip()[:1] not in ("{", "[", "<") and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each record; the abstract is `AB`, and only where there is none `OAB`, which is of another source."""
    for record in _cut(stream):
        refusal = record.refusal()
        values = {} if refusal else _values(record.rows)
        found = refusal or records.paper(_fields(values), f"line {record.start}", context)
        types = [each.lower() for each in values.get("PT", ())]
        yield records.retracted(found) if _RETRACTED in types or values.get("RIN") else found


def _cut(stream: TextIO) -> Iterator[ris.Lines]:
    """
    The lines of each record, which begins with its PMID.

    Where that is damaged, a tag that a record has only once begins the next one after a blank line.
    """
    record: ris.Lines | None = None
    seen: set[str] = set()
    apart, last = False, 0
    for number, line in lines(stream):
        apart, last = apart or number > last + 1, number
        tag = _TAG.match(line) if line is not None else None
        if tag and record and (tag[1] == "PMID" or (apart and tag[1] in seen)):
            yield record
            record = None
        if tag and not record:
            record, seen = ris.Lines(start=number), set()
        if tag:
            apart = False
            seen |= {tag[1]} & {*_ONCE}
        if record:
            record.add(line)
    if record:
        yield record


def _values(rows: Sequence[str]) -> dict[str, list[str]]:
    """What stands under each tag, a text for each time that it stands there."""
    parts: dict[str, list[list[str]]] = defaultdict(list)
    current: list[str] = []
    for row in rows:
        if tag := _TAG.match(row):
            current = [tag[2].strip()]
            parts[tag[1]].append(current)
        elif row[:1].isspace():
            current.append(row.strip())
        else:
            current = []  # damaged: it belongs to no tag that is known
    return {tag: [" ".join(filter(None, each)) for each in texts] for tag, texts in parts.items()}


def _fields(values: Mapping[str, Sequence[str]]) -> dict[str, object]:
    located = [each for tag in ("LID", "AID") for each in values.get(tag, ()) if re.search(r"\[doi\]\s*$", each)]
    return {
        "pmid": _first(values, "PMID"),
        "title": _first(values, "TI", "BTI", "TT"),
        "abstract": _first(values, "AB", "OAB"),
        "authors": [*map(ris.name, values.get("FAU") or values.get("AU") or ()), *values.get("CN", ())],
        "published": _first(values, "DP"),
        "date": _first(values, "DEP"),
        "pmcid": _first(values, "PMC"),
        "doi": re.sub(r"\s*\[doi\]\s*$", "", located[0]) if located else "",
        "venue": _first(values, "JT", "TA", "CTI"),
        "tags": [each.lstrip("*") for each in values.get("OT", ())],
    }


def _first(values: Mapping[str, Sequence[str]], *tags: str) -> str:
    return next((each for tag in tags for each in values.get(tag, ()) if each), "")
