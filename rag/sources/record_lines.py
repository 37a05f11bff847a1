"""
Records of text formats made of tagged lines: the lines of one record, and where it begins in the input.

It serves RIS, MEDLINE and BibTeX, knows no tag of theirs, and makes no Paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
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
