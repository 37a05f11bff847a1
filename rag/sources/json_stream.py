"""
Streaming JSON: the records of a document, one at a time, read from ijson's events without holding the document.

The list of records is found by its path; `json_search` finds it by its shape. Nothing here knows a format or makes a
Paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, TextIO

import ijson

from rag.sources.decoding import Utf8Bytes
from rag.sources.records import printable
from rag.types import Reject

JSON_ERRORS = (ijson.JSONError, ValueError, ArithmeticError)
"""What ijson raises on JSON that is not valid."""
TEXT_KEYS = frozenset(["title", "abstract", "summary", "abstractText", "abstract_inverted_index"])
"""Keys that stand once in a paper; two different values of one are two papers that were glued."""
_MAX_DEPTH = 100
DEPTH_CHANGE = {"start_map": 1, "start_array": 1, "end_map": -1, "end_array": -1}
Event = tuple[str, Any]


def entries_at(stream: TextIO, *paths: str) -> Iterator[tuple[str, Any]]:
    """
    Place and value of each record of a web API's answer.

    The records are the elements of the list at one of `paths`, or of a list that is the whole document. A document
    without such a list is one record. Several documents may follow each other, as in JSON Lines, and each may be the
    `body` of a recorded response. If the JSON breaks off, the last item is a Reject that says so.

    Args:
        stream: The text.
        paths: Keys from the top to a list, joined by dots.
    """
    source = Utf8Bytes(stream)
    return numbered(source, _lists_at(source, ("", *paths, *(f"body.{path}" for path in paths))))


class ObjectBuilder(ijson.ObjectBuilder):  # type: ignore[misc, unused-ignore]
    """Build a value of events; its objects remember which of `TEXT_KEYS` stands twice."""

    def __init__(self) -> None:
        super().__init__(map_type=_Object)


class _Object(dict[str, Any]):
    """An object that knows which of `TEXT_KEYS` was set twice to different values; empty if none was."""

    twice = ""

    def __setitem__(self, key: str, value: Any) -> None:
        if key in TEXT_KEYS and key in self and self[key] != value:
            self.twice = key
        super().__setitem__(key, value)


def key_twice(value: Any) -> str:
    """The key among `TEXT_KEYS` that stands twice in a record, or in an object of it; empty if none does."""
    if not isinstance(value, _Object):
        return ""
    return value.twice or next((part.twice for part in value.values() if type(part) is _Object and part.twice), "")


def numbered(source: Utf8Bytes, values: Iterator[Any]) -> Iterator[tuple[str, Any]]:
    number = 0
    try:
        for number, value in enumerate(values, start=1):
            where = f"record {number}"
            twice = key_twice(value)
            yield where, Reject(where=where, reason=f"the key {twice} stands twice") if twice else value
            source.begin_entry()
    except JSON_ERRORS as error:
        where = f"after record {number}" if number else "the beginning"
        yield where, Reject(where=where, reason=f"not valid JSON, and not read further: {error_text(error)}")


def error_text(error: Exception) -> str:
    """An error's message on one line, 120 characters at most."""
    return printable(" ".join(str(error).split())[:120]) or type(error).__name__


def elements(event: Event, events: Iterator[Event]) -> Iterator[Any]:
    """The elements of an array; its opening was read, and `event` came next."""
    builder, depth = ObjectBuilder(), 0
    while depth or event[0] != "end_array":
        depth += DEPTH_CHANGE.get(event[0], 0)
        builder.event(*event)
        if not depth:
            yield builder.value
            builder = ObjectBuilder()
        event = next(events)


def _lists_at(source: Utf8Bytes, paths: tuple[str, ...]) -> Iterator[Any]:
    """The elements of the lists at `paths`, and each whole document that has no such list."""
    basic = with_floats(ijson.basic_parse(source, multiple_values=True))
    depths = {path: path.count(".") + bool(path) for path in paths}
    builder = ObjectBuilder()
    depth = 0
    element_depth = 0  # the depth of the list's elements; 0 outside of the list
    has_list = False  # the current document has had its list
    for prefix, event, value in ijson.parse(pruned(basic)):
        opens = event in ("start_map", "start_array")
        depth -= event in ("end_map", "end_array")
        if event == "start_array" and not element_depth and depths.get(prefix) == depth:
            builder, has_list, element_depth = ObjectBuilder(), True, depth + 1
        elif depth < element_depth:
            element_depth = 0
        elif element_depth or not has_list:
            builder.event(event, value)
        depth += opens
        if opens or event == "map_key":
            continue
        if element_depth and depth == element_depth:
            yield builder.value
            builder = ObjectBuilder()
        elif not depth:  # the end of a document
            if not has_list:
                yield _body(builder.value)
            builder, has_list = ObjectBuilder(), False


def _body(document: Any) -> Any:
    """The body of a recorded response; any other document as it is."""
    is_recorded = isinstance(document, dict) and set(document) == {"url", "status", "body"}
    return document["body"] if is_recorded else document


def with_floats(events: Iterator[Event]) -> Iterator[Event]:
    """Decimals as floats; ijson's own option for it (`use_float`) fails on whole numbers over 64 bits."""
    for event in events:
        yield ("number", float(event[1])) if type(event[1]) is Decimal else event


def pruned(events: Iterator[Event]) -> Iterator[Event]:
    """Replace each value that is nested deeper than any title stands by null."""
    depth = 0
    for event in events:
        if event[0] in ("start_map", "start_array"):
            if depth <= _MAX_DEPTH:
                yield event if depth < _MAX_DEPTH else ("null", None)
            depth += 1
        elif event[0] in ("end_map", "end_array"):
            depth -= 1
            if depth < _MAX_DEPTH:
                yield event
        elif depth <= _MAX_DEPTH:
            yield event


def as_object(value: Any) -> dict[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []
