"""Readers of the library with their roles and mail addresses, in the catalog's database."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

import sqlalchemy as sa

from rag.errors import NotAllowed
from rag.types import JsonDict
from rag.types.reader import READER_ROLES, ReaderRole
from stores.sql.schema import insert_missing, reading, writing
from stores.sql.tables import answers, feed_links, jobs, ratings, readers, sign_ins, subscriptions, tokens, unsubscribed

_OWN = (ratings, answers, tokens, sign_ins, subscriptions, feed_links, jobs)
"""What goes with its reader."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderRecord:
    """
    A reader.

    Args:
        name: Names the reader.
        role: What the reader may do.
        email: Where the reader's mail goes; None if it goes nowhere.
        key: Signs the links in the reader's mails.
        rated: How often the reader has rated a paper.
        created: ISO 8601 in UTC; empty for `local`.
    """

    name: str
    role: ReaderRole
    email: str | None
    key: str
    rated: int
    created: str

    def to_dict(self) -> JsonDict:
        """The reader as `reader list --json` prints them, without the key."""
        return {"name": self.name, "role": self.role, "email": self.email, "created": self.created}

    def may(self, role: ReaderRole) -> bool:
        """True if the reader has a role, or a higher one."""
        return READER_ROLES.index(self.role) >= READER_ROLES.index(role)

    def require(self, role: ReaderRole) -> None:
        """Raise NotAllowed unless the reader has a role, or a higher one."""
        if not self.may(role):
            raise NotAllowed(
                f"{self.name} is a {self.role}, and this is for a {role}.",
                hint=f"`refdesk reader set {self.name} --role {role}` lets them.",
            )


class SQLReaders:
    """
    Readers beside the papers.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def add(self, name: str, *, role: ReaderRole, email: str | None = None, now: str) -> bool:
        """Add a reader; False if there is one of this name, who stays as before."""
        row = {"name": name, "role": role, "email": email, "key": secrets.token_hex(32), "rated": 0, "created": now}
        with writing(self._engine) as connection:
            is_new = bool(insert_missing(connection, readers, [row]))
            if is_new:
                _delete_own(connection, name)  # what ran when a former reader of this name was removed may have left it
            return is_new

    def find(self, name: str) -> ReaderRecord | None:
        """The reader of a name."""
        return next(iter(self._where(readers.c.name == name)), None)

    def all(self) -> list[ReaderRecord]:
        """All readers, by name."""
        return self._where()

    def set_role(self, name: str, role: ReaderRole) -> bool:
        """Give a reader a role; False if there is no such reader."""
        return self._set(name, role=role)

    def set_email(self, name: str, email: str | None) -> bool:
        """Set a reader's mail address; False if there is no such reader."""
        return self._set(name, email=email)

    def remove(self, name: str) -> bool:
        """Delete a reader with all that is the reader's own, in one transaction; False if there is no such reader."""
        own = sa.select(subscriptions.c.name).where(subscriptions.c.reader == name)
        with writing(self._engine) as connection:
            connection.execute(sa.delete(unsubscribed).where(unsubscribed.c.subscription.in_(own)))
            _delete_own(connection, name)
            return bool(connection.execute(sa.delete(readers).where(readers.c.name == name)).rowcount)

    def counts(self) -> dict[str, dict[str, int]]:
        """How many answers, ratings, tokens and subscriptions each reader has, by name."""
        found: dict[str, dict[str, int]] = {}
        with reading(self._engine) as connection:
            for table in (answers, ratings, tokens, subscriptions):
                query = sa.select(table.c.reader, sa.func.count()).group_by(table.c.reader)
                for name, count in connection.execute(query):
                    found.setdefault(name, {})[table.name] = count
        return found

    def _set(self, name: str, **values: str | None) -> bool:
        with writing(self._engine) as connection:
            changed = connection.execute(sa.update(readers).where(readers.c.name == name).values(**values))
            return bool(changed.rowcount)

    def _where(self, *conditions: sa.ColumnElement[bool]) -> list[ReaderRecord]:
        with reading(self._engine) as connection:
            rows = connection.execute(sa.select(readers).where(*conditions).order_by(readers.c.name))
            return [ReaderRecord(**row._mapping) for row in rows]


def _delete_own(connection: sa.Connection, name: str) -> None:
    for table in _OWN:
        connection.execute(sa.delete(table).where(table.c.reader == name))
