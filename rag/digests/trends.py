"""
Trends: test if a theme's share of the papers changed from one period to the next.

A change must be beyond sampling noise (a conditional test of two Poisson rates), and it must hold where the clustering
is repeated on samples of the papers of both periods. Tested are all papers that hold a theme's phrase or belong to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random

import numpy as np

from rag.digests.clusters import Clusters, Flags, PeriodText, Rows, assign, choose, fit
from rag.digests.keyphrases import NOT, Degrees
from rag.types import ThemeStatus

SURE, SURE_IN_SAMPLE = 1.96, 1.2
"""Standard deviations beyond which a change is more than chance; and in each sample, which has fewer papers."""
CHANGE = 1.25
"""The least ratio of two shares that counts as a change."""
SAMPLES, SAMPLED = 12, 0.9
"""Samples on which the clustering is repeated, and the share of the papers in each."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """
    The papers of a period in clusters.

    Args:
        of_paper: The cluster of each paper, -1 for none.
        touched: True for each paper that holds the phrase of a cluster or fits it, shape (papers, clusters).
    """

    of_paper: Rows
    touched: Flags

    @property
    def sizes(self) -> list[int]:
        """How many papers each cluster has."""
        own = self.of_paper[self.of_paper >= 0]
        return [int(size) for size in np.bincount(own, minlength=self.touched.shape[1])]

    @property
    def told(self) -> list[int]:
        """How many papers tell of each cluster: more than it has, so that less of a change is chance."""
        return [int(count) for count in self.touched.sum(axis=0)]

    def of(self, rows: Rows) -> Assigned:
        """Some of the papers."""
        return Assigned(self.of_paper[rows], self.touched[rows])


class Comparison:
    """
    A period beside the one before: the clusters of the first, with the papers of both.

    Args:
        now: The papers of the period.
        before: Those of the period before, with the acronyms and the common vector of `now`.
    """

    def __init__(self, now: PeriodText, before: PeriodText) -> None:
        self._now, self._before = now, before
        self._mentions = before.phrases.mentions([phrase.key for phrase in now.candidates.phrases])

    def before(self, clusters: Clusters) -> Assigned:
        """The papers of the period before in the clusters of this one."""
        return assigned(self._before, self._mentions, clusters)

    def statuses(self, clusters: Clusters) -> list[ThemeStatus]:
        """
        Whether each cluster of this period is growing, steady or fading; `new here` if no paper before tells of it.
        """
        now, before = assigned(self._now, self._now.candidates.mentions, clusters), self.before(clusters)
        told, beyond = before.told, _beyond(now, before)
        moving = [at for at, value in enumerate(beyond) if abs(value) > SURE and told[at]]
        for seed in range(SAMPLES):
            if moving:
                moving = self._holding(clusters, now, moving, beyond, seed)
        moved: dict[int, ThemeStatus] = {at: "growing" if beyond[at] > 0 else "fading" for at in moving}
        return [moved.get(at, "steady" if count else "new here") for at, count in enumerate(told)]

    def _holding(
        self, clusters: Clusters, now: Assigned, moving: Sequence[int], beyond: Sequence[float], seed: int
    ) -> list[int]:
        """
        Those of the moving clusters that move the same way in a sample, clustered anew: the phrase, and the
        cluster that most of the papers are in then.
        """
        rows, rows_before = _sample(len(self._now.papers), seed), _sample(len(self._before.papers), ~seed)
        columns = [clusters.columns[at] for at in moving]
        again = choose(self._now, rows, kept=columns)
        mentions = self._now.candidates.mentions
        told = _beyond(assigned(self._now, mentions, again).of(rows), self.before(again).of(rows_before))
        free = again.without_kept
        sample, sample_before = assigned(self._now, mentions, free).of(rows), self.before(free).of(rows_before)
        own = _moved(sample.sizes, sample_before.sizes, len(rows), len(rows_before))
        kept = []
        for at, column in zip(moving, columns, strict=True):
            labels = sample.of_paper[(now.of_paper[rows] == at) & (sample.of_paper >= 0)]
            sign = np.sign(beyond[at])
            elsewhere = own[int(np.bincount(labels).argmax())] * sign if len(labels) else 1.0
            if told[again.columns.index(column)] * sign > SURE_IN_SAMPLE and elsewhere > 0:
                kept.append(at)
        return kept


def assigned(text: PeriodText, mentions: Degrees, clusters: Clusters) -> Assigned:
    """
    The papers of a period in clusters.

    Args:
        text: The period.
        mentions: How its papers hold the candidates.
        clusters: Columns among the candidates, and centroids.
    """
    here = mentions[:, list(clusters.columns)]
    cosines = np.round(text.features @ clusters.centroids.T, 6)
    fits = fit(here, cosines)
    return Assigned(assign(fits, cosines), (here > NOT) | (fits > 0))


def _moved(sizes: Sequence[int], sizes_before: Sequence[int], papers: int, papers_before: int) -> list[float]:
    return [change(*pair, papers, papers_before) for pair in zip(sizes, sizes_before, strict=True)]


def _beyond(now: Assigned, before: Assigned) -> list[float]:
    """How far the share of papers that tell of each cluster moved; 0 if the share of its own did not move so."""
    counts = len(now.of_paper), len(before.of_paper)
    told, own = _moved(now.told, before.told, *counts), _moved(now.sizes, before.sizes, *counts)
    return [value if value * other > 0 else 0.0 for value, other in zip(told, own, strict=True)]


def change(size: int, size_before: int, papers: int, papers_before: int) -> float:
    """
    How far a share moved, in standard deviations; 0 if it moved by less than a quarter.

    If the share were the same, the theme's papers would fall into the two periods in proportion to their numbers of
    papers. From 10 of 1,000 to 14 of 1,000 is chance, from 100 to 140 is growth:

    >>> round(change(14, 10, 1_000, 1_000), 1), round(change(140, 100, 1_000, 1_000), 1)
    (0.8, 2.6)

    Source: Przyborowski and Wilenski, "Homogeneity of results in testing samples from Poisson series", 1940.
    """
    share, share_before = size / papers, size_before / papers_before
    if max(share, share_before) < CHANGE * min(share, share_before) or not size + size_before:
        return 0.0
    whole, part = size + size_before, papers / (papers + papers_before)
    return (size - whole * part) / sqrt(whole * part * (1 - part))


def _sample(count: int, seed: int) -> Rows:
    drawn = Random(seed).sample(range(count), round(SAMPLED * count))  # noqa: S311
    return np.array(sorted(drawn), dtype=np.intp)
