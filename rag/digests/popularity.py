"""Ranking by popularity signals, damped by age; interests play no part in it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from rag.digests.ranking import Ranked, best_first
from rag.types import Paper

GRAVITY = 1.8
"""The power by which age damps popularity."""


def trending(papers: Sequence[Paper], *, on: date) -> list[Ranked]:
    """
    Rank papers by their popularity signals, damped by age; those without any come last, by id.

    A paper's heat is count / (days + 2) ^ 1.8, its score heat / (1 + heat). Days are counted from the paper's own day
    to `on`; a paper whose day is unknown is as old as the oldest that has one.

    Args:
        papers: Those to rank.
        on: The day for which they are ranked.

    Source: the ranking of Hacker News, (points − 1) / (hours + 2) ^ 1.8 (Graham, news.arc), here in days
    because papers are listed by the day.
    """
    ages = {paper.paper_id: (on - day).days for paper in papers if (day := _day(paper.day))}
    oldest = max(ages.values(), default=0)
    ranked = []
    for paper in papers:
        count, age = popularity(paper), max(0, ages.get(paper.paper_id, oldest))
        heat = max(0, count) / (age + 2) ** GRAVITY
        why = "no popularity signals yet"
        if count > 0:
            why = f"popularity {count:,} at {age} {'day' if age == 1 else 'days'}"
        ranked.append(Ranked(paper_id=paper.paper_id, score=round(heat / (1 + heat), 6), why=why))
    return best_first(ranked)


def popularity(paper: Paper) -> int:
    """The upvotes of a paper; without upvotes the stars of its code, which are many more."""
    counts = {signal.name: signal.count for signal in paper.attention}
    return counts.get("upvotes", counts.get("stars", 0))


def _day(written: str) -> date | None:
    """The first day of `2026`, `2026-06` or `2026-06-17`; None for other text."""
    try:
        return date.fromisoformat((written + "-01-01")[:10] if len(written) < 10 else written[:10])
    except ValueError:
        return None
