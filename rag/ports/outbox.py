"""The port of the outbox: deliveries of issues that are planned, each made once."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import Literal, Protocol

DeliveryState = Literal["planned", "sending", "sent", "failed", "unknown", "dismissed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """
    The delivery of an issue to one place.

    `channel` and `target` are the place, such as `email` and an address. `attempts` counts the attempts begun. Times
    are ISO, UTC, to the second: `planned` when the delivery was last requested, `changed` when the state last changed,
    `due` when it may be tried (None: only on request), `handed` when the attempt passed the point from which the
    receiver may have it. `detail` gives the reason.
    """

    subscription: str
    period: str
    channel: str
    target: str
    state: DeliveryState
    attempts: int
    planned: str
    changed: str
    due: str | None
    handed: str | None = None
    detail: str = ""

    @property
    def id(self) -> str:
        """Twelve hex digits over what is delivered and where; planning the delivery again gives the same id."""
        key = "\0".join((self.subscription, self.period, self.channel, self.target))
        return sha256(key.encode("utf-8", "replace")).hexdigest()[:12]


class Outbox(Protocol):
    """Planned deliveries; each is made once."""

    def unsent(self) -> list[Delivery]:
        """All that are neither `sent` nor `dismissed`, the oldest plan first."""
        ...

    def find(self, delivery_id: str) -> Delivery | None:
        """The delivery with an id, or with the only id that begins so."""
        ...

    def change(self, before: Delivery, after: Delivery) -> bool:
        """Compare and set, durably, in one statement: replace `before` by `after` if `before` is stored."""
        ...
