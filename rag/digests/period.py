"""
Periods of an issue: ISO weeks, days, months, and any other span of days, by name, by day and by neighbourhood.

It knows days only, no papers of a library.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import get_args

from rag.errors import BadFilter
from rag.types import Every, Paper, Period, zone

_WEEK = re.compile(r"(\d{4})-?W(\d{2})", re.IGNORECASE)
_MONTH = re.compile(r"(\d{4})-(\d{2})")
_SPAN = re.compile(r"(\d{4}-\d{2}-\d{2})(?:--|/)(\d{4}-\d{2}-\d{2})")
_ARXIV_ID = re.compile(
    r"arxiv:(?:[a-z.-]+/)?(?P<year>\d{2})(?P<month>0[1-9]|1[0-2])(?:\.\d{4,5}|\d{3})$", re.IGNORECASE
)
_YEAR = re.compile(r"\b(?:19|20)\d{2}\b")
_HINT = "Write 2026-W27 (a week), 2026-06 (a month), 2026-06-29 (a day) or 2026-06-01--2026-06-20 (first and last day)."


def parse(name: str, timezone: str = "UTC") -> Period:
    """
    The period of a name.

    Raises:
        BadFilter: It is not the name of a period, or the week or day does not exist.

    >>> parse("2026-W27").first, parse("2026-W27").end
    (datetime.date(2026, 6, 29), datetime.date(2026, 7, 6))
    """
    name = name.strip()
    try:
        if not "1900" <= name < "2999":
            raise ValueError(name)
        if found := _WEEK.fullmatch(name):
            return containing(date.fromisocalendar(int(found[1]), int(found[2]), 1), "week", timezone)
        if found := _MONTH.fullmatch(name):
            return containing(date(int(found[1]), int(found[2]), 1), "month", timezone)
        if found := _SPAN.fullmatch(name):
            return span(date.fromisoformat(found[1]), date.fromisoformat(found[2]), timezone)
        return containing(date.fromisoformat(name), "day", timezone)
    except (ValueError, OverflowError) as error:
        raise BadFilter(f"“{name[:60]}” is not a period.", hint=_HINT) from error


def containing(day: date, every: Every, timezone: str = "UTC") -> Period:
    """
    The week, month or day that a day is in.

    >>> containing(date(2026, 1, 1), "week").name
    '2026-W01'
    >>> containing(date(2027, 1, 1), "week").name
    '2026-W53'
    """
    if every == "week":
        year, week, weekday = day.isocalendar()
        first = day - timedelta(days=weekday - 1)
        return Period(name=f"{year}-W{week:02d}", first=first, end=first + timedelta(days=7), timezone=timezone)
    if every == "month":
        first = day.replace(day=1)
        end = (first + timedelta(days=31)).replace(day=1)
        return Period(name=f"{first:%Y-%m}", first=first, end=end, timezone=timezone)
    return Period(name=day.isoformat(), first=day, end=day + timedelta(days=1), timezone=timezone)


def span(first: date, last: date, timezone: str = "UTC") -> Period:
    """
    The period from a first to a last day, both included; a whole week, month or day has its own name.

    Raises:
        BadFilter: It ends before it begins.
    """
    if last < first:
        raise BadFilter(f"The period ends on {last}, before it begins on {first}.", hint="Exchange the two days.")
    end = last + timedelta(days=1)
    for every in get_args(Every):
        whole = containing(first, every, timezone)
        if (whole.first, whole.end) == (first, end):
            return whole
    return Period(name=f"{first}--{last}", first=first, end=end, timezone=timezone)


def between(since: str | None, until: str | None, today: date, timezone: str = "UTC") -> Period:
    """
    The period of a first and a last day, each of which may be a month or a year; without a last day up to today.

    Raises:
        BadFilter: There is no first day, one of them is not a date, or the period ends before it begins.
    """
    if not since:
        raise BadFilter("A period needs its first day.", hint="Add --since, such as --since 2026-06-01.")
    first = _whole(since).first
    last = _whole(until).end - timedelta(days=1) if until else today
    return span(first, last, timezone)


def _whole(given: str) -> Period:
    """The period of a name that may be a year too."""
    return span(date(int(given), 1, 1), date(int(given), 12, 31)) if re.fullmatch("[12]\\d{3}", given) else parse(given)


def previous(period: Period) -> Period:
    """
    The one before, of the same kind; before any other span one of the same length.

    >>> previous(parse("2026-01")).name, previous(parse("2026-W01")).name
    ('2025-12', '2025-W52')
    """
    last = period.first - timedelta(days=1)
    every = kind(period)
    if every:
        return containing(last, every, period.timezone)
    return span(period.first - (period.end - period.first), last, period.timezone)


def before(period: Period) -> Iterator[Period]:
    """The periods before, the latest first, as far back as there are dates."""
    with suppress(OverflowError, ValueError):
        while True:
            period = previous(period)
            yield period


def following(period: Period) -> Period:
    """The one after, of the same kind; after any other span one of the same length."""
    every = kind(period)
    if every:
        return containing(period.end, every, period.timezone)
    return span(period.end, period.end + (period.end - period.first) - timedelta(days=1), period.timezone)


def kind(period: Period) -> Every | None:
    """`week`, `month` or `day`; None for any other span."""
    return next((every for every in get_args(Every) if containing(period.first, every) == _at_utc(period)), None)


def _at_utc(period: Period) -> Period:
    return Period(name=period.name, first=period.first, end=period.end)


def last_whole(now: datetime, every: Every, timezone: str = "UTC") -> Period:
    """The last period that has ended at an instant, by the clock of the timezone."""
    return previous(containing(now.astimezone(zone(timezone)).date(), every, timezone))


def day_of(paper: Paper) -> date:
    """
    The day to whose issue a paper belongs: it was listed, else published, else imported.

    A paper without a date is no new one because it was imported today: the month of its arXiv id, or a year in the name
    of its venue, stands for its date.
    A date that is only a year or a month is taken to mean the day of import where that lies within it, for a journal
    that says “2026 Jul” has just come in; else its first day.
    """
    given = paper.listed or paper.published or _told(paper) or paper.imported or "1000"
    if len(given) < len("2026-07-01"):
        imported = paper.imported or ""
        given = imported if imported.startswith(given) else (given + "-01-01")[: len("2026-07-01")]
    return date.fromisoformat(given)


def _told(paper: Paper) -> str:
    """
    What a paper without a date tells of it: the month of its arXiv id, or the last year in its venue; else nothing.

    >>> _told(Paper(paper_id="arxiv:1905.01234", aliases=("arxiv:1905.01234",), title="", abstract=""))
    '2019-05'
    """
    for alias in paper.aliases:
        if found := _ARXIV_ID.match(alias):
            year = int(found["year"])
            return f"{year + (1900 if year >= 91 else 2000)}-{found['month']}"
    years = _YEAR.findall(paper.venue or "")
    return years[-1] if years else ""


def dating(paper: Paper) -> str:
    """The kind of date that `Paper.day` is: listed, published or imported."""
    return "listed" if paper.listed else "published" if paper.published else "imported"


def of_days(papers: Iterable[Paper], spans: Sequence[tuple[date, date]]) -> list[Paper]:
    """The papers whose day lies in one of the spans, each given as its first day and the day after its last."""
    return [paper for paper in papers if any(first <= day_of(paper) < end for first, end in spans)]
