"""
Subscriptions that readers made for themselves, in the catalog's database; those of refdesk.toml are not here.

Beside them lie the secret addresses of their feeds, and who unsubscribed from the mails of any subscription.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from rag.types import JsonDict
from stores.sql.schema import insert_missing, reading, upsert, writing
from stores.sql.tables import feed_links, subscriptions, unsubscribed


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRecord:
    """A reader's subscription; `settings` is what a table `[subscriptions.NAME]` would hold."""

    name: str
    reader: str
    settings: JsonDict


class SQLSubscriptions:
    """
    Subscriptions beside the papers.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def put(self, record: SubscriptionRecord, *, now: str) -> bool:
        """Store a subscription, in the place of one of this name; False if that is another reader's."""
        with writing(self._engine) as connection:
            query = sa.select(subscriptions.c.reader).where(subscriptions.c.name == record.name)
            if connection.execute(query).scalar() not in (None, record.reader):
                return False
            row = {
                "name": record.name,
                "reader": record.reader,
                "settings": dict(record.settings),
                "changed": now,
            }
            upsert(connection, subscriptions, [row])
            return True

    def delete(self, name: str, reader: str) -> bool:
        """Delete a reader's subscription with its feed's address; False if the reader has none of this name."""
        with writing(self._engine) as connection:
            which = (subscriptions.c.name == name, subscriptions.c.reader == reader)
            found = bool(connection.execute(sa.delete(subscriptions).where(*which)).rowcount)
            if found:
                connection.execute(sa.delete(feed_links).where(feed_links.c.subscription == name))
                connection.execute(sa.delete(unsubscribed).where(unsubscribed.c.subscription == name))
            return found

    def all(self) -> list[SubscriptionRecord]:
        """All subscriptions of all readers, by name; none in a library of an earlier version, opened read-only."""
        columns = (subscriptions.c.name, subscriptions.c.reader, subscriptions.c.settings)
        with reading(self._engine) as connection:
            if not sa.inspect(connection).has_table(subscriptions.name):
                return []
            rows = connection.execute(sa.select(*columns).order_by(subscriptions.c.name))
            return [SubscriptionRecord(**row._mapping) for row in rows]

    # ---- addresses of feeds

    def link(self, name: str, reader: str) -> str:
        """The secret in the address of a subscription's feed for its reader; it is made at first."""
        with writing(self._engine) as connection:
            others = (feed_links.c.subscription == name, feed_links.c.reader != reader)
            connection.execute(sa.delete(feed_links).where(*others))  # refdesk.toml has given it to this reader
            row = {"subscription": name, "reader": reader, "secret": secrets.token_urlsafe(24)}
            insert_missing(connection, feed_links, [row])
            query = sa.select(feed_links.c.secret).where(feed_links.c.subscription == name)
            return str(connection.execute(query).scalar_one())

    def unlink(self, name: str, reader: str) -> None:
        """End the address of a reader's feed."""
        with writing(self._engine) as connection:
            which = (feed_links.c.subscription == name, feed_links.c.reader == reader)
            connection.execute(sa.delete(feed_links).where(*which))

    def links(self, reader: str) -> Mapping[str, str]:
        """The secrets of a reader's feeds, by subscription."""
        query = sa.select(feed_links.c.subscription, feed_links.c.secret).where(feed_links.c.reader == reader)
        with reading(self._engine) as connection:
            return {row.subscription: row.secret for row in connection.execute(query)}

    def linked(self, secret: str) -> tuple[str, str] | None:
        """The subscription and the reader whose feed has an address; None if none has."""
        query = sa.select(feed_links.c.subscription, feed_links.c.reader).where(feed_links.c.secret == secret)
        with reading(self._engine) as connection:
            row = connection.execute(query).first()
        return (row.subscription, row.reader) if row else None

    # ---- who unsubscribed

    def unsubscribe(self, name: str, address: str, *, now: str) -> None:
        """Send an address no mails of a subscription any more."""
        with writing(self._engine) as connection:
            row = {"subscription": name, "address": address.casefold(), "since": now}
            insert_missing(connection, unsubscribed, [row])

    def resubscribe(self, name: str, address: str) -> None:
        """Send an address mails of a subscription again."""
        which = (unsubscribed.c.subscription == name, unsubscribed.c.address == address.casefold())
        with writing(self._engine) as connection:
            connection.execute(sa.delete(unsubscribed).where(*which))

    def unsubscribed(self, name: str) -> frozenset[str]:
        """The addresses that unsubscribed from a subscription, in lower case."""
        query = sa.select(unsubscribed.c.address).where(unsubscribed.c.subscription == name)
        with reading(self._engine) as connection:
            if not sa.inspect(connection).has_table(unsubscribed.name):
                return frozenset()
            return frozenset(connection.execute(query).scalars())
