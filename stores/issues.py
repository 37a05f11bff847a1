"""Issues in the catalog's database as they were made, and the ratings that the next ones learn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import sqlalchemy as sa

from rag.ports import Delivery
from rag.types import JsonDict
from stores.outbox import plan
from stores.schema import issues, ratings, translated


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueHead:
    """Which issue it is: `first` and `end` are its first day and the day after its last, `created` when it was made."""

    subscription: str
    period: str
    first: str
    end: str
    created: str


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueRecord(IssueHead):
    """An issue: its `document` as `digest --json` prints it, and by id the text's hash of all papers `considered`."""

    document: JsonDict
    considered: Mapping[str, str]


_HEAD = [issues.c[name] for name in IssueHead.__dataclass_fields__]


class SQLIssues:
    """
    Issues beside the papers.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def find(self, subscription: str, period: str) -> IssueRecord | None:
        """The issue of a subscription and a period."""
        query = sa.select(issues).where(issues.c.subscription == subscription, issues.c.period == period)
        with translated(self._engine.url), self._engine.connect() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else IssueRecord(**row._mapping)

    def heads(self, subscription: str | None = None) -> list[IssueHead]:
        """All issues, or those of a subscription, without what is in them; the earliest period first."""
        query = sa.select(*_HEAD).order_by(issues.c.first, issues.c.end, issues.c.subscription)
        if subscription is not None:
            query = query.where(issues.c.subscription == subscription)
        with translated(self._engine.url), self._engine.connect() as connection:
            return [IssueHead(**row._mapping) for row in connection.execute(query)]

    def considered(self, subscription: str) -> dict[str, Mapping[str, str]]:
        """By period, the papers that each issue of a subscription considered, with the hashes of their texts."""
        query = sa.select(issues.c.period, issues.c.considered).where(issues.c.subscription == subscription)
        with translated(self._engine.url), self._engine.connect() as connection:
            return {row.period: row.considered for row in connection.execute(query.order_by(issues.c.first))}

    def keep(self, record: IssueRecord, deliveries: Sequence[Delivery] = ()) -> None:
        """Keep an issue, in the place of an older one of its period, and plan its deliveries, in one transaction."""
        same = (issues.c.subscription == record.subscription, issues.c.period == record.period)
        values = {**asdict(record), "considered": dict(record.considered)}
        with translated(self._engine.url), self._engine.begin() as connection:
            connection.execute(sa.delete(issues).where(*same))
            connection.execute(sa.insert(issues), [values])
            plan(connection, deliveries)


class SQLRatings:
    """
    What a person likes and dislikes: 1 and -1 by paper.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def all(self) -> dict[str, int]:
        """The ratings by paper id."""
        query = sa.select(ratings.c.paper_id, ratings.c.rating).order_by(ratings.c.paper_id)
        with translated(self._engine.url), self._engine.connect() as connection:
            return {row.paper_id: row.rating for row in connection.execute(query)}

    def rate(self, paper_id: str, rating: Literal[1, -1] | None, *, at: str) -> None:
        """Keep a rating, in the place of an older one; None takes it back."""
        with translated(self._engine.url), self._engine.begin() as connection:
            connection.execute(sa.delete(ratings).where(ratings.c.paper_id == paper_id))
            if rating is not None:
                connection.execute(sa.insert(ratings), [{"paper_id": paper_id, "rating": rating, "rated": at}])
