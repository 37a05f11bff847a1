"""Tokens by which programs sign in to the served library: only their hashes are stored, in the catalog's database."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import asdict, dataclass

import sqlalchemy as sa

from rag.types import JsonDict
from rag.types.reader import TokenScope
from stores.sql.schema import reading, writing
from stores.sql.tables import sign_ins, tokens

_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenRecord:
    """
    A token without its secret.

    Args:
        id: Names it.
        reader: Whose it is.
        created: When it was made.
        used: The day on which it was last used.
        name: What its owner calls it.
        scope: `read` changes nothing; `write` may what its reader may.
        expires: The last day on which it is good; None is forever.
    """

    id: str
    reader: str
    created: str
    used: str | None
    name: str
    scope: TokenScope
    expires: str | None

    def to_dict(self) -> JsonDict:
        """The token as `token list --json` prints it."""
        return asdict(self)


class SQLTokens:
    """
    Tokens beside the papers. Days and times are ISO 8601 in UTC.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(
        self, reader: str, *, now: str, name: str = "", scope: TokenScope = "write", expires: str | None = None
    ) -> tuple[TokenRecord, str]:
        """Make a token of 32 random bytes. Returns its record and its secret, which is not stored."""
        secret = f"refdesk_{secrets.token_urlsafe(_BYTES)}"
        record = TokenRecord(
            id=secrets.token_hex(4), reader=reader, created=now, used=None, name=name, scope=scope, expires=expires
        )
        row = {
            "id": record.id,
            "reader": reader,
            "hash": hash_of(secret),
            "created": now,
            "name": name,
            "scope": scope,
            "expires": expires,
        }
        with writing(self._engine) as connection:
            connection.execute(sa.insert(tokens), [row])
        return record, secret

    def find(self, secret: str, *, day: str) -> TokenRecord | None:
        """The token with this secret that is good on a day. It is found by its hash, so no time tells of the secret."""
        good = tokens.c.expires.is_(None) | (tokens.c.expires >= day)
        return next(iter(self._where(tokens.c.hash == hash_of(secret), good)), None)

    def use(self, id_: str, *, day: str) -> None:
        """Note the last day on which a token was used."""
        with writing(self._engine) as connection:
            connection.execute(sa.update(tokens).where(tokens.c.id == id_).values(used=day))

    def all(self, reader: str | None = None) -> list[TokenRecord]:
        """The tokens of a reader, or all; the oldest first."""
        return self._where(*([] if reader is None else [tokens.c.reader == reader]))

    def _where(self, *conditions: sa.ColumnElement[bool]) -> list[TokenRecord]:
        columns = [column for column in tokens.columns if column is not tokens.c.hash]
        query = sa.select(*columns).where(*conditions).order_by(tokens.c.created, tokens.c.id)
        with reading(self._engine) as connection:
            return [TokenRecord(**row._mapping) for row in connection.execute(query)]

    def revoke(self, id_: str, reader: str | None = None) -> bool:
        """
        Delete a token, of a reader or anybody's, and all codes and sessions of its reader, in one transaction.

        Returns:
            False if there is none with this id.
        """
        which = [tokens.c.id == id_, *([] if reader is None else [tokens.c.reader == reader])]
        with writing(self._engine) as connection:
            owner = connection.execute(sa.select(tokens.c.reader).where(*which)).scalar()
            if owner is None:
                return False
            connection.execute(sa.delete(tokens).where(*which))
            connection.execute(sa.delete(sign_ins).where(sign_ins.c.reader == owner))  # a browser may have used it
            return True


def hash_of(secret: str) -> str:
    """The SHA-256 of a secret, in hex."""
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
