"""
What signs a browser in: codes for one use, and the sessions that they begin. Only hashes are stored.

They lie in the catalog's database, so that a server that starts anew, or another one, knows them.
"""

from __future__ import annotations

import secrets
from typing import Literal

import sqlalchemy as sa

from stores.sql.schema import reading, writing
from stores.sql.tables import metadata, settings, sign_ins
from stores.sql.tokens import hash_of

Kind = Literal["code", "session"]


class SQLSignIns:
    """
    Codes and sessions. Times are ISO 8601 in UTC.

    Args:
        engine: The engine of a database with the table `sign_ins`.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, kind: Kind, reader: str, *, until: str, now: str) -> str:
        """Make a code or a session for a reader; delete those that have ended. Returns the secret."""
        secret = secrets.token_urlsafe(32)
        with writing(self._engine) as connection:
            connection.execute(sa.delete(sign_ins).where(sign_ins.c.until <= now))
            row = {"hash": hash_of(secret), "kind": kind, "reader": reader, "until": until}
            connection.execute(sa.insert(sign_ins), [row])
        return secret

    def take(self, code: str, *, now: str) -> str | None:
        """Use a code up. Returns its reader; None if it is not known, was used, or has ended."""
        which = self._which("code", code, now)
        with writing(self._engine) as connection:
            reader = connection.execute(sa.select(sign_ins.c.reader).where(which)).scalar()
            taken = connection.execute(sa.delete(sign_ins).where(which)).rowcount
        return reader if taken else None

    def reader_of(self, secret: str, kind: Kind = "session", *, now: str) -> str | None:
        """Whose session or code this is; None if it is not known, or has ended."""
        with reading(self._engine) as connection:
            query = sa.select(sign_ins.c.reader).where(self._which(kind, secret, now))
            found: str | None = connection.execute(query).scalar()
            return found

    def end(self, session: str) -> None:
        """End a session."""
        with writing(self._engine) as connection:
            connection.execute(sa.delete(sign_ins).where(sign_ins.c.hash == hash_of(session)))

    @staticmethod
    def _which(kind: Kind, secret: str, now: str) -> sa.ColumnElement[bool]:
        return (sign_ins.c.hash == hash_of(secret)) & (sign_ins.c.kind == kind) & (sign_ins.c.until > now)


def in_memory() -> SQLSignIns:
    """Codes and sessions that end with this process, for a library that is only read."""
    engine = sa.create_engine(
        "sqlite:///:memory:",
        poolclass=sa.QueuePool,  # of one connection: another one would see an empty database
        pool_size=1,
        max_overflow=0,
        connect_args={"check_same_thread": False},
    )
    metadata.create_all(engine, tables=[sign_ins, settings])
    return SQLSignIns(engine)
