"""
Which themes go on from the period before, and how they do: matched by their middles, counted against the two periods.

A theme that is not found in a period is remembered for some more, so that it keeps its id and name when it comes back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from rag.types import JsonDict, ThemeStatus

Array = NDArray[np.float64]

ALIKE = 0.7
"""The least cosine of the middles of a theme in two periods; chosen in docs/evaluation.md, “Themes”."""
SURE = 2.0
"""Standard deviations beyond which a change is more than chance."""
CHANGE = 1.25
"""The least ratio of shares that is worth a word."""
HISTORY = 8
"""Periods of which sizes are kept."""
ABSENT = 4
"""Periods for which a theme is remembered that is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackedTheme:
    """
    What is kept of a theme for the next period.

    `size` of the `papers` of the period were in it: 0 where it was not found. `centroid` is the unit vector from the
    middle of the period to the middle of the theme, to four places. `history` has its sizes, oldest first.
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


def matched(centroids: Array, previous: Sequence[TrackedTheme]) -> list[TrackedTheme | None]:
    """
    For each theme the one of before that it goes on from, if any: the most alike pair first, each in one pair at most.

    Args:
        centroids: A unit row a theme. Centroids of another length, of another embedder, match nothing.
    """
    found: list[TrackedTheme | None] = [None] * len(centroids)
    known = [each for each in previous if centroids.ndim == 2 and len(each.centroid) == centroids.shape[1]]
    if not known:
        return found
    cosines = np.round(centroids @ np.array([each.centroid for each in known]).T, 4)
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
    How a theme of `size` among `papers` does against the period before.

    It grows or fades when its share changed by a quarter at least, and by more than chance explains: if the share were
    the same, its papers would fall into the two periods in proportion to their sizes, and their number in this one lies
    more than two standard deviations from that. From 10 of 1,000 to 14 of 1,000 is chance, from 100 to 140 is growth.

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
    previous: Sequence[TrackedTheme], kept: Sequence[TrackedTheme], *, period: str, papers: int
) -> list[TrackedTheme]:
    """The themes of before that are not there now and are still remembered; the highest number is never forgotten."""
    here = {each.id for each in kept}
    highest = max((each.number for each in [*previous, *kept]), default=0)
    gone = [
        TrackedTheme(
            id=each.id,
            name=each.name,
            keywords=each.keywords,
            size=0,
            papers=papers,
            centroid=each.centroid,
            history=(*each.history, (period, 0))[-HISTORY:],
        )
        for each in previous
        if each.id not in here
    ]
    return [each for each in gone if each.number == highest or any(size for _, size in each.history[-ABSENT:])]
