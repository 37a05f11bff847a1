"""Issues of digests as they were made for delivery, in the catalog's database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import NamedTuple

import sqlalchemy as sa

from rag.ports import Delivery
from rag.types import JsonDict, Period
from stores.sql.documents import cites, holding
from stores.sql.outbox import plan
from stores.sql.schema import reading, upsert, writing
from stores.sql.tables import issues


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRecord:
    """
    An issue that was made for delivery.

    `first` and `end` are days, ISO, the second the day after the last; `document` is what `digest --json` prints;
    `forms` has what is delivered, the `subject` and the text of each format; `considered` has the text's hash of every
    paper that was listed.
    """

    subscription: str
    period: str
    first: str
    end: str
    created: str
    document: JsonDict
    forms: Mapping[str, str]
    considered: Mapping[str, str]


class StoredIssue(NamedTuple):
    """An issue that was made for delivery: its subscription and period, when it was made, and its subject."""

    subscription: str
    period: str
    created: str
    subject: str


_LISTED = (issues.c.subscription, issues.c.period, issues.c.created, issues.c.forms["subject"].as_string())


class SQLIssues:
    """
    Issues beside the papers.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def find(self, subscription: str, period: str) -> IssueRecord | None:
        """The issue of a period."""
        return next(iter(self._where(issues.c.subscription == subscription, issues.c.period == period)), None)

    def earlier(self, subscription: str, period: Period, *, since: date) -> list[IssueRecord]:
        """
        The issues that begin before a period, or with it and end later, and that end after a day; the oldest first.
        """
        first, end = period.first.isoformat(), period.end.isoformat()
        begun = sa.or_(issues.c.first < first, sa.and_(issues.c.first == first, issues.c.end > end))
        return self._where(issues.c.subscription == subscription, begun, issues.c.end > since.isoformat())

    def periods(self, subscription: str) -> list[Period]:
        """The periods of its issues, in UTC, the oldest first."""
        query = sa.select(issues.c.period, issues.c.first, issues.c.end).where(issues.c.subscription == subscription)
        with reading(self._engine) as connection:
            rows = list(connection.execute(query.order_by(issues.c.end, issues.c.first)))
        return [Period(name=name, first=date.fromisoformat(a), end=date.fromisoformat(b)) for name, a, b in rows]

    def last(self, subscription: str) -> IssueRecord | None:
        """The issue that ends last."""
        return next(iter(self._where(issues.c.subscription == subscription, limit=1)), None)

    def all(self, subscription: str, *, limit: int) -> list[IssueRecord]:
        """The last issues, the oldest first."""
        return self._where(issues.c.subscription == subscription, limit=limit)

    def listed(self) -> list[StoredIssue]:
        """All issues without their texts, the newest first."""
        query = sa.select(*_LISTED).order_by(issues.c.end.desc(), issues.c.first.desc(), issues.c.subscription)
        with reading(self._engine) as connection:
            return [StoredIssue(*row) for row in connection.execute(query)]

    def citing(self, paper_ids: Sequence[str]) -> list[StoredIssue]:
        """The issues that have one of these papers among their sources, without their texts, the newest first."""
        columns = (*_LISTED, issues.c.document["sources"])
        query = sa.select(*columns).where(holding(issues.c.document, paper_ids))
        with reading(self._engine) as connection:
            rows = connection.execute(query.order_by(issues.c.end.desc(), issues.c.first.desc(), issues.c.subscription))
            return [StoredIssue(*row) for *row, sources in rows if cites(sources, paper_ids)]

    def _where(self, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[IssueRecord]:
        newest = sa.select(issues).where(*conditions).order_by(issues.c.end.desc(), issues.c.first.desc()).limit(limit)
        with reading(self._engine) as connection:
            return [IssueRecord(**row._mapping) for row in connection.execute(newest)][::-1]

    def keep(self, record: IssueRecord, deliveries: Sequence[Delivery] = ()) -> None:
        """Store an issue and plan its deliveries, in one transaction. It replaces an older issue of its period."""
        with writing(self._engine) as connection:
            upsert(connection, issues, [asdict(record)])
            plan(connection, deliveries)
