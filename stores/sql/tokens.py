"""Tokens by which programs sign in to the served library: only their hashes are stored, in the catalog's database."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from stores.sql.schema import reading, tokens, writing

_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """A token without its secret: its id, whose it is, when it was made, and when it was last used."""

    id: str
    reader: str
    created: str
    used: str | None


class SQLTokens:
    """
    Tokens beside the papers.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, reader: str, *, now: str) -> tuple[TokenRecord, str]:
        """Make a token of 32 random bytes. Returns its record and its secret, which is not stored."""
        secret = f"refdesk_{secrets.token_urlsafe(_BYTES)}"
        record = TokenRecord(id=secrets.token_hex(4), reader=reader, created=now, used=None)
        row = {"id": record.id, "reader": reader, "hash": _hash(secret), "created": now}
        with writing(self._engine) as connection:
            connection.execute(sa.insert(tokens), [row])
        return record, secret

    def find(self, secret: str) -> TokenRecord | None:
        """The token with this secret. It is found by its hash, so no time tells of the secret."""
        return next(iter(self._where(tokens.c.hash == _hash(secret))), None)

    def use(self, id_: str, *, day: str) -> None:
        """Note the last day on which a token was used."""
        with writing(self._engine) as connection:
            connection.execute(sa.update(tokens).where(tokens.c.id == id_).values(used=day))

    def all(self) -> list[TokenRecord]:
        """All tokens, the oldest first."""
        return self._where()

    def _where(self, *conditions: sa.ColumnElement[bool]) -> list[TokenRecord]:
        columns = (tokens.c.id, tokens.c.reader, tokens.c.created, tokens.c.used)
        query = sa.select(*columns).where(*conditions).order_by(tokens.c.created, tokens.c.id)
        with reading(self._engine) as connection:
            return [TokenRecord(**row._mapping) for row in connection.execute(query)]

    def revoke(self, id_: str) -> bool:
        """Delete a token; False if there is none with this id."""
        with writing(self._engine) as connection:
            return bool(connection.execute(sa.delete(tokens).where(tokens.c.id == id_)).rowcount)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
