"""
Stored replies of models, and the tokens that each day used, in the catalog's database.

Every change is one statement, so that threads and processes that spend at the same time lose nothing.
"""

from __future__ import annotations

from dataclasses import asdict

import sqlalchemy as sa

from rag.ports import StoredReply
from stores.sql.schema import COUNTED, insert, reading, upsert, writing
from stores.sql.tables import generations, spending

LEAST_DIGITS = 6
"""An id may be abbreviated to this many digits."""


class SQLReplies:
    """
    Stored replies and token counts beside the papers.

    Args:
        engine: The catalog's engine.
        read_only: Keep no replies. Tokens are counted all the same: a budget holds for every reader.
    """

    def __init__(self, engine: sa.Engine, *, read_only: bool = False) -> None:
        self._engine, self._read_only = engine, read_only

    def find(self, reply_id: str) -> StoredReply | None:
        """The reply with an id, or with the only id that begins so."""
        exact = sa.select(generations).where(generations.c.id == reply_id)
        prefix = sa.select(generations).where(generations.c.id.startswith(reply_id, autoescape=True)).limit(2)
        with reading(self._engine) as connection:
            rows = connection.execute(exact).all()
            if not rows and len(reply_id) >= LEAST_DIGITS:
                rows = connection.execute(prefix).all()
        return StoredReply(**rows[0]._mapping) if len(rows) == 1 else None

    def keep(self, reply: StoredReply) -> None:
        """Store a reply; it replaces an older one with the same id."""
        if self._read_only:
            return
        with writing(self._engine) as connection:
            upsert(connection, generations, [asdict(reply)])

    def spend(self, day: str, tokens: int) -> None:
        """Add tokens to those of a day, ISO; a negative number gives back what was reserved and not used."""
        if tokens:
            self._add(day, tokens)

    def spent(self, day: str) -> int:
        """The tokens of a day, with those that are reserved."""
        with reading(self._engine) as connection:
            return connection.execute(sa.select(spending.c.tokens).where(spending.c.day == day)).scalar() or 0

    def reserve(self, day: str, tokens: int, *, limit: int) -> bool:
        """Add tokens to those of a day if the sum stays within the limit; False if it would not."""
        return tokens <= limit and self._add(day, tokens, limit=limit)

    def _add(self, day: str, tokens: int, *, limit: int | None = None) -> bool:
        with writing(self._engine) as connection:
            statement = added(day, tokens, limit=limit, dialect=connection.dialect)
            return connection.execute(statement, execution_options=COUNTED).rowcount == 1


def added(day: str, tokens: int, *, limit: int | None = None, dialect: sa.Dialect) -> sa.Insert:
    """One statement that adds tokens to those of a day; with a limit it changes no row that would exceed it."""
    total = spending.c.tokens + tokens
    within = None if limit is None else total <= limit
    statement = insert(dialect, spending).values(day=day, tokens=tokens)
    return statement.on_conflict_do_update(index_elements=[spending.c.day], set_={"tokens": total}, where=within)
