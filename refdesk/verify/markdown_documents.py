"""Reads claims, quotes and sources in the Markdown of an answer or an issue, and whatever else was written there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from rag.checking import CitedSentence
from rag.types import Problem
from refdesk.render import issue_markdown, markdown
from refdesk.render.markdown import FACT, SOURCE, unescaped
from refdesk.verify.claims import Verified, Verifier, failed

_FLAGS = re.compile(r"( ⚑ (?:instructions|withdrawn)(?:, withdrawn)?)?")
_QUOTE = re.compile(r"^\s*>\s*(\d{1,5})\.(\d{1,5})\s+(.*\S)\s*$")
_PLACES = re.compile(r"(?:\[\d{1,5}\.\d{1,5}\])+")
_PLACE = re.compile(r"\[(\d{1,5})\.(\d{1,5})\]")
_ABSTAINED = re.compile(r"The library does not hold an answer: .*|- .* \(`[^`]+`\)")
_IN_QUOTES = re.compile(r"“(.*)”", re.DOTALL)

Place = tuple[int, int]
"""The number of a source and of a sentence: `[2.3]`."""


def starts_an_issue(text: str) -> bool:
    """True if a document begins as an issue does."""
    return text.startswith(issue_markdown.TITLE)


def in_markdown(text: str, verifier: Verifier) -> Iterator[Verified]:
    """Yield every claim of a document, and every quote, source or other line that is not as the library has it."""
    issue = starts_an_issue(text)
    text, seal = issue_markdown.sealed(text) if issue else (text, frozenset[str]())
    body, heading, sources = text.partition("\n## Sources")
    lines = _unwrapped(body)
    question = unescaped(lines[0].lstrip("# ")) if lines and lines[0].startswith("#") and not issue else ""
    papers = {int(source[1]): source[3] for line in sources.splitlines() if (source := SOURCE.match(line))}
    quoted = _quoted(sources, papers, verifier)
    for number, line in enumerate([*lines, *sources.splitlines()]):
        if quote := _QUOTE.match(line):
            yield from _changed_quote(quote, papers, verifier, question)
        elif source := SOURCE.match(line):
            yield from _changed_source(line, source, verifier)
        elif not issue and (fact := FACT.fullmatch(line.strip())):
            yield _fact(fact, verifier)
        elif not (issue_markdown.is_ours(line, seal) if issue else _beside(line, number, abstains=not heading)):
            yield from _claims(line, papers, quoted, verifier, question)


def _beside(line: str, number: int, *, abstains: bool) -> bool:
    """True if a line of an answer is its question, or a part of an abstention."""
    return (number == 0 and line.startswith("# ")) or bool(abstains and _ABSTAINED.fullmatch(line))


def _claims(
    line: str, papers: Mapping[int, str], quoted: Mapping[Place, CitedSentence], verifier: Verifier, question: str
) -> Iterator[Verified]:
    """The claims of a line, each before its places, and any words behind the last place."""
    end = 0
    for places in _PLACES.finditer(line):
        claim = unescaped(line[end : places.start()]).strip()
        end = places.end()
        cited, problems = [], []
        for place in [(int(source), int(sentence)) for source, sentence in _PLACE.findall(places.group())]:
            if found := quoted.get(place) or verifier.citations.numbered(papers.get(place[0], ""), place[1]):
                cited.append(found)
            else:
                written, detail = f"[{place[0]}.{place[1]}]", "the library has no such sentence"
                problems.append(Problem(kind="source", found=written, at=(0, len(claim)), detail=detail))
        in_quotes = _IN_QUOTES.fullmatch(claim)
        yield verifier.claim(in_quotes[1] if in_quotes else claim, cited, problems, question=question)
    if (rest := unescaped(line[end:]).strip()) and not (end and rest == issue_markdown.WEAK):
        yield verifier.claim(rest, [], question=question)


def _fact(line: re.Match[str], verifier: Verifier) -> Verified:
    """Check a fact by the options that stand behind it."""
    try:
        options = json.loads(line[2])
    except (ValueError, RecursionError):
        options = {}
    return verifier.fact({**(options if isinstance(options, dict) else {}), "text": unescaped(line[1])})


def _changed_quote(
    quote: re.Match[str], papers: Mapping[int, str], verifier: Verifier, question: str
) -> Iterator[Verified]:
    """Report a quote that its source does not have; a right quote belongs to the claims that cite it."""
    text = unescaped(quote[3])
    if not verifier.citations.sentence(papers.get(int(quote[1]), ""), quote=text, number=int(quote[2])):
        detail = "the stored abstract has no such sentence"
        problem = Problem(kind="quote", found=text, at=(0, len(text)), detail=detail)
        yield verifier.claim(text, [], [problem], question=question)


def _quoted(sources: str, papers: Mapping[int, str], verifier: Verifier) -> dict[Place, CitedSentence]:
    """The sentences quoted under the sources, from the text that the paper had when the document was written."""
    found = {}
    for line in sources.splitlines():
        if quote := _QUOTE.match(line):
            place = int(quote[1]), int(quote[2])
            paper_id = papers.get(place[0], "")
            if sentence := verifier.citations.sentence(paper_id, quote=unescaped(quote[3]), number=place[1]):
                found[place] = sentence
    return found


def _changed_source(line: str, source: re.Match[str], verifier: Verifier) -> Iterator[Verified]:
    """A source with a title, author, date or link that its paper never had, or with more words than that."""
    title, written = unescaped(source[2]), " ".join(line.split())
    versions = [replace(paper, paper_id=source[3]) for paper in verifier.citations.versions(source[3])]
    if title not in {paper.title for paper in versions}:
        yield failed(title, title, "the library has another title, or no such paper")
        return
    references = [" ".join(markdown.reference(int(source[1]), paper).split()) for paper in versions]
    if not any(written.startswith(known) and _FLAGS.fullmatch(written[len(known) :]) for known in references):
        yield failed(title, written, "the library has other authors, another date or another link")


def _unwrapped(body: str) -> list[str]:
    """The lines, with those that an editor wrapped joined again; a heading, a bullet and a blank line start anew."""
    lines: list[str] = []
    for line in body.splitlines():
        before = lines[-1] if lines else ""
        continues = before.strip() and not before.startswith("#")
        if before.startswith("- "):
            continues = line.startswith("  ")
        if continues and line.strip() and not line.startswith(("#", "- ", ">", "\\")):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return lines
