"""
An issue as Markdown, which a person may keep, cut or send on, and which `refdesk verify` reads again.

A claim is a paragraph that ends with its places: source and sentence. Papers and sources stand as in an answer. All
other lines are headings, bullets or in italics, and cite nothing. The last line is a seal over all of it, unit by unit
(see `refdesk.render.visible`): a reader may take out a claim, a paper with its lines, a heading with its lines or a
source with its quotes, but not the head of the issue.
"""

from __future__ import annotations

from collections.abc import Iterator

from rag.types import Claim, Digest, IssuePaper, Theme
from refdesk.render import markdown, visible, wording

TITLE = "Refdesk digest: "
"""How the title of every issue begins."""


def issue(digest: Digest) -> str:
    """The document; lines are not wrapped, and a blank line stands between all."""
    units = ["\n\n".join(unit) for unit in _units(digest)]
    return "\n\n".join((*units, visible.seal(units))) + "\n"


def _units(digest: Digest) -> Iterator[tuple[str, ...]]:
    """The parts that belong together, each with its paragraphs."""
    yield tuple(_head(digest))
    if digest.headline:
        yield ("## In short",)
        yield from ((claim(each),) for each in digest.headline)
    if digest.themes:
        yield ("## Themes", _aside(wording.caption(digest)), "\n".join(_chart(digest)))
    for theme in digest.themes:
        yield _theme(theme, digest)
        yield from ((claim(each),) for each in theme.claims)
    if digest.papers:
        yield ("## Papers",)
    themes = {theme.id: wording.name(theme) for theme in digest.themes}
    yield from (_paper(paper, wording.why(paper, themes)) for paper in digest.papers)
    yield ("## Coverage", "\n".join(_coverage(digest)), _aside(wording.facts(digest)))
    yield from _sources(digest)


def _paper(paper: IssuePaper, why: str) -> tuple[str, ...]:
    return (
        markdown.reference(paper.rank, paper.paper) + markdown.flagged(paper.paper),
        *(_aside(f"{state}.") for state in wording.status(paper)),
        claim(paper.tldr),
        *([_aside(why)] if why else []),
    )


def _head(digest: Digest) -> Iterator[str]:
    yield f"# {TITLE}{_escaped(digest.subscription)}"
    yield _aside(f"{wording.days(digest.period)} · {wording.about(digest)}")
    if digest.papers:
        yield _aside(f"{wording.made(digest)}. {wording.legend(digest)}")
    yield from map(_aside, wording.notices(digest))


def _theme(theme: Theme, digest: Digest) -> tuple[str, str]:
    ranks = ", ".join(str(paper.rank) for paper in wording.shown(theme, digest))
    here = f". In this issue: {ranks}" if ranks else ""
    return f"### {_escaped(wording.name(theme))}", _aside(f"{wording.growth(theme, digest.period)}{here}")


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
        quotes = {citation.sentence: citation.quote for citation in cited[source.number]}
        yield ("\n".join(markdown.sourced(source, quotes)),)


def claim(given: Claim) -> str:
    """A claim with its places; the authors' own sentence stands in quotation marks."""
    written = markdown.claim(given)
    if wording.own(given):
        text, _, places = written.rpartition(" ")
        written = f"“{text}” {places}"
    return f"{written}{markdown.weak(given)}"


def _chart(digest: Digest) -> list[str]:
    top, rows = wording.chart(digest)
    return [f"- `{wording.bars(sizes, top)} {theme.size:>5,}` {_escaped(wording.name(theme))}" for theme, sizes in rows]


def _aside(text: str) -> str:
    return f"*{_escaped(text)}*"


def _escaped(text: str) -> str:
    return markdown.escaped(wording.plain(text))
