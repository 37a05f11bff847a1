"""
RIS, as reference managers and databases export it: `TY  - JOUR` begins a record, `ER  -` ends it.

rispy reads the records. They are split here first, one at a time, to know their places, and rewritten in the form that
rispy takes. It would drop a first record after a byte order mark, a record without its end, and every record of an
export with single spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, TextIO

import rispy  # type: ignore[import-untyped]

from rag import identity
from rag.sources import records
from rag.sources.decoding import numbered_lines
from rag.sources.record_lines import RecordLines, first_value, parse_name
from rag.types import Paper, Reject

_TYPE = re.compile(
    r"\ufeff?(?:(\s?)TY([ \t\xa0]{1,3})[-\u2013]\s*(.*)|([ \t]{2,8})TY([ \t\xa0]{1,3})[-\u2013][ \t]*([A-Za-z ]*))$",
    re.DOTALL,
)
_TAG = re.compile(r"\ufeff?\s?([A-Z][A-Z0-9])  ?-(?:\s+(.*)|)$", re.DOTALL)
_BEGIN = re.compile(
    r"^\ufeff?[ \t]{0,8}TY(?:  -[ \t]*[A-Za-z]?[A-Za-z ]{0,40}|[ \t\xa0]{1,3}[-\u2013][ \t]*[A-Za-z]*[ \t]*)$",
    re.MULTILINE,
)
_NUMBERING = re.compile(r"\s*(?:record\s+)?[<#]?\d{1,6}(?:\s+of\s+\d{1,6})?[.>)]?\s*$", re.IGNORECASE)
_OF_A_PAPER = frozenset("TI T1 CT BT AB N2".split())
_UNKNOWN = "ZZ"
_CONTINUED = "      "
_PMCID = re.compile(r"(?:PMCID:?\s*)?PMC\d{1,9}", re.IGNORECASE)  # EndNote has it in C2, whatever the database
_LIST_TAGS = [*rispy.config.LIST_TYPE_TAGS, "AB", "N2", "TI", "T1", "L1", "L2", "L3", "LK"]
_MAPPING = {tag: tag for tag in [*rispy.config.TAG_KEY_MAPPING, "CT", "BT", "L3", "LK", "U1"]}
_parser = rispy.RisParser(mapping=_MAPPING, list_tags=_LIST_TAGS, delimiter_tags_mapping={}, skip_unknown_tags=True)


def recognise(head: str) -> bool:
    """True if a line gives the type of a reference, as the first line of each record does."""
    return head.lstrip()[:1] not in ("{", "[", "<") and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Yield one record per RIS record. Text between the end of a record and the next type is no record.

    An `ID` that an earlier record has is ignored: some programs number each export anew, or give all records one id. If
    a title or abstract stands twice, with other fields in between, the record is a Reject: it may be two records.
    """
    seen: set[str] = set()
    for lines in _split(stream):
        if too_long := lines.too_long():
            yield too_long
            continue
        where, rows = f"line {lines.start}", _unfolded(lines.rows)
        tags = [tag for tag, _ in groupby(row[:2] for row in rows)]
        if twice := next((tag for tag in ("TI", "T1", "AB", "N2") if tags.count(tag) > 1), None):
            yield Reject(where=where, reason=f"not valid RIS: the field {twice} stands twice")
            continue
        values = _values(rows)
        record_id = first_value(values, "ID")
        fields = _fields(values) | ({"id": record_id} if record_id and record_id not in seen else {})
        seen.add(record_id)
        yield records.make_paper(fields, where, context)


@dataclass(slots=True)
class _Record:
    """A record in the form that rispy takes: the type stands first, as `GEN` until it is known."""

    lines: RecordLines
    has_type: bool = False
    is_whole: bool = True  # no blank line and no other text stands in it so far
    tags: set[str] = field(default_factory=set)


def _split(stream: TextIO) -> Iterator[RecordLines]:
    """
    Split the text into records; a record that has lost its `TY` is given one.

    `TY` may stand after other tags of its record, if no blank line is between them.
    """
    record: _Record | None = None
    pattern, held, last_number = _TAG, "", 0  # held: a number such as “2.” after a blank line, perhaps of a next record
    for number, line in numbered_lines(stream):
        after_blank, last_number = number > last_number + 1, number
        if line is not None and (kind := _TYPE.match(line)):
            indent, space, name = (part or "" for part in (kind[1] or kind[4], kind[2] or kind[5], kind[3] or kind[6]))
            pattern = _pattern(indent, space)
            if record and not record.has_type and record.is_whole and not after_blank:
                record.has_type, record.lines.rows[0] = True, f"TY  - {name.strip()}"
                continue
            if record and (record.has_type or record.tags & _OF_A_PAPER):
                yield record.lines
            record, held = _Record(RecordLines(start=number), has_type=True), ""
            record.lines.add(f"TY  - {name.strip()}")
            continue
        tag = pattern.match(line) if line is not None else None
        if tag and tag[1] == "ER":
            if record:
                yield record.lines
            record, held = None, ""
            continue
        if tag and not record:
            record = _Record(RecordLines(start=number))
            record.lines.add("TY  - GEN")
        if not record:
            continue
        if held:
            record.lines.add(held)
            held = ""
        record.is_whole &= bool(tag) and (not after_blank or record.lines.start == number)
        if tag:
            record.tags.add(tag[1])
            record.lines.add(f"{tag[1]}  - {(tag[2] or '').strip()}")
        elif line is not None and _is_damaged_tag(line):
            record.lines.add(f"{_UNKNOWN}  - ")
        elif line is not None and after_blank and _NUMBERING.match(line):
            held = f"{_CONTINUED}{line}"
        else:
            record.lines.add(None if line is None else f"{_CONTINUED}{line}")
    if record and (record.has_type or record.tags & _OF_A_PAPER):
        yield record.lines


def _is_damaged_tag(line: str) -> bool:
    """
    True for a line that begins as a tag does but for one character: it must not become a part of the abstract.

    >>> [_is_damaged_tag(line) for line in ("DO  < 10.1000/x", "dO  - 10.1000/x", "DO  -10.1000/x", "IL-6 rose")]
    [True, True, True, False]
    """
    name, rest = line[:2], line[2:6]
    right = sum(char == wanted for char, wanted in zip(rest, "  - ", strict=False))
    return (right == 4 and not name.isspace()) or (
        right == 3 and name[:1].isupper() and (name[1:].isupper() or name[1:].isdigit())
    )


def _pattern(indent: str, space: str) -> re.Pattern[str]:
    """
    The pattern of the tags of a file, by what stands around its `TY`.

    In a file with two spaces before the dash, “IL - 6” within an abstract is no tag.
    """
    before = r"\s?" if len(indent) < 2 else indent
    between, after = ("  -", r"\s*") if space == "  " else (r"[ \t\xa0]{1,3}[-\u2013]", r"\s+")
    return re.compile(rf"\ufeff?{before}([A-Z][A-Z0-9]){between}(?:{after}(.*)|)$", re.DOTALL)


def _unfolded(rows: Sequence[str]) -> list[str]:
    """
    The rows with each continued line joined to its field.

    A line that continues an author without a comma, or keywords, is a value of its own: `Byron, Ada` and below it
    `Hay, Alan`. An address is joined without a space.
    """
    fields: list[list[str]] = []
    for row in rows:
        text = row.strip()
        if not row.startswith(_CONTINUED):
            fields.append([row])
        elif not text:
            continue
        elif (tag := fields[-1][0][:2]) == "KW" or (
            tag in ("AU", "A1") and "," in text and not fields[-1][-1].rstrip().endswith(",")
        ):
            fields.append([f"{tag}  - {text}"])
        else:
            fields[-1].append(text)
    return [("" if row[0][:2] in ("DO", "UR") else " ").join(row) for row in fields]


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
