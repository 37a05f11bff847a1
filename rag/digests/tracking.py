"""
Topic tracking: match the themes of a period to those of the period before by centroid, and test if shares changed.

A tracked theme that is not found in a period is kept for some more, so that it has its id and name when it comes back.
Clusters are found in `rag.digests.themes`, names in `rag.digests.labels`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from rag.types import JsonDict, ThemeStatus

Array = NDArray[np.float64]

ALIKE = 0.7
"""The least cosine between the centroids of a theme in two periods; chosen in docs/evaluation.md, “Themes”."""
SURE = 2.0
"""Standard deviations beyond which a change is more than chance."""
CHANGE = 1.25
"""The least ratio of two shares that counts as a change."""
HISTORY = 8
"""Periods whose sizes are kept."""
ABSENT = 4
"""Periods for which a theme that is not found is kept."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedTheme:
    """
    A theme as it is stored for the next period.

    Args:
        id, name, keywords: As in `Theme`.
        size: How many papers of the period were in it; 0 if it was not found.
        papers: How many papers the period had.
        centroid: The unit vector from the mean of the period to the mean of the theme, to four places.
        history: Its sizes by period, oldest first.
    """

    id: str
    name: str
    keywords: tuple[str, ...]
    size: int
    papers: int
    centroid: tuple[float, ...]
    history: tuple[tuple[str, int], ...]

    def to_dict(self) -> JsonDict:
        """As JSON."""
        return {
            "id": self.id,
            "name": self.name,
            "keywords": list(self.keywords),
            "size": self.size,
            "papers": self.papers,
            "centroid": list(self.centroid),
            "history": [[period, size] for period, size in self.history],
        }

    @classmethod
    def from_dict(cls, document: JsonDict) -> TrackedTheme:
        """From what `to_dict` gave."""
        return cls(
            id=document["id"],
            name=document["name"],
            keywords=tuple(document["keywords"]),
            size=document["size"],
            papers=document["papers"],
            centroid=tuple(document["centroid"]),
            history=tuple((period, size) for period, size in document["history"]),
        )

    @property
    def number(self) -> int:
        """The number of its id: 3 of `t3`."""
        return int(self.id.removeprefix("t"))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedPeriod:
    """
    The tracked themes of one period, to be stored.

    Args:
        period: Its name.
        paper_ids: The papers that the themes were found among.
        themes: Those found in the period, and those before that may come back.
    """

    period: str
    paper_ids: tuple[str, ...]
    themes: tuple[TrackedTheme, ...]


@dataclass(frozen=True, slots=True)
class Followed:
    """A theme of this period: its id, its status, and the tracked theme that it continues, if any."""

    id: str
    status: ThemeStatus
    before: TrackedTheme | None


def follow(
    centroids: Array, sizes: Sequence[int], previous: Sequence[TrackedTheme], *, papers: int, period: str
) -> tuple[list[Followed], list[TrackedTheme]]:
    """
    Match the themes of a period to tracked ones.

    Args:
        centroids: A unit row for each theme.
        sizes: How many papers each has.
        previous: The tracked themes of the period before.
        papers: How many papers the period has.
        period: Its name.

    Returns:
        The theme that each continues, new themes with new ids; and the tracked themes that were not found.
    """
    highest = max((theme.number for theme in previous), default=0)
    followed = []
    for before, size in zip(matched(centroids, previous), sizes, strict=True):
        highest += before is None
        theme_id = before.id if before else f"t{highest}"
        followed.append(Followed(theme_id, status(size, papers, before), before))
    return followed, absent(previous, {theme.id for theme in followed}, period=period, papers=papers, highest=highest)


def matched(centroids: Array, previous: Sequence[TrackedTheme]) -> list[TrackedTheme | None]:
    """
    The tracked theme that each theme continues, if any: greedy matching, the most similar pair first, one pair each.

    Args:
        centroids: A unit row for each theme. Those of another length, of another embedder, match nothing.
        previous: The tracked themes of the period before.
    """
    found: list[TrackedTheme | None] = [None] * len(centroids)
    known = [theme for theme in previous if centroids.ndim == 2 and len(theme.centroid) == centroids.shape[1]]
    if not known:
        return found
    cosines = np.round(centroids @ np.array([theme.centroid for theme in known]).T, 4)
    pairs = sorted(
        zip(*np.nonzero(cosines >= ALIKE), strict=True), key=lambda at: (-cosines[at], known[at[1]].number, at[0])
    )
    used: set[int] = set()
    for theme, old in pairs:
        if found[theme] is None and old not in used:
            found[theme] = known[old]
            used.add(old)
    return found


def status(size: int, papers: int, before: TrackedTheme | None) -> ThemeStatus:
    """
    Test if a theme of `size` among `papers` grows or fades against the period before (a conditional test of two Poisson
    rates).

    Its share must change by a quarter at least, and by more than chance explains. If the share were the same, the
    theme's papers would fall into the two periods in proportion to the sizes of the periods; the change counts where
    the number in this one lies more than two standard deviations from that. From 10 of 1,000 to 14 of 1,000 is chance,
    from 100 to 140 is growth.

    Source: Przyborowski and Wilenski, "Homogeneity of results in testing samples from Poisson series", 1940.
    """
    if before is None:
        return "new"
    whole, part = size + before.size, papers / (papers + before.papers)
    beyond = (size - whole * part) / max(1e-12, sqrt(whole * part * (1 - part)))
    share, share_before = size / papers, before.size / before.papers
    if beyond > SURE and share >= CHANGE * share_before:
        return "growing"
    if beyond < -SURE and share_before >= CHANGE * share:
        return "fading"
    return "steady"


def absent(
    previous: Sequence[TrackedTheme], found: Collection[str], *, period: str, papers: int, highest: int
) -> list[TrackedTheme]:
    """
    The tracked themes that were not found in this period and are kept.

    Args:
        previous: The tracked themes of the period before.
        found: The ids of those that this period has.
        period: The name of this period.
        papers: How many papers it has.
        highest: The highest number of all ids; its theme is always kept, so that no id is given twice.
    """
    missing = [
        replace(theme, size=0, papers=papers, history=(*theme.history, (period, 0))[-HISTORY:])
        for theme in previous
        if theme.id not in found
    ]
    return [theme for theme in missing if theme.number == highest or any(size for _, size in theme.history[-ABSENT:])]
