"""JSON Lines and JSON: one object a paper, wherever it lies, its keys named as in `columns.SYNONYMS`."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any, TextIO

import orjson

from rag.sources import jats, json_search, json_stream, records
from rag.sources.columns import Columns
from rag.sources.decoding import MAX_RECORD_CHARS, Utf8Bytes, numbered_lines
from rag.sources.usage import Usage
from rag.types import Paper, Reject

_QUOTED_KEYS = tuple(f'"{key}"' for key in sorted(json_stream.TEXT_KEYS))
_MOST_SHAPES = 1_000
"""Sets of keys that are kept; a hostile file has another one in each line."""


def recognise_lines(head: str) -> bool:
    """True for JSON Lines: the first line is an object of its own."""
    first, _, rest = head.lstrip().partition("\n")
    if not first.startswith("{"):
        return False
    try:
        entry = json.loads(first)
    except (ValueError, RecursionError):
        # The line is broken, or longer than the head. It is JSON Lines if the next line begins an object too.
        if rest.strip():
            return first.rstrip() != "{" and rest.lstrip().startswith("{") and not _wraps_a_list(head)
        return json_search.begins_with_paper(first) and not _wraps_a_list(head)
    return bool(rest.strip()) or (json_search.has_title(entry) and not json_search.is_collection(entry))


def _wraps_a_list(head: str) -> bool:
    """True if the text is one object that holds the list of records under a key."""
    try:
        return next(json_search.search(Utf8Bytes(io.StringIO(head)), Usage()), None) is not None
    except json_stream.JSON_ERRORS:
        return False


def recognise(head: str) -> bool:
    """True if the text begins as a JSON list or object does."""
    return head.lstrip()[:1] in ("[", "{")


def parse_lines(stream: TextIO, context: records.Context, first: int = 1) -> Iterator[Paper | Reject]:
    """
    Yield one record per line of JSON Lines, or each of the papers in a line that is a page of them.

    `first` is the number of the first line, which is another one in a part of a file.
    """
    known = KnownKeys(context)
    for number, line in numbered_lines(stream, first):
        where = f"line {number}"
        if line is None:
            yield Reject(where=where, reason=f"the line is longer than {MAX_RECORD_CHARS:,} characters")
            continue
        try:
            entry = _loads(line)
        except RecursionError:
            yield Reject(where=where, reason="nested too deeply")
        except ValueError as error:
            yield Reject(where=where, reason=f"not valid JSON: {json_stream.error_text(error)}")
        else:
            record = known.paper(entry, where)
            if type(record) is Reject and not json_search.has_title(entry):
                yield from known.papers_in(entry, where)
            else:
                yield record


def _loads(line: str) -> Any:
    """
    Decode one line of JSON by orjson, and by the slower `json` where orjson differs.

    orjson refuses what `json` takes, such as NaN, and rounds whole numbers over 64 bits to floats.
    """
    try:
        entry = orjson.loads(line)
    except ValueError:
        return json.loads(line)
    if any(line.count(key) > 1 for key in _QUOTED_KEYS):
        json.loads(line, object_pairs_hook=_once)
    if isinstance(entry, dict) and float in map(type, entry.values()):
        return json.loads(line)
    return entry


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of its pairs. Raises ValueError for two titles or abstracts: it may be two papers."""
    entry: dict[str, Any] = {}
    for key, value in pairs:
        if key in json_stream.TEXT_KEYS and entry.setdefault(key, value) != value:
            raise ValueError(f"the key {key} stands twice")
        entry[key] = value
    return entry


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per object that has a title, and one for each object beside it in its list."""
    known = KnownKeys(context)
    for where, entry in json_search.entries(stream, context.usage):
        yield entry if isinstance(entry, Reject) else known.paper(entry, where)


class KnownKeys:
    """The columns of each set of keys that an input has; the records of one input have the same keys."""

    def __init__(self, context: records.Context) -> None:
        self._context = context
        self._columns: dict[tuple[str, ...], Columns] = {}

    def papers_in(self, entry: Any, where: str) -> Iterator[Paper | Reject]:
        """The records within a value that is none itself, or the Reject of the value."""
        for each in json_search.papers_in(entry, self._context.usage) or [entry]:
            yield self.paper(each, where)

    def paper(self, entry: Any, where: str) -> Paper | Reject:
        """The paper that an object is, or a Reject."""
        if not isinstance(entry, dict):
            return Reject(where=where, reason="not an object with named values")
        columns = self._columns.get(tuple(entry))
        if columns is None:
            columns = self._new(entry)
        if not columns.is_paper and (inner := json_search.unwrapped(entry)) is not entry:
            entry = inner
            columns = self._columns.get(tuple(entry)) or self._new(entry)
        if columns.direct is not None:
            fields = dict(zip(columns.direct, entry.values(), strict=True))
        else:
            fields = columns.fields(entry.values())
        if (abstract := fields.get("abstract")) and (type(abstract) is not str or "<" in abstract):
            fields["abstract"] = jats.tidy_abstract(columns.whole_abstract(abstract))
        return records.make_paper(fields, where, self._context)

    def _new(self, entry: dict[str, Any]) -> Columns:
        columns = Columns(tuple(entry), self._context.usage)
        if len(self._columns) < _MOST_SHAPES:
            self._columns[tuple(entry)] = columns
        return columns
