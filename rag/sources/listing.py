"""The text of a Hugging Face papers page, copied or saved: titles and abstracts on alternate lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rag.sources import records
from rag.sources.decoding import lines
from rag.types import Paper, Reject

_BANNER = "trending papers in your email inbox"
_GLUED = "Subscribe"
_LONGEST_TITLE = 300
_SHORTEST_ABSTRACT = 200


def recognise(head: str) -> bool:
    """Whether the text begins with the page's invitation to its mail."""
    return _BANNER in head[:2000].lower()


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Every title with the abstract below it.

    Where the two are out of step the lengths tell: a title whose next two lines are a title and an abstract has lost
    its abstract and is rejected, and a long line in the place of a title goes on the abstract before it.
    """
    entries = _entries(stream)
    for number, title, paragraphs in entries:
        fields = {"title": title, "abstract": " ".join(paragraphs), "listed": context.listed or context.today}
        yield records.paper(fields, f"line {number}", context)


def _entries(stream: TextIO) -> Iterator[tuple[int, str, list[str]]]:
    """Line number, title and the lines of the abstract of each entry; no lines where it has none."""
    rows = [(number, line or "") for number, line in lines(stream) if not _is_banner(line)]
    if rows and rows[0][1].startswith(_GLUED):
        rows[0] = (rows[0][0], rows[0][1].removeprefix(_GLUED))
        rows = rows if rows[0][1].strip() else rows[1:]
    at = 0
    while at < len(rows):
        number, title = rows[at]
        following = rows[at + 1][1] if at + 1 < len(rows) else ""
        lost = (
            not _is_abstract(following)
            and at + 2 < len(rows)
            and _is_abstract(rows[at + 2][1])
            and not _is_abstract(rows[at + 1][1])
        )
        lost = lost and len(rows[at + 1][1]) <= _LONGEST_TITLE and not _alternates(rows, at + 2)
        body = [] if lost or not following else [following]
        at += 1 + len(body)
        while body and at < len(rows) and len(rows[at][1]) > _LONGEST_TITLE and _is_abstract(rows[at][1]):
            body.append(rows[at][1])
            at += 1
        yield number, title, body


def _alternates(rows: list[tuple[int, str]], at: int) -> bool:
    """Whether what stands at `at` is a title after all: the line after it is the longer of the two."""
    return at + 1 < len(rows) and len(rows[at + 1][1]) > len(rows[at][1])


def _is_banner(line: str | None) -> bool:
    return line is not None and len(line) < 120 and _BANNER in line.lower()


def _is_abstract(line: str) -> bool:
    return len(line) >= _SHORTEST_ABSTRACT
