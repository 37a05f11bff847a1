"""
Ranking without interests: the papers that stand for the themes of a period, round-robin.

Of each theme those come first that are nearest to its middle and tell a specific result. The age of a paper within the
period plays no part.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest

from rag.digests.ranking import Ranked
from rag.digests.telling import told
from rag.types import Paper, Theme

READ, WITHOUT_THEMES = 12, 30
"""Papers of each theme, the most typical ones, of which those with a specific result come first; and of a period
without themes."""


def representative(
    ranked: Sequence[Ranked], themes: Sequence[Theme], papers: Mapping[str, Paper], disliked: Sequence[str] = ()
) -> list[Ranked]:
    """
    Rank by themes: the first paper of each theme, the largest theme first, then the second of each, and so on.

    Args:
        ranked: All papers, by centrality; those of no theme keep this order, and come last.
        themes: Those of the period, the largest first, each with its most typical papers first; without any, all papers
            are one.
        papers: The papers by id.
        disliked: Papers that come last.
    """
    scores = {each.paper_id: each.score for each in ranked}
    if not themes:
        ids = [each.paper_id for each in ranked if each.paper_id not in disliked]
        place = {paper_id: at for at, paper_id in enumerate([*_telling_first(ids, papers, WITHOUT_THEMES), *disliked])}
        return sorted(ranked, key=lambda each: place[each.paper_id])
    order = [[(paper_id, theme) for paper_id in _telling_first(theme.paper_ids, papers, READ)] for theme in themes]
    rounds = [each for each in chain.from_iterable(zip_longest(*order)) if each and each[0] in scores]
    placed = [
        Ranked(paper_id=paper_id, score=scores[paper_id], why=f"typical of “{theme.name}”, {theme.size:,} papers")
        for paper_id, theme in rounds
        if paper_id not in disliked
    ]
    known = {each.paper_id for each in placed}
    return [*placed, *(each for each in ranked if each.paper_id not in known)]


def _telling_first(ids: Sequence[str], papers: Mapping[str, Paper], read: int) -> list[str]:
    """All ids, but of the first so many those with a specific result first."""
    first = [paper_id for paper_id in ids[:read] if paper_id in papers and papers[paper_id].spans]
    return list(dict.fromkeys([*(paper_id for paper_id in first if told(papers[paper_id]).specific), *ids]))
