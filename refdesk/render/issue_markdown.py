"""
An issue as Markdown: what a person may keep, cut or send on, and what `refdesk verify` reads again.

A claim is a paragraph that ends with the places it rests on; papers and sources stand as in an answer. All other lines
are headings, bullets or in italics. They cite nothing, so a seal in the last line has a hash of each: a line may be
taken out, but one that was changed or added is found. The seal tells of edits; it is no proof against a forger, and
claims do not rely on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256

from rag.types import Claim, Digest
from refdesk.render import markdown, wording

TITLE = "# Refdesk digest: "
WEAK = f"({wording.WEAK})"
_UNCITED = re.compile(r"#{1,3} .+|- .+|\*.+\*")
_SEAL = re.compile(r"<!-- seal:([0-9a-f\s]*)-->")
_WIDTH = 12  # hashes a line


def issue(digest: Digest) -> str:
    """The document; lines that were not wrapped, a blank line between all."""
    lines: list[str] = []
    uncited: list[str] = []

    def add(*more: str) -> None:
        uncited.extend(more)
        lines.extend(more)

    add(f"{TITLE}{_said(digest.subscription)}")
    add(_aside(f"{wording.days(digest.period)} · {wording.about(digest)}"))
    if digest.papers:
        add(_aside(f"{wording.made(digest)}. {wording.legend(digest)}"))
    add(*(_aside(notice) for notice in wording.notices(digest)))
    if digest.headline:
        add("## In short")
        lines += map(claim, digest.headline)
    if digest.themes:
        add("## Themes", _aside(wording.caption(digest)), "\n".join(_chart(digest)))
    for theme in digest.themes:
        ranks = ", ".join(str(paper.rank) for paper in wording.shown(theme, digest))
        here = f". In this issue: {ranks}" if ranks else ""
        add(f"### {_said(wording.name(theme))}", _aside(f"{wording.growth(theme, digest.period)}{here}"))
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
    listed = [f"- {_said(name)}: {_said(value)}" for name, value in wording.coverage(digest)]
    listed += [f"- Feed {_said(name)}: {_said(state)}" for name, state in wording.feeds(digest)]
    add("## Coverage", "\n".join(listed), _aside(wording.facts(digest)))
    if digest.sources:
        lines.append("## Sources")
    cited = wording.cited(digest)
    for source in digest.sources:
        quotes = {citation.sentence: citation.quote for citation in cited[source.number]}
        lines.append("\n".join(markdown.sourced(source, quotes)))
    return "\n\n".join((*lines, _seal("\n".join(uncited).splitlines()))) + "\n"


def claim(given: Claim) -> str:
    """A claim with its places; the authors' own sentence stands in quotation marks."""
    said = markdown.claim(given)
    if wording.own(given):
        text, _, places = said.rpartition(" ")
        said = f"“{text}” {places}"
    return f"{said} {WEAK}" if given.support == "weak" else said


def sealed(document: str) -> tuple[str, frozenset[str]]:
    """A document without its seal, and the hashes that were in it."""
    found = _SEAL.search(document)
    return _SEAL.sub("", document), frozenset(found[1].split() if found else ())


def is_ours(line: str, seal: frozenset[str]) -> bool:
    """Whether a line is one of those that cite nothing, as it was written."""
    return line.strip() == "## Sources" or bool(_UNCITED.fullmatch(line.strip()) and _hash(line) in seal)


def _chart(digest: Digest) -> list[str]:
    top, rows = wording.chart(digest)
    return [f"- `{wording.bars(sizes, top)} {theme.size:>5,}` {_said(wording.name(theme))}" for theme, sizes in rows]


def _aside(text: str) -> str:
    return f"*{_said(text)}*"


def _said(text: str) -> str:
    return markdown.escaped(wording.plain(text))


def _seal(lines: Iterable[str]) -> str:
    hashes = list(dict.fromkeys(map(_hash, lines)))
    rows = [" ".join(hashes[at : at + _WIDTH]) for at in range(0, len(hashes), _WIDTH)]
    return "<!-- seal: {} -->".format("\n".join(rows))


def _hash(line: str) -> str:
    return sha256(" ".join(line.split()).encode()).hexdigest()[:8]
