"""
The periods of a subscription that are due: they have ended and have no issue.

A clock that jumps must neither make hundreds of issues nor silence those to come: of many missed periods the newest
few are due, and an issue of a time to come, which a wrong clock left, does not count as the last.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from rag.digests.period import before, containing, following, last_whole, span
from rag.types import Period, Subscription, zone

MOST = 5
"""The most periods that are caught up without being asked for."""
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """
    What is due.

    Args:
        periods: Those whose issues are to be made, the oldest first.
        left_out: Older ones that were missed and are too many to be made without being asked for.
        ahead: The name of a stored issue whose period has not ended, so that the clock was wrong when it was made.
    """

    periods: tuple[Period, ...]
    left_out: tuple[Period, ...] = ()
    ahead: str | None = None


def due(subscription: Subscription, made: Sequence[Period], now: datetime) -> Due:
    """
    The periods that have ended since the last that has an issue; at first the last whole one.

    If `every` was changed since, the first of them is the rest of its week or month.

    Args:
        subscription: Its kind of period, its timezone and how missed periods are caught up.
        made: The periods of its issues.
        now: The time.
    """
    timezone = subscription.timezone
    newest = last_whole(now, subscription.every, timezone)
    today = now.astimezone(zone(timezone)).date()
    ahead = max((period for period in made if period.end > today + _DAY), key=lambda period: period.end, default=None)
    end = max((period.end for period in made if period.end <= max(newest.end, today)), default=None)
    ahead_name = ahead.name if ahead else None
    if end is None:
        return Due(periods=(newest,), ahead=ahead_name)
    missed: list[Period] = []
    at = containing(end, subscription.every, timezone)
    while at.end <= newest.end:
        missed.append(at if at.first >= end else span(end, at.end - _DAY, timezone))
        at = following(at)
    missed = [period for period in missed if not _overlaps(period, made)]
    if subscription.catch_up == "merge" and missed:
        return Due(periods=(span(missed[0].first, missed[-1].end - _DAY, timezone),), ahead=ahead_name)
    if subscription.catch_up == "skip":
        return Due(periods=tuple(missed[-1:]), ahead=ahead_name)
    return Due(periods=tuple(missed[-MOST:]), left_out=tuple(missed[:-MOST]), ahead=ahead_name)


def caught_up(
    subscription: Subscription, made: Sequence[Period], now: datetime, *, count: int, since: date
) -> tuple[Period, ...]:
    """
    The newest `count` periods that have ended and have no issue, the oldest first; none that ends before `since`.
    """
    newest = last_whole(now, subscription.every, subscription.timezone)
    found: list[Period] = []
    for period in (newest, *_until(newest, since)):
        if len(found) == count:
            break
        if not _overlaps(period, made):
            found.append(period)
    return tuple(reversed(found))


def _until(newest: Period, since: date) -> Sequence[Period]:
    """The periods before, the latest first, as far as they end after a day."""
    found = []
    for period in before(newest):
        if period.end <= since:
            break
        found.append(period)
    return found


def _overlaps(period: Period, made: Sequence[Period]) -> bool:
    return any(period.first < other.end and other.first < period.end for other in made)
