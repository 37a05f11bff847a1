"""
A Hugging Face papers page, saved as HTML: read from the JSON within the page (`data-props`).

The text that the page shows is never read: for some papers it is a summary that a model wrote.
"""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

from rag.sources import huggingface, json_stream, records
from rag.sources.decoding import MAX_ENTRY_CHARS
from rag.types import Paper, Reject

_TARGET = "DailyPapers"
_TARGET_MARK = re.compile(r"""data-target\s*=\s*["']?DailyPapers\b""", re.IGNORECASE)
_PAGE_TITLE = re.compile(r"<title[^<>]*>[^<]{0,40}Papers[^<]{0,40}Hugging Face", re.IGNORECASE)
_OPENING = re.compile(r"<(?:(!--)|([A-Za-z][^\s/>]*+))")
_ATTRIBUTE = re.compile(r"""[\s/]*+([^\s"'<>/=]++)(?:\s*+=\s*+(?:"([^"]*+)"?|'([^']*+)'?|([^\s"'>]++)))?""")


def recognise(head: str) -> bool:
    """True if the text is the HTML of a papers page."""
    return head.lstrip()[:1] == "<" and bool(_TARGET_MARK.search(head) or _PAGE_TITLE.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """Yield one record per paper of the page; if the page was cut off, the last one is a Reject that says so."""
    page = stream.read(MAX_ENTRY_CHARS + 1)
    if len(page) > MAX_ENTRY_CHARS:
        yield Reject(where="the page", reason=f"it is longer than {MAX_ENTRY_CHARS:,} characters")
        return
    has_papers = False
    for properties in _properties(page):
        has_papers = True
        for where, entry in json_stream.entries_at(io.StringIO(html.unescape(properties)), "dailyPapers"):
            if isinstance(entry, Reject):
                yield entry
            elif isinstance(entry, dict) and "dailyPapers" in entry:
                yield Reject(where=where, reason="`dailyPapers` is not a list")
            else:
                yield from _paper(entry, where, context)
    if not has_papers:
        yield Reject(where="the page", reason=f"no element with data-target=“{_TARGET}” and its data-props")


def _paper(entry: object, where: str, context: records.Context) -> Iterator[Paper | Reject]:
    for record in huggingface.parse(io.StringIO(json.dumps([entry])), context):
        yield replace(record, where=where) if isinstance(record, Reject) else record


def _properties(page: str) -> Iterator[str]:
    """The attribute `data-props`, still escaped, of every target element; it ends early if the page does."""
    at = 0
    while opening := _OPENING.search(page, at):
        at = opening.end()
        if opening[1]:  # a comment
            end = page.find("-->", at)
            at = len(page) if end < 0 else end + 3
            continue
        attributes: dict[str, str] = {}
        while attribute := _ATTRIBUTE.match(page, at):
            name, *values = attribute.groups()
            attributes.setdefault(name.lower(), next((value for value in values if value is not None), ""))
            at = attribute.end()
        if attributes.get("data-target") == _TARGET and "data-props" in attributes:
            yield attributes["data-props"]
