"""Replies of models in the catalog's database, and the tokens that each day used."""

from __future__ import annotations

from dataclasses import asdict

import sqlalchemy as sa

from rag.ports import StoredReply
from stores.sql.schema import generations, spending, translated


class SQLReplies:
    """
    Generations beside the papers.

    Args:
        engine: The catalog's engine.
        read_only: Whether to keep nothing.
    """

    def __init__(self, engine: sa.Engine, *, read_only: bool = False) -> None:
        self._engine, self._read_only = engine, read_only

    def find(self, generation_id: str) -> StoredReply | None:
        """The one of an id, or of the beginning of one, six digits or more, that is unambiguous."""
        query = sa.select(generations).where(generations.c.id == generation_id)
        like = sa.select(generations).where(generations.c.id.startswith(generation_id, autoescape=True)).limit(2)
        with translated(self._engine.url), self._engine.connect() as connection:
            rows = list(connection.execute(query)) or (
                list(connection.execute(like)) if len(generation_id) >= 6 else []
            )
        return StoredReply(**rows[0]._mapping) if len(rows) == 1 else None

    def keep(self, generation: StoredReply) -> None:
        """Keep one, in the place of an older one of its id."""
        if self._read_only:
            return
        with translated(self._engine.url), self._engine.begin() as connection:
            connection.execute(sa.delete(generations).where(generations.c.id == generation.id))
            connection.execute(sa.insert(generations), [asdict(generation)])

    def spend(self, day: str, tokens: int) -> None:
        """Note tokens used on a day, ISO."""
        if self._read_only or not tokens:
            return
        more = sa.update(spending).where(spending.c.day == day).values(tokens=spending.c.tokens + tokens)
        with translated(self._engine.url), self._engine.begin() as connection:
            if not connection.execute(more).rowcount:
                connection.execute(sa.insert(spending), [{"day": day, "tokens": tokens}])

    def spent(self, day: str) -> int:
        """Tokens used on a day."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return connection.execute(sa.select(spending.c.tokens).where(spending.c.day == day)).scalar() or 0
