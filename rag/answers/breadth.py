"""
Evidence selection for a model: which sentences of which papers, in the order in which a budget of tokens takes them.

A question with one answer gets the best sentences. A list, an overview and a comparison get many papers, some sentences
of each. Nothing here counts tokens: `context.pack` does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answers import sentences
from rag.answers.lists import names, on_topic
from rag.question import Kind
from rag.retrieval.found import Retrieved
from rag.roles import finding
from rag.types import Evidence, Hit, Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Breadth:
    """
    How much evidence a model sees.

    Args:
        papers: The most papers; None leaves it to the sentences.
        sentences: The most sentences.
        tokens: The most tokens of evidence.
        claims: The claims that an answer may have at least, unless the reader says how many.
    """

    papers: int | None
    sentences: int
    tokens: int
    claims: int = 0


FOCUSED = Breadth(papers=None, sentences=40, tokens=4_000)
COMPARING = Breadth(papers=30, sentences=100, tokens=5_500)
LISTING = Breadth(papers=40, sentences=120, tokens=6_300, claims=8)
BREADTH: Mapping[Kind, Breadth] = {"list": LISTING, "overview": LISTING, "comparison": COMPARING}
"""By kind of question; `FOCUSED` otherwise."""
FLOOR = 0.5
"""A paper is relevant if its score is at least this share of the best one's. On SciFact's training claims the evidence
then takes a fifth fewer tokens (1,677) and holds .937 of the gold sentences (.944 without a floor)."""
NEAR = 0.7
"""… of a broad question, if the paper does not hold the question's phrases."""
FIRST, MOST, MATCHING = 5, 6, 2
"""Sentences of each paper that a broad question gets first, and at most; so many of them because they match best."""


def breadth_of(retrieved: Retrieved) -> Breadth:
    """How much evidence a question of this kind gets."""
    return BREADTH.get(retrieved.understood.kind, FOCUSED) if retrieved.understood else FOCUSED


def relative(retrieved: Retrieved) -> Retrieved:
    """The same with scores as shares of the best one's, so that they can be compared with those of another query."""
    best_hit = max((hit.score for hit in retrieved.hits), default=0.0) or 1.0
    best_sentence = max((found.score for found in retrieved.evidence), default=0.0) or 1.0
    return replace(
        retrieved,
        hits=tuple(replace(hit, score=hit.score / best_hit) for hit in retrieved.hits),
        evidence=tuple(replace(found, score=found.score / best_sentence) for found in retrieved.evidence),
    )


def gathered(retrieved: Retrieved, breadth: Breadth) -> list[Evidence]:
    """
    The sentences for a model, in the order of their use.

    Where there are ranked sentences and no papers, as in the parts of an issue, they stay as they are.
    """
    if not retrieved.hits:
        return list(retrieved.evidence)
    best = max(hit.score for hit in retrieved.hits)
    relevant = {hit.paper_id: hit for hit in retrieved.hits if hit.score >= FLOOR * best}
    ranked = [found for found in retrieved.evidence if found.paper.paper_id in relevant]
    if breadth.papers is None:
        return ranked
    matching: dict[str, list[int]] = {}
    for found in ranked:
        matching.setdefault(found.paper.paper_id, []).append(found.sentence.number)
    sides = retrieved.understood.sides if retrieved.understood else ()
    papers = [hit.paper for hit in _papers(retrieved, relevant)]
    papers.sort(key=lambda paper: not _names_all(f"{paper.title} {paper.abstract}", sides))
    of_papers = [
        _by_use(paper, matching.get(paper.paper_id, [])[:MATCHING], sides) for paper in papers[: breadth.papers]
    ]
    return [
        *(found for of_paper in of_papers for found in of_paper[:FIRST]),
        *(found for of_paper in of_papers for found in of_paper[FIRST:MOST]),
    ]


def _papers(retrieved: Retrieved, relevant: Mapping[str, Hit]) -> list[Hit]:
    """The relevant papers, those that hold the question's phrases first; by their day where new ones are asked for."""
    topical = on_topic(retrieved.hits)
    if retrieved.understood and retrieved.understood.newest_first:
        topical.sort(key=lambda hit: hit.paper.day, reverse=True)
    best = max(hit.score for hit in retrieved.hits)
    others = [hit for hit in relevant.values() if hit.score >= NEAR * best]
    return list({hit.paper_id: hit for hit in (*topical, *others)}.values())


def _by_use(paper: Paper, matching: Sequence[int], sides: Sequence[str]) -> list[Evidence]:
    """
    The sentences of a paper, the most useful first.

    Those on both sides of a comparison, those that match best, the one that says what the paper offers, and then those
    that tell its finding best. Questions, aims and where code is are left out.
    """
    numbers = [sentence.number for sentence in paper.sentences if sides and _names_all(sentence.text, sides)]
    numbers += matching
    numbers += [sentence.number for sentence in paper.sentences if sentences.offers(sentence.text)][:1]
    numbers += finding.ranked(paper) if paper.spans else ()
    ordered = [Evidence(paper=paper, sentence=paper.sentence(number), score=0.0) for number in dict.fromkeys(numbers)]
    return [found for found in ordered if not sentences.is_no_statement(found)]


def _names_all(text: str, sides: Sequence[str]) -> bool:
    return all(names(text, side) for side in sides)
