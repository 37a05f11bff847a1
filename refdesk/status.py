"""What is in a library, and how its feeds do, as `status --json` prints it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from refdesk.settings.config import Config
from stores.store import LibraryStore
from stores.urls import masked


def status(store: LibraryStore, settings: Config) -> dict[str, Any]:
    """The document, issues aside."""
    catalog, folder = store.catalog, store.place.folder
    days = catalog.days()
    indexes = store.health.states()
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
        "embedder": store.embedder_name,
        "dimension": int(catalog.setting("dimension") or 0),
        "catalog": masked(store.place.catalog_url) if store.place.catalog_url else "catalog.sqlite3",
        "vectors": masked(store.place.vectors_url) if store.place.vectors_url else "chroma",
        "bytes": sum(_size(path) for path in folder.rglob("*")),
    }


def _feeds(store: LibraryStore, settings: Config) -> list[dict[str, Any]]:
    if not settings.feeds:
        return []
    from refdesk.feeds.syncing import states

    return list(states(store, settings))


def _size(path: Path) -> int:
    with suppress(OSError):  # a store may replace its files while we look
        return path.stat().st_size
    return 0
