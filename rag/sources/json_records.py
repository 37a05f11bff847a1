"""JSON Lines and JSON: one object a paper, its keys named as in `records.COLUMNS` (case and spaces do not matter)."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, TextIO

import orjson

from rag.sources import json_stream, records
from rag.sources.decoding import MAX_RECORD_CHARS, Utf8Bytes, numbered_lines
from rag.sources.records import column_name
from rag.types import Paper, Reject


def recognise_lines(head: str) -> bool:
    """True for JSON Lines: the first line is an object of its own."""
    first, _, rest = head.lstrip().partition("\n")
    if not first.startswith("{"):
        return False
    try:
        entry = json.loads(first)
    except (ValueError, RecursionError):
        # The line is broken, or longer than the head. It is JSON Lines if the next line begins an object too.
        more_objects = not rest.strip() or rest.lstrip().startswith("{")
        return first.rstrip() != "{" and more_objects and not _wraps_a_list(head)
    return bool(rest.strip()) or any(column_name(str(key)) == "title" for key in entry)


def _wraps_a_list(head: str) -> bool:
    """True if the text is one object that holds the list of records under a key."""
    try:
        return next(json_stream.first_list(Utf8Bytes(io.StringIO(head))), None) is not None
    except json_stream.JSON_ERRORS:
        return False


def recognise(head: str) -> bool:
    """True if the text begins as a JSON list or object does."""
    return head.lstrip()[:1] in ("[", "{")


def parse_lines(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per line of JSON Lines."""
    for number, line in numbered_lines(stream):
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
            yield _paper(entry, where, context)


def _loads(line: str) -> Any:
    """
    Decode one line of JSON by orjson, and by the slower `json` where orjson differs.

    orjson refuses what `json` takes, such as NaN, and rounds whole numbers over 64 bits to floats.
    """
    try:
        entry = orjson.loads(line)
    except ValueError:
        return json.loads(line)
    if isinstance(entry, dict) and float in map(type, entry.values()):
        return json.loads(line)
    return entry


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per object of the list, which is the whole document or stands under a key of it."""
    for where, entry in json_stream.entries(stream):
        yield entry if isinstance(entry, Reject) else _paper(entry, where, context)


def _paper(entry: Any, where: str, context: records.Context) -> Paper | Reject:
    if not isinstance(entry, dict):
        return Reject(where=where, reason="not an object with named values")
    return records.make_paper(dict(zip(_columns(*entry), entry.values(), strict=True)), where, context)


@lru_cache(256)  # the records of one input have the same keys
def _columns(*keys: str) -> tuple[str, ...]:
    return tuple(map(column_name, keys))
