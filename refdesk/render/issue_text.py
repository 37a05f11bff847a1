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
from rag.types import Citation, Claim, Digest, IssuePaper, Paper, Source
from refdesk.render import card, chart, wording
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
    three, papers, also, numbers = wording.sections(digest)
    if headline := wording.headline(digest):
        yield from _heading("In short")
        yield from map(_claim, headline)
    if digest.first:
        yield from _heading(three)
        yield from _papers(digest.first, first=True, after=0)
    if digest.cards:
        yield from _heading(papers)
    told = len(digest.first)
    for number, (heading, group) in enumerate(wording.grouped(digest)):
        yield from [_BLANK] if number else []
        yield from [_Line(_plain(heading, "bold")), _BLANK] if heading else []
        yield from _papers(group, first=False, after=told)
        told += len(group)
    if digest.also_near:
        yield from _heading(also)
    for each in digest.also_near:
        yield from _also(each.paper)
    yield from _heading(numbers)
    for name, value in wording.coverage(digest):
        yield _Line(_plain(f"{name}: {value}"))
    for name, state in wording.feeds(digest):
        yield _Line(_plain(f"Feed {name}: {state}"))
    if digest.themes:
        yield _BLANK
        yield from _chart(digest)
    for theme in digest.themes:
        if theme.claims:
            yield _BLANK
            yield _Line(_plain(wording.name(theme), "bold"))
            yield from map(_claim, theme.claims)
    if digest.sources:
        yield from _heading("Sources")
    cited = wording.cited(digest)
    of_cards = {paper.paper.paper_id for paper in digest.papers}
    for source in digest.sources:
        yield from _source(source, cited[source.number], linked=source.paper.paper_id not in of_cards)
    yield _BLANK
    yield _Line(_plain(wording.facts(digest), "dim"))


def _papers(papers: Sequence[IssuePaper], *, first: bool, after: int) -> Iterator[_Line]:
    for number, paper in enumerate(papers, start=1):
        yield from [_BLANK] if number > 1 else []
        yield from _paper(paper, after + number, first=first)


def _also(paper: Paper) -> Iterator[_Line]:
    where = card.place(paper)
    title = wording.plain(readable(paper.title)) + (f", {where}" if where else "")
    url = wording.link(paper.url)
    yield _Line(Text(unlinked(title), Style(link=url)), "-", 2)
    if url:
        yield _Line(Text(url), margin=2, whole=True)


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
    yield _Line(_plain(chart.caption(digest), "dim"))
    top, rows = chart.rows(digest)
    for theme, sizes in rows:
        drawn = Text.assemble((chart.bars(sizes, top), "cyan"), f" {theme.size:>5,}  ")
        name = f"{wording.name(theme)}. {wording.growth(theme, digest)}"
        yield _Line(Text.assemble(_plain(name)), mark=drawn.plain, margin=len(drawn))


def _paper(paper: IssuePaper, number: int, *, first: bool) -> Iterator[_Line]:
    url = wording.link(paper.paper.url)
    yield _Line(Text(unlinked(wording.plain(readable(paper.paper.title))), Style(bold=True, link=url)), f"{number}.", 4)
    if meta := card.meta(paper):
        yield _Line(_plain(meta, "dim"), margin=4)
    if url:
        yield _Line(Text(url), margin=4, whole=True)
    for state in wording.status(paper):
        yield _Line(_plain(f"{state}.", "bold red"), mark="⚑", margin=4)
    for claim in wording.lines(paper, first=first):
        yield _claim(claim, mark="", margin=4)
    if why := card.why(paper):
        yield _Line(_plain(why, "dim"), margin=4)


def _source(source: Source, cited: Sequence[Citation], *, linked: bool) -> Iterator[_Line]:
    """A source, with its link and its sentences where they do not stand above."""
    url = wording.link(source.paper.url)
    numbers = [str(citation.sentence) for citation in cited if not citation.quote]
    shown = f"sentence{'s' if len(numbers) > 1 else ''} {', '.join(numbers)}" if numbers else ""
    title = wording.plain(readable(source.paper.title)) + (f", {shown}" if shown else "")
    yield _Line(Text(unlinked(title), Style(link=url)), mark=f"[{source.number}]", margin=5)
    if url and linked:
        yield _Line(Text(url), margin=5, whole=True)
    for citation in cited:
        if citation.quote:
            yield _Line(_plain(f"Sentence {citation.sentence}: “{readable(citation.quote)}”", "dim"), margin=5)
