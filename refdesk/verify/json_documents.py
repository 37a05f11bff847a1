"""Claims, sources and quotes in the JSON of an answer or an issue, and whatever else somebody wrote there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rag.answers.extractive import marked
from rag.checking import CitedSentence
from rag.types import Citation, Claim, Problem
from refdesk.ask import Answering
from refdesk.verify.claims import Verified, failed, verified

_NUMBERS = re.compile(r"(?:\[\d+\])+")
_KEYS = frozenset(
    "period name start end timezone subscription mode headline themes id keywords size previous_size status claims "
    "paper_ids history papers paper_id title authors url rank score why tldr changes theme flags coverage listed "
    "included excluded reason count late feeds kind state checked last error sources number published manifest usage "
    "degraded text support problems found at detail citations source sentence quote attention seen".split()
)
"""What an issue holds; words under another key are somebody else's."""


def is_issue(value: Any) -> bool:
    """Whether a document of JSON is an issue."""
    return isinstance(value, dict) and {"period", "headline", "themes", "papers"} <= value.keys()


def in_json(value: Any, answering: Answering, question: str = "") -> Iterator[Verified]:
    """Every claim of a document, every source that is forged, and what stands beside the claims."""
    if isinstance(value, list):
        for each in value:
            yield from in_json(each, answering, question)
    elif isinstance(value, dict):
        if is_issue(value):
            yield from _beside(value, answering)
        if isinstance(value.get("paper_id"), str) and isinstance(value.get("title"), str):
            yield from _forged(value, answering)
        question = str(value.get("question") or question)
        if isinstance(value.get("text"), str) and isinstance(value.get("citations"), list):
            yield _claim(value, answering, question)
            return
        if isinstance(claims := value.get("claims"), list):
            if isinstance(value.get("text"), str):
                yield from _added(value, answering, question)
            yield from _uncited(claims, answering, question)
        for each in value.values():
            yield from in_json(each, answering, question)


def _uncited(claims: Sequence[Any], answering: Answering, question: str = "") -> Iterator[Verified]:
    """What stands among claims and is none: it says something all the same."""
    for each in claims:
        if not (
            isinstance(each, dict) and isinstance(each.get("citations"), list) and isinstance(each.get("text"), str)
        ):
            said = each.get("text") if isinstance(each, dict) else each
            yield verified(str(said)[:1_000], [], [], answering, question)


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
            yield failed(text, str(value[name]), detail)


def _less_exact(day: str, held: Iterable[str | None]) -> bool:
    """Whether a date is a year or a month of which the library now knows the day."""
    return any(each and each.startswith(f"{day}-") for each in held)


def _claim(value: Mapping[str, Any], answering: Answering, question: str) -> Verified:
    cited: list[CitedSentence] = []
    problems: list[Problem] = []
    for each in value["citations"]:
        found = _cited(each, answering) if isinstance(each, dict) else None
        if found:
            cited.append(found)
        else:
            given = str(each.get("quote") or each.get("paper_id") or "") if isinstance(each, dict) else str(each)
            detail = "the stored abstract does not have this sentence at this place"
            problems.append(Problem(kind="quote", found=given[:300], at=(0, len(str(value["text"]))), detail=detail))
    return verified(str(value["text"]), cited, problems, answering, question)


def _cited(citation: Mapping[str, Any], answering: Answering) -> CitedSentence | None:
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
    by_number: dict[int, list[CitedSentence]] = {}
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
            yield verified(" ".join(sentence.split()), cited, [], answering, question)


def _citation(value: Mapping[str, Any]) -> Citation:
    number = value.get("source")
    return Citation(source=number if isinstance(number, int) else 0, paper_id="", sentence=0, start=0, end=0, quote="")


# ---- beside the claims of an issue


def _beside(issue: Mapping[str, Any], answering: Answering) -> Iterator[Verified]:
    """What an issue says where no claim is: under keys of its own, in the place of claims, in numbers that disagree."""
    ours = {name: value for name, value in issue.items() if name not in ("manifest", "usage", "degraded")}
    for said in _strange(ours):
        yield verified(said[:1_000], [], [], answering)
    papers = [paper for paper in _list(issue["papers"]) if isinstance(paper, dict)]
    yield from _uncited([*_list(issue["headline"]), *(paper.get("tldr") for paper in papers)], answering)
    sources = [each for each in _list(issue.get("sources")) if isinstance(each, dict)]
    named = {(each.get("number"), each.get("paper_id")) for each in sources}
    for cited in _citations(ours):
        if (cited.get("source"), cited.get("paper_id")) not in named:
            yield failed(str(cited.get("quote")), str(cited.get("source")), "no source of this number is this paper")
    for theme in _list(issue["themes"]):
        if isinstance(theme, dict) and not isinstance(theme.get("claims"), list):
            yield from _uncited([theme.get("claims")], answering)
        if not isinstance(theme, dict) or theme.get("size") != len(_list(theme.get("paper_ids"))):
            yield failed(str(theme)[:300], "size", "the theme has not so many papers", "number")
    coverage = issue.get("coverage")
    given = coverage if isinstance(coverage, dict) else {}
    left = [each.get("count") for each in _list(given.get("excluded")) if isinstance(each, dict)]
    listed, *parts = (
        int(each) if isinstance(each, int) else -1 for each in (given.get("listed"), given.get("included"), *left)
    )
    if listed != sum(parts) or min(parts) < 0 or parts[0] != len(papers):
        detail = "what was listed is not what is here and what was left out"
        yield failed(str(coverage)[:300], str(given.get("listed")), detail, "number")


def _citations(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, dict) and isinstance(value.get("citations"), list):
        yield from (each for each in value["citations"] if isinstance(each, dict))
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _citations(each)


def _strange(value: Any, known: bool = True) -> Iterator[str]:
    """The strings under keys that no issue has."""
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _strange(each, known and key in _KEYS)
    elif isinstance(value, list):
        for each in value:
            yield from _strange(each, known)
    elif isinstance(value, str) and not known and value.strip():
        yield value


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
