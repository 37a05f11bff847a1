"""
Topic tracking: match the themes of a period to those of the period before, by phrase and then by centroid.

A tracked theme that is not found in a period is kept for some more, so that it has its id and name when it comes back.
Trends are tested in `rag.digests.trends`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from rag.types import JsonDict

Array = NDArray[np.float64]

ALIKE, WITHIN = 0.85, 0.65
"""The least cosines of the centroids of a theme whose phrase changed: in general; and where one phrase has all words of
the other, as “vision-language models” and “large vision-language models”."""
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
        key: The stems of its phrase; none in those that older versions stored.
        size: How many papers of the period were in it; 0 if it was not found.
        papers: How many papers the period had.
        centroid: The unit vector from the mean of the period to the mean of the phrase's papers, to four places.
        history: Its sizes by period, oldest first.
    """

    id: str
    name: str
    key: tuple[str, ...] = ()
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
            "key": list(self.key),
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
            key=tuple(document.get("key", ())),
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


def follow(
    keys: Sequence[tuple[str, ...]], centroids: Array, previous: Sequence[TrackedTheme]
) -> list[TrackedTheme | None]:
    """
    The tracked theme that each theme continues, if any: the one of the same phrase, else the one with the most similar
    centroid, the most similar pair first (greedy matching, one pair each).

    Args:
        keys: The stems of each theme's phrase.
        centroids: A unit row for each theme. Those of another length, of another embedder, are like none.
        previous: The tracked themes of the period before.
    """
    by_key = {theme.key: theme for theme in previous if theme.key}
    found = [by_key.get(key) for key in keys]
    used = {theme.id for theme in found if theme}
    known = [theme for theme in previous if theme.id not in used and len(theme.centroid) == centroids.shape[1]]
    if not known or not keys:
        return found
    cosines = np.round(centroids @ np.array([theme.centroid for theme in known]).T, 4)
    wanted = np.array([[WITHIN if _nested(key, theme.key) else ALIKE for theme in known] for key in keys])
    pairs = sorted(
        zip(*np.nonzero(cosines >= wanted), strict=True), key=lambda at: (-cosines[at], known[at[1]].number, at[0])
    )
    for at, old in pairs:
        if found[at] is None and known[old].id not in used:
            found[at] = known[old]
            used.add(known[old].id)
    return found


def _nested(one: Collection[str], other: Collection[str]) -> bool:
    return bool(one and other) and (set(one) <= set(other) or set(one) >= set(other))


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
