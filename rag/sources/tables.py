"""CSV and TSV: a header that names the columns as in `records.COLUMNS`, then a paper a row."""

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
_ABSTRACTS = {"abstract", "summary", "text"}


def recognise(head: str) -> bool:
    """Whether the first line that is not blank has two cells or more, and one of them names a column."""
    cells = _header(next((line for line in head.split("\n") if line.strip()), ""))[1]
    return len(cells) > 1 and any(cell in records.COLUMNS for cell in cells)


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    A paper of each row.

    Raises:
        UnreadableInput: The header has no title or no abstract; the message names the columns that it has.
    """
    rows = _Lines(stream)
    delimiter, header = _header(_first(rows))
    if "title" not in header or not _ABSTRACTS & set(header):
        lacking = "title" if "title" not in header else "abstract"
        names = ", ".join(f"“{name[:40]}”" for name in header[:20])
        raise UnreadableInput(
            f"The table {context.name} has no column “{lacking}”; its columns are {names}.",
            hint="Name the columns title and abstract (others: " + ", ".join(records.COLUMNS) + ").",
        )
    csv.field_size_limit(MAX_RECORD_CHARS)
    table = csv.reader(rows, delimiter=delimiter, strict=True)  # an unclosed quote must not eat the rest unseen
    while True:
        rows.taken.clear()
        place = f"line {rows.number + 1}"
        try:
            row = next(table, None)
        except csv.Error as error:
            line = rows.keep_first()  # what stands after an unclosed quote is read anew, as rows of its own
            row = next(csv.reader([line], delimiter=delimiter, quoting=csv.QUOTE_NONE), None) if line else None
            if delimiter != "\t" or row is None or len(row) != len(header):
                yield Reject(where=place, reason=f"not a row of a table: {error}")
                continue
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        if len(row) > len(header):
            yield Reject(
                where=place,
                reason=f"{len(row)} cells under {len(header)} columns",
                title=row[header.index("title")][:200],
            )
            continue
        yield records.paper(dict(zip(header, row, strict=False)), place, context)


class _Lines:
    """
    Lines with their ends, blank ones too (they may stand within a quoted cell), and the number of the last one read.

    `taken` are the lines of the row that is being read.

    One longer than a record may be is skipped with a `csv.Error`, after which reading can go on.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._again: deque[str] = deque()
        self.taken: list[str] = []
        self.number = 0

    def keep_first(self) -> str:
        """Give back all lines of the row but the first, which is returned; empty where even that is too long."""
        first, *others = self.taken or [""]
        self._again.extendleft(reversed(others))
        self.number -= len(others)
        self.taken.clear()
        return first

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = piece = self._again.popleft() if self._again else self._stream.readline(MAX_RECORD_CHARS + 1)
        if not line:
            raise StopIteration
        self.number += 1
        while len(piece) > MAX_RECORD_CHARS and not piece.endswith("\n"):
            piece = self._stream.readline(MAX_RECORD_CHARS + 1)
        if piece is not line:
            raise csv.Error(f"the line is longer than {MAX_RECORD_CHARS:,} characters")
        self.taken.append(line)
        return line


def _first(rows: _Lines) -> str:
    """The first line that is not blank, or nothing."""
    try:
        return next((line for line in rows if line.strip()), "")
    except csv.Error as error:
        raise UnreadableInput(
            f"The table has no header: {error}.", hint="Begin it with a line that names the columns."
        ) from error


def _header(line: str) -> tuple[str, list[str]]:
    """The delimiter that finds the most cells, and the cells as column names."""
    best: tuple[str, list[str]] = (",", [line])
    for delimiter in _DELIMITERS:
        try:
            cells = next(csv.reader([line], delimiter=delimiter), [])
        except csv.Error:
            continue
        if len(cells) > len(best[1]):
            best = (delimiter, cells)
    return best[0], [cell.strip().lower().replace(" ", "_") for cell in best[1]]
