"""
Crossref works, as `/works` and `/works/{doi}` answer: `message.items` or one `message`; also the files of its dumps.

`works` and `jats` serve the JSON of other databases too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TextIO

import ijson

from rag.sources import json_records, records
from rag.sources.decoding import Utf8Bytes
from rag.types import Paper, Reject

_RETRACTED = {"retraction", "withdrawal", "removal", "partial_retraction"}
_HEADING = re.compile(
    r"\A\s*(?:<(?:jats:)?sec\b[^<>]*>\s*)?<((?:jats:)?title)>\s*(?:abstract|summary)[\s:.]*</\1>", re.IGNORECASE
)
_SECTION = re.compile(r"(?<=[^\s.:;?!>])\s*(</(?:jats:)?title>)", re.IGNORECASE)
_PREAMBLE = re.compile(r"\\documentclass.{0,2000}?\\begin\{document\}|\\end\{document\}", re.DOTALL)
_TWICE = re.compile(  # a formula as TeX and as MathML: the TeX is kept
    r"(</(?:jats:)?tex-math>)\s*<mml:math\b(?:(?!</?mml:math\b).)*</mml:math>"
    r"|<mml:math\b(?:(?!</?mml:math\b).)*</mml:math>\s*(?=<(?:jats:)?tex-math\b)",
    re.DOTALL | re.IGNORECASE,
)


def recognise(head: str) -> bool:
    """Whether the text is an answer of Crossref's, or begins with a work as Crossref describes it."""
    if not json_records.recognise(head):
        return False
    return bool(re.search(r'"message-type"\s*:\s*"', head[:2000])) or bool(
        re.search(r'"DOI"\s*:\s*"', head)
        and re.search(r'"(?:reference-count|is-referenced-by-count|content-domain|date-parts)"\s*:', head)
        and re.search(r'"title"\s*:\s*\[', head)
    )


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """A paper of each work that has an abstract."""
    for where, entry in works(stream, "message.items", "items"):
        message = entry.get("message") if isinstance(entry, dict) else None
        if isinstance(entry, Reject):
            yield entry
        elif isinstance(message, list | str):  # validation failures
            for failure in message if isinstance(message, list) else [message]:
                said = failure.get("message") if isinstance(failure, dict) else failure
                yield Reject(where=where, reason=f"an error of Crossref's: {records._printable(str(said))}")
        else:
            yield _paper(message if isinstance(message, dict) else entry, where, context)


def _paper(entry: Any, where: str, context: records.Context) -> Paper | Reject:
    if not isinstance(entry, dict):
        return Reject(where=where, reason="not a work")
    subject = entry.get("subject")
    fields = {
        "doi": entry.get("DOI"),
        "title": _first(entry.get("title")),
        "abstract": jats(entry.get("abstract")),
        "authors": entry.get("author") if isinstance(entry.get("author"), list) else [],
        "published": _date(entry.get("issued")) or _date(entry.get("published")),
        "date": _date(entry.get("published-online")) or _date(entry.get("published-print")),
        "venue": _first(entry.get("container-title")),
        "categories": subject if isinstance(subject, list) else [],
        "url": entry.get("URL"),
    }
    own = str(entry.get("DOI")).lower()  # a notice names the paper in `update-to`, and is none of those it retracts
    changes = [each for each in _objects(entry.get("update-to")) if str(each.get("DOI")).lower() == own]
    changes += _objects(entry.get("updated-by"))
    found = records.paper(fields, where, context)
    return records.retracted(found) if any(str(each.get("type")).lower() in _RETRACTED for each in changes) else found


def _first(value: Any) -> Any:
    """The first title of a list of them; the others are translations."""
    return next((each for each in value if each), None) if isinstance(value, list) else value


def _objects(value: Any) -> list[dict[str, Any]]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _date(value: Any) -> str | None:
    """
    A date of `date-parts`, as exact as it is given.

    >>> _date({"date-parts": [[2018, 10]]})
    '2018-10'
    """
    parts = value.get("date-parts") if isinstance(value, dict) else None
    parts = parts[0] if isinstance(parts, list) and parts and isinstance(parts[0], list) else []
    return records.iso_date("-".join(f"{part:02d}" for part in parts[:3] if isinstance(part, int))) if parts else None


def jats(value: Any) -> Any:
    """
    An abstract in JATS with its own heading gone, a colon after the headings of its sections, and each formula once.

    >>> jats("<jats:title>Abstract</jats:title><jats:sec><jats:title>Aims</jats:title><jats:p>To ask.</jats:p>")
    '<jats:sec><jats:title>Aims:</jats:title><jats:p>To ask.</jats:p>'
    """
    if not isinstance(value, str) or "<" not in value or len(value) > 10 * records.MAX_ABSTRACT_CHARS:
        return value
    value = _SECTION.sub(r":\1", _HEADING.sub("", value, count=1))
    if "tex-math" in value:
        value = _PREAMBLE.sub("", _TWICE.sub(r"\1", value))
    return value


def works(stream: TextIO, *paths: str) -> Iterator[tuple[str, Any]]:
    """
    Place and value of each record of a database's answer, read as it streams.

    The records are the elements of the list at one of `paths`, or of a list that is the whole text; a document without
    any is a record itself. Documents may follow each other, as in JSON Lines, and stand as the `body` of a recorded
    response. Where the JSON breaks off, the records before are given, and then a Reject.

    Args:
        stream: The text.
        paths: Keys from the top to a list, joined by dots.
    """
    number, source = 0, Utf8Bytes(stream)
    try:
        for number, entry in enumerate(_values(source, ("", *paths, *(f"body.{path}" for path in paths))), start=1):
            yield f"record {number}", entry
            source.begin_entry()
    except (ijson.JSONError, ValueError, ArithmeticError) as error:
        where = f"after record {number}" if number else "the beginning"
        reason = f"not valid JSON, and not read further: {records._printable(json_records._cause(error))}"
        yield where, Reject(where=where, reason=reason)


def _values(source: Utf8Bytes, paths: tuple[str, ...]) -> Iterator[Any]:
    basic = json_records.exact(ijson.basic_parse(source, multiple_values=True))
    depths = {path: path.count(".") + bool(path) for path in paths}
    builder, listed, depth, level = ijson.ObjectBuilder(), False, 0, 0  # level: the depth within the list, once there
    for prefix, event, value in ijson.parse(json_records._pruned(basic)):
        opening = event in ("start_map", "start_array")
        depth -= event in ("end_map", "end_array")
        if event == "start_array" and not level and depths.get(prefix) == depth:
            builder, listed, level = ijson.ObjectBuilder(), True, depth + 1
        elif depth < level:
            level = 0
        elif level or not listed:
            builder.event(event, value)
        depth += opening
        if opening or event == "map_key":
            continue
        if level and depth == level:
            yield builder.value
            builder = ijson.ObjectBuilder()
        elif not depth:  # the end of a document
            if not listed:
                yield _body(builder.value)
            builder, listed = ijson.ObjectBuilder(), False


def _body(document: Any) -> Any:
    """What a recorded response holds, or the document itself."""
    recorded = isinstance(document, dict) and set(document) == {"url", "status", "body"}
    return document["body"] if recorded else document
