"""Feeds: the tables `[feeds.NAME]` of `refdesk.toml`, each validated by its kind, and which settings choose papers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from rag.errors import ConfigError
from refdesk.settings.config import FILE

Feed = Mapping[str, Any]

KEYS = ("NCBI_API_KEY", "S2_API_KEY", "ZOTERO_API_KEY")
"""The environment variables that hold keys of providers."""
_CHOOSE_NOTHING = ("tags", "allow_private")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSettings:
    """
    The settings of feeds.

    Args:
        tables: `[feeds.NAME]` by name; each is validated when it is pulled.
        file: The settings file, for messages.
        contact: A mail address or page that requests name.
        timeout_s: The longest wait for a provider.
        keys: The providers' keys, by the environment variable of each.
    """

    tables: Mapping[str, Feed] = field(default_factory=dict)
    file: str = FILE
    contact: str | None = None
    timeout_s: float = 30.0
    keys: Mapping[str, str] = field(default_factory=dict)


def check(name: str, feed: Feed, *, file: str = FILE) -> None:
    """
    Validate the table of a feed.

    Raises:
        ConfigError: An unknown kind or setting, an impossible value, or nothing to ask for.
    """
    from refdesk.settings.tables import FEEDS
    from refdesk.settings.validation import checked

    kind = feed.get("kind")
    model = FEEDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        reason = f"must be one of the kinds; it is {kind!r:.80}" if "kind" in feed else "is missing"
        raise ConfigError(f"{file}: `feeds.{name}.kind` {reason}.", hint=f"The kinds are {', '.join(FEEDS)}.")
    checked(model, feed, place=f"feeds.{name}", file=file)


def begin(feed: Feed) -> date | None:
    """The day where a feed begins, if its settings say so."""
    return _day(feed.get("since"))


def fingerprint(feed: Feed) -> str:
    """
    A hash of the settings that choose papers; a feed's watermark holds only for the hash it was made under.

    >>> feeds = ({"kind": "arxiv", "categories": categories} for categories in (["a", "b"], ["b", "a"]))
    >>> one, other = feeds
    >>> fingerprint(one) == fingerprint(other) != fingerprint({"kind": "arxiv", "categories": ["a"]})
    True
    """
    chosen = {
        key: sorted(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in feed.items()
        if key not in _CHOOSE_NOTHING
    }
    return sha256(json.dumps(chosen, sort_keys=True).encode(errors="replace")).hexdigest()[:16]


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        return None
