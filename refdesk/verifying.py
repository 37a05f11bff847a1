"""
`refdesk verify`: the check of an answer or a digest that Refdesk wrote, and that somebody may have edited since.

Takes JSON, in which every object with `text` and `citations` is a claim, or the Markdown that `ask --markdown` writes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rag.answers.extractive import marked
from rag.checking import Cited, Verdict
from rag.errors import UnreadableInput
from rag.types import Citation, Claim, JsonDict, Problem
from refdesk.answering import Answering
from refdesk.render.markdown import unescaped

MAX_CHARS = 2_000_000
_SOURCE = re.compile(r"^\s*(\d{1,5})\.\s+\*\*(.*?)\*\*.*?`([^`]+)`")
_QUOTE = re.compile(r"^\s*>\s*(\d{1,5})\.(\d{1,5})\s+(.*\S)\s*$")
_PLACES = re.compile(r"(?:\[\d{1,5}\.\d{1,5}\])+")
_PLACE = re.compile(r"\[(\d{1,5})\.(\d{1,5})\]")
_ABSTAINED = re.compile(r"The library does not hold an answer: .*|- .* \(`[^`]+`\)")
_NUMBERS = re.compile(r"(?:\[\d+\])+")


@dataclass(frozen=True, slots=True)
class Verified:
    """One claim of a document and what became of it."""

    text: str
    verdict: Verdict

    def to_dict(self) -> JsonDict:
        """The claim as `verify --json` prints it."""
        return {
            "text": self.text,
            "support": self.verdict.support,
            "score": round(self.verdict.score, 4),
            "problems": [problem.to_dict() for problem in self.verdict.problems],
        }


def verify(document: str, answering: Answering) -> list[Verified]:
    """
    Check every claim of a document, in its order.

    Raises:
        UnreadableInput: It is neither JSON nor Markdown of ours, or holds no claim.
    """
    text = document.lstrip("\ufeff").strip()
    if len(text) > MAX_CHARS:
        raise UnreadableInput(
            f"The document has {len(text):,} characters; the limit is {MAX_CHARS:,}.", hint="Split it."
        )
    if text[:1] in "{[":
        try:
            found = list(_of_json(json.loads(text), answering))
        except (ValueError, RecursionError) as error:
            raise UnreadableInput(
                f"The document is no whole JSON: {error}.", hint="Give it as `ask --json` wrote it."
            ) from error
    else:
        found = list(_of_markdown(text, answering))
    if not found:
        raise UnreadableInput(
            "The document holds no claim with citations.",
            hint="Give what `refdesk ask --json` or `refdesk ask --markdown` writes.",
        )
    return found


# ---- JSON


def _of_json(value: Any, answering: Answering, question: str = "") -> Iterator[Verified]:
    if isinstance(value, list):
        for each in value:
            yield from _of_json(each, answering, question)
    elif isinstance(value, dict):
        if isinstance(value.get("paper_id"), str) and isinstance(value.get("title"), str):
            yield from _forged(value, answering)
        question = str(value.get("question") or question)
        if isinstance(value.get("text"), str) and isinstance(value.get("citations"), list):
            yield _claim(value, answering, question)
            return
        if isinstance(claims := value.get("claims"), list):
            if isinstance(value.get("text"), str):
                yield from _added(value, answering, question)
            for each in claims:  # what is no claim with citations says something all the same
                if not (
                    isinstance(each, dict)
                    and isinstance(each.get("citations"), list)
                    and isinstance(each.get("text"), str)
                ):
                    said = each.get("text") if isinstance(each, dict) else each
                    yield _verified(str(said)[:1_000], [], [], answering, question)
        for each in value.values():
            yield from _of_json(each, answering, question)


def _forged(value: Mapping[str, Any], answering: Answering) -> Iterator[Verified]:
    """A source that is given another title, author, date or link than the library has or had; a lesser date is none."""
    stored = {"title": set[Any](), "authors": set[Any](), "published": set[Any](), "url": set[Any]()}
    for paper in answering.versions(str(value["paper_id"])):
        stored["title"].add(paper.title)
        stored["authors"].add(paper.authors)
        stored["published"].add(paper.published)
        stored["url"].add(paper.url)
    for name, held in stored.items():
        given = tuple(map(str, value[name])) if isinstance(value.get(name), list) else value.get(name)
        if given and given not in held and not (name == "published" and _less_exact(str(given), held)):
            text = str(value["title"])
            detail = f"the library has another {name}, or no such paper"
            problem = Problem(kind="source", found=str(value[name])[:300], at=(0, len(text)), detail=detail)
            yield Verified(text, Verdict("unsupported", 0.0, (problem,)))


def _less_exact(day: str, held: Iterable[str | None]) -> bool:
    """Whether a date is a year or a month of which the library now knows the day."""
    return any(each and each.startswith(f"{day}-") for each in held)


def _claim(value: Mapping[str, Any], answering: Answering, question: str) -> Verified:
    cited: list[Cited] = []
    problems: list[Problem] = []
    for each in value["citations"]:
        found = _cited(each, answering) if isinstance(each, dict) else None
        if found:
            cited.append(found)
        else:
            given = str(each.get("quote") or each.get("paper_id") or "") if isinstance(each, dict) else str(each)
            detail = "the stored abstract does not have this sentence at this place"
            problems.append(Problem(kind="quote", found=given[:300], at=(0, len(str(value["text"]))), detail=detail))
    return _verified(str(value["text"]), cited, problems, answering, question)


def _cited(citation: Mapping[str, Any], answering: Answering) -> Cited | None:
    quote, start = citation.get("quote"), citation.get("start")
    if not isinstance(quote, str) or not isinstance(start, int) or citation.get("end") != start + len(quote):
        return None
    number = citation.get("sentence")
    if number is not None and not isinstance(number, int):
        return None
    return answering.sentence(str(citation.get("paper_id")), quote=quote, start=start, number=number)


def _added(value: Mapping[str, Any], answering: Answering, question: str) -> Iterator[Verified]:
    """What the text of an answer says that its claims do not: somebody wrote it there."""
    rest = str(value["text"])
    by_number: dict[int, list[Cited]] = {}
    for each in value["claims"]:
        if not isinstance(each, dict) or not isinstance(each.get("citations"), list):
            continue
        given = [one for one in each["citations"] if isinstance(one, dict)]
        citations = [_citation(one) for one in given]
        for one, citation in zip(given, citations, strict=True):
            if found := _cited(one, answering):
                by_number.setdefault(citation.source, []).append(found)
        claim = Claim(text=str(each.get("text")), support="weak", score=0, citations=tuple(citations))
        for form in (marked(claim), f"{claim.text} [unsupported]"):
            rest = rest.replace(form, "\n", 1)
    for line in rest.splitlines():
        if sentence := _NUMBERS.sub("", line).strip():
            numbers = [int(each) for each in re.findall(r"\[(\d+)\]", line)]
            cited = [found for number in numbers for found in by_number.get(number, [])]
            yield _verified(" ".join(sentence.split()), cited, [], answering, question)


def _citation(value: Mapping[str, Any]) -> Citation:
    number = value.get("source")
    return Citation(source=number if isinstance(number, int) else 0, paper_id="", sentence=0, start=0, end=0, quote="")


# ---- Markdown


def _of_markdown(text: str, answering: Answering) -> Iterator[Verified]:
    body, _, sources = text.partition("\n## Sources")
    lines = _unwrapped(body)
    question = unescaped(lines[0].lstrip("# ")) if lines and lines[0].startswith("#") else ""
    papers: dict[int, str] = {}
    for line in sources.splitlines():
        if found := _SOURCE.match(line):
            papers[int(found[1])] = found[3]
    quoted = dict(_quoted(sources, papers, answering))
    abstains = "## Sources" not in text
    for number, line in enumerate([*lines, *sources.splitlines()]):
        if found := _QUOTE.match(line):
            quote = unescaped(found[3])
            held = _held(found, papers, answering)
            detail = "the stored abstract has no such sentence"
            problem = Problem(kind="quote", found=quote, at=(0, len(quote)), detail=detail)
            yield _verified(quote, [held] if held else [], [] if held else [problem], answering, question)
            continue
        if source := _SOURCE.match(line):
            titles = {paper.title for paper in answering.versions(source[3])}
            if unescaped(source[2]) not in titles:
                title = unescaped(source[2])
                detail = "the library has another title, or no such paper"
                problem = Problem(kind="source", found=title, at=(0, len(title)), detail=detail)
                yield Verified(title, Verdict("unsupported", 0.0, (problem,)))
            continue
        if (number == 0 and line.startswith("# ")) or (abstains and _ABSTAINED.fullmatch(line)):
            continue
        last = 0
        for places in _PLACES.finditer(line):
            claim = unescaped(line[last : places.start()]).strip()
            last = places.end()
            numbers = [(int(a), int(b)) for a, b in _PLACE.findall(places.group())]
            cited = [
                (each, quoted.get(each) or answering.numbered(papers.get(each[0], ""), each[1])) for each in numbers
            ]
            yield _placed(claim, cited, answering, question)
        if rest := unescaped(line[last:]).strip():
            yield _verified(rest, [], [], answering, question)


def _held(found: re.Match[str], papers: Mapping[int, str], answering: Answering) -> Cited | None:
    """The sentence of the library that a line quotes under its number, in the text that the paper had then."""
    return answering.sentence(papers.get(int(found[1]), ""), quote=unescaped(found[3]), number=int(found[2]))


def _quoted(sources: str, papers: Mapping[int, str], answering: Answering) -> Iterator[tuple[tuple[int, int], Cited]]:
    """What is quoted below the sources, by its place: the paper may have another text since."""
    for line in sources.splitlines():
        if (found := _QUOTE.match(line)) and (held := _held(found, papers, answering)):
            yield (int(found[1]), int(found[2])), held


def _unwrapped(body: str) -> list[str]:
    """Lines with those that an editor wrapped put together again; a heading, a bullet and a blank line begin anew."""
    lines: list[str] = []
    for line in body.splitlines():
        follows = lines and lines[-1].strip() and not lines[-1].startswith(("#", "- "))
        if follows and line.strip() and not line.startswith(("#", "- ", ">", "\\")):
            lines[-1] += " " + line.strip()
        else:
            lines.append(line)
    return lines


def _placed(
    claim: str, found: list[tuple[tuple[int, int], Cited | None]], answering: Answering, question: str
) -> Verified:
    problems = [
        Problem(
            kind="source", found=f"[{source}.{number}]", at=(0, len(claim)), detail="the library has no such sentence"
        )
        for (source, number), cited in found
        if not cited
    ]
    return _verified(claim, [cited for _, cited in found if cited], problems, answering, question)


def _verified(text: str, cited: list[Cited], problems: list[Problem], answering: Answering, question: str) -> Verified:
    verdict = answering.checker.check(text, cited, question=question)
    if problems:
        verdict = Verdict("unsupported", 0.0, (*problems, *(each for each in verdict.problems if cited)))
    return Verified(text, verdict)
