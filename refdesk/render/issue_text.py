"""
An issue as text: for a terminal or a pipe, and as the part of a mail that is read where HTML is not.

Both are made of the same lines, in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.text import Text

from rag.answers.extractive import unbracketed
from rag.types import Citation, Claim, Digest, IssuePaper, Source, Theme
from refdesk.render import wording
from refdesk.render.terminal import Indented, unlinked
from refdesk.render.tex import readable

WIDTH = 78
"""Columns of a mail's text."""


@dataclass(frozen=True, slots=True)
class _Line:
    """A line behind a margin, with a mark in the margin; a `whole` line is not wrapped, because it is a link."""

    text: Text
    mark: str = ""
    margin: int = 0
    whole: bool = False


_BLANK = _Line(Text(""))


def terminal(digest: Digest) -> RenderableType:
    """The issue for a terminal: wrapped to its width, in colour; in a pipe plain and a line each."""
    return Group(*(Indented(line.text, mark=line.mark, margin=line.margin) for line in _lines(digest)))


def text(digest: Digest) -> str:
    """The issue as plain text in lines of at most 78 columns; links are not wrapped."""
    screen = Console(width=WIDTH, no_color=True, highlight=False, emoji=False)
    lines: list[str] = []
    for line in _lines(digest):
        wrapped = [line.text] if line.whole else line.text.wrap(screen, WIDTH - line.margin)
        for number, piece in enumerate(wrapped or [Text("")]):
            mark = "" if number else line.mark
            lines.append(f"{mark:<{line.margin}}{piece.plain}".rstrip())
    return "\n".join(lines) + "\n"


def _lines(digest: Digest) -> Iterator[_Line]:
    yield _Line(_plain("Refdesk digest", "dim"))
    yield _Line(_plain(wording.days(digest.period), "bold"))
    yield _Line(_plain(wording.about(digest)))
    if digest.papers:
        yield _Line(_plain(f"{wording.made(digest)}. {wording.legend(digest)}", "dim"))
    for notice in wording.notices(digest):
        yield _BLANK
        yield _Line(_plain(notice, "yellow"), mark="!", margin=2)
    if digest.headline:
        yield from _heading("In short")
    for claim in digest.headline:
        yield _claim(claim)
    if digest.themes:
        yield from _heading("Themes")
        yield from _chart(digest)
    for theme in digest.themes:
        yield from _theme(theme, digest)
    if digest.papers:
        yield from _heading("Papers")
    themes = {theme.id: wording.name(theme) for theme in digest.themes}
    for number, paper in enumerate(digest.papers):
        yield from [_BLANK] if number else []
        yield from _paper(paper, wording.why(paper, themes))
    yield from _heading("Coverage")
    for name, value in wording.coverage(digest):
        yield _Line(_plain(f"{name}: {value}"))
    for name, state in wording.feeds(digest):
        yield _Line(_plain(f"Feed {name}: {state}"))
    if digest.sources:
        yield from _heading("Sources")
    cited = wording.cited(digest)
    for source in digest.sources:
        yield from _source(source, cited[source.number])
    yield _BLANK
    yield _Line(_plain(wording.facts(digest), "dim"))


def _plain(words: str, style: str = "") -> Text:
    return Text(unlinked(wording.plain(words)), style=style)


def _heading(name: str) -> Iterator[_Line]:
    yield _BLANK
    yield _Line(Text(name.upper(), style="bold cyan"))
    yield _BLANK


def _claim(claim: Claim, mark: str = "-", margin: int = 2) -> _Line:
    numbers = "".join(f"[{number}]" for number in dict.fromkeys(each.source for each in claim.citations))
    body = unlinked(unbracketed(readable(claim.text)))
    support = f" ({wording.support(claim)})" if wording.support(claim) else ""
    style = "bold red" if claim.support == "unsupported" else "yellow"
    body = f"“{body}”" if wording.own(claim) else body
    return _Line(Text.assemble(body, " ", (numbers, "bold cyan"), (support, style)), mark, margin)


def _chart(digest: Digest) -> Iterator[_Line]:
    yield _Line(_plain(wording.caption(digest), "dim"))
    top, rows = wording.chart(digest)
    for theme, sizes in rows:
        drawn = Text.assemble((wording.bars(sizes, top), "cyan"), f" {theme.size:>5,}  ")
        yield _Line(Text.assemble(_plain(wording.name(theme))), mark=drawn.plain, margin=len(drawn))


def _theme(theme: Theme, digest: Digest) -> Iterator[_Line]:
    yield _BLANK
    yield _Line(_plain(wording.name(theme), "bold"))
    ranks = ", ".join(str(paper.rank) for paper in wording.shown(theme, digest))
    here = f". In this issue: {ranks}" if ranks else ""
    yield _Line(_plain(f"{wording.growth(theme, digest.period)}{here}", "dim"))
    for claim in theme.claims:
        yield _claim(claim)


def _paper(paper: IssuePaper, why: str) -> Iterator[_Line]:
    url = wording.link(paper.paper.url)
    yield _Line(
        Text(unlinked(wording.plain(readable(paper.paper.title))), Style(bold=True, link=url)), f"{paper.rank}.", 4
    )
    yield _Line(_plain(wording.authors(paper.paper.authors), "dim"), margin=4)
    if url:
        yield _Line(Text(url), margin=4, whole=True)
    for state in wording.status(paper):
        yield _Line(_plain(f"{state}.", "bold red"), mark="⚑", margin=4)
    yield _claim(paper.tldr, mark="", margin=4)
    if why:
        yield _Line(_plain(why, "dim"), margin=4)


def _source(source: Source, cited: Sequence[Citation]) -> Iterator[_Line]:
    url = wording.link(source.paper.url)
    mark = f"[{source.number}]"
    yield _Line(Text(unlinked(wording.plain(readable(source.paper.title))), Style(link=url)), mark=mark, margin=5)
    if url:
        yield _Line(Text(url), margin=5, whole=True)
    for citation in cited:
        yield _Line(_plain(f"Sentence {citation.sentence}: “{readable(citation.quote)}”", "dim"), margin=5)
