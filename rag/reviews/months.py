"""The share of a topic in the papers of each month, or of each year where the papers span many months."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from rag.types import Month, Paper

MOST = 24
"""Months that a chart has at most; of more it shows years, the last of them."""
FEWEST = 3
"""Papers of the topic that need a date; below it a chart would say nothing."""


def months(papers: Iterable[Paper], library: Mapping[str, int]) -> tuple[Month, ...]:
    """
    Count the papers of a topic beside those of the library.

    Args:
        papers: Those that treat the topic.
        library: The number of papers of each month, `2026-03`; a date that is only a year is `2026`.

    Returns:
        All months from the first to the last of the library, the earliest first. Where they are more than `MOST`, or
        most dates are years, years instead. Empty if too few papers of the topic have a date.
    """
    dates = [date for paper in papers if (date := paper.listed or paper.published)]
    if len(dates) < FEWEST:
        return ()
    by_month = {name: count for name, count in library.items() if len(name) == len("2026-03")}
    names = _between(by_month)
    exact = sum(by_month.values()) >= sum(library.values()) / 2
    if exact and 0 < len(names) <= MOST:
        topic = Counter(date[:7] for date in dates)
        return tuple(Month(name=name, papers=topic[name], listed=by_month.get(name, 0)) for name in names)
    years: Counter[str] = Counter()
    for name, count in library.items():
        years[name[:4]] += count
    topic = Counter(date[:4] for date in dates)
    span = range(int(min(years)), int(max(years)) + 1) if years else range(0)
    return tuple(Month(name=str(year), papers=topic[str(year)], listed=years[str(year)]) for year in span)[-MOST:]


def _between(names: Mapping[str, int]) -> Sequence[str]:
    """Every month from the first to the last of these, also those without a paper."""
    if not names:
        return ()
    first, last = (int(name[:4]) * 12 + int(name[5:7]) - 1 for name in (min(names), max(names)))
    return [f"{at // 12:04}-{at % 12 + 1:02}" for at in range(first, last + 1)]
