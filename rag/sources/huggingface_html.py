"""
The page of Hugging Face's papers, saved as HTML: the JSON that the page is drawn from, never the text that it shows.

The text shows for some papers a summary that a model wrote.
"""

from __future__ import annotations

import html
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

from rag.sources import crossref, huggingface, records
from rag.sources.decoding import MAX_ENTRY_CHARS
from rag.types import Paper, Reject

_TARGET = "DailyPapers"
_MARK = re.compile(r"""data-target\s*=\s*["']?DailyPapers\b""", re.IGNORECASE)
_PAGE = re.compile(r"<title[^<>]*>[^<]{0,40}Papers[^<]{0,40}Hugging Face", re.IGNORECASE)
_OPENING = re.compile(r"<(?:(!--)|([A-Za-z][^\s/>]*+))")
_ATTRIBUTE = re.compile(r"""[\s/]*+([^\s"'<>/=]++)(?:\s*+=\s*+(?:"([^"]*+)"?|'([^']*+)'?|([^\s"'>]++)))?""")


def recognise(head: str) -> bool:
    """Whether the text is the HTML of a page of papers."""
    return head.lstrip()[:1] == "<" and bool(_MARK.search(head) or _PAGE.search(head))


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """The papers of the page; where it was cut off, those before, and then a Reject."""
    page = stream.read(MAX_ENTRY_CHARS + 1)
    if len(page) > MAX_ENTRY_CHARS:
        yield Reject(where="the page", reason=f"it is longer than {MAX_ENTRY_CHARS:,} characters")
        return
    found = False
    for properties in _properties(page):
        found = True
        for where, entry in crossref.works(io.StringIO(html.unescape(properties)), "dailyPapers"):
            if isinstance(entry, Reject):
                yield entry
            elif isinstance(entry, dict) and "dailyPapers" in entry:
                yield Reject(where=where, reason="`dailyPapers` is not a list")
            else:
                yield from _paper(entry, where, context)
    if not found:
        yield Reject(where="the page", reason=f"no element with data-target=“{_TARGET}” and its data-props")


def _paper(entry: object, where: str, context: records.Context) -> Iterator[Paper | Reject]:
    for record in huggingface.parse(io.StringIO(json.dumps([entry])), context):
        yield replace(record, where=where) if isinstance(record, Reject) else record


def _properties(page: str) -> Iterator[str]:
    """`data-props`, still escaped, of every element that is the target; cut off where the page is."""
    at = 0
    while opening := _OPENING.search(page, at):
        at = opening.end()
        if opening[1]:
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
