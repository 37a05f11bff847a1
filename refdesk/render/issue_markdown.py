"""
An issue as Markdown, which a person may keep, cut or send on, and which `refdesk verify` reads again.

A claim is a paragraph that ends with its places: source and sentence. Papers and sources stand as in an answer. All
other lines are headings, bullets or in italics, and cite nothing. The last line is a seal over all of it, unit by unit
(see `refdesk.render.visible`): a reader may take out a claim, a paper with its lines, a heading with its lines or a
source with its quotes, but not the head of the issue.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

from rag.types import Claim, Digest, IssuePaper, Paper
from refdesk.render import card, chart, markdown, visible, wording

TITLE = "Refdesk digest: "
"""How the title of every issue begins."""


def issue(digest: Digest) -> str:
    """The document; lines are not wrapped, and a blank line stands between all."""
    units = ["\n\n".join(unit) for unit in _units(digest)]
    return "\n\n".join((*units, visible.seal(units))) + "\n"


def _units(digest: Digest) -> Iterator[tuple[str, ...]]:
    """The parts that belong together, each with its paragraphs."""
    three, papers, also, numbers = wording.sections(digest)
    yield tuple(_head(digest))
    if headline := wording.headline(digest):
        yield ("## In short",)
        yield from ((claim(each),) for each in headline)
    if digest.first:
        yield (f"## {three}",)
        yield from (_paper(paper, at, first=True) for at, paper in enumerate(digest.first, start=1))
    if digest.cards:
        yield (f"## {papers}",)
    number = count(len(digest.first) + 1)
    for heading, group in wording.grouped(digest):
        if heading:
            yield (f"### {_escaped(heading)}",)
        yield from (_paper(paper, next(number), first=False) for paper in group)
    if digest.also_near:
        yield f"## {also}", "\n".join(_also(each.paper) for each in digest.also_near)
    yield f"## {numbers}", "\n".join(_coverage(digest))
    if digest.themes:
        yield _aside(chart.caption(digest)), "\n".join(_chart(digest))
    for theme in digest.themes:
        if theme.claims:
            yield (f"### {_escaped(wording.name(theme))}",)
            yield from ((claim(each),) for each in theme.claims)
    yield (_aside(wording.facts(digest)),)
    yield from _sources(digest)


def _paper(paper: IssuePaper, number: int, *, first: bool) -> tuple[str, ...]:
    about = " · ".join(filter(None, (card.place(paper.paper), card.day(paper.paper.day))))
    pdf = f"PDF <{paper.pdf}>" if paper.pdf else ""
    shown = " · ".join(filter(None, (_escaped(about), pdf)))
    why = card.why(paper)
    return (
        markdown.reference(number, paper.paper) + markdown.flagged(paper.paper),
        *([f"*{shown}*"] if shown else []),
        *(_aside(f"{state}.") for state in wording.status(paper)),
        *map(claim, wording.lines(paper, first=first)),
        *([_aside(why)] if why else []),
    )


def _also(paper: Paper) -> str:
    where = card.place(paper)
    link = f" <{paper.url}>" if wording.link(paper.url) else ""
    return f"- {_escaped(paper.title)}{f', {_escaped(where)}' if where else ''}{link}"


def _head(digest: Digest) -> Iterator[str]:
    yield f"# {TITLE}{_escaped(digest.subscription)}"
    yield _aside(f"{wording.days(digest.period)} · {wording.about(digest)}")
    if digest.papers:
        yield _aside(f"{wording.made(digest)}. {wording.legend(digest)}")
    yield from map(_aside, wording.notices(digest))


def _coverage(digest: Digest) -> Iterator[str]:
    for name, value in wording.coverage(digest):
        yield f"- {_escaped(name)}: {_escaped(value)}"
    for name, state in wording.feeds(digest):
        yield f"- Feed {_escaped(name)}: {_escaped(state)}"


def _sources(digest: Digest) -> Iterator[tuple[str, ...]]:
    if digest.sources:
        yield ("## Sources",)
    cited = wording.cited(digest)
    for source in digest.sources:
        quotes = {citation.sentence: citation.quote for citation in cited[source.number] if citation.quote}
        yield ("\n".join(markdown.sourced(source, quotes)),)


def claim(given: Claim) -> str:
    """A claim with its places; the authors' own sentence stands in quotation marks."""
    written = markdown.claim(given)
    if wording.own(given):
        text, _, places = written.rpartition(" ")
        written = f"“{text}” {places}"
    return f"{written}{markdown.weak(given)}"


def _chart(digest: Digest) -> Iterator[str]:
    top, rows = chart.rows(digest)
    for theme, sizes in rows:
        drawn, growth = chart.bars(sizes, top), _escaped(wording.growth(theme, digest))
        yield f"- `{drawn} {theme.size:>5,}` {_escaped(wording.name(theme))}. {growth}"


def _aside(text: str) -> str:
    return f"*{_escaped(text)}*"


def _escaped(text: str) -> str:
    return markdown.escaped(wording.plain(text))
