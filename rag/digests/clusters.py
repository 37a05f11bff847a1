"""
Clustering of a period's papers by phrases: a phrase with the papers that hold it, or that are near to those that do.

Phrases are found in `rag.digests.keyphrases`. Membership is one function, applied to this period and to the one before,
so that sizes compare. Clusters become themes in `rag.digests.themes`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from rag.digests.keyphrases import NOT, TITLE, Degrees, Key, Phrase, Phrases, tokens_of
from rag.ports import Matrix
from rag.types import Paper

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Rows = NDArray[np.intp]

FEWEST = 40
"""A period of fewer papers has no themes."""
SMALLEST, SMALL = 5, 0.008
"""A smaller group of papers is not a theme, nor one of a smaller share of the papers."""
WIDEST, SHARE = 20, 0.1
"""A theme has at most so many papers, or this share of them: the tenth holds from 200 papers on."""
MOST = 24
"""Themes of a period at most."""
HOLDERS, HELD = 4, 0.004
"""Papers that must hold a phrase, and their share of all."""
COHERENT = 0.35
"""The least mean cosine of the holders of a phrase to their centroid."""
NEAREST: Array = np.array([0.5, 0.4, 0.2, 0.0])
"""The least cosine to the centroid of a paper of the cluster, by how it holds the phrase."""
FITS: Array = np.array([0.45, 0.6, 0.8, 1.0])
"""How well a paper fits a cluster, by how it holds the phrase."""
CLOSENESS = 0.5
"""The weight of the cosine beside that, where a paper may be in several themes."""
OVERLAP, ALIKE = 0.4, 0.8
"""Two themes share at most this part of the smaller one, and their centroids have at most this cosine."""
PREFERRED = 1.25
"""The weight of a phrase that was a theme in the period before."""


class PeriodText:
    """
    The papers of a period as phrases and features, in the order of their ids: so no order of import makes other themes.

    Args:
        papers: In any order.
        vectors: A unit row for each, shape (len(papers), dimension).
    """

    def __init__(self, papers: Sequence[Paper], vectors: Matrix) -> None:
        order = sorted(range(len(papers)), key=lambda row: papers[row].paper_id)
        self.papers = [papers[row] for row in order]
        self._vectors = vectors[order]

    @cached_property
    def phrases(self) -> Phrases:
        """The titles and abstracts."""
        return Phrases(tokens_of(self.papers))

    @cached_property
    def mean(self) -> Array:
        """The common vector, shape (dimension,)."""
        rows = self._vectors.astype(np.float64)
        return rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1])

    @cached_property
    def features(self) -> Array:
        """A unit row for each paper, without what is common to all."""
        return _units(self._vectors.astype(np.float64) - self.mean)

    def beside(self, now: PeriodText) -> PeriodText:
        """The same papers with the acronyms and the common vector of a later period, for comparison with it."""
        text = PeriodText(self.papers, self._vectors)
        text.phrases, text.mean = self.phrases.with_acronyms(now.phrases.acronyms), now.mean
        return text

    @cached_property
    def candidates(self) -> Candidates:
        """The phrases that may be themes."""
        count = len(self.papers)
        phrases = self.phrases.candidates(least=max(HOLDERS, round(HELD * count)), most=widest(count))
        return Candidates(phrases, self.phrases.mentions([phrase.key for phrase in phrases]))


@dataclass(frozen=True, slots=True)
class Candidates:
    """Phrases, and how the papers hold each, shape (papers, phrases)."""

    phrases: Sequence[Phrase]
    mentions: Degrees


@dataclass(frozen=True, slots=True)
class Clusters:
    """
    The phrases that are clusters.

    Args:
        columns: Their columns among the candidates, the best first.
        centroids: The mean of the papers that hold each, a unit row each.
        chosen: How many were chosen; those after them were kept in any case.
    """

    columns: tuple[int, ...]
    centroids: Array
    chosen: int

    @property
    def without_kept(self) -> Clusters:
        """Those that were chosen."""
        return Clusters(self.columns[: self.chosen], self.centroids[: self.chosen], self.chosen)


def widest(count: int) -> int:
    """
    The most papers of a theme among so many.

    >>> widest(60), widest(2_009)
    (20, 200)
    """
    return max(WIDEST, int(SHARE * count))


def _units(rows: Array) -> Array:
    return np.asarray(rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12))


def fit(mentions: Degrees, cosines: Array) -> Array:
    """
    How well each paper fits each cluster; 0 if it does not belong to it. All of shape (papers, clusters).

    A paper belongs if its cosine to the centroid is large enough: the more the paper speaks of the phrase, the smaller
    it may be.
    """
    return np.asarray(np.where(cosines >= NEAREST[mentions], FITS[mentions], 0.0))


def assign(fits: Array, cosines: Array) -> Rows:
    """The theme of each paper, the one that it fits best; -1 if it fits none."""
    if not fits.shape[1]:
        return np.full(len(fits), -1, dtype=np.intp)
    scores = np.where(fits > 0, fits + CLOSENESS * cosines, -1.0)
    return np.where(fits.any(axis=1), scores.argmax(axis=1), -1)


def choose(
    text: PeriodText, rows: Rows | None = None, *, preferred: Collection[Key] = (), kept: Sequence[int] = ()
) -> Clusters:
    """
    The phrases that are themes: greedy maximum coverage of the papers, weighed by coherence.

    Args:
        text: The papers of the period.
        rows: Only these papers count, for a sample.
        preferred: Phrases that were themes before.
        kept: Columns of phrases that are clusters in any case.
    """
    found = text.candidates
    mentions, features = found.mentions, text.features
    if rows is not None:
        mentions, features = mentions[rows], features[rows]
    count = len(features)
    if not found.phrases or count < FEWEST:
        return Clusters((), np.zeros((0, features.shape[1])), 0)
    holds = mentions > NOT
    weights = holds.astype(np.float64) + (mentions == TITLE)
    centroids = _units(weights.T @ features)
    cosines = np.round(features @ centroids.T, 6)
    fits = fit(mentions, cosines)
    members = fits > 0
    sizes, held = members.sum(axis=0), holds.sum(axis=0)
    coherence = (cosines * holds).sum(axis=0) / np.maximum(held, 1)
    least = max(SMALLEST, round(SMALL * count))
    open_ = (coherence >= COHERENT) & (sizes >= least) & (sizes <= widest(count))
    worth = coherence * np.array([PREFERRED if phrase.key in preferred else 1.0 for phrase in found.phrases])
    covered, chosen = np.zeros(count), list[int]()
    while open_.any() and len(chosen) < MOST:
        gains = np.round(np.maximum(fits - covered[:, None], 0.0).sum(axis=0) * worth, 6)
        best = int(np.where(open_, gains, -1.0).argmax())
        open_[best] = False
        if (members[:, best] & (covered == 0)).sum() < least:
            continue
        chosen.append(best)
        covered = np.maximum(covered, fits[:, best])
        shared = members[:, best].astype(np.float64) @ members
        open_ &= shared < OVERLAP * np.minimum(sizes, sizes[best])
        open_ &= np.round(centroids @ centroids[best], 6) < ALIKE
    columns = [*chosen, *(column for column in kept if column not in chosen)]
    return Clusters(tuple(columns), centroids[columns], len(chosen))
