"""Issues and ratings in the catalog: what is kept comes back, an issue and its deliveries are kept together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
import sqlalchemy as sa

from rag.digests.period import span
from rag.errors import StoreError
from rag.ports import Delivery
from stores.sql import schema
from stores.sql.catalog import SQLCatalog
from stores.sql.issues import IssueRecord, SQLIssues
from stores.sql.outbox import SQLOutbox
from stores.sql.ratings import SQLRatings

AT = "2026-07-06T06:00:00+00:00"
ISSUE = IssueRecord(
    subscription="default", period="2026-W27", first="2026-06-29", end="2026-07-06", created=AT,
    document={"headline": ["Grokking is “late” & sudden"]}, forms={"subject": "An issue"},
    considered={"arxiv:2606.00001": "ab12"},
)  # fmt: skip
DELIVERY = Delivery(
    subscription="default", period="2026-W27", channel="email", target="ada@example.com", state="planned", attempts=0,
    planned=AT, changed=AT, due=AT,
)  # fmt: skip


pytestmark = pytest.mark.catalogs("sqlite", "postgres")


@pytest.fixture
def engine(catalog_url: str) -> Iterator[sa.Engine]:
    catalog = SQLCatalog(catalog_url)
    catalog.migrate()
    catalog.close()
    made = schema.engine(catalog_url)
    yield made
    made.dispose()


def test_an_issue_comes_back_and_another_of_its_period_takes_its_place(engine: sa.Engine) -> None:
    issues = SQLIssues(engine)
    assert issues.find("default", "2026-W27") is None
    issues.keep(ISSUE)
    assert issues.find("default", "2026-W27") == ISSUE
    again = replace(ISSUE, created="2026-07-07T06:00:00+00:00", document={})
    issues.keep(again)
    assert issues.find("default", "2026-W27") == again
    assert issues.find("other", "2026-W27") is None


def test_issues_come_in_the_order_of_their_periods(engine: sa.Engine) -> None:
    issues = SQLIssues(engine)
    weeks = [
        replace(ISSUE, period=f"2026-W{27 + week}", first=f"2026-07-{6 + week:02}", end=f"2026-07-{13 + week:02}")
        for week in range(3)
    ]
    for each in (weeks[2], replace(weeks[0], subscription="other", considered={}), weeks[0], weeks[1]):
        issues.keep(each)
    assert issues.all("default", limit=10) == weeks
    assert issues.all("default", limit=2) == weeks[1:]
    third = span(date(2026, 7, 8), date(2026, 7, 14))
    assert issues.earlier("default", third, since=date(2026, 1, 1)) == weeks[:2]
    assert issues.earlier("default", third, since=date(2026, 7, 13)) == weeks[1:2]
    within_it = span(date(2026, 7, 8), date(2026, 7, 9))
    assert issues.earlier("default", within_it, since=date(2026, 1, 1)) == weeks
    assert [period.name for period in issues.periods("default")] == [week.period for week in weeks]
    assert issues.last("default") == weeks[2]
    assert issues.last("nobody") is None


def test_an_issue_and_its_deliveries_are_kept_together_or_not_at_all(engine: sa.Engine) -> None:
    issues, outbox = SQLIssues(engine), SQLOutbox(engine)
    broken = replace(DELIVERY, target="bob@example.com", detail=None)  # type: ignore[arg-type]
    with pytest.raises(StoreError):
        issues.keep(ISSUE, [DELIVERY, broken])
    assert (issues.all("default", limit=9), outbox.unsent()) == ([], [])
    issues.keep(ISSUE, [DELIVERY])
    assert outbox.unsent() == [DELIVERY]


def test_an_issue_that_is_made_again_is_not_delivered_again(engine: sa.Engine) -> None:
    issues, outbox = SQLIssues(engine), SQLOutbox(engine)
    issues.keep(ISSUE, [DELIVERY])
    sent = replace(DELIVERY, state="sent", attempts=1, due=None)
    assert outbox.change(DELIVERY, sent)
    issues.keep(ISSUE, [DELIVERY])
    assert outbox.unsent() == []
    assert outbox.find(DELIVERY.id) == sent


def test_a_rating_is_changed_and_taken_back(engine: sa.Engine) -> None:
    ratings = SQLRatings(engine)
    ratings.rate("arxiv:2606.00002", 1, now=AT)
    ratings.rate("arxiv:2606.00001", 1, now=AT)
    ratings.rate("arxiv:2606.00001", -1, now=AT)
    assert list(ratings.all().items()) == [("arxiv:2606.00001", -1), ("arxiv:2606.00002", 1)]
    ratings.rate("arxiv:2606.00001", 0, now=AT)
    ratings.rate("arxiv:2606.00009", 0, now=AT)
    assert ratings.all() == {"arxiv:2606.00002": 1}
