"""
MEDLINE text (PubMed's `.nbib`): tags in four columns, continued lines after six spaces, blank lines between records.

Ovid exports MEDLINE and Embase much alike (“Reprint/Medlars”), with its own number `UI` for the `PMID`.

The reader is our own: no library for it is both maintained and small (Biopython is large).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from rag.sources import records
from rag.sources.record_lines import first_value, parse_name, split_tagged, tagged_lines
from rag.types import Paper, Reject

_TAG = re.compile(r"\ufeff?([A-Z][A-Z0-9]{1,3}) *(?<=....)- ?(.*)$", re.DOTALL)
_FIRST = ("PMID", "UI")
_BEGIN = re.compile(r"^\ufeff?(?:PMID- ?\d{1,9}|UI  - ?[\w.-]{1,40})[ \t]*$", re.MULTILINE)
_RETRACTED = "retracted publication"  # a "Retraction of Publication" is the notice
_ONCE_PER_RECORD = {"OWN", "STAT", "TI", "DP", "AB", "JT", "TA", "DCOM", "LR", "EDAT", "CRDT"}


def recognise(head: str) -> bool:
    """True if a line gives a PubMed id, as the first line of each record does, or Ovid's number."""
    is_other = re.match(r"\s*(?:[{\[]|<(?!\d))", head)  # Ovid numbers its records: <1>
    return not is_other and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per MEDLINE record; the abstract is `AB`, else `OAB`, which another source wrote."""
    for lines in split_tagged(stream, _TAG, first=_FIRST, once=_ONCE_PER_RECORD, outside=("VN", "DB")):
        too_long = lines.too_long()
        values = {} if too_long else _values(lines.rows)
        record = too_long or records.make_paper(_fields(values), f"line {lines.start}", context)
        types = [value.lower() for value in values.get("PT", ())]
        yield records.flag_retracted(record) if _RETRACTED in types or values.get("RIN") else record


def _values(rows: Sequence[str]) -> dict[str, list[str]]:
    """The values of each tag, one for each time that the tag stands in the record."""
    fields = tagged_lines(rows, _TAG, indented=True)
    return {tag: [" ".join(lines) for lines in values] for tag, values in fields.items()}


def _fields(values: Mapping[str, Sequence[str]]) -> dict[str, object]:
    is_ovid = "PMID" not in values and "UI" in values
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
        "doi": next(iter(dois), "") or (first_value(values, "DO") if is_ovid else ""),
        "id": first_value(values, "UI") if is_ovid else "",
        "year": first_value(values, "YR") if is_ovid else "",
        "venue": first_value(values, "JT", "TA", "CTI", "JN"),
        "tags": [value.lstrip("*") for value in values.get("OT", ())],
    }
