"""
Topic clustering of a period's papers: smoothing over nearest neighbours, global k-means, agglomerative merging.

Themes are named in `rag.digests.labels` and followed over periods in `rag.digests.tracking`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from rag.digests.labels import names
from rag.digests.tracking import HISTORY, TrackedPeriod, TrackedTheme, follow
from rag.ports import Matrix
from rag.types import Paper, Theme

Array = NDArray[np.float64]
Rows = NDArray[np.intp]

FEWEST = 40
"""A period of fewer papers has no themes."""
SMALLEST = 5
"""A smaller group of papers is not a theme."""
PARTS = 14
"""Clusters of k-means, or fewer, so that each has some twenty papers."""
NEAR = 0.5
"""Clusters are merged if their centres are nearer than this share of the mean squared distance to the common centre."""
WIDEST = 0.35
"""The largest share of the papers that a merged cluster may have."""
LOOSE = 0.0
"""A paper whose cosine with the rest of its theme is below this belongs to no theme."""
NEIGHBOURS, STEPS = 60, 2
"""Nearest neighbours over which a paper is smoothed, at most an eighth of all papers; and how many times."""
OWN = 0.05
"""The weight of a paper's own vector at each step of smoothing."""
DIMENSIONS = 12
"""Principal components in which papers are clustered."""
CANDIDATES, ROUNDS = 500, 50
"""Papers tried as a new centre, evenly over all; and rounds of k-means after each."""
BLOCK = 512
"""Papers whose cosines with all others are in memory at once."""


def track(
    periods: Sequence[tuple[str, Sequence[Paper], Matrix]], tracked: Sequence[TrackedTheme] | None
) -> tuple[tuple[Theme, ...], tuple[TrackedPeriod, ...]]:
    """
    The themes of the last of successive periods, and the tracked themes of each.

    Args:
        periods: Name, papers and their unit rows, the oldest first.
        tracked: The tracked themes of the period before the first; None if there are none.
    """
    found: tuple[Theme, ...] = ()
    tracked_periods = []
    for name, papers, vectors in periods:
        found, tracked = themes(papers, vectors, period_name=name, previous=tracked)
        paper_ids = tuple(paper.paper_id for paper in papers)
        tracked_periods.append(TrackedPeriod(period=name, paper_ids=paper_ids, themes=tracked))
    return found, tuple(tracked_periods)


def themes(
    papers: Sequence[Paper], vectors: Matrix, *, period_name: str, previous: Sequence[TrackedTheme] | None
) -> tuple[tuple[Theme, ...], tuple[TrackedTheme, ...]]:
    """
    The themes of a period, the largest first, and the tracked themes for the next one.

    Args:
        papers: The papers of the period, in any order.
        vectors: A unit row for each, shape (len(papers), dimension).
        period_name: The name of the period in a theme's history.
        previous: The tracked themes of the period before; None if there was none. A theme that continues one keeps its
            id and name; new ones get numbers that none had.
    """
    before = previous or ()
    groups = cluster(papers, vectors)
    centroids = _centroids(vectors, groups)
    followed, missing = follow(
        centroids, [len(group) for group in groups], before, papers=len(papers), period=period_name
    )
    kept_names = [each.before.name if each.before else None for each in followed]
    named = names(papers, groups, kept=kept_names, taken=[theme.name for theme in before])
    found, tracked = [], []
    for group, centroid, each, name in zip(groups, centroids, followed, named, strict=True):
        theme = Theme(
            id=each.id,
            name=name.name,
            keywords=name.keywords,
            size=len(group),
            previous_size=each.before.size if each.before else None,
            status=each.status,
            paper_ids=tuple(papers[row].paper_id for row in group),
            history=(*(each.before.history if each.before else ()), (period_name, len(group)))[-HISTORY:],
        )
        found.append(theme)
        tracked.append(
            TrackedTheme(
                id=theme.id,
                name=theme.name,
                keywords=theme.keywords,
                size=theme.size,
                papers=len(papers),
                centroid=tuple(np.round(centroid, 4).tolist()),
                history=theme.history,
            )
        )
    return tuple(found), (*tracked, *missing)


def _centroids(vectors: Matrix, groups: Sequence[Sequence[int]]) -> Array:
    """Unit rows from the mean of all papers to the mean of each group, shape (len(groups), dimension)."""
    if not groups:
        return np.zeros((0, 0))
    mean = vectors.mean(axis=0, dtype=np.float64)
    return _units(np.array([vectors[list(group)].mean(axis=0, dtype=np.float64) - mean for group in groups]))


def cluster(papers: Sequence[Paper], vectors: Matrix) -> list[tuple[int, ...]]:
    """
    Rows of each theme, the largest theme first, and in it the most typical paper first.

    Args:
        papers: The papers of a period, in any order: the same papers give the same themes.
        vectors: A unit row for each, shape (len(papers), dimension).

    Returns:
        Disjoint themes; rows in none of them are of no theme. Fewer than FEWEST papers have none.
    """
    if len(papers) < FEWEST:
        return []
    order = sorted(range(len(papers)), key=lambda row: papers[row].paper_id)
    features = vectors[order].astype(np.float64)
    features -= features.mean(axis=0)
    points = _principal(_smoothed(features), DIMENSIONS)
    labels = _merged(points, _clustered(points, min(PARTS, len(papers) // 20)))
    themes = [_typical(features, np.flatnonzero(labels == label)) for label in range(labels.max() + 1)]
    kept = sorted((theme for theme in themes if len(theme) >= SMALLEST), key=lambda theme: (-len(theme), min(theme)))
    return [tuple(order[row] for row in theme) for theme in kept]


def _principal(rows: Array, count: int) -> Array:
    """The rows in their `count` principal components, shape (len(rows), count)."""
    rows = rows - rows.mean(axis=0)
    _, axes = np.linalg.eigh(rows.T @ rows)
    return np.asarray(rows @ axes[:, ::-1][:, :count])


def _units(rows: Array) -> Array:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def _smoothed(features: Array) -> Array:
    """
    Each paper averaged with its nearest neighbours, twice: what it shares with them stays, the rest fades.

    A neighbour's weight is its cosine less that of the first paper that is not a neighbour. So nothing jumps where two
    papers change ranks, and a difference in a vector's last bits makes no other theme.
    """
    units = _units(features).astype(np.float32)
    count = min(NEIGHBOURS, max(SMALLEST, len(units) // 8))
    near, weights = np.empty((len(units), count), dtype=np.intp), np.empty((len(units), count))
    for first in range(0, len(units), BLOCK):
        cosines = units[first : first + BLOCK] @ units.T
        rows_here = np.arange(len(cosines))
        cosines[rows_here, first + rows_here] = -2.0
        nearest = np.argpartition(-cosines, count, axis=1)[:, : count + 1]
        values = np.take_along_axis(cosines, nearest, axis=1)
        ranks = np.lexsort((nearest, -values), axis=1)
        values = np.take_along_axis(values, ranks, axis=1)
        near[first : first + BLOCK] = np.take_along_axis(nearest, ranks, axis=1)[:, :count]
        weights[first : first + BLOCK] = values[:, :count] - values[:, count:]
    weights *= (1 - OWN) / np.maximum(weights.sum(axis=1, keepdims=True), 1e-12)
    rows = features
    for _ in range(STEPS):
        moved = OWN * rows
        for column in range(count):
            moved += weights[:, column, None] * rows[near[:, column]]
        rows = moved
    return rows


def _distances(points: Array, centres: Array) -> Array:
    """Squared distances, shape (len(points), len(centres))."""
    squares = (points**2).sum(axis=1)[:, None] + (centres**2).sum(axis=1) - 2 * points @ centres.T
    return np.asarray(np.maximum(squares, 0.0))


def _clustered(points: Array, count: int) -> Rows:
    """
    The label of each point in `count` clusters: k-means with centres added one by one, each where it helps the most.

    Source: Likas, Vlassis and Verbeek, "The global k-means clustering algorithm", Pattern Recognition 2003 (its fast
    form). It draws nothing at random, and comes close to the best of many random starts.
    """
    candidates = points[:: -(-len(points) // CANDIDATES)]
    reach = _distances(points, candidates)
    centres = points.mean(axis=0, keepdims=True)
    labels = np.zeros(len(points), dtype=np.intp)
    for _ in range(1, count):
        left = _distances(points, centres).min(axis=1)
        gains = np.maximum(left[:, None] - reach, 0.0).sum(axis=0)
        centres = np.vstack([centres, candidates[gains.argmax()]])
        for _ in range(ROUNDS):
            labels = _distances(points, centres).argmin(axis=1)
            moved = _means(points, labels, centres)
            if np.array_equal(moved, centres):
                break
            centres = moved
    return labels


def _means(points: Array, labels: Rows, centres: Array) -> Array:
    """The mean of each cluster's points; an empty cluster keeps its centre."""
    sizes = np.bincount(labels, minlength=len(centres))[:, None]
    member = labels == np.arange(len(centres))[:, None]
    return np.where(sizes, (member @ points) / np.maximum(sizes, 1), centres)


def _merged(points: Array, labels: Rows) -> Rows:
    """The labels after merging clusters that are near and not too large together, the nearest pair first."""
    spread = float((points**2).sum(axis=1).mean())
    while (count := int(labels.max()) + 1) > 1:
        centres = _means(points, labels, np.zeros((count, points.shape[1])))
        sizes = np.bincount(labels)
        apart = _distances(centres, centres)
        apart[sizes[:, None] + sizes > WIDEST * len(points)] = np.inf
        np.fill_diagonal(apart, np.inf)
        one, other = divmod(int(apart.argmin()), count)
        if not apart[one, other] < NEAR * spread:
            break
        labels = np.unique(np.where(labels == other, one, labels), return_inverse=True)[1]
    return labels


def _typical(features: Array, rows: Rows) -> tuple[int, ...]:
    """A cluster's rows, the most typical first, without those that have little in common with the others."""
    units = _units(features[rows])
    rest = _units(units.sum(axis=0) - units)
    typical = (units * rest).sum(axis=1)
    return tuple(int(rows[at]) for at in np.argsort(-typical, kind="stable") if typical[at] >= LOOSE)
