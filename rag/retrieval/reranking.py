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
    from rag.retrieval.retriever import Retrieved

PAPERS, SENTENCES = 30, 60
"""How many of the best are read; the others stay behind them."""
Ranked = TypeVar("Ranked", Hit, Evidence)


def reranked(retrieved: Retrieved, reranker: Reranker) -> Retrieved:
    """
    Order the first papers and sentences by a model's scores; ties stay in their order.

    A sentence is read below the title of its paper, because it seldom repeats what the title names. The best sentence
    of a paper is then the first of its sentences.

    Raises:
        ConfigError: The model fails.
    """
    asked = retrieved.understood
    query = corrected(retrieved.question, asked.corrected) if asked else retrieved.question
    evidence, hits = retrieved.evidence, retrieved.hits
    in_context = [f"{found.paper.title}\n{found.sentence.text}" for found in evidence[:SENTENCES]]
    abstracts = [f"{hit.title}\n{hit.paper.abstract}" for hit in hits[:PAPERS]]
    evidence = (*_ordered(evidence[:SENTENCES], reranker, query, in_context), *evidence[SENTENCES:])
    hits = (*_ordered(hits[:PAPERS], reranker, query, abstracts), *hits[PAPERS:])
    best = {found.paper.paper_id: found.sentence for found in reversed(evidence[:SENTENCES])}
    return replace(
        retrieved,
        evidence=evidence,
        hits=tuple(replace(hit, best_sentence=best.get(hit.paper_id, hit.best_sentence)) for hit in hits),
    )


def _ordered(found: Sequence[Ranked], reranker: Reranker, query: str, texts: Sequence[str]) -> list[Ranked]:
    scores = reranker.scores(query, texts)
    order = sorted(range(len(found)), key=lambda row: -scores[row])
    return [replace(found[row], score=before.score) for row, before in zip(order, found, strict=True)]
