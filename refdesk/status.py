"""The status of a library: what is in it, the states of its feeds, and wrong settings, as `status --json` prints it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from refdesk.settings import email
from refdesk.settings.config import Config
from refdesk.settings.subscriptions import checked
from stores.store import LibraryStore
from stores.urls import masked


def status(store: LibraryStore, settings: Config) -> dict[str, Any]:
    """The document without the issues."""
    catalog, folder = store.catalog, store.place.folder
    days = catalog.days()
    indexes = store.health.states()
    vectors = store.indexes.place("vectors")
    return {
        "library": str(folder.resolve()),
        "papers": catalog.count(),
        "to_index": max((state["lag"] for state in indexes.values()), default=0),
        "indexes": indexes,
        "first_day": days[0] if days else None,
        "last_day": days[1] if days else None,
        "sources": catalog.tally("source"),
        "categories": dict(list(catalog.tally("category").items())[:10]),
        "feeds": _feeds(store, settings),
        "settings": _wrong_settings(settings),
        "embedder": store.embedder_name,
        "dimension": int(catalog.setting("dimension") or 0),
        "catalog": masked(store.place.catalog_url) if store.place.catalog_url else "catalog.sqlite3",
        "vectors": masked(vectors) if isinstance(vectors, str) else "chroma",
        "bytes": sum(_size(path) for path in folder.rglob("*")),
    }


def _feeds(store: LibraryStore, settings: Config) -> list[dict[str, Any]]:
    if not settings.feeds:
        return []
    from refdesk.feeds.syncing import states

    return list(states(store, settings))


def _wrong_settings(settings: Config) -> list[dict[str, Any]]:
    """The errors of subscriptions and of `[email]`; those of feeds are with the feeds."""
    errors = {
        f"subscriptions.{name}": error for name, error in checked(settings.subscriptions, file=settings.file)[1].items()
    }
    if settings.email:
        try:
            email.check(settings.email, file=settings.file)
        except ConfigError as error:
            errors["email"] = error
    return [{"table": table, "error": error.message, "hint": error.hint} for table, error in errors.items()]


def _size(path: Path) -> int:
    with suppress(OSError):  # a store may replace its files while we look
        return path.stat().st_size
    return 0
