"""Feeds in the catalog's database: how far each was pulled (its watermark), and how its pulls went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

import sqlalchemy as sa

from stores.sql.schema import reading, upsert, writing
from stores.sql.tables import feeds


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One pull: its day, ISO, how many papers were new or changed, and whether it failed."""

    day: str
    new: int
    failed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRecord:
    """A feed's state: `watermark` is the day of its last complete pull, `state` what its provider wants stored."""

    name: str
    watermark: str | None = None
    checked: str | None = None
    error: str | None = None
    state: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[Run, ...] = ()


class SQLFeeds:
    """
    Feeds beside the papers.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def find(self, name: str) -> FeedRecord | None:
        """The state of a feed; None if it was never pulled."""
        with reading(self._engine) as connection:
            row = connection.execute(sa.select(feeds).where(feeds.c.name == name)).one_or_none()
        if row is None:
            return None
        return FeedRecord(
            name=row.name,
            watermark=row.watermark,
            checked=row.checked,
            error=row.error,
            state=row.state,
            runs=tuple(Run(**run) for run in row.runs),
        )

    def keep(self, record: FeedRecord) -> None:
        """Store a feed's state. It replaces the one before."""
        values = {**asdict(record), "runs": [asdict(run) for run in record.runs], "state": dict(record.state)}
        with writing(self._engine) as connection:
            upsert(connection, feeds, [values])
