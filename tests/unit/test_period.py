"""Periods: names, neighbours, whole ones, and the day to which a paper belongs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.digests import period as periods
from rag.errors import BadFilter, ConfigError
from rag.types import Paper, Period, zone

DAYS = st.dates(date(1950, 1, 1), date(2900, 1, 1))
KINDS = st.sampled_from(["day", "week", "month"])


@given(DAYS, KINDS)
def test_a_period_holds_its_day_and_is_found_again_by_its_name(day: date, every: str) -> None:
    made = periods.containing(day, every)  # type: ignore[arg-type]
    assert made.first <= day < made.end
    assert periods.parse(made.name) == made
    assert periods.kind(made) == every


@given(DAYS, KINDS)
def test_neighbours_touch_and_lead_back(day: date, every: str) -> None:
    made = periods.containing(day, every)  # type: ignore[arg-type]
    assert periods.previous(made).end == made.first
    assert periods.following(made).first == made.end
    assert periods.following(periods.previous(made)) == made


@given(DAYS, st.integers(0, 400))
def test_a_span_is_found_again_by_its_name_and_has_neighbours_of_its_length(day: date, more: int) -> None:
    made = periods.span(day, day + timedelta(days=more))
    assert periods.parse(made.name) == made
    assert periods.previous(made).end == made.first
    if periods.kind(made) is None:
        before = periods.previous(made)
        assert before.end - before.first in (made.end - made.first, timedelta(days=7), timedelta(days=1)) or (
            periods.kind(before) == "month"
        )


@pytest.mark.parametrize("name", ["2025-W53", "2026-W54", "2026-W00", "2026-13", "2026-02-30", "soon", "", "0001-01"])
def test_what_is_no_period_is_told(name: str) -> None:
    with pytest.raises(BadFilter, match="is not a period"):
        periods.parse(name)


def test_a_span_that_ends_before_it_begins_is_told() -> None:
    with pytest.raises(BadFilter, match="before it begins"):
        periods.parse("2026-06-20--2026-06-01")


def test_since_and_until_take_months_and_years_whole() -> None:
    today = date(2026, 7, 3)
    assert periods.between("2026-06", "2026-06", today).name == "2026-06"
    assert periods.between("2026", None, today).name == "2026-01-01--2026-07-03"
    assert periods.between("2025", "2025", today).end == date(2026, 1, 1)
    with pytest.raises(BadFilter, match="first day"):
        periods.between(None, "2026-06", today)


def test_the_start_of_a_period_is_midnight_by_the_clock_of_its_timezone() -> None:
    summer = periods.parse("2026-W27", "Europe/Berlin").to_dict()
    assert (summer["start"], summer["end"]) == ("2026-06-29T00:00:00+02:00", "2026-07-06T00:00:00+02:00")
    assert periods.parse("2026-W27").to_dict()["start"] == "2026-06-29T00:00:00Z"


def test_a_week_is_over_by_the_clock_of_the_timezone() -> None:
    sunday_night = datetime(2026, 7, 5, 23, 30, tzinfo=UTC)
    assert periods.last_whole(sunday_night, "week", "UTC").name == "2026-W26"
    assert periods.last_whole(sunday_night, "week", "Europe/Berlin").name == "2026-W27"


def test_a_timezone_that_is_none_is_told() -> None:
    with pytest.raises(ConfigError, match="Mars/Olympus"):
        zone("Mars/Olympus")
    with pytest.raises(ConfigError):
        zone("../../etc/passwd")


def paper(**dates: str) -> Paper:
    return Paper(paper_id="title:0", title="A title", abstract="An abstract.", **dates)


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ({"listed": "2026-06-30", "published": "2026-06-17", "imported": "2026-07-02"}, "2026-06-30"),
        ({"published": "2026-06-17", "imported": "2026-07-02"}, "2026-06-17"),
        ({"imported": "2026-07-02"}, "2026-07-02"),
        ({"imported": "2026-07-02", "aliases": ("arxiv:1905.01234",)}, "2019-05-01"),
        ({"imported": "2026-07-02", "aliases": ("arxiv:2607.01234",)}, "2026-07-02"),
        ({"imported": "2026-07-02", "aliases": ("doi:10.1/x", "arxiv:hep-th/9901001")}, "1999-01-01"),
        ({"imported": "2026-07-02", "venue": "NeurIPS 2019"}, "2019-01-01"),
        ({"imported": "2026-07-02", "venue": "Proceedings of the 2026 Meeting"}, "2026-07-02"),
        ({"imported": "2026-07-02", "venue": "Nature 12345"}, "2026-07-02"),
        ({"published": "2026", "imported": "2026-07-02"}, "2026-07-02"),
        ({"published": "2026-07", "imported": "2026-07-02"}, "2026-07-02"),
        ({"published": "1998", "imported": "2026-07-02"}, "1998-01-01"),
        ({"published": "2026-06", "imported": "2026-07-02"}, "2026-06-01"),
    ],
)
def test_a_paper_belongs_to_the_day_it_was_listed_else_published_else_imported(dates: dict[str, str], day: str) -> None:
    assert periods.day_of(paper(**dates)) == date.fromisoformat(day)


def test_a_period_is_the_same_value_however_it_was_named() -> None:
    assert periods.parse("2026-06-29--2026-07-05") == periods.parse("2026W27") == periods.parse(" 2026-w27 ")
    assert isinstance(periods.parse("2026-W27"), Period)
