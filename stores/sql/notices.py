"""Notices of retractions in the catalog's database: which source says of which id that it was withdrawn."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from rag.types import Notice
from stores.sql.changes import move_change_counter
from stores.sql.rows import slices
from stores.sql.schema import insert_missing, reading, writing
from stores.sql.tables import notices


class SQLNotices:
    """
    Notices beside the papers.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def keep(self, found: Iterable[Notice], *, seen: str) -> None:
        """Store notices; the first one of an id stays."""
        rows = [{"alias": each.of, "source": each.source, "notice": each.notice, "seen": seen} for each in found]
        with writing(self._engine) as connection:
            if insert_missing(connection, notices, rows):
                move_change_counter(connection)  # a paper is shown with its notice

    def find(self, aliases: Sequence[str]) -> dict[str, Notice]:
        """The notices of these ids; none in a catalog of an earlier version."""
        found: dict[str, Notice] = {}
        with reading(self._engine) as connection:
            if not sa.inspect(connection).has_table(notices.name):
                return found
            for part in slices(list(aliases)):
                for row in connection.execute(sa.select(notices).where(notices.c.alias.in_(part))):
                    found[row.alias] = Notice(of=row.alias, source=row.source, notice=row.notice)
        return found
