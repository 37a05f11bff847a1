"""Reads claims, quotes and sources in the Markdown of an answer or an issue, and whatever else was written there."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rag.checking import CitedSentence
from rag.types import Paper, Problem
from refdesk.render import issue_markdown, markdown, wording
from refdesk.render.answers import LEFT_OPEN, MENTIONED, READ_AS
from refdesk.render.markdown import FACT, SOURCE, unescaped
from refdesk.verify.claims import Verified, Verifier, failed

_FLAGS = re.compile(r"( ⚑ (?:instructions|withdrawn)(?:, withdrawn)?)?")
_QUOTE = re.compile(r"^\s*>\s*(\d{1,5})\.(\d{1,5})\s+(.*\S)\s*$")
_PLACES = re.compile(r"(?:\[\d{1,5}\.\d{1,5}\])+")
_PLACE = re.compile(r"\[(\d{1,5})\.(\d{1,5})\]")
_ABSTAINED = re.compile(r"The library does not hold an answer: .*|- .* \(`[^`]+`\)")
_HEADING = re.compile(r"^(?=# )", re.MULTILINE)
_IN_QUOTES = re.compile(r"“(.*)”", re.DOTALL)
_OTHER = {"authors": "other authors", "date": "another date", "link": "another link"}

Place = tuple[int, int]
"""The number of a source and of a sentence: `[2.3]`."""


def starts_an_issue(text: str) -> bool:
    """True if a document begins as an issue does."""
    return text.startswith(issue_markdown.TITLE)


def in_markdown(text: str, verifier: Verifier) -> Iterator[Verified]:
    """
    Yield every claim of a document, and every quote, source or other line that is not as the library has it.

    A conversation is several answers, one after another; a heading among them without an answer is a claim.
    """
    parts = [text] if starts_an_issue(text) else [part for part in _HEADING.split(text) if part.strip()]
    for part in parts or [text]:
        found = list(_in_document(part, verifier))
        if not found and len(parts) > 1 and not any(map(_ABSTAINED.fullmatch, part.splitlines())):
            found = [verifier.claim(unescaped(part.lstrip("# ").strip()), [], question="")]
        yield from found


def _in_document(text: str, verifier: Verifier) -> Iterator[Verified]:
    """The same of one answer, or of an issue."""
    issue = starts_an_issue(text)
    text, seal = issue_markdown.sealed(text) if issue else (text, frozenset[str]())
    body, heading, sources = text.partition("\n## Sources")
    lines = _unwrapped(body)
    question = unescaped(lines[0].lstrip("# ")) if lines and lines[0].startswith("#") and not issue else ""
    papers = {int(source[1]): source[3] for line in sources.splitlines() if (source := SOURCE.match(line))}
    lines += sources.splitlines()
    quotes = _Quotes(lines, papers, verifier)
    for number, line in enumerate(lines):
        if quote := _QUOTE.match(line):
            if problem := quotes.problem(_place(quote), unescaped(quote[3])):
                yield verifier.claim(problem.found, [], [problem], question=question)
        elif source := SOURCE.match(line):
            yield from _changed_source(line, source, verifier)
        elif not issue and (fact := FACT.fullmatch(line.strip())):
            yield _fact(fact, verifier)
        elif not (issue_markdown.is_ours(line, seal) if issue else _beside(line, number, abstains=not heading)):
            yield from _claims(line, papers, quotes, verifier, question)


def _beside(line: str, number: int, *, abstains: bool) -> bool:
    """True if a line of an answer is its question, how it was read, what is left open, or a part of an abstention."""
    note = unescaped(line)
    return (
        (number == 0 and line.startswith("# "))
        or bool(READ_AS.fullmatch(note) or LEFT_OPEN.fullmatch(note) or MENTIONED.fullmatch(note))
        or bool(abstains and _ABSTAINED.fullmatch(line))
    )


def _claims(
    line: str, papers: Mapping[int, str], quotes: _Quotes, verifier: Verifier, question: str
) -> Iterator[Verified]:
    """The claims of a line, each before its places, and any words behind the last place."""
    end = 0
    cited: list[CitedSentence] = []
    for places in _PLACES.finditer(line):
        claim = unescaped(line[end : places.start()]).strip()
        if in_quotes := _IN_QUOTES.fullmatch(claim):
            claim = in_quotes[1]
        end = places.end()
        cited, problems = [], []
        for place in [(int(source), int(sentence)) for source, sentence in _PLACE.findall(places.group())]:
            if problem := quotes.problem(place, claim):
                problems.append(problem)
            if found := quotes.right.get(place) or verifier.citations.numbered(papers.get(place[0], ""), place[1]):
                cited.append(found)
            else:
                written, detail = f"[{place[0]}.{place[1]}]", "the library has no such sentence"
                problems.append(Problem(kind="source", found=written, at=(0, len(claim)), detail=detail))
        yield verifier.claim(claim, cited, problems, question=question)
    if (rest := unescaped(line[end:]).strip()) and not (end and wording.is_weak_mark(rest, cited)):
        yield verifier.claim(rest, [], question=question)


def _place(quote: re.Match[str]) -> Place:
    return int(quote[1]), int(quote[2])


def _fact(line: re.Match[str], verifier: Verifier) -> Verified:
    """Check a fact by the options that stand behind it."""
    try:
        options = json.loads(line[2])
    except (ValueError, RecursionError):
        options = {}
    return verifier.fact({**(options if isinstance(options, dict) else {}), "text": unescaped(line[1])})


class _Quotes:
    """
    The sentences that a document quotes, each in a line of its own: the right ones, and those that no paper has.

    A right quote may be of the text that the paper had when the document was written. A wrong one that a claim repeats
    word for word is reported with that claim, and only once.
    """

    def __init__(self, lines: Sequence[str], papers: Mapping[int, str], verifier: Verifier) -> None:
        self.right: dict[Place, CitedSentence] = {}
        self._wrong: set[tuple[Place, str]] = set()
        for line in lines:
            if not (quote := _QUOTE.match(line)):
                continue
            place, text = _place(quote), unescaped(quote[3])
            if sentence := verifier.citations.sentence(papers.get(place[0], ""), quote=text, number=place[1]):
                self.right[place] = sentence
            else:
                self._wrong.add((place, text))

    def problem(self, place: Place, text: str) -> Problem | None:
        """The problem of a wrong quote, at its first call; None for a right quote and one that was reported."""
        if (place, text) not in self._wrong:
            return None
        self._wrong.remove((place, text))
        return Problem(kind="quote", found=text, at=(0, len(text)), detail="the stored abstract has no such sentence")


def _changed_source(line: str, source: re.Match[str], verifier: Verifier) -> Iterator[Verified]:
    """A source with a title, author, date or link that its paper never had, or with more words than that."""
    title, written = unescaped(source[2]), " ".join(line.split())
    versions = [replace(paper, paper_id=source[3]) for paper in verifier.citations.versions(source[3])]
    if title not in {paper.title for paper in versions}:
        yield failed(title, title, "the library has another title, or no such paper")
        return
    references = [" ".join(markdown.reference(int(source[1]), paper).split()) for paper in versions]
    if not any(written.startswith(known) and _FLAGS.fullmatch(written[len(known) :]) for known in references):
        yield failed(title, written, _difference(written, versions))


def _difference(written: str, versions: Sequence[Paper]) -> str:
    """Say which facts of a written source differ from those of the version that is nearest to it."""
    differing = min(
        (
            [name for name, fact in markdown.facts(paper).items() if " ".join(fact.split()) not in written]
            for paper in versions
        ),
        key=len,
    )
    if not differing:
        return "this line has other words than the library gives it"
    return f"the library has {' and '.join(_OTHER[name] for name in differing)}"


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
