"""
Reads claims, quotes and sources in the Markdown of an answer or an issue, as a reader sees them.

The document is parsed, and each block of visible text is compared with the library and with the seal in the last line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rag.checking import CitedSentence
from rag.types import Paper, Problem
from refdesk.render import issue_markdown, markdown, review_markdown, wording
from refdesk.render.visible import PLACE, Block, Seal, blocks, displaced, folded, sealed
from refdesk.verify.claims import MOST_CITATIONS, Verified, Verifier, failed

_FLAGS = re.compile(r"( ⚑ (?:instructions|withdrawn)(?:, withdrawn)?)?")
_QUOTE = re.compile(r"(\d{1,5})\.(\d{1,5})\s+(.*\S)")
_PLACES = re.compile(r"(?:\[\d{1,5}\.\d{1,5}\])+")
_IN_QUOTES = re.compile(r'[“"](.*)[”"]', re.DOTALL)
_UNSUPPORTED = " (unsupported)"
_OTHER = {"authors": "other authors", "date": "another date", "link": "another link"}
_NO_SEAL = "the last line, <!-- seal: … -->, is missing; without it only claims, quotes and sources can be checked"
_DISPLACED = "it does not stand where Refdesk wrote it, or a line beside it was taken out"
_ADDED = "Refdesk did not write this, or not in these words"

Place = tuple[int, int]
"""The number of a source and of a sentence: `[2.3]`."""


def in_markdown(text: str, verifier: Verifier) -> Iterator[Verified]:
    """
    Yield every claim of a document, and every quote, source or other block that is not as it was written.

    A conversation is several answers, one after another, each under a heading and with a seal.
    """
    found = blocks(text)
    issue = starts_an_issue(found)
    for part in [found] if issue else _parts(found):
        yield from _in_part(part, verifier, issue=issue)


def starts_an_issue(found: Sequence[Block]) -> bool:
    """True if a document begins as an issue or a review does."""
    titles = (issue_markdown.TITLE, review_markdown.TITLE)
    return bool(found) and found[0].kind == "h1" and found[0].text.startswith(titles)


def is_sealed(text: str) -> bool:
    """True if a document has a seal, and so was written by Refdesk."""
    return sealed(blocks(text))[1] is not None


def _parts(found: Sequence[Block]) -> Iterator[Sequence[Block]]:
    """The answers of a document; each begins with a heading of the first level."""
    begins = [number for number, block in enumerate(found) if number and block.kind == "h1"]
    for start, end in zip([0, *begins], [*begins, len(found)], strict=True):
        yield found[start:end]


def _in_part(found: Sequence[Block], verifier: Verifier, *, issue: bool) -> Iterator[Verified]:
    """What is found in one answer, or in an issue."""
    body, seal = sealed(found)
    written = {known for unit in seal or () for known in unit}
    question = body[0].text if body and body[0].kind == "h1" and not issue else ""
    heading = next((number for number, block in enumerate(body) if block.kind == "h2" and block.text == "Sources"), 0)
    papers = {block.number: block.code for block in body[heading:] if block.number is not None and block.code}
    quotes = _Quotes(body, papers, verifier)
    failures = 0
    for block in body:
        findings = list(_in_block(block, papers, quotes, verifier, question, issue=issue))
        changed = bool(block.markup) or (seal is not None and block.hash not in written)
        if changed and not _failures(findings) and not quotes.is_reported(block):
            findings = [_added(block)]
        failures += _failures(findings)
        yield from findings
    if not failures:
        yield from _out_of_place(body, seal)


def _in_block(
    block: Block, papers: Mapping[int, str], quotes: _Quotes, verifier: Verifier, question: str, *, issue: bool
) -> Iterator[Verified]:
    """The claims of a block, or what is wrong with its quote, source or fact; nothing for a block of another kind."""
    if block.kind == "quote" and (quote := _QUOTE.fullmatch(block.text)):
        if problem := quotes.problem(_place(quote), quote[3]):
            yield verifier.claim(problem.found, [], [problem], question=question)
    elif block.number is not None and block.code and block.strong:
        yield from _changed_source(block, verifier)
    elif block.fact and not issue:
        yield _fact(block, verifier)
    elif block.text.endswith(_UNSUPPORTED):
        yield verifier.claim(block.text.removesuffix(_UNSUPPORTED), [], question=question)
    elif block.cites:
        yield from _claims(block.text, papers, quotes, verifier, question)


def _claims(
    text: str, papers: Mapping[int, str], quotes: _Quotes, verifier: Verifier, question: str
) -> Iterator[Verified]:
    """The claims of a paragraph, each before its places, and any words behind the last place."""
    end = 0
    cited: list[CitedSentence] = []
    for places in _PLACES.finditer(text):
        claim = text[end : places.start()].strip()
        if in_quotes := _IN_QUOTES.fullmatch(claim):
            claim = in_quotes[1]
        end = places.end()
        cited, problems = [], []
        named = dict.fromkeys((int(source), int(sentence)) for source, sentence in PLACE.findall(places.group()))
        if len(named) > MOST_CITATIONS:
            yield failed(claim, claim, f"it cites more than {MOST_CITATIONS} sentences")
            continue
        for place in named:
            if problem := quotes.problem(place, claim):
                problems.append(problem)
            paper_id, found = papers.get(place[0], ""), quotes.right.get(place)
            if in_quotes and not found:  # the authors' own sentence, perhaps of the text that the paper had then
                found = verifier.citations.sentence(paper_id, quote=claim, number=place[1], fold=folded)
            if found := found or verifier.citations.numbered(paper_id, place[1]):
                cited.append(found)
            else:
                written, detail = f"[{place[0]}.{place[1]}]", "the library has no such sentence"
                problems.append(Problem(kind="source", found=written, at=(0, len(claim)), detail=detail))
        yield verifier.claim(claim, cited, problems, question=question)
    if end and (rest := text[end:].strip()) and not wording.is_weak_mark(rest, cited):
        yield failed(rest, rest, "no claim accounts for these words", "unclaimed")


def _place(quote: re.Match[str]) -> Place:
    return int(quote[1]), int(quote[2])


def _fact(block: Block, verifier: Verifier) -> Verified:
    """Check a fact by the options that stand behind it."""
    try:
        options = json.loads(" ".join(block.fact.split()))
    except (ValueError, RecursionError):
        options = {}
    return verifier.fact({**(options if isinstance(options, dict) else {}), "text": block.text})


def _failures(findings: Sequence[Verified]) -> int:
    return sum(finding.verdict.support == "unsupported" for finding in findings)


def _added(block: Block) -> Verified:
    """Report a block that Refdesk did not write so."""
    text = block.text or "<!-- seal -->"
    if hidden := [*block.markup, *block.unseen]:
        return failed(text, text, f"Refdesk writes no {' and no '.join(hidden)[:200]} there", "markup")
    return failed(text, text, _ADDED, "unclaimed")


def _out_of_place(body: Sequence[Block], seal: Seal | None) -> Iterator[Verified]:
    """Report a document without a seal, and one of whose blocks some were moved or taken out."""
    if not body:
        return
    if seal is None:
        yield failed(body[0].text, "seal", _NO_SEAL, "unclaimed")
    elif block := displaced(body, seal):
        yield failed(block.text, block.text, _DISPLACED, "unclaimed")


class _Quotes:
    """
    The sentences that a document quotes, each in a block of its own: the right ones, and those that no paper has.

    A right quote may be of the text that the paper had when the document was written. A wrong one that a claim repeats
    word for word is reported with that claim, and only once.
    """

    def __init__(self, body: Sequence[Block], papers: Mapping[int, str], verifier: Verifier) -> None:
        self.right: dict[Place, CitedSentence] = {}
        self._wrong: set[tuple[Place, str]] = set()
        self._reported: set[tuple[Place, str]] = set()
        for block in body:
            if block.kind != "quote" or not (quote := _QUOTE.fullmatch(block.text)):
                continue
            place, text = _place(quote), quote[3]
            paper_id = papers.get(place[0], "")
            if sentence := verifier.citations.sentence(paper_id, quote=text, number=place[1], fold=folded):
                self.right[place] = sentence
            else:
                self._wrong.add((place, text))

    def problem(self, place: Place, text: str) -> Problem | None:
        """The problem of a wrong quote, at its first call; None for a right quote and one that was reported."""
        if (place, text) not in self._wrong:
            return None
        self._wrong.remove((place, text))
        self._reported.add((place, text))
        return Problem(kind="quote", found=text, at=(0, len(text)), detail="the stored abstract has no such sentence")

    def is_reported(self, block: Block) -> bool:
        """True if a block is a wrong quote that was reported already."""
        quote = _QUOTE.fullmatch(block.text) if block.kind == "quote" else None
        return bool(quote and (_place(quote), quote[3]) in self._reported)


def _changed_source(block: Block, verifier: Verifier) -> Iterator[Verified]:
    """A source with a title, author, date or link that its paper never had, or with more words than that."""
    versions = [replace(paper, paper_id=block.code) for paper in verifier.citations.versions(block.code)]
    written = folded(block.text)
    if folded(block.strong) not in {folded(paper.title) for paper in versions}:
        yield failed(block.strong, block.strong, "the library has another title, or no such paper")
        return
    references = [folded(markdown.visible_reference(paper)) for paper in versions]
    if not any(written.startswith(known) and _FLAGS.fullmatch(written[len(known) :]) for known in references):
        yield failed(block.strong, block.text, _difference(written, versions))


def _difference(written: str, versions: Sequence[Paper]) -> str:
    """Say which facts of a written source differ from those of the version that is nearest to it."""
    differing = min(
        ([name for name, fact in markdown.facts(paper).items() if folded(fact) not in written] for paper in versions),
        key=len,
    )
    if not differing:
        return "this line has other words than the library gives it"
    return f"the library has {' and '.join(_OTHER[name] for name in differing)}"
