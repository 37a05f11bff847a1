"""
A review as Markdown, which a person may keep, cut or send on, and which `refdesk verify` reads again.

A claim is a paragraph, or a cell of the table, that ends with its places: source and sentence. The last line is a seal,
unit by unit, as of an issue: a reader may take out a claim, a theme with its lines, the table or a source with its
quotes, but not the head of the review.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rag.types import Claim, Review, TableRow
from refdesk.render import issue_markdown, markdown, visible
from refdesk.render import review_wording as wording
from refdesk.render.wording import plain

TITLE = "Refdesk review: "
"""How the title of every review begins."""
_HEAD = "| No. | Paper | What it found | Number | Date |\n|---:|---|---|---|---|"


def document(review: Review) -> str:
    """The document; lines are not wrapped, and a blank line stands between all."""
    units = ["\n\n".join(unit) for unit in _units(review)]
    return "\n\n".join((*units, visible.seal(units))) + "\n"


def _units(review: Review) -> Iterator[tuple[str, ...]]:
    """The parts that belong together, each with its paragraphs."""
    yield tuple(_head(review))
    if review.headline:
        yield ("## At a glance",)
    yield from _claims(review.headline)
    if review.themes:
        yield ("## Themes",)
    for theme in review.themes:
        papers = ", ".join(map(str, wording.members(theme, review)))
        yield f"### {_escaped(wording.theme(theme))}", _aside(f"Its papers: {papers}")
        yield from _claims(theme.claims)
    if review.agreements:
        yield ("## Where they agree",)
    for agreement in review.agreements:
        also = wording.also(agreement)
        yield f"### {_escaped(wording.agreement(agreement))}", *([_aside(also)] if also else [])
        yield from _claims(wording.shown(agreement))
    if review.differences:
        yield ("## Where they differ",)
    for difference in review.differences:
        yield (f"### {_escaped(wording.difference(difference))}",)
        yield from _claims((*difference.claims, *difference.against))
    if review.months:
        rows = "\n".join(
            f"- `{month.name} {bar:<{wording.WIDTH}}` {share}" for month, bar, share in wording.months(review)
        )
        yield "## Over time", _aside(wording.caption(review)), rows
    if review.table:
        yield "## Papers", "\n".join((_HEAD, *map(_row, review.table)))
    if review.nearest:
        near = (f"- {_escaped(each.paper.title)} (`{each.paper.paper_id}`)" for each in review.nearest)
        yield "## Near it", "\n".join(near)
    yield (_aside(wording.facts(review)),)
    yield from _sources(review)


def _head(review: Review) -> Iterator[str]:
    yield f"# {TITLE}{_escaped(wording.topic(review))}"
    yield _aside(wording.about(review))
    if review.papers:
        yield _aside(wording.made(review))
    yield from map(_aside, wording.notices(review))


def _claims(claims: Iterable[Claim]) -> Iterator[tuple[str]]:
    yield from ((issue_markdown.claim(each),) for each in claims)


def _row(row: TableRow) -> str:
    """A line of the table; what a cell holds stays in it, for its bars are escaped and its lines joined."""
    number = _escaped(row.number) if row.number else ""
    cells = (str(row.source), _escaped(row.title), issue_markdown.claim(row.finding), number, row.date or "")
    return f"| {' | '.join(' '.join(cell.split()) for cell in cells)} |"


def _sources(review: Review) -> Iterator[tuple[str, ...]]:
    if review.sources:
        yield ("## Sources",)
    unshown = wording.unshown(review)
    for source in review.sources:
        quotes = {citation.sentence: citation.quote for citation in unshown.get(source.number, ())}
        yield ("\n".join(markdown.sourced(source, quotes)),)


def _aside(text: str) -> str:
    return f"*{_escaped(text)}*"


def _escaped(text: str) -> str:
    return markdown.escaped(plain(text))
