"""
Records of text formats made of tagged lines: the lines of one record, and where it begins in the input.

It serves RIS, MEDLINE, EndNote, Web of Science and BibTeX, knows no tag of theirs, and makes no Paper.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from rag.sources.decoding import MAX_RECORD_CHARS, numbered_lines
from rag.types import Reject


@dataclass(slots=True)
class RecordLines:
    """The lines of one record and the number of its first line; lines past the limit of a record are not kept."""

    start: int
    rows: list[str] = field(default_factory=list)
    size: int = 0

    def add(self, line: str | None) -> None:
        """Add a line; None stands for a line that was too long to read."""
        self.size += MAX_RECORD_CHARS + 1 if line is None else len(line) + 1
        if self.size <= MAX_RECORD_CHARS:
            self.rows.append(line or "")

    def too_long(self) -> Reject | None:
        """A Reject if the record is longer than `MAX_RECORD_CHARS`."""
        reason = f"the record is longer than {MAX_RECORD_CHARS:,} characters"
        return Reject(where=f"line {self.start}", reason=reason) if self.size > MAX_RECORD_CHARS else None


def split_at(stream: TextIO, begin: re.Pattern[str]) -> Iterator[RecordLines]:
    """
    Split a text before each line that `begin` matches.

    A line that is too long to read begins a record too, if the line before it closes a brace or parenthesis.
    """
    record: RecordLines | None = None
    for number, line in numbered_lines(stream):
        is_closed = record is None or not record.rows or record.rows[-1].rstrip().endswith(("}", ")"))
        if record is None or (is_closed if line is None else begin.match(line)):
            if record:
                yield record
            record = RecordLines(start=number)
        record.add(line)
    if record:
        yield record


def split_tagged(
    stream: TextIO,
    tag: re.Pattern[str],
    *,
    first: Collection[str],
    last: str = "",
    once: Collection[str],
    outside: Collection[str] = (),
) -> Iterator[RecordLines]:
    """
    Split a text of tagged lines into its records.

    Args:
        stream: The text.
        tag: Matches a tagged line; its first group is the tag.
        first: The tags that begin a record. If that line is lost, the record begins after a blank line, with a tag of
            `once` that the record before has already.
        last: The tag that ends a record, if the format has one. Text after it is no record before a tag comes.
        once: Tags that never stand in one record again after a blank line.
        outside: Tags of the file itself, which begin no record.
    """
    record: RecordLines | None = None
    tags: set[str] = set()
    after_blank, last_number = False, 0
    for number, line in numbered_lines(stream):
        after_blank, last_number = after_blank or number > last_number + 1, number
        found = tag.match(line) if line is not None else None
        if found and record:
            is_next = after_blank and found[1] in once and (found[1] in tags or tags.isdisjoint(first))
            if found[1] in first or found[1] == last or is_next:
                yield record
                record = None
        if found and not record and found[1] != last and found[1] not in outside:
            record, tags = RecordLines(start=number), set()
        if found:
            after_blank = False
            tags.add(found[1])
        if record:
            record.add(line)
    if record:
        yield record


def tagged_lines(rows: Sequence[str], tag: re.Pattern[str], *, indented: bool = False) -> dict[str, list[list[str]]]:
    """
    The lines of each field by its tag: one list for each time that the tag stands in the record.

    Args:
        rows: The lines of one record.
        tag: Matches a tagged line; its groups are the tag and the text.
        indented: True if a continued line begins with a space. Another line without a tag is damaged then: it is no
            part of a field, nor is what continues it.
    """
    values: dict[str, list[list[str]]] = {}
    current: list[str] = []
    for row in rows:
        if found := tag.match(row):
            current = [text] if (text := (found[2] or "").strip()) else []
            values.setdefault(found[1], []).append(current)
        elif row[:1].isspace() or not indented:
            current += [text] if (text := row.strip()) else []
        else:
            current = []
    return values


def repeated(values: Mapping[str, Sequence[Sequence[str]]], where: str, what: str, *tags: str) -> Reject | None:
    """A Reject if one of the tags stands in the record twice with different texts: it may be two records."""
    for tag in tags:
        if len({tuple(lines) for lines in values.get(tag, ()) if lines}) > 1:
            return Reject(where=where, reason=f"not valid {what}: the field {tag} stands twice")
    return None


def first_value(values: Mapping[str, Sequence[str]], *tags: str) -> str:
    """The first value that is not empty, of the first tag that has one; empty if none has."""
    return next((value for tag in tags for value in values.get(tag, ()) if value), "")


def parse_name(name: str) -> dict[str, str]:
    """
    A name that is written family name first, with or without a suffix, as given and family name.

    >>> parse_name("King, Martin Luther, Jr")
    {'given': 'Martin Luther', 'family': 'King Jr'}
    """
    family, *rest = (part.strip() for part in name.split(","))
    return {"given": rest[0] if rest else "", "family": " ".join([family, *rest[1:]])}
