"""
Themes of a period: clusters of papers with names, keywords, ids, and their trend since the period before.

Papers are clustered in `rag.digests.clusters`; trends are tested in `rag.digests.trends`; ids and names are kept over
periods in `rag.digests.tracking`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from rag.digests.clusters import FEWEST, Candidates, PeriodText, choose
from rag.digests.keyphrases import NOT
from rag.digests.tracking import HISTORY, TrackedPeriod, TrackedTheme, absent, follow
from rag.digests.trends import Assigned, Comparison, assigned
from rag.ports import Matrix
from rag.types import Paper, Theme, ThemeStatus

KEYWORDS = 6
KEYWORD_SHARE = 0.1
"""The share of a theme's papers that must hold a keyword."""


@dataclass(frozen=True)
class PaperSet:
    """The papers of a period, and a unit row for each, shape (len(papers), dimension)."""

    name: str
    papers: Sequence[Paper]
    vectors: Matrix

    @cached_property
    def text(self) -> PeriodText:
        """The papers as phrases and features, read once."""
        return PeriodText(self.papers, self.vectors)


def track(
    periods: Sequence[PaperSet], tracked: Sequence[TrackedTheme] | None
) -> tuple[tuple[Theme, ...], tuple[TrackedPeriod, ...]]:
    """
    The themes of the last of successive periods, and the tracked themes of each that had none.

    Args:
        periods: The oldest first.
        tracked: The tracked themes of the first period, if they are known; the last period has none yet.
    """
    found: tuple[Theme, ...] = ()
    tracked_periods = []
    before: PaperSet | None = None
    for at, period in enumerate(periods):
        if at or tracked is None or len(periods) == 1:
            found, tracked = themes(period, previous=tracked, before=before)
            ids = tuple(paper.paper_id for paper in period.papers)
            tracked_periods.append(TrackedPeriod(period=period.name, paper_ids=ids, themes=tracked))
        before = period
    return found, tuple(tracked_periods)


def themes(
    period: PaperSet, *, previous: Sequence[TrackedTheme] | None = None, before: PaperSet | None = None
) -> tuple[tuple[Theme, ...], tuple[TrackedTheme, ...]]:
    """
    The themes of a period, the largest first, and the tracked themes for the next one.

    Args:
        period: Its papers.
        previous: The tracked themes of the period before; None if there was none. A theme that continues one keeps its
            id, and its name if its phrase is the same; new ones get numbers that none had.
        before: The papers of the period before, among which the themes of this one are counted too. Without them, or
            with fewer than `FEWEST`, there are no trends.
    """
    text = period.text
    candidates, known = text.candidates, previous or ()
    clusters = choose(text, preferred={theme.key for theme in known if theme.size})
    now = assigned(text, candidates.mentions, clusters)
    sizes = now.sizes
    earlier = _Earlier.none(len(sizes))
    if before and sizes and len(before.papers) >= FEWEST:
        compared = Comparison(text, before.text.beside(text))
        then = compared.before(clusters).sizes
        earlier = _Earlier(before.name, len(before.papers), then, compared.statuses(clusters))
    phrases = [candidates.phrases[column] for column in clusters.columns]
    followed = follow([phrase.key for phrase in phrases], clusters.centroids, known)
    highest = max((theme.number for theme in known), default=0)
    found, tracked = list[Theme](), list[TrackedTheme]()
    order = sorted(range(len(sizes)), key=lambda at: (-sizes[at], phrases[at].key))
    for at in (at for at in order if sizes[at]):
        old, phrase = followed[at], phrases[at]
        highest += old is None
        name = old.name if old and old.key == phrase.key else capitalized(phrase.text)
        history = [*(old.history if old else ()), *earlier.entry(at)]
        sizes_by_period = {**dict(history), period.name: sizes[at]}
        theme = Theme(
            id=old.id if old else f"t{highest}",
            name=name,
            keywords=_keywords(candidates, now, at, clusters.columns[at]),
            size=sizes[at],
            previous_size=earlier.sizes[at] or None,
            status=earlier.statuses[at] if earlier.name else "steady" if old else "new",
            paper_ids=_typical(text, clusters.centroids[at], now, at),
            history=tuple((name, size) for name, size in sizes_by_period.items() if size)[-HISTORY:],
            share=sizes[at] / len(period.papers),
            previous_share=earlier.sizes[at] / earlier.papers if earlier.sizes[at] else None,
            formerly=old.name if old and old.name.casefold() != name.casefold() else None,
        )
        found.append(theme)
        tracked.append(
            TrackedTheme(
                id=theme.id,
                name=name,
                key=phrase.key,
                keywords=theme.keywords,
                size=theme.size,
                papers=len(period.papers),
                centroid=tuple(np.round(clusters.centroids[at], 4).tolist()),
                history=theme.history,
            )
        )
    missing = absent(
        known, {theme.id for theme in found}, period=period.name, papers=len(period.papers), highest=highest
    )
    return tuple(found), (*tracked, *missing)


@dataclass(frozen=True, slots=True)
class _Earlier:
    """The period before: its name, how many papers it has, each cluster's size in it, and what became of it since."""

    name: str | None
    papers: int
    sizes: Sequence[int]
    statuses: Sequence[ThemeStatus]

    @classmethod
    def none(cls, count: int) -> _Earlier:
        """No period to compare with, for so many clusters."""
        return cls(None, 0, [0] * count, ["new"] * count)

    def entry(self, at: int) -> list[tuple[str, int]]:
        """The entry of a cluster's history."""
        return [(self.name, self.sizes[at])] if self.name else []


def _typical(text: PeriodText, centroid: np.ndarray, now: Assigned, at: int) -> tuple[str, ...]:
    """The ids of a cluster's papers, the nearest to its centroid first."""
    rows = np.flatnonzero(now.of_paper == at)
    cosines = np.round(text.features[rows] @ centroid, 6)
    return tuple(text.papers[row].paper_id for row in rows[np.argsort(-cosines, kind="stable")].tolist())


def _keywords(candidates: Candidates, now: Assigned, at: int, column: int) -> tuple[str, ...]:
    """
    The phrase of a cluster, then those that distinguish its papers, by class-based TF-IDF with papers in place of
    counts (Grootendorst, "BERTopic", 2022).
    """
    members = now.of_paper == at
    holds = candidates.mentions > NOT
    inside, total = holds[members].sum(axis=0), holds.sum(axis=0)
    share = inside / max(1, members.sum())
    elsewhere = (total - inside + 1) / (len(members) - members.sum() + 2)
    scores = np.round(share * np.log(np.maximum(share, elsewhere) / elsewhere), 9)
    scores[(share < KEYWORD_SHARE) | (inside < 2)] = 0
    scores[column] = np.inf
    best = np.argsort(-scores, kind="stable")[:KEYWORDS]
    return tuple(candidates.phrases[each].text for each in best.tolist() if scores[each] > 0)


def capitalized(text: str) -> str:
    """
    Text with a capital first, unless its first word is written in a way of its own.

    >>> capitalized("text-to-image generation"), capitalized("mRNA vaccines")
    ('Text-to-image generation', 'mRNA vaccines')
    """
    return text[0].upper() + text[1:] if text.split()[0].islower() else text
