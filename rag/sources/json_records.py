"""JSON Lines and JSON: one object a paper, its keys named as in `records.COLUMNS` (case and spaces do not matter)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache
from typing import Any, TextIO

import ijson
import orjson

from rag.sources import records
from rag.sources.decoding import MAX_RECORD_CHARS, Utf8Bytes, lines
from rag.types import Paper, Reject

_MAX_DEPTH = 100


def recognise_lines(head: str) -> bool:
    """Whether the first line is an object of its own."""
    first, _, rest = head.lstrip().partition("\n")
    if not first.startswith("{"):
        return False
    try:
        entry = json.loads(first)
    except (ValueError, RecursionError):
        # cut off by the end of the head, or broken: it is a line of JSONL where the next begins an object too
        lines_follow = not rest.strip() or rest.lstrip().startswith("{")
        return first.rstrip() != "{" and lines_follow and not _wraps_a_list(head)
    return bool(rest.strip()) or any(_named(str(key)) == "title" for key in entry)


def _wraps_a_list(head: str) -> bool:
    """Whether the text is one object that holds the list of records under a key."""
    try:
        return next(_values(Utf8Bytes(io.StringIO(head))), None) is not None
    except (ijson.JSONError, ValueError, ArithmeticError):
        return False


def recognise(head: str) -> bool:
    """Whether the text begins as JSON does."""
    return head.lstrip()[:1] in ("[", "{")


def parse_lines(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each line."""
    for number, line in lines(stream):
        where = f"line {number}"
        if line is None:
            yield Reject(where=where, reason=f"the line is longer than {MAX_RECORD_CHARS:,} characters")
            continue
        try:
            entry = _value(line)
        except RecursionError:
            yield Reject(where=where, reason="nested too deeply")
        except ValueError as error:
            yield Reject(where=where, reason=f"not valid JSON: {_cause(error)}")
        else:
            yield _paper(entry, where, context)


def _value(line: str) -> Any:
    """What a line of JSON says; Python's parser reads what orjson refuses, or rounds: whole numbers over 64 bits."""
    try:
        entry = orjson.loads(line)
    except ValueError:
        return json.loads(line)
    if isinstance(entry, dict) and float in map(type, entry.values()):
        return json.loads(line)
    return entry


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each object in the list, which may stand alone or under a key of an object."""
    for where, entry in entries(stream):
        yield entry if isinstance(entry, Reject) else _paper(entry, where, context)


def entries(stream: TextIO) -> Iterator[tuple[str, Any]]:
    """
    Place and value of each entry of the list of records in a JSON text, read as it streams.

    The list is the whole text, or the first list of objects under a key of it; a text that is one object without
    such a list is one entry. Where the JSON breaks off, or goes on after its end, the entries before are given, and
    then a Reject.
    """
    number = 0
    try:
        source = Utf8Bytes(stream)
        for number, entry in enumerate(_values(source), start=1):
            yield f"record {number}", entry
            source.begin_entry()
    except (ijson.JSONError, ValueError, ArithmeticError) as error:
        where = f"after record {number}" if number else "the beginning"
        yield where, Reject(where=where, reason=f"not valid JSON, and not read further: {_cause(error)}")


def _values(source: Utf8Bytes) -> Iterator[Any]:
    """The values of the list of records, or the whole document where it has none."""
    events = _pruned(exact(ijson.basic_parse(source)))
    document = ijson.ObjectBuilder()
    keys: list[str] = []
    depth = 0
    for event, value in events:
        if event == "map_key":
            keys = [*keys[: depth - 1], value]
        elif (
            event == "start_array" and depth == len(keys) and "title" not in map(_named, document.value if keys else ())
        ):
            first = next(events, ("end_array", None))
            if not keys or (first[0] == "start_map" and _named(keys[-1]) not in records.COLUMNS):
                yield from _elements(first, events)
                for _ in events:  # what follows the list is read to its end, so that damage there is told
                    source.begin_entry()
                return
            document.event(event, value)
            (event, value), depth = first, depth + 1
        depth += event in ("start_map", "start_array")
        depth -= event in ("end_map", "end_array")
        document.event(event, value)
    yield document.value


def _elements(event: tuple[str, Any], events: Iterator[tuple[str, Any]]) -> Iterator[Any]:
    """The elements of an array whose opening was read, `event` being what came next."""
    builder, depth = ijson.ObjectBuilder(), 0
    while depth or event[0] != "end_array":
        depth += event[0] in ("start_map", "start_array")
        depth -= event[0] in ("end_map", "end_array")
        builder.event(*event)
        if not depth:
            yield builder.value
            builder = ijson.ObjectBuilder()
        event = next(events)


def exact(events: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The events with floats for decimals; ijson's own floats would come with whole numbers of 64 bits at most."""
    for event in events:
        yield ("number", float(event[1])) if type(event[1]) is Decimal else event


def _pruned(events: Iterator[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The events without what is nested deeper than any title stands; a null takes its place."""
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


def _paper(entry: Any, where: str, context: records.Context) -> Paper | Reject:
    if not isinstance(entry, dict):
        return Reject(where=where, reason="not an object with named values")
    return records.paper(dict(zip(_columns(*entry), entry.values(), strict=True)), where, context)


@lru_cache(256)  # the records of one input have the same keys
def _columns(*keys: str) -> tuple[str, ...]:
    return tuple(map(_named, keys))


def _named(key: str) -> str:
    return key if key in records.COLUMNS else key.strip().lower().replace(" ", "_")


def _cause(error: Exception) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
