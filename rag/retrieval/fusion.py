"""Score fusion: merge a word ranking and a vector ranking by weighted min-max scores. It reads no paper."""

from __future__ import annotations

import numpy as np

LEXICAL_SHARE = 0.65
"""Weight of the word ranking; the vector ranking has the rest."""


def fuse(lexical: dict[str, float], vector: dict[str, float], *, limit: int) -> list[str]:
    """
    Merge two rankings by weighted min-max scores.

    Args:
        lexical: BM25 by paper, scaled from 0, what a paper has that it did not find.
        vector: Cosines by paper, scaled from the lowest; a paper it did not find counts as that.
        limit: How many at most.

    Returns:
        Paper ids, best first, ties by id.

    Source: Bruch, Gai and Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", TOIS 2023.

    >>> fuse({"a": 9.0, "b": 3.0}, {"b": 0.8, "c": 0.2}, limit=2)
    ['a', 'b']
    """
    ids = sorted({*lexical, *vector})
    scores = np.zeros(len(ids))
    for found, share, floor in (
        (lexical, LEXICAL_SHARE, 0.0),  # a paper without any of the words has BM25 0
        (vector, 1 - LEXICAL_SHARE, min(vector.values(), default=0.0)),
    ):
        values = np.array([found.get(paper_id, floor) for paper_id in ids])
        scores += share * (values - floor) / max(float(np.ptp(np.append(values, floor))), 1e-9)
    return [ids[row] for row in np.argsort(-scores, kind="stable")[:limit]]
