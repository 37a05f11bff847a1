"""
Reranking: an optional model reads the question together with the best papers and sentences, and orders them anew.

Only the order changes. The i-th of the new order takes the i-th of the old scores, so that scores stay comparable with
those of what was not read, and with those of another retrieval. The confidence of an answer is computed from the
signals of before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from rag.ports import Reranker
from rag.retrieval.spelling import corrected
from rag.types import Evidence, Hit

if TYPE_CHECKING:
    from rag.retrieval.found import Retrieved

PAPERS, SENTENCES = 30, 60
"""How many of the best are ordered; the others stay behind them."""
Ranked = TypeVar("Ranked", Hit, Evidence)


def reranked(retrieved: Retrieved, reranker: Reranker) -> Retrieved:
    """
    Order the first papers and sentences by a model's scores; ties stay in their order.

    A sentence is read below the title of its paper, because it seldom repeats what the title names. A paper has the
    best score of its sentences that are read, which takes less time than reading abstracts (MaxP: Dai and Callan,
    SIGIR 2019). Its best sentence is then the first of its sentences.

    Raises:
        ConfigError: The model fails.
    """
    asked = retrieved.understood
    query = corrected(retrieved.question, asked.corrected) if asked else retrieved.question
    evidence, hits = retrieved.evidence[:SENTENCES], retrieved.hits[:PAPERS]
    with_evidence = {found.paper.paper_id for found in evidence}
    others = [hit for hit in hits if hit.paper_id not in with_evidence]
    read = [(found.paper, found.sentence) for found in evidence] + [
        (hit.paper, hit.best_sentence) for hit in others if hit.best_sentence
    ]
    scores = reranker.scores(query, [f"{paper.title}\n{sentence.text}" for paper, sentence in read])
    of_papers: dict[str, float] = {}
    for (paper, _), score in zip(read, scores, strict=True):
        of_papers[paper.paper_id] = max(score, of_papers.get(paper.paper_id, score))
    in_order = (*_ordered(evidence, scores[: len(evidence)]), *retrieved.evidence[SENTENCES:])
    best = {found.paper.paper_id: found.sentence for found in reversed(in_order[:SENTENCES])}
    return replace(
        retrieved,
        evidence=in_order,
        hits=tuple(
            replace(hit, best_sentence=best.get(hit.paper_id, hit.best_sentence))
            for hit in (*_ordered(hits, [of_papers[hit.paper_id] for hit in hits]), *retrieved.hits[PAPERS:])
        ),
    )


def _ordered(found: Sequence[Ranked], scores: Sequence[float]) -> list[Ranked]:
    order = sorted(range(len(found)), key=lambda row: -scores[row])
    return [replace(found[row], score=before.score) for row, before in zip(order, found, strict=True)]
