"""The outbox in the catalog's database: planned deliveries and their states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, fields

import sqlalchemy as sa

from rag.ports import Delivery
from stores.sql.schema import insert_missing, reading, writing
from stores.sql.tables import outbox

_COLUMNS = [outbox.c[field.name] for field in fields(Delivery)]


class SQLOutbox:
    """
    Deliveries beside the papers.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def plan(self, deliveries: Sequence[Delivery]) -> int:
        """Store the deliveries that are not there yet, in one transaction, and return how many."""
        with writing(self._engine) as connection:
            return plan(connection, deliveries)

    def unsent(self) -> list[Delivery]:
        """All that are neither `sent` nor `dismissed`, the longest planned first."""
        order = (outbox.c.planned, outbox.c.period, outbox.c.subscription, outbox.c.channel, outbox.c.target)
        query = sa.select(*_COLUMNS).where(outbox.c.state.not_in(("sent", "dismissed"))).order_by(*order)
        with reading(self._engine) as connection:
            return [Delivery(**row._mapping) for row in connection.execute(query)]

    def find(self, delivery_id: str) -> Delivery | None:
        """The delivery with an id, or with the only id that begins so (four digits or more)."""
        like = outbox.c.id.startswith(delivery_id, autoescape=True)
        query = sa.select(*_COLUMNS).where(like).limit(2)
        with reading(self._engine) as connection:
            rows = list(connection.execute(query)) if len(delivery_id) >= 4 else []
        return Delivery(**rows[0]._mapping) if len(rows) == 1 else None

    def change(self, before: Delivery, after: Delivery) -> bool:
        """Compare and set, in one statement: replace `before` by `after` and return True if `before` is stored."""
        same = [outbox.c[name].is_not_distinct_from(value) for name, value in asdict(before).items()]
        statement = sa.update(outbox).where(outbox.c.id == before.id, *same).values(asdict(after))
        with writing(self._engine) as connection:
            return connection.execute(statement).rowcount == 1


def plan(connection: sa.Connection, deliveries: Sequence[Delivery]) -> int:
    """
    Store the deliveries that are not there yet, within a transaction, and return how many.

    Addresses that differ in case are one place: no mail is sent twice because somebody writes an address anew.
    """
    email = outbox.c.channel == "email"
    issues = {(delivery.subscription, delivery.period) for delivery in deliveries}
    known = {
        (*issue, target.casefold())
        for issue in issues
        for (target,) in connection.execute(
            sa.select(outbox.c.target).where(email, outbox.c.subscription == issue[0], outbox.c.period == issue[1])
        )
    }
    deliveries = [
        delivery
        for delivery in deliveries
        if delivery.channel != "email"
        or (delivery.subscription, delivery.period, delivery.target.casefold()) not in known
    ]
    return insert_missing(connection, outbox, [{"id": delivery.id, **asdict(delivery)} for delivery in deliveries])
