"""
Reads the claims, sources and quotes in the JSON of an answer or an issue, and whatever else somebody wrote there.

What the library cannot tell, such as the question, the confidence, the order, the reasons and the names of themes, is
bound by the id of the document.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rag.answers.extractive import marked
from rag.answers.form import is_left_open
from rag.checking import CitedSentence
from rag.types import Citation, Claim, Problem
from rag.types.documents import document_id
from refdesk.verify import review_documents
from refdesk.verify.claims import MOST_CITATIONS, Verified, Verifier, failed
from refdesk.verify.review_documents import is_review

_NUMBERS = re.compile(r"(?:\[\d+\])+")
_KEYS = frozenset(
    "period name start end timezone subscription mode headline themes id keywords size previous_size status claims "
    "paper_ids history papers paper_id title authors url rank score why tldr changes theme flags coverage listed "
    "included excluded reason count late feeds kind state checked last error sources number published manifest usage "
    "degraded text support problems found at detail citations source sentence quote attention seen "
    "id event question answered confidence abstention nearest lexical vector best_sentence model prompt dropped "
    "generation understood phrases authors since until corrected language outcome finding facts filter missing took_ms "
    "topic categories tags sources doubts judgement verdict because judge share previous_share formerly three "
    "also_near contribution heading closeness venue pdf topic filter partial without agreements differences about "
    "in_no_theme direction against table date months nearest".split()
)
"""The keys of an answer and of an issue; a sentence under another key was added by somebody."""
_FREE = ("manifest", "usage", "corrected", "degraded")
"""Keys of objects that may have any keys; the id of the document binds them."""
_CHANGED = "something here is not as Refdesk wrote it: the id of the document is that of another text"
_NO_ID = "the document has no id; without it only claims, quotes and sources can be checked"


def is_issue(value: Any) -> bool:
    """True if a JSON document is an issue."""
    return isinstance(value, dict) and {"period", "headline", "themes", "papers"} <= value.keys()


def is_document(value: Any) -> bool:
    """True if a value is an issue, a review or an answer, which an id binds; an earlier version's answer has none."""
    return (
        is_issue(value)
        or is_review(value)
        or (isinstance(value, dict) and "question" in value and ("id" in value or "outcome" in value))
    )


def in_json(value: Any, verifier: Verifier, question: str = "") -> Iterator[Verified]:
    """Yield every claim of a document, every source that was changed, and every sentence that is in no claim."""
    if not is_document(value):
        yield from _in_value(value, verifier, question)
        return
    failures = 0
    seen: list[Verified] = []
    for found in (*map(_unclaimed, _under_other_keys(value)), *_in_value(value, verifier, question)):
        # the headline and the table have what the papers have, and a card's sentence may be its finding
        if (is_review(value) or is_issue(value)) and found.claim and found in seen:
            continue
        seen.append(found)
        failures += found.verdict.support == "unsupported"
        yield found
    if not failures and value.get("id") != document_id(_known(value)):
        title = str(value.get("question") or value.get("subscription") or value.get("topic") or "")
        yield failed(title, str(value.get("id")), _CHANGED if value.get("id") else _NO_ID, "unclaimed")


def _in_value(value: Any, verifier: Verifier, question: str) -> Iterator[Verified]:
    """The same of any part of a document."""
    if isinstance(value, list):
        for item in value:
            yield from in_json(item, verifier, question)
    elif isinstance(value, dict):
        if is_issue(value) or is_review(value):
            yield from _beside(value, verifier)
        if is_review(value):
            yield from review_documents.beside(value, verifier)
        if isinstance(value.get("paper_id"), str) and isinstance(value.get("title"), str):
            yield from _changed_source(value, verifier)
        question = str(value.get("question") or question)
        if isinstance(value.get("text"), str) and isinstance(value.get("citations"), list):
            yield _claim(value, verifier, question)
            return
        if isinstance(claims := value.get("claims"), list):
            if isinstance(value.get("text"), str):
                yield from _added(value, verifier, question)
            yield from _uncited(claims, verifier, question)
            yield from _facts(value, verifier)
            yield from _missing(value, verifier, question)
        listed = _list(value.get("papers"))
        repeated = bool(claims) and [item.get("finding") for item in listed if isinstance(item, dict)] == claims
        for key, item in value.items():
            if not (key == "papers" and repeated):  # the claims of a list are the findings of its papers
                yield from in_json(item, verifier, question)


def _uncited(claims: Sequence[Any], verifier: Verifier, question: str = "") -> Iterator[Verified]:
    """Check the items of a list of claims that cite nothing."""
    for item in claims:
        is_claim = (
            isinstance(item, dict) and isinstance(item.get("citations"), list) and isinstance(item.get("text"), str)
        )
        if not is_claim:
            text = item.get("text") if isinstance(item, dict) else item
            yield verifier.claim(str(text)[:1_000], [], question=question)


def _missing(value: Mapping[str, Any], verifier: Verifier, question: str) -> Iterator[Verified]:
    """What an answer in the papers' own sentences leaves open is one of a few sentences."""
    missing = value.get("missing")
    if missing is not None and value.get("mode") == "extractive" and not is_left_open(str(missing), question):
        yield verifier.claim(str(missing)[:1_000], [], question=question)


def _facts(value: Mapping[str, Any], verifier: Verifier) -> Iterator[Verified]:
    """Check the facts of an answer, and that an answer from metadata lists no other papers."""
    facts = [fact for fact in _list(value.get("facts")) if isinstance(fact, dict)]
    yield from map(verifier.fact, facts)
    if value.get("mode") == "metadata":
        known = {str(paper_id) for fact in facts for paper_id in _list(fact.get("paper_ids"))}
        for source in _list(value.get("sources")):
            if isinstance(source, dict) and source.get("paper_id") not in known:
                yield failed(str(source.get("title")), str(source.get("paper_id")), "no fact of the answer names it")


def _changed_source(value: Mapping[str, Any], verifier: Verifier) -> Iterator[Verified]:
    """The title, authors, date or link of a source that the library never had; a less exact date is no change."""
    stored = {"title": set[Any](), "authors": set[Any](), "published": set[Any](), "url": set[Any]()}
    for paper in verifier.citations.versions(str(value["paper_id"])):
        stored["title"].add(paper.title)
        stored["authors"].add(paper.authors)
        stored["published"].add(paper.published)
        stored["url"].add(paper.url)
    for name, known in stored.items():
        given = tuple(map(str, value[name])) if isinstance(value.get(name), list) else value.get(name)
        if given and given not in known and not (name == "published" and _less_exact(str(given), known)):
            text = str(value["title"])
            yield failed(text, str(value[name]), f"the library has another {name}, or no such paper")


def _less_exact(date: str, known: Iterable[str | None]) -> bool:
    """True if a date is the year or the month of one that the library knows by now."""
    return any(day and day.startswith(f"{date}-") for day in known)


def _claim(value: Mapping[str, Any], verifier: Verifier, question: str) -> Verified:
    text = str(value["text"])
    if len(value["citations"]) > MOST_CITATIONS:
        return failed(text, text, f"it cites more than {MOST_CITATIONS} sentences")
    cited: list[CitedSentence] = []
    problems: list[Problem] = []
    for citation in value["citations"]:
        if sentence := _cited(citation, verifier):
            cited.append(sentence)
            continue
        given = citation.get("quote") or citation.get("paper_id") or "" if isinstance(citation, dict) else citation
        detail = "the stored abstract does not have this sentence at this place"
        problems.append(Problem(kind="quote", found=str(given)[:300], at=(0, len(text)), detail=detail))
    return verifier.claim(text, cited, problems, question=question)


def _cited(citation: Any, verifier: Verifier) -> CitedSentence | None:
    """The stored sentence that a citation quotes; None if it is not at the place that the citation names."""
    if not isinstance(citation, dict):
        return None
    quote, start, number = citation.get("quote"), citation.get("start"), citation.get("sentence")
    if not isinstance(quote, str) or not isinstance(start, int) or citation.get("end") != start + len(quote):
        return None
    if number is not None and not isinstance(number, int):
        return None
    return verifier.citations.sentence(str(citation.get("paper_id")), quote=quote, start=start, number=number)


def _added(value: Mapping[str, Any], verifier: Verifier, question: str) -> Iterator[Verified]:
    """Check the sentences in an answer's text that belong to none of its claims: somebody added them."""
    rest = str(value["text"])
    by_number: dict[int, list[CitedSentence]] = {}
    for item in value["claims"]:
        if not isinstance(item, dict) or not isinstance(item.get("citations"), list):
            continue
        given = [citation for citation in item["citations"] if isinstance(citation, dict)]
        citations = [_citation(citation) for citation in given]
        for citation, numbered in zip(given, citations, strict=True):
            if sentence := _cited(citation, verifier):
                by_number.setdefault(numbered.source, []).append(sentence)
        claim = Claim(text=str(item.get("text")), support="weak", score=0, citations=tuple(citations))
        for shown in (marked(claim), f"{claim.text} [unsupported]"):
            rest = rest.replace(shown, "\n", 1)
    for fact in _list(value.get("facts")):
        rest = rest.replace(str(fact.get("text")), "\n", 1) if isinstance(fact, dict) and fact.get("text") else rest
    for line in rest.splitlines():
        if sentence_text := _NUMBERS.sub("", line).strip():
            numbers = [int(number) for number in re.findall(r"\[(\d+)\]", line)]
            cited = [sentence for number in numbers for sentence in by_number.get(number, [])]
            yield verifier.claim(" ".join(sentence_text.split()), cited, question=question)


def _citation(value: Mapping[str, Any]) -> Citation:
    number = value.get("source")
    return Citation(source=number if isinstance(number, int) else 0, paper_id="", sentence=0, start=0, end=0, quote="")


# ---- beside the claims of an issue


def _beside(issue: Mapping[str, Any], verifier: Verifier) -> Iterator[Verified]:
    """What is wrong in an issue beside its claims: sentences in other places, and numbers that contradict the rest."""
    checked = {key: value for key, value in issue.items() if key not in _FREE}
    papers = [paper for paper in _list(issue["papers"]) if isinstance(paper, dict)]
    yield from _uncited([*_list(issue["headline"]), *(paper.get("tldr") for paper in papers)], verifier)
    sources = [source for source in _list(issue.get("sources")) if isinstance(source, dict)]
    numbered = {(source.get("number"), source.get("paper_id")) for source in sources}
    for citation in _citations(checked):
        if (citation.get("source"), citation.get("paper_id")) not in numbered:
            detail = "no source of this number is this paper"
            yield failed(str(citation.get("quote")), str(citation.get("source")), detail)
    for theme in _list(issue["themes"]):
        if isinstance(theme, dict) and not isinstance(theme.get("claims"), list):
            yield from _uncited([theme.get("claims")], verifier)
        if not isinstance(theme, dict) or theme.get("size") != len(_list(theme.get("paper_ids"))):
            yield failed(str(theme)[:300], "size", "the theme has another number of papers", "number")
    yield from _coverage(issue.get("coverage"), len(papers))


def _coverage(coverage: Any, shown: int) -> Iterator[Verified]:
    """A coverage whose numbers do not add up: listed papers are those that are shown and those that are left out."""
    given = coverage if isinstance(coverage, dict) else {}
    excluded = [item.get("count") for item in _list(given.get("excluded")) if isinstance(item, dict)]
    listed, *parts = (
        count if isinstance(count, int) else -1 for count in (given.get("listed"), given.get("included"), *excluded)
    )
    if listed != sum(parts) or min(parts) < 0 or parts[0] != shown:
        detail = "the papers shown and left out are not as many as those listed"
        yield failed(str(coverage)[:300], str(given.get("listed")), detail, "number")


def _citations(value: Any) -> Iterator[Mapping[str, Any]]:
    """Every citation anywhere in a document."""
    if isinstance(value, dict) and isinstance(value.get("citations"), list):
        yield from (citation for citation in value["citations"] if isinstance(citation, dict))
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _citations(item)


def _under_other_keys(value: Any, known: bool = True) -> Iterator[str]:
    """The strings under keys that no document of ours has, and such keys that are sentences themselves."""
    if isinstance(value, dict):
        for key, item in value.items():
            of_ours = known and key in _KEYS
            if not of_ours and len(key.split()) > 1:
                yield key
            if key not in _FREE:
                yield from _under_other_keys(item, of_ours)
    elif isinstance(value, list):
        for item in value:
            yield from _under_other_keys(item, known)
    elif isinstance(value, str) and not known and value.strip():
        yield value


def _known(value: Any) -> Any:
    """A value without the keys that no document of ours has: a number or a flag there changes nothing that is read."""
    if isinstance(value, dict):
        known = {key: item for key, item in value.items() if key in _KEYS}
        return {key: item if key in _FREE else _known(item) for key, item in known.items()}
    return [_known(item) for item in value] if isinstance(value, list) else value


def _unclaimed(text: str) -> Verified:
    return failed(text[:1_000], text, "it is no part of a document that Refdesk writes", "unclaimed")


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]
