"""The settings of issues; `refdesk.wiring` makes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from rag.errors import ConfigError
from rag.types import JsonDict, Subscription
from refdesk.settings.email import Mail

if TYPE_CHECKING:
    from refdesk.feeds.syncing import FeedReport


@dataclass(frozen=True, slots=True, kw_only=True)
class DigestSettings:
    """
    The settings of issues.

    Args:
        subscriptions: The valid ones by name.
        broken: The error of each subscription that is not valid, by name.
        sender: The address that messages are from.
        mail: Reads how messages are sent; None where `[email]` is absent. Raises ConfigError.
        feed_states: Gives the states of the feeds as they were at their last pull.
        public_url: Reads the address at which the library is served; None if mails cannot link to it. Raises
            ConfigError.
        sync: Pulls the feeds; None where there are none.
    """

    subscriptions: Mapping[str, Subscription]
    broken: Mapping[str, ConfigError] = field(default_factory=dict)
    sender: str = "refdesk@localhost"
    mail: Callable[[], Mail | None] = lambda: None
    feed_states: Callable[[], Sequence[JsonDict]] = tuple
    public_url: Callable[[], str | None] = lambda: None
    sync: Callable[[], Sequence[FeedReport]] | None = None
