"""
Filtered nearest-neighbour search, by the selectivity of the filter.

A vector index finds its way through a graph, and what must look at a filter on that way is slow. So where many papers
pass a filter, more of the nearest chunks are fetched than are wanted, and those of papers that pass are kept
(post-filtering). Where few pass, they are compared one by one, by `Vectors.search` among their ids (pre-filtering).
`python -m benchmarks.filters LIBRARY` measures time and recall of both.
"""

from __future__ import annotations

from math import ceil

from rag.ports import Catalog, Lexical, Matrix, Vectors
from rag.types import Filter
from rag.types.selection import Selection

MOST_FETCHED = 3_000
"""So many chunks are fetched at most, to keep those that pass, where few papers pass."""
MOST_COMPARED = 20_000
"""
Where more papers pass, as many chunks as papers are fetched at most: comparing takes 80 µs a paper, fetching 11 µs a
chunk. So a broad filter whose papers are all far from the question does not read the vectors of half a library.
"""
LEAST_FETCHED = 100
MARGIN = 1.5
"""How many times the expected number of chunks is fetched, so that one round does in most cases."""


def selection_of(filter_: Filter, catalog: Catalog, lexical: Lexical) -> Selection | None:
    """A filter as the word index takes it: by its fields, or in an older layout by all ids; None for no filter."""
    if not filter_:
        return None
    return catalog.selection(filter_) if lexical.takes_filters else Selection(papers=tuple(catalog.matching(filter_)))


def nearest(
    vector: Matrix, among: Selection | None, lexical: Lexical, vectors: Vectors, *, limit: int
) -> list[tuple[str, int, float]]:
    """
    The nearest chunks of the papers of a selection.

    Args:
        vector: One unit row of shape (dimension,).
        among: The selection; None takes all papers.
        lexical: The word index, which knows who passes.
        vectors: The vector index.
        limit: The most chunks to return.

    Returns:
        As `Vectors.search`.
    """
    if among is None:
        return vectors.search(vector, limit=limit)
    matching = lexical.count(among)
    fetch = _first(limit, matching, lexical.count())
    while fetch <= (MOST_FETCHED if matching <= MOST_COMPARED else matching):
        found = vectors.search(vector, limit=fetch)
        passing = set(lexical.selected(among.within(dict.fromkeys(paper_id for paper_id, _, _ in found))))
        kept = [hit for hit in found if hit[0] in passing]
        if len(kept) >= limit:
            return kept[:limit]
        if len(found) < fetch:
            break
        fetch = max(2 * fetch, ceil(MARGIN * fetch * limit / max(1, len(kept))))
    return vectors.search(vector, limit=limit, papers=lexical.selected(among)) if matching else []


def _first(limit: int, matching: int, papers: int) -> int:
    """How many chunks to fetch first, if papers that pass are as near as others."""
    return max(LEAST_FETCHED, ceil(MARGIN * limit * papers / max(1, matching)))
