"""
Find the papers of a JSON document wherever they lie: the objects that have a title, in lists and under keys.

Lists are read one element at a time, from ijson's events. What is passed over is counted. It makes no Paper.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from itertools import chain, islice
from typing import Any, TextIO

import ijson

from rag.sources.columns import field_of, plain
from rag.sources.decoding import Utf8Bytes
from rag.sources.json_stream import DEPTH_CHANGE, JSON_ERRORS, ObjectBuilder, elements, numbered, pruned, with_floats
from rag.sources.usage import Usage

_WRAPPERS = frozenset("metadata content info source attributes data bibjson fields document paper article".split())
"""Keys, as `plain` gives them, of the object that holds the fields of a paper."""
_OUTER_FIELDS = frozenset(["id", "url", "doi", "published"])
"""Fields that the object around may give; what else it has is about the record in its database."""
_PARTS = frozenset(
    """references reference citations citation citedby related relatedworks chapters sections files figures affiliations
    institutions funders grants links journals venues sources""".split()
)
"""Keys of lists whose objects may have titles and are parts of a paper."""
_HELD = 50
"""How many objects at the beginning of a list may lack a title before the list is passed over."""
_DEEPEST = 100
_MOST_KEYS = 1_000
"""Keys of an object among which a title is looked for."""


def entries(stream: TextIO, usage: Usage) -> Iterator[tuple[str, Any]]:
    """
    Place and value of each record of a JSON document.

    The records are the elements of the list that is the whole document, or of each list under keys some of whose
    objects have titles; then all its elements are records. A document without such a list is one record, if it has a
    title, or else the papers in it, at any depth. If nothing has a title, the objects of the first list are records. If
    the JSON breaks off, or goes on after its end, the last item is a Reject that says so.
    """
    source = Utf8Bytes(stream)
    return numbered(source, search(source, usage))


def search(source: Utf8Bytes, usage: Usage) -> Iterator[Any]:
    """
    The values of `entries`.

    Raises:
        JSON_ERRORS: The JSON is not valid.
    """
    events = pruned(with_floats(ijson.basic_parse(source)))
    document = ObjectBuilder()
    keys: list[str] = []  # the path to the current value, as long as only objects enclose it
    depth = 0
    found = False
    untitled: tuple[str, int] | None = None
    for event, value in events:
        if event == "map_key":
            keys = [*keys[: depth - 1], value]
        elif event == "start_array" and depth == len(keys):
            first = next(events, ("end_array", None))
            if not keys:
                yield from _top(elements(first, events), usage)
                for _ in events:  # read to the end, so that damage after the list is reported
                    source.begin_entry()
                return
            if first[0] == "start_map" and _may_hold_papers(keys, document):
                passed = 0
                for passed, entry in _of_list(elements(first, events), source):
                    if passed:
                        break
                    found = True
                    yield entry
                if passed:
                    usage.passed_over[_place(keys)] += passed
                    untitled = untitled or (_place(keys), passed)
                continue
            document.event(event, value)
            (event, value), depth = first, depth + 1
        depth += DEPTH_CHANGE.get(event, 0)
        document.event(event, value)
    if not found:
        yield from _of_document(document.value, untitled, usage)


def begins_with_paper(text: str) -> bool:
    """True if an object that may break off has a title among its first keys, as far as the text goes."""
    depth = 0
    try:
        for event, value in ijson.basic_parse(io.BytesIO(text.encode("utf-8", "replace"))):
            depth += DEPTH_CHANGE.get(event, 0)
            if depth == 1 and event == "map_key" and field_of(value) == "title":
                return True
    except JSON_ERRORS:
        pass
    return False


def _may_hold_papers(keys: list[str], document: ObjectBuilder) -> bool:
    """True for a list that is no part of a paper, and in no object that is a paper as far as it was read."""
    if field_of(keys[-1]) is not None or plain(keys[-1]) in _PARTS:
        return False
    around = document.value
    for key in keys[:-1]:
        around = around.get(key) if isinstance(around, dict) else None
    fields = {name for holder in (document.value, around) for name in _fields_of(holder)}
    return not {"title", "abstract"} <= fields


def _fields_of(value: Any) -> tuple[str | None, ...]:
    return _fields(tuple(islice(value, _MOST_KEYS))) if isinstance(value, dict) else ()


@lru_cache(512)
def _fields(keys: tuple[str, ...]) -> tuple[str | None, ...]:
    return tuple(field_of(key) for key in keys)


def _top(values: Iterator[Any], usage: Usage) -> Iterator[Any]:
    for value in values:
        if has_title(value):
            yield value
        else:
            yield from papers_in(value, usage) or [value]


def _of_list(values: Iterator[Any], source: Utf8Bytes) -> Iterator[tuple[int, Any]]:
    """
    Zero and each record of a list, of which at least one has a title; else the number of elements, and None.

    The first elements are held back until one has a title.
    """
    held: list[Any] | None = []
    passed = 0
    for value in values:
        if held is None:
            yield 0, value
        elif inner := [value] if has_title(value) else papers_in(value, Usage()):
            yield from ((0, entry) for entry in chain(held, inner))
            held = None
        else:
            passed += 1
            if len(held) < _HELD:
                held.append(value)
                continue
        source.begin_entry()
    if held is not None and passed:
        yield passed, None


def _of_document(document: Any, untitled: tuple[str, int] | None, usage: Usage) -> Iterator[Any]:
    """The document if it is a paper, else the papers in it, else the objects that have no title."""
    if has_title(document):
        usage.passed_over.clear()  # those were parts of it
        yield document
    elif inner := papers_in(document, usage):
        yield from inner
    elif untitled:
        place, count = untitled
        del usage.passed_over[place]
        yield from ({} for _ in range(count))
    else:
        yield document


def _place(keys: list[str]) -> str:
    return "“" + ".".join(keys)[:80] + "”"


def has_title(value: Any) -> bool:
    """True for an object that has a title, itself or in an object that holds its fields."""
    return isinstance(value, dict) and ("title" in _fields_of(value) or _wrapped(value) is not None)


def is_collection(value: dict[str, Any]) -> bool:
    """True for an object that has a title and no abstract, and holds papers."""
    return "abstract" not in _fields_of(value) and bool(papers_in(value, Usage()))


def _wrapped(entry: dict[str, Any]) -> dict[str, Any] | None:
    """The object within an entry that holds the fields of the paper."""
    for key, value in entry.items():
        if isinstance(value, dict) and value and plain(key) in _WRAPPERS and "title" in _fields_of(value):
            return value
    return None


def unwrapped(entry: dict[str, Any]) -> dict[str, Any]:
    """The fields of a paper: the entry itself, or those of the object within it, with its ids."""
    own = set(_fields_of(entry))
    if {"title", "abstract"} <= own or (inner := _wrapped(entry)) is None:
        return entry
    outer = _OUTER_FIELDS - set(_fields_of(inner))
    return {**{key: value for key, value in entry.items() if field_of(key) in outer and value is not inner}, **inner}


def papers_in(value: Any, usage: Usage, depth: int = 0) -> list[Any]:
    """The papers within a value that is none itself: objects in lists that have titles, or title and abstract."""
    if depth > _DEEPEST:
        return []
    if isinstance(value, list):
        titled = [has_title(entry) for entry in value]
        if any(titled):
            return value
        inner = [paper for entry in value for paper in papers_in(entry, usage, depth + 1)]
        if not inner and value and isinstance(value[0], dict):
            usage.passed_over["lists within"] += len(value)
        return inner
    if not isinstance(value, dict):
        return []
    found: list[Any] = []
    many = sum(isinstance(part, dict) and has_title(part) for part in value.values()) > 1  # objects by their ids
    for key, part in value.items():
        if isinstance(part, dict) and has_title(part) and (many or "abstract" in _fields_of(unwrapped(part))):
            found.append(part)
        elif field_of(key) is None:
            found += papers_in(part, usage, depth + 1)
    return found
