"""A review as text: for a terminal, and in lines of 78 columns for a file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.console import Console, Group, RenderableType
from rich.style import Style
from rich.text import Text

from rag.answers.extractive import unbracketed
from rag.types import Citation, Claim, Review, Source, TableRow
from refdesk.render import review_wording as wording
from refdesk.render.terminal import Indented, unlinked
from refdesk.render.tex import readable
from refdesk.render.wording import authors, own, plain, support

WIDTH = 78
"""Columns of a file."""
_Line = tuple[Text, str]
"""Text, and the mark before it; the lines that follow stand behind the mark."""


def terminal(review: Review) -> RenderableType:
    """The review for a terminal: wrapped to its width, in colour; in a pipe plain and a line each."""
    return Group(*(Indented(text, mark=mark, margin=len(mark)) for text, mark in _lines(review)))


def text(review: Review) -> str:
    """The review as plain text in lines of at most 78 columns; links are not wrapped."""
    screen = Console(width=WIDTH, no_color=True, highlight=False, emoji=False)
    lines: list[str] = []
    for line, mark in _lines(review):
        whole = line.plain.startswith(("http://", "https://"))
        for number, piece in enumerate([line] if whole else line.wrap(screen, WIDTH - len(mark)) or [Text("")]):
            lines.append(f"{' ' * len(mark) if number else mark}{piece.plain}".rstrip())
    return "\n".join(lines) + "\n"


def _lines(review: Review) -> Iterator[_Line]:
    yield _plain("Refdesk review", "dim"), ""
    yield _plain(wording.topic(review), "bold"), ""
    yield _plain(wording.about(review)), ""
    if review.papers:
        yield _plain(wording.made(review), "dim"), ""
    for notice in wording.notices(review):
        yield _plain(notice, "yellow"), "! "
    if review.headline:
        yield from _heading("At a glance")
    yield from map(_claim, review.headline)
    if review.themes:
        yield from _heading("Themes")
    for number, theme in enumerate(review.themes):
        yield from [(Text(""), "")] if number else []
        yield _plain(wording.theme(theme), "bold"), ""
        yield from map(_claim, theme.claims)
        yield _plain("Its papers: " + ", ".join(map(str, wording.members(theme, review))), "dim"), "  "
    if review.agreements:
        yield from _heading("Where they agree")
    for number, agreement in enumerate(review.agreements):
        yield from [(Text(""), "")] if number else []
        yield _plain(wording.agreement(agreement), "bold"), ""
        yield from map(_claim, wording.shown(agreement))
        if also := wording.also(agreement):
            yield _plain(also, "dim"), "  "
    if review.differences:
        yield from _heading("Where they differ")
    for difference in review.differences:
        yield _plain(wording.difference(difference), "bold"), ""
        yield from map(_claim, (*difference.claims, *difference.against))
    if review.months:
        yield from _heading("Over time")
        yield _plain(wording.caption(review), "dim"), ""
    for month, bar, share in wording.months(review):
        yield Text.assemble((f"{bar:<{wording.WIDTH}}", "cyan"), f"  {share}"), f"{month.name}  "
    if review.table:
        yield from _heading("Papers")
    by_number = {source.number: source for source in review.sources}
    unshown = wording.unshown(review)
    for row in review.table:
        yield from _row(row, by_number[row.source], unshown.get(row.source, ()))
    if review.nearest:
        yield from _heading("Near it")
    for near in review.nearest:
        yield _plain(f"{readable(near.paper.title)} ({near.paper.paper_id})"), "- "
    yield Text(""), ""
    yield _plain(wording.facts(review), "dim"), ""


def _plain(words: str, style: str = "") -> Text:
    return Text(unlinked(plain(words)), style=style)


def _heading(name: str) -> Iterator[_Line]:
    yield Text(""), ""
    yield Text(name.upper(), style="bold cyan"), ""
    yield Text(""), ""


def _claim(claim: Claim) -> _Line:
    numbers = "".join(f"[{number}]" for number in dict.fromkeys(each.source for each in claim.citations))
    return _body(claim, f" {numbers}"), "- "


def _body(claim: Claim, numbers: str = "") -> Text:
    body = unlinked(unbracketed(readable(claim.text)))
    reason = f" ({support(claim)})" if support(claim) else ""
    style = "bold red" if claim.support == "unsupported" else "yellow"
    return Text.assemble(f"“{body}”" if own(claim) else body, (numbers, "bold cyan"), (reason, style))


def _row(row: TableRow, source: Source, unshown: Sequence[Citation]) -> Iterator[_Line]:
    paper = source.paper
    url = wording.url(paper.url)
    mark, margin = f"[{row.source}]".ljust(6), " " * 6
    yield Text(unlinked(plain(readable(row.title))), Style(bold=True, link=url)), mark
    known = (authors(paper.authors), row.date, readable(row.number) if row.number else None)
    if line := " · ".join(filter(None, known)):
        yield _plain(line, "dim"), margin
    if paper.flags:
        yield _plain(f"⚑ {', '.join(paper.flags)}", "bold red"), margin
    yield _body(row.finding), margin
    for citation in unshown:
        yield _plain(f"Sentence {citation.sentence}: “{readable(citation.quote)}”", "dim"), margin
    if url:
        yield Text(url), margin
