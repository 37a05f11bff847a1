"""
Evidence selection for a model: which sentences of which papers, in the order in which a budget of tokens takes them.

A question with one answer gets the best sentences. A list, an overview and a comparison get many papers, some sentences
of each. Nothing here counts tokens: `context.pack` does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from rag.answers import sentences
from rag.answers.lists import on_topic
from rag.question import Kind
from rag.retrieval.retriever import Retrieved
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
then takes 2,500 tokens in place of 3,060 and holds as many of the gold sentences (.951)."""
BEST, PER_PAPER = 20, 4
"""The best sentences come first, whichever paper they are of; then so many of each paper; then all others."""
TELLS, FINDS, STATES_NOTHING = 0.15, 0.1, -0.2
"""Added to the score of a sentence among those of its paper: it is surely a result or conclusion; it tells the paper's
finding; it is a question, an aim, or says where code is."""


def breadth_of(retrieved: Retrieved) -> Breadth:
    """How much evidence a question of this kind gets."""
    return BREADTH.get(retrieved.understood.kind, FOCUSED) if retrieved.understood else FOCUSED


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
    scores = {(found.paper.paper_id, found.sentence.number): found.score for found in ranked}
    of_papers = [_by_use(hit.paper, scores) for hit in _papers(retrieved, relevant)[: breadth.papers]]
    order = [
        *ranked[:BEST],
        *(found for of_paper in of_papers for found in of_paper[:PER_PAPER]),
        *ranked,
        *(found for of_paper in of_papers for found in of_paper[PER_PAPER:]),
    ]
    once: dict[tuple[str, int], Evidence] = {}
    for found in order:
        once.setdefault((found.paper.paper_id, found.sentence.number), found)
    return list(once.values())


def _papers(retrieved: Retrieved, relevant: Mapping[str, Hit]) -> list[Hit]:
    """The relevant papers, those that hold the question's phrases first; by their day where new ones are asked for."""
    topical = on_topic(retrieved.hits)
    if retrieved.understood and retrieved.understood.newest_first:
        topical.sort(key=lambda hit: hit.paper.day, reverse=True)
    return list({hit.paper_id: hit for hit in (*topical, *relevant.values())}.values())


def _by_use(paper: Paper, scores: Mapping[tuple[str, int], float]) -> list[Evidence]:
    """The sentences of a paper, results and conclusions before others that match the question as well."""
    told = finding.finding(paper) if paper.spans else 0
    weighed = []
    for sentence in paper.sentences:
        found = Evidence(paper=paper, sentence=sentence, score=scores.get((paper.paper_id, sentence.number), 0.0))
        role = sentences.role(found)
        use = TELLS * role.probability * (role.name in ("result", "conclusion")) + FINDS * (sentence.number == told)
        use += STATES_NOTHING * sentences.states_nothing(found)
        weighed.append(replace(found, score=found.score + use))
    return sorted(weighed, key=lambda found: (-found.score, found.sentence.number))
