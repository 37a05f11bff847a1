"""CSV and TSV tables: a header that names the columns as in `records.COLUMNS`, then one row per paper."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator
from typing import TextIO

from rag.errors import UnreadableInput
from rag.sources import records
from rag.sources.decoding import MAX_RECORD_CHARS
from rag.types import Paper, Reject

_DELIMITERS = (",", "\t", ";")
_ABSTRACT_COLUMNS = {"abstract", "summary", "text"}


def recognise(head: str) -> bool:
    """True if the first line that is not blank has two or more cells, and one of them names a column."""
    cells = _header(next((line for line in head.split("\n") if line.strip()), ""))[1]
    return len(cells) > 1 and any(cell in records.COLUMNS for cell in cells)


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Yield one record per row.

    Raises:
        UnreadableInput: The header has no title or no abstract; the message names the columns that it has.
    """
    lines = _TableLines(stream)
    delimiter, header = _header(_first(lines))
    if "title" not in header or not _ABSTRACT_COLUMNS & set(header):
        missing = "title" if "title" not in header else "abstract"
        names = ", ".join(f"“{name[:40]}”" for name in header[:20])
        raise UnreadableInput(
            f"The table {context.name} has no column “{missing}”; its columns are {names}.",
            hint="Name the columns title and abstract (others: " + ", ".join(records.COLUMNS) + ").",
        )
    csv.field_size_limit(MAX_RECORD_CHARS)
    table = csv.reader(lines, delimiter=delimiter, strict=True)  # an unclosed quote must not eat the rest unseen
    while True:
        lines.of_row.clear()
        where = f"line {lines.number + 1}"
        try:
            row = next(table, None)
        except csv.Error as error:
            line = lines.unread_all_but_first()  # the lines after an unclosed quote are read again, as rows
            row = next(csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE), None) if line else None
            if delimiter != "\t" or row is None or len(row) != len(header):
                yield Reject(where=where, reason=f"not a row of a table: {error}")
                continue
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(header):
            yield Reject(
                where=where,
                reason=f"{len(row)} cells under {len(header)} columns",
                title=row[header.index("title")][:200],
            )
            continue
        yield records.make_paper(dict(zip(header, row, strict=False)), where, context)


class _TableLines:
    """
    The lines for `csv.reader`, with their ends; blank ones too, because they may stand within a quoted cell.

    A line longer than `MAX_RECORD_CHARS` is skipped with a `csv.Error`, after which reading can go on.

    Attributes:
        number: The number of the last line that was read, from 1.
        of_row: The lines of the current row.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._unread: deque[str] = deque()
        self.of_row: list[str] = []
        self.number = 0

    def unread_all_but_first(self) -> str:
        """Put back all lines of the current row but the first, and return that one; empty if it was too long."""
        first, *others = self.of_row or [""]
        self._unread.extendleft(reversed(others))
        self.number -= len(others)
        self.of_row.clear()
        return first

    def __iter__(self) -> _TableLines:
        return self

    def __next__(self) -> str:
        line = piece = self._unread.popleft() if self._unread else self._stream.readline(MAX_RECORD_CHARS + 1)
        if not line:
            raise StopIteration
        self.number += 1
        while len(piece) > MAX_RECORD_CHARS and not piece.endswith("\n"):
            piece = self._stream.readline(MAX_RECORD_CHARS + 1)
        if piece is not line:
            raise csv.Error(f"the line is longer than {MAX_RECORD_CHARS:,} characters")
        self.of_row.append(line)
        return line


def _first(lines: _TableLines) -> str:
    """The first line that is not blank; empty if there is none."""
    try:
        return next((line for line in lines if line.strip()), "")
    except csv.Error as error:
        raise UnreadableInput(
            f"The table has no header: {error}.", hint="Begin it with a line that names the columns."
        ) from error


def _header(line: str) -> tuple[str, list[str]]:
    """The delimiter that gives the most cells, and the cells as column names."""
    best: tuple[str, list[str]] = (",", [line])
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        if len(cells) > len(best[1]):
            best = (delimiter, cells)
    return best[0], [*map(records.column_name, best[1])]
