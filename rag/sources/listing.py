"""The text of a Hugging Face papers page, copied from a browser: titles and abstracts on alternate lines."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from rag.sources import records
from rag.sources.decoding import numbered_lines
from rag.types import Paper, Reject

_BANNER = "trending papers in your email inbox"
_BUTTON = "Subscribe"  # its label may stand before the first title on the line
_LONGEST_TITLE = 300
_SHORTEST_ABSTRACT = 200


def recognise(head: str) -> bool:
    """True if the text begins with the page's invitation to its newsletter."""
    return _BANNER in head[:2000].lower()


def parse(stream: TextIO, context: records.Context) -> Iterator[Paper | Reject]:
    """
    Yield one record per title, with the abstract below it.

    If titles and abstracts do not alternate, the length of the lines decides. A title is rejected as one without its
    abstract if the next two lines are a title and an abstract. A long line in the place of a title continues the
    abstract before it.
    """
    for number, title, paragraphs in _entries(stream):
        fields = {"title": title, "abstract": " ".join(paragraphs), "listed": context.listed or context.today}
        yield records.make_paper(fields, f"line {number}", context)


def _entries(stream: TextIO) -> Iterator[tuple[int, str, list[str]]]:
    """The line number, title and abstract of each entry; the abstract is a list of lines, empty if there is none."""
    rows = [(number, line or "") for number, line in numbered_lines(stream) if not _is_banner(line)]
    if rows and rows[0][1].startswith(_BUTTON):
        rows[0] = (rows[0][0], rows[0][1].removeprefix(_BUTTON))
        rows = rows if rows[0][1].strip() else rows[1:]
    at = 0
    while at < len(rows):
        number, title = rows[at]
        following = rows[at + 1][1] if at + 1 < len(rows) else ""
        abstract = [] if not following or _is_next_title(rows, at + 1) else [following]
        at += 1 + len(abstract)
        while abstract and at < len(rows) and len(rows[at][1]) > _LONGEST_TITLE:
            abstract.append(rows[at][1])
            at += 1
        yield number, title, abstract


def _is_next_title(rows: list[tuple[int, str]], at: int) -> bool:
    """True if the row, below a title, is not its abstract but the next title: it is short and an abstract follows."""
    if at + 1 >= len(rows) or _is_abstract(rows[at][1]) or not _is_abstract(rows[at + 1][1]):
        return False
    # the long row below is a title itself if the row after it is still longer
    return not (at + 2 < len(rows) and len(rows[at + 2][1]) > len(rows[at + 1][1]))


def _is_banner(line: str | None) -> bool:
    return line is not None and len(line) < 120 and _BANNER in line.lower()


def _is_abstract(line: str) -> bool:
    return len(line) >= _SHORTEST_ABSTRACT
