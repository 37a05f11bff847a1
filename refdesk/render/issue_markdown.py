"""
An issue as Markdown, which a person may keep, cut or send on, and which `refdesk verify` reads again.

A claim is a paragraph that ends with its places: source and sentence. Papers and sources stand as in an answer. All
other lines are headings, bullets or in italics. They cite nothing; so a seal in the last line has a hash of each. A
reader may take a line out, but `verify` finds a line that was changed or added. The seal shows edits; it does not stop
a forger, and claims do not rely on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from hashlib import sha256

from rag.types import Claim, Digest, Theme
from refdesk.render import markdown, wording

TITLE = "# Refdesk digest: "
_UNCITED = re.compile(r"#{1,3} .+|- .+|\*.+\*")
_SEAL = re.compile(r"<!-- seal:([0-9a-f\s]*)-->")
_WIDTH = 12  # hashes a line


def issue(digest: Digest) -> str:
    """The document; lines are not wrapped, and a blank line stands between all."""
    lines: list[str] = []
    uncited: list[str] = []

    def add(*more: str) -> None:
        uncited.extend(more)
        lines.extend(more)

    add(*_head(digest))
    if digest.headline:
        add("## In short")
        lines += map(claim, digest.headline)
    if digest.themes:
        add("## Themes", _aside(wording.caption(digest)), "\n".join(_chart(digest)))
    for theme in digest.themes:
        add(*_theme(theme, digest))
        lines += map(claim, theme.claims)
    if digest.papers:
        add("## Papers")
    themes = {theme.id: wording.name(theme) for theme in digest.themes}
    for paper in digest.papers:
        lines.append(markdown.reference(paper.rank, paper.paper) + markdown.flagged(paper.paper))
        add(*(_aside(f"{state}.") for state in wording.status(paper)))
        lines.append(claim(paper.tldr))
        if why := wording.why(paper, themes):
            add(_aside(why))
    add("## Coverage", "\n".join(_coverage(digest)), _aside(wording.facts(digest)))
    lines += _sources(digest)
    return "\n\n".join((*lines, _seal("\n".join(uncited).splitlines()))) + "\n"


def _head(digest: Digest) -> Iterator[str]:
    yield f"{TITLE}{_escaped(digest.subscription)}"
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


def _sources(digest: Digest) -> Iterator[str]:
    if digest.sources:
        yield "## Sources"
    cited = wording.cited(digest)
    for source in digest.sources:
        quotes = {citation.sentence: citation.quote for citation in cited[source.number]}
        yield "\n".join(markdown.sourced(source, quotes))


def claim(given: Claim) -> str:
    """A claim with its places; the authors' own sentence stands in quotation marks."""
    written = markdown.claim(given)
    if wording.own(given):
        text, _, places = written.rpartition(" ")
        written = f"“{text}” {places}"
    return f"{written}{markdown.weak(given)}"


def sealed(document: str) -> tuple[str, frozenset[str]]:
    """A document without its seal, and the hashes that were in it."""
    found = _SEAL.search(document)
    return _SEAL.sub("", document), frozenset(found[1].split() if found else ())


def is_ours(line: str, seal: frozenset[str]) -> bool:
    """True if a line cites nothing and stands as it was written."""
    return line.strip() == "## Sources" or bool(_UNCITED.fullmatch(line.strip()) and _hash(line) in seal)


def _chart(digest: Digest) -> list[str]:
    top, rows = wording.chart(digest)
    return [f"- `{wording.bars(sizes, top)} {theme.size:>5,}` {_escaped(wording.name(theme))}" for theme, sizes in rows]


def _aside(text: str) -> str:
    return f"*{_escaped(text)}*"


def _escaped(text: str) -> str:
    return markdown.escaped(wording.plain(text))


def _seal(lines: Iterable[str]) -> str:
    hashes = list(dict.fromkeys(map(_hash, lines)))
    rows = [" ".join(hashes[at : at + _WIDTH]) for at in range(0, len(hashes), _WIDTH)]
    return "<!-- seal: {} -->".format("\n".join(rows))


def _hash(line: str) -> str:
    return sha256(" ".join(line.split()).encode()).hexdigest()[:8]
