"""
RIS, as reference managers and databases export it: `TY  - JOUR` begins a record, `ER  -` ends it.

rispy reads the records. They are split here first, one at a time, to know their places, and rewritten in the form that
rispy takes. It would drop a first record after a byte order mark, a record without its end, and every record of an
export with single spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TextIO

import rispy  # type: ignore[import-untyped]

from rag import identity
from rag.sources import records
from rag.sources.decoding import numbered_lines
from rag.sources.record_lines import RecordLines, first_value, parse_name
from rag.types import Paper, Reject

_TAG = re.compile(r"\ufeff?\s?([A-Z][A-Z0-9])  ?-(?:\s+(.*)|)$", re.DOTALL)
_TWO_SPACE_TAG = re.compile(r"\ufeff?\s?([A-Z][A-Z0-9])  -(?:\s*(.*)|)$", re.DOTALL)
_BEGIN = re.compile(r"^\ufeff?[ \t]?TY  ?-[ \t]*[A-Za-z]*[ \t]*$", re.MULTILINE)
_PMCID = re.compile(r"(?:PMCID:?\s*)?PMC\d{1,9}", re.IGNORECASE)  # EndNote has it in C2, whatever the database
_LIST_TAGS = [*rispy.config.LIST_TYPE_TAGS, "AB", "N2", "TI", "T1", "L1", "L2", "L3", "LK"]
_MAPPING = {tag: tag for tag in [*rispy.config.TAG_KEY_MAPPING, "CT", "BT", "L3", "LK", "U1"]}
_parser = rispy.RisParser(mapping=_MAPPING, list_tags=_LIST_TAGS, delimiter_tags_mapping={}, skip_unknown_tags=True)


def recognise(head: str) -> bool:
    """True if a line gives the type of a reference, as the first line of each record does."""
    return head.lstrip()[:1] not in ("{", "[", "<") and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Yield one record per RIS record.

    An `ID` that an earlier record has is ignored: some programs number each export anew, or give all records one id.
    """
    seen: set[str] = set()
    for lines in _split(stream):
        if too_long := lines.too_long():
            yield too_long
            continue
        values = _values(lines.rows)
        record_id = first_value(values, "ID")
        fields = _fields(values) | ({"id": record_id} if record_id and record_id not in seen else {})
        seen.add(record_id)
        yield records.make_paper(fields, f"line {lines.start}", context)


def _split(stream: TextIO) -> Iterator[RecordLines]:
    """Split the text into records in the form that rispy takes; a record that has lost its `TY` is given one."""
    record: RecordLines | None = None
    pattern = _TAG
    for number, line in numbered_lines(stream):
        if line is not None and (type_tag := _TAG.match(line)) and type_tag[1] == "TY":
            # in a file with two spaces before the dash, " IL - 6" within an abstract is no tag
            pattern = _TWO_SPACE_TAG if _TWO_SPACE_TAG.match(line) else _TAG
        tag = pattern.match(line) if line is not None else None
        if record and tag and tag[1] in ("TY", "ER"):
            yield record
            record = None
        if not record and tag and tag[1] != "ER":
            record = RecordLines(start=number)
            record.add("TY  - " + ((tag[2] or "").strip() if tag[1] == "TY" else "GEN"))
            tag = tag if tag[1] != "TY" else None
            line = "" if tag is None else line
        if record and line != "":
            record.add(None if line is None else f"{tag[1]}  - {(tag[2] or '').strip()}" if tag else f"      {line}")
    if record:
        yield record


def _values(rows: Sequence[str]) -> dict[str, list[str]]:
    """The values of each tag, in order."""
    parsed: dict[str, Any] = next(iter(_parser.parse_lines(iter([*rows, "ER  - "]))), {})
    return {
        tag: [value] if isinstance(value, str) else [part for part in value if part]
        for tag, value in parsed.items()
        if isinstance(value, str | list)
    }


def _fields(values: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    def every(*tags: str) -> list[str]:
        return [value for tag in tags for value in values.get(tag, ())]

    database = f"{first_value(values, 'DB')} {first_value(values, 'DP')}".lower()
    pmid = first_value(values, "AN", "C2") if "pubmed" in database or "medline" in database else ""
    links = [link for value in every("UR", "L2", "LK", "L1", "L3") for link in re.findall(r"https?://[^\s;]+", value)]
    return {
        "title": _joined(values, "TI", "T1", "CT", "BT"),
        "abstract": _joined(values, "AB", "N2"),
        "authors": [parse_name(value) for value in every("A1", "AU")],
        "published": first_value(values, "PY", "Y1"),
        "date": first_value(values, "DA"),
        "year": first_value(values, "Y1"),
        "doi": next(filter(_is_doi, every("DO", "M3", "L3", "UR", "L2", "LK")), "") or first_value(values, "DO"),
        "pmid": pmid or (first_value(values, "C2") if "scopus" in database else ""),
        "pmcid": next(filter(_PMCID.fullmatch, every("C2", "AN")), ""),
        "arxiv_id": next((value for value in every("AN", "M1", "ID") if "arxiv" in value.lower()), ""),
        "url": next(iter(links), ""),
        "venue": first_value(values, "JF", "JO", "T2", "JA", "J2"),
        "tags": [part for value in every("KW") for part in value.split(";")],
        **records.exported_fields(first_value(values, "U1").removeprefix("refdesk ")),
    }


def _is_doi(value: str) -> bool:
    return any(paper_id.startswith("doi:") for paper_id in identity.scheme_ids(value))


def _joined(values: Mapping[str, Sequence[str]], *tags: str) -> str:
    """All values of the first tag that has any, as one text."""
    return next((text for tag in tags if (text := " ".join(values.get(tag, ())))), "")
