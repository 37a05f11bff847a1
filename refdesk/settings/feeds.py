"""What may stand in a table `[feeds.NAME]` of `refdesk.toml`, by kind, and which of it chooses the papers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from hashlib import sha256
from typing import Any

from rag.errors import ConfigError

Feed = Mapping[str, Any]

_TEXT, _TEXTS, _FLAG = "text", 'a list of texts such as ["cs.CL", "cs.LG"]', "true or false"
_DATE, _OWNER = "a date such as 2026-06-17", "users/… or groups/…, with the number of the library"
_FITS: dict[str, Callable[[Any], bool]] = {
    _TEXT: lambda value: isinstance(value, str) and bool(value.strip()),
    _TEXTS: lambda value: isinstance(value, list) and all(isinstance(each, str) and each.strip() for each in value),
    _FLAG: lambda value: isinstance(value, bool),
    _DATE: lambda value: _day(value) is not None,
    _OWNER: lambda value: isinstance(value, str) and bool(re.fullmatch(r"(users|groups)/\d+", value)),
}
_EVERY = {"kind": _TEXT, "since": _DATE, "tags": _TEXTS, "allow_private": _FLAG}
KINDS = {
    "arxiv": {"categories": _TEXTS, "query": _TEXT, "url": _TEXT, "oai_url": _TEXT},
    "huggingface": {"url": _TEXT},
    "openalex": {"query": _TEXT, "filter": _TEXT, "url": _TEXT},
    "semanticscholar": {"query": _TEXT, "url": _TEXT},
    "pubmed": {"query": _TEXT, "url": _TEXT},
    "zotero": {"library": _OWNER, "collection": _TEXT, "url": _TEXT},
    "rss": {"url": _TEXT},
    "folder": {"path": _TEXT},
}
"""By kind: its settings, and what each is, beside those of every feed."""
_ONE_OF = {
    "arxiv": ("categories", "query"),
    "semanticscholar": ("query",),
    "pubmed": ("query",),
    "zotero": ("library",),
    "rss": ("url",),
    "folder": ("path",),
}
_CHOOSE_NOTHING = ("tags", "allow_private")


def check(name: str, feed: Feed) -> None:
    """
    Refuse a feed's table that cannot be meant.

    Raises:
        ConfigError: An unknown kind or setting, a value of another kind, or nothing to ask for.
    """
    kind = feed.get("kind")
    own = KINDS.get(kind) if isinstance(kind, str) else None
    if own is None:
        raise ConfigError(
            f"The feed “{name}” is of the kind {kind!r}, which is none.", hint=f"Kinds: {', '.join(KINDS)}."
        )
    known = {**own, **_EVERY}
    for key, value in feed.items():
        if key not in known:
            raise ConfigError(
                f"The feed “{name}” sets “{key}”, which is no setting of the kind “{kind}”.",
                hint=f"Its settings are {', '.join(known)}.",
            )
        if not _FITS[known[key]](value):
            raise ConfigError(f"The feed “{name}” sets {key} to {value!r}.", hint=f"It must be {known[key]}.")
    needed = _ONE_OF.get(str(kind), ())
    if needed and not any(feed.get(key) for key in needed):
        either = " or ".join(f"“{key}”" for key in needed)
        raise ConfigError(f"The feed “{name}” of the kind “{kind}” needs {either}.", hint="Write it into refdesk.toml.")


def begin(feed: Feed) -> date | None:
    """The day where a feed is to begin, where its settings say so."""
    return _day(feed.get("since"))


def fingerprint(feed: Feed) -> str:
    """
    A mark of the settings that choose papers; what is known of a feed holds only for the mark it was made under.

    >>> one, other = ({"kind": "arxiv", "categories": each} for each in (["a", "b"], ["b", "a"]))
    >>> fingerprint(one) == fingerprint(other) != fingerprint({"kind": "arxiv", "categories": ["a"]})
    True
    """
    chosen = {
        key: sorted(value) if isinstance(value, list) else str(value)
        for key, value in feed.items()
        if key not in _CHOOSE_NOTHING
    }
    return sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:16]


def _day(value: Any) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(value)
    except (ValueError, TypeError):
        return None
