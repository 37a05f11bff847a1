"""
Embase's CSV with “fields by row”: one line a field, its name in the first cell; a record begins with its title.

The CSV with fields by column is a table like others and is read by `tables`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any, TextIO

from rag.sources import json_records, records
from rag.sources.columns import field_of, plain
from rag.sources.decoding import MAX_RECORD_CHARS
from rag.sources.tables import TableLines
from rag.types import Paper, Reject

_NAMES = frozenset(map(plain, ("author names", "source", "source title", "publication year", "abstract", "doi")))
_HEAD_LINES = 60
_LISTS = ("authors", "tags")
_ONCE = ("title", "abstract", "doi", "pmid")


def recognise(head: str) -> bool:
    """True if the first line has a title in its second cell, and lines below begin with other fields of Embase's."""
    lines = [line for line in head.split("\n") if line.strip()][:_HEAD_LINES]
    cells = [line.split(",")[0].strip().strip('"') for line in lines]
    return bool(cells) and cells[0] == "TITLE" and len(_NAMES & {plain(cell) for cell in cells if cell.isupper()}) >= 2


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per block; a line that is no row of a table is a Reject."""
    known = json_records.KnownKeys(context)
    lines = TableLines(stream)
    csv.field_size_limit(MAX_RECORD_CHARS)
    rows = csv.reader(lines, strict=True)
    entry: dict[str, Any] = {}
    fault: Reject | None = None
    begun = where = "line 1"
    size = 0
    while True:
        lines.of_row.clear()
        where = f"line {lines.number + 1}"
        try:
            row = next(rows, None)
        except csv.Error as error:
            lines.unread_all_but_first()
            yield Reject(where=where, reason=f"not a row of a table: {error}")
            continue
        if entry and (row is None or (row and row[0].strip() == "TITLE")):
            yield fault or known.paper(entry, begun)
            entry = {}
        if row is None:
            return
        if not any(cell.strip() for cell in row):
            continue
        if not entry:
            begun, size, fault = where, 0, None
        size += sum(map(len, row))
        if size > MAX_RECORD_CHARS:
            fault = fault or _too_long(begun, entry)
        elif reason := _add(entry, row):
            fault = fault or Reject(where=begun, reason=reason)


def _add(entry: dict[str, Any], row: list[str]) -> str | None:
    """Add a field; of names and keywords each cell counts, of others the first. Return what is wrong with it, if so."""
    name, *cells = (cell.strip() for cell in row)
    cells = [cell for cell in cells if cell]
    field = field_of(name)
    if field in _LISTS:
        entry[name] = [*entry.get(name, ()), *cells]
    elif field in _ONCE and name in entry:
        return f"“{name}” stands twice in one record"
    elif field in ("title", "abstract") and len(cells) > 1:
        return f"“{name}” is parted into {len(cells)} cells"
    elif name and cells:
        entry.setdefault(name, cells[0])
    return None


def _too_long(where: str, entry: dict[str, Any]) -> Reject:
    reason = f"the record is longer than {MAX_RECORD_CHARS:,} characters"
    return Reject(where=where, reason=reason, title=records.printable(str(entry.get("TITLE", ""))))
