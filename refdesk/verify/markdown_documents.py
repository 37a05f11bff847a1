"""Claims, sources and quotes in the Markdown of an answer or an issue, and whatever else somebody wrote there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rag.checking import CitedSentence
from rag.types import Problem
from refdesk.ask import Answering
from refdesk.render import issue_markdown, markdown
from refdesk.render.markdown import unescaped
from refdesk.verify.claims import Verified, failed, verified

_SOURCE = re.compile(r"^\s*(\d{1,5})\.\s+\*\*((?:\\.|[^\\*])*)\*\*(?:\\.|[^\\`])*`([^`]+)`")
_FLAGS = re.compile(r"( ⚑ (?:instructions|withdrawn)(?:, withdrawn)?)?")
_QUOTE = re.compile(r"^\s*>\s*(\d{1,5})\.(\d{1,5})\s+(.*\S)\s*$")
_PLACES = re.compile(r"(?:\[\d{1,5}\.\d{1,5}\])+")
_PLACE = re.compile(r"\[(\d{1,5})\.(\d{1,5})\]")
_ABSTAINED = re.compile(r"The library does not hold an answer: .*|- .* \(`[^`]+`\)")
_OWN = re.compile(r"“(.*)”", re.DOTALL)

Place = tuple[int, int]
"""A source's number and a sentence's: `[2.3]`."""


def starts_an_issue(text: str) -> bool:
    """Whether a document says that it is an issue."""
    return text.startswith(issue_markdown.TITLE)


def in_markdown(text: str, answering: Answering) -> Iterator[Verified]:
    """Every claim, quote and forged source of a document."""
    issue = starts_an_issue(text)
    text, seal = issue_markdown.sealed(text) if issue else (text, frozenset[str]())
    body, heading, sources = text.partition("\n## Sources")
    lines = _unwrapped(body)
    question = unescaped(lines[0].lstrip("# ")) if lines and lines[0].startswith("#") and not issue else ""
    papers = {int(found[1]): found[3] for line in sources.splitlines() if (found := _SOURCE.match(line))}
    held = _quoted(sources, papers, answering)
    for number, line in enumerate([*lines, *sources.splitlines()]):
        if quote := _QUOTE.match(line):
            yield _quote(unescaped(quote[3]), int(quote[2]), papers.get(int(quote[1]), ""), answering, question)
        elif source := _SOURCE.match(line):
            yield from _forged(line, source, answering)
        elif not (issue_markdown.is_ours(line, seal) if issue else _beside(line, number, abstains=not heading)):
            yield from _claims(line, papers, held, answering, question)


def _beside(line: str, number: int, *, abstains: bool) -> bool:
    """Whether a line of an answer is its question, or belongs to an abstention."""
    return (number == 0 and line.startswith("# ")) or bool(abstains and _ABSTAINED.fullmatch(line))


def _claims(
    line: str, papers: Mapping[int, str], held: Mapping[Place, CitedSentence], answering: Answering, question: str
) -> Iterator[Verified]:
    """The claims of a line, each before its places, and what stands behind the last place."""
    last = 0
    for places in _PLACES.finditer(line):
        claim = unescaped(line[last : places.start()]).strip()
        last = places.end()
        cited, problems = [], []
        for place in [(int(a), int(b)) for a, b in _PLACE.findall(places.group())]:
            if found := held.get(place) or answering.numbered(papers.get(place[0], ""), place[1]):
                cited.append(found)
            else:
                detail = "the library has no such sentence"
                problems.append(
                    Problem(kind="source", found=f"[{place[0]}.{place[1]}]", at=(0, len(claim)), detail=detail)
                )
        own = _OWN.fullmatch(claim)
        yield verified(own[1] if own else claim, cited, problems, answering, question)
    if (rest := unescaped(line[last:]).strip()) and not (last and rest == issue_markdown.WEAK):
        yield verified(rest, [], [], answering, question)


def _quote(quote: str, number: int, paper_id: str, answering: Answering, question: str) -> Verified:
    if held := answering.sentence(paper_id, quote=quote, number=number):
        return verified(quote, [held], [], answering, question)
    detail = "the stored abstract has no such sentence"
    return verified(
        quote, [], [Problem(kind="quote", found=quote, at=(0, len(quote)), detail=detail)], answering, question
    )


def _quoted(sources: str, papers: Mapping[int, str], answering: Answering) -> dict[Place, CitedSentence]:
    """The sentences that are quoted under the sources: of the text that the paper had when the document was written."""
    found = {}
    for line in sources.splitlines():
        if quote := _QUOTE.match(line):
            place = int(quote[1]), int(quote[2])
            if held := answering.sentence(papers.get(place[0], ""), quote=unescaped(quote[3]), number=place[1]):
                found[place] = held
    return found


def _forged(line: str, source: re.Match[str], answering: Answering) -> Iterator[Verified]:
    """A reference that is not that of a stored paper: another title, author, date or link, or more words."""
    title, said = unescaped(source[2]), " ".join(line.split())
    versions = [replace(paper, paper_id=source[3]) for paper in answering.versions(source[3])]
    if title not in {paper.title for paper in versions}:
        yield failed(title, title, "the library has another title, or no such paper")
        return
    stored = [" ".join(markdown.reference(int(source[1]), paper).split()) for paper in versions]
    if not any(said.startswith(each) and _FLAGS.fullmatch(said[len(each) :]) for each in stored):
        yield failed(title, said, "the library has other authors, another date or another link")


def _unwrapped(body: str) -> list[str]:
    """Lines with those that an editor wrapped put together again; a heading, a bullet and a blank line begin anew."""
    lines: list[str] = []
    for line in body.splitlines():
        before = lines[-1] if lines else ""
        follows = before.strip() and not before.startswith("#")
        if before.startswith("- "):
            follows = line.startswith("  ")
        if follows and line.strip() and not line.startswith(("#", "- ", ">", "\\")):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return lines
