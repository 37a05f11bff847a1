"""
RIS, as reference managers and databases export it: `TY  - JOUR` begins a record, `ER  -` ends it.

rispy reads the records. They are cut here, one at a time, for their places, and brought into the form that it knows: it
would drop the first after a byte order mark, one that lacks its end, and each of an export with single spaces.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

import rispy  # type: ignore[import-untyped]

from rag import identity
from rag.sources import records
from rag.sources.decoding import MAX_RECORD_CHARS, lines
from rag.types import Paper, Reject

_TAG = re.compile(r"\ufeff?\s?([A-Z][A-Z0-9])  ?-(?:\s+(.*)|)$", re.DOTALL)
_WIDE = re.compile(r"\ufeff?\s?([A-Z][A-Z0-9])  -(?:\s*(.*)|)$", re.DOTALL)
_BEGIN = re.compile(r"^\ufeff?[ \t]?TY  ?-[ \t]*[A-Za-z]*[ \t]*$", re.MULTILINE)
_PMCID = re.compile(r"(?:PMCID:?\s*)?PMC\d{1,9}", re.IGNORECASE)  # EndNote has it in C2, whatever the database
_MANY = [*rispy.config.LIST_TYPE_TAGS, "AB", "N2", "TI", "T1", "L1", "L2", "L3", "LK"]
_MAPPING = {tag: tag for tag in [*rispy.config.TAG_KEY_MAPPING, "CT", "BT", "L3", "LK", "U1"]}
_parser = rispy.RisParser(mapping=_MAPPING, list_tags=_MANY, delimiter_tags_mapping={}, skip_unknown_tags=True)


@dataclass(slots=True)
class Lines:
    """The lines of one record, and where it begins; those past a record's limit are not held."""

    start: int
    rows: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, line: str | None) -> None:
        """Hold one more line; None is one that was too long to read."""
        self.size += MAX_RECORD_CHARS + 1 if line is None else len(line) + 1
        if self.size <= MAX_RECORD_CHARS:
            self.rows.append(line or "")

    def refusal(self) -> Reject | None:
        """A reject where the record is longer than one may be."""
        reason = f"the record is longer than {MAX_RECORD_CHARS:,} characters"
        return Reject(where=f"line {self.start}", reason=reason) if self.size > MAX_RECORD_CHARS else None


def cut(stream: TextIO, begin: re.Pattern[str]) -> Iterator[Lines]:
    """The lines of a text, cut before each that `begin` matches, or that is too long to read, where a brace closed."""
    held: Lines | None = None
    for number, line in lines(stream):
        closed = held is None or not held.rows or held.rows[-1].rstrip().endswith(("}", ")"))
        if held is None or (closed if line is None else begin.match(line)):
            if held:
                yield held
            held = Lines(start=number)
        held.add(line)
    if held:
        yield held


def recognise(head: str) -> bool:
    """Whether a line gives the type of a reference, as the first of each record does."""
    return head.lstrip()[:1] not in ("{", "[", "<") and bool(_BEGIN.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    A paper of each record.

    An `ID` that an earlier record has is passed over: programs number each export anew, or give all the same.
    """
    seen: set[str] = set()
    for record in _cut(stream):
        if refusal := record.refusal():
            yield refusal
            continue
        found: dict[str, Any] = next(iter(_parser.parse_lines(iter([*record.rows, "ER  - "]))), {})
        values = {tag: value for tag, value in found.items() if isinstance(value, str | list)}
        given = _first(values, "ID")
        fields = _fields(values) | ({"id": given} if given and given not in seen else {})
        seen.add(given)
        yield records.paper(fields, f"line {record.start}", context)


def _cut(stream: TextIO) -> Iterator[Lines]:
    """The records in rispy's own form, each beginning with its `TY`; one that has lost it is given one."""
    record: Lines | None = None
    form = _TAG
    for number, line in lines(stream):
        if line is not None and (begin := _TAG.match(line)) and begin[1] == "TY":
            form = _WIDE if _WIDE.match(line) else _TAG  # " IL - 6" within an abstract is no tag where tags are wide
        tag = form.match(line) if line is not None else None
        if record and tag and tag[1] in ("TY", "ER"):
            yield record
            record = None
        if not record and tag and tag[1] != "ER":
            record = Lines(start=number)
            record.add("TY  - " + ((tag[2] or "").strip() if tag[1] == "TY" else "GEN"))
            tag = tag if tag[1] != "TY" else None
            line = "" if tag is None else line
        if record and line != "":
            record.add(None if line is None else f"{tag[1]}  - {(tag[2] or '').strip()}" if tag else f"      {line}")
    if record:
        yield record


def _fields(values: Mapping[str, Any]) -> dict[str, Any]:
    links = [link for tag in ("UR", "L2", "LK", "L1", "L3") for link in _all(values, tag)]
    database = f"{_first(values, 'DB')} {_first(values, 'DP')}".lower()
    number = _first(values, "AN", "C2") if "pubmed" in database or "medline" in database else ""
    doi = next(
        (each for tag in ("DO", "M3", "L3", "UR", "L2", "LK") for each in _all(values, tag) if _is_doi(each)), ""
    )
    return {
        "title": _joined(values, "TI", "T1", "CT", "BT"),
        "abstract": _joined(values, "AB", "N2"),
        "authors": [name(each) for tag in ("A1", "AU") for each in _all(values, tag)],
        "published": _first(values, "PY", "Y1"),
        "date": _first(values, "DA"),
        "year": _first(values, "Y1"),
        "doi": doi or _first(values, "DO"),
        "pmid": number or (_first(values, "C2") if "scopus" in database else ""),
        "pmcid": next((each for tag in ("C2", "AN") for each in _all(values, tag) if _PMCID.fullmatch(each)), ""),
        "arxiv_id": next(
            (each for tag in ("AN", "M1", "ID") for each in _all(values, tag) if "arxiv" in each.lower()), ""
        ),
        "url": next((link for each in links for link in re.findall(r"https?://[^\s;]+", each)), ""),
        "venue": _first(values, "JF", "JO", "T2", "JA", "J2"),
        "tags": [part for each in _all(values, "KW") for part in each.split(";")],
        **records.beside(_first(values, "U1").removeprefix("refdesk ")),
    }


def name(written: str) -> dict[str, str]:
    """
    A name written family first, with or without a suffix, as given and family name.

    >>> name("King, Martin Luther, Jr")
    {'given': 'Martin Luther', 'family': 'King Jr'}
    """
    family, *rest = (part.strip() for part in written.split(","))
    return {"given": rest[0] if rest else "", "family": " ".join([family, *rest[1:]])}


def _is_doi(value: str) -> bool:
    return any(each.startswith("doi:") for each in identity.scheme_ids(value))


def _all(values: Mapping[str, Any], tag: str) -> list[str]:
    value = values.get(tag, [])
    return [value] if isinstance(value, str) else [each for each in value if each]


def _first(values: Mapping[str, Any], *tags: str) -> str:
    return next((each for tag in tags for each in _all(values, tag) if each), "")


def _joined(values: Mapping[str, Any], *tags: str) -> str:
    """The lines of the first of the tags that has any."""
    return next((text for tag in tags if (text := " ".join(_all(values, tag)))), "")
