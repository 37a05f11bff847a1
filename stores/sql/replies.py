"""
Stored replies of models, and the tokens that each day used, in the catalog's database.

Every change is one statement, so that threads and processes that spend at the same time lose nothing.
"""

from __future__ import annotations

from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from rag.ports import StoredReply
from stores.sql.schema import generations, spending, translated

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

    def find(self, generation_id: str) -> StoredReply | None:
        """The reply with an id, or with the only id that begins so."""
        exact = sa.select(generations).where(generations.c.id == generation_id)
        prefix = sa.select(generations).where(generations.c.id.startswith(generation_id, autoescape=True)).limit(2)
        with translated(self._engine.url), self._engine.connect() as connection:
            rows = connection.execute(exact).all()
            if not rows and len(generation_id) >= LEAST_DIGITS:
                rows = connection.execute(prefix).all()
        return StoredReply(**rows[0]._mapping) if len(rows) == 1 else None

    def keep(self, reply: StoredReply) -> None:
        """Store a reply; it replaces an older one with the same id."""
        if self._read_only:
            return
        row = asdict(reply)
        statement = _insert(generations, self._engine.dialect.name).values(row)
        self._write(statement.on_conflict_do_update(index_elements=[generations.c.id], set_=row))

    def spend(self, day: str, tokens: int) -> None:
        """Add tokens to those of a day, ISO; a negative number gives back what was reserved and not used."""
        if tokens:
            self._write(added(day, tokens, dialect=self._engine.dialect.name))

    def spent(self, day: str) -> int:
        """The tokens of a day, with those that are reserved."""
        with translated(self._engine.url), self._engine.connect() as connection:
            return connection.execute(sa.select(spending.c.tokens).where(spending.c.day == day)).scalar() or 0

    def reserve(self, day: str, tokens: int, *, limit: int) -> bool:
        """Add tokens to those of a day if the sum stays within the limit; False if it would not."""
        statement = added(day, tokens, limit=limit, dialect=self._engine.dialect.name)
        return tokens <= limit and self._write(statement) == 1

    def _write(self, statement: sa.Insert) -> int:
        """The number of rows that a statement changed, in a transaction of its own."""
        with translated(self._engine.url), self._engine.begin() as connection:
            return connection.execute(statement).rowcount


def added(day: str, tokens: int, *, limit: int | None = None, dialect: str) -> sa.Insert:
    """One statement that adds tokens to those of a day; with a limit it changes no row that would exceed it."""
    total = spending.c.tokens + tokens
    within = None if limit is None else total <= limit
    statement = _insert(spending, dialect).values(day=day, tokens=tokens)
    return statement.on_conflict_do_update(index_elements=[spending.c.day], set_={"tokens": total}, where=within)


def _insert(table: sa.Table, dialect: str) -> postgresql.Insert | sqlite.Insert:
    return postgresql.insert(table) if dialect == "postgresql" else sqlite.insert(table)
