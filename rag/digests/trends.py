"""
Trends: test if a theme's share of the papers changed from one period to the next.

A change must be beyond sampling noise (a conditional test of two Poisson rates), and it must hold where the clustering
is repeated on samples of the papers of both periods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from random import Random

import numpy as np
from numpy.typing import NDArray

from rag.digests.clusters import Clusters, PeriodText, Rows, assign, choose, fit
from rag.digests.keyphrases import Degrees
from rag.types import ThemeStatus

Sizes = NDArray[np.intp]

SURE, SURE_IN_SAMPLE = 1.96, 1.3
"""Standard deviations beyond which a change is more than chance; and in each sample, which has fewer papers."""
CHANGE = 1.25
"""The least ratio of two shares that counts as a change."""
SAMPLES, SAMPLED = 12, 0.9
"""Samples on which the clustering is repeated, and the share of the papers in each."""


@dataclass(frozen=True, slots=True)
class Assigned:
    """The cluster of each paper of a period, -1 for none, and how many papers each cluster has."""

    of_paper: Rows
    sizes: Sizes


class Comparison:
    """
    A period beside the one before: the clusters of the first, with the papers of both.

    Args:
        now: The papers of the period.
        before: Those of the period before, with the acronyms and the common vector of `now`.
    """

    def __init__(self, now: PeriodText, before: PeriodText) -> None:
        self._now, self._before = now, before
        self._mentions: Degrees | None = None

    def before(self, clusters: Clusters) -> Assigned:
        """The papers of the period before in the clusters of this one."""
        if self._mentions is None:
            self._mentions = self._before.phrases.mentions([phrase.key for phrase in self._now.candidates.phrases])
        return assigned(self._before, self._mentions, clusters)

    def statuses(self, clusters: Clusters, sizes: Sequence[int], sizes_before: Sequence[int]) -> list[ThemeStatus]:
        """
        Whether each cluster is growing, steady or fading; `new here` if the period before has no paper of it.

        Args:
            clusters: Those of this period.
            sizes, sizes_before: How many papers each has in this period, and how many in the one before.
        """
        papers, papers_before = len(self._now.papers), len(self._before.papers)
        beyond = [
            change(size, papers, size_before, papers_before)
            for size, size_before in zip(sizes, sizes_before, strict=True)
        ]
        moving = [at for at, value in enumerate(beyond) if abs(value) > SURE and sizes_before[at]]
        for seed in range(SAMPLES):
            if moving:
                moving = self._holding(clusters, moving, beyond, seed)
        moved: dict[int, ThemeStatus] = {at: "growing" if beyond[at] > 0 else "fading" for at in moving}
        return [moved.get(at, "steady" if size else "new here") for at, size in enumerate(sizes_before)]

    def _holding(self, clusters: Clusters, moving: Sequence[int], beyond: Sequence[float], seed: int) -> list[int]:
        """Those of the moving clusters that move the same way in a sample, clustered anew."""
        rows, rows_before = _sample(len(self._now.papers), seed), _sample(len(self._before.papers), ~seed)
        columns = [clusters.columns[at] for at in moving]
        again = choose(self._now, rows, kept=columns)
        now = assigned(self._now, self._now.candidates.mentions, again).of_paper[rows]
        before = self.before(again).of_paper[rows_before]
        kept = []
        for at, column in zip(moving, columns, strict=True):
            new = again.columns.index(column)
            value = change(int((now == new).sum()), len(now), int((before == new).sum()), len(before))
            if value * np.sign(beyond[at]) > SURE_IN_SAMPLE:
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
    columns = list(clusters.columns)
    cosines = np.round(text.features @ clusters.centroids.T, 6)
    of_paper = assign(fit(mentions[:, columns], cosines), cosines)
    return Assigned(of_paper, np.bincount(of_paper[of_paper >= 0], minlength=len(columns)))


def change(size: int, papers: int, size_before: int, papers_before: int) -> float:
    """
    How far a share moved, in standard deviations; 0 if it moved by less than a quarter.

    If the share were the same, the theme's papers would fall into the two periods in proportion to their numbers of
    papers. From 10 of 1,000 to 14 of 1,000 is chance, from 100 to 140 is growth:

    >>> round(change(14, 1_000, 10, 1_000), 1), round(change(140, 1_000, 100, 1_000), 1)
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
