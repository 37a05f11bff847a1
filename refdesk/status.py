"""The status of a library: what is in it, the states of its feeds, and wrong settings, as `status --json` prints it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from rag.errors import ConfigError
from rag.types import JsonDict
from stores.sql.changes import LEXICAL, VECTORS
from stores.store import LibraryStore
from stores.urls import masked

_UNTOLD = {
    LEXICAL: "The word index cannot be used as it is.",
    VECTORS: "The vectors cannot be used now; papers are found by their words alone.",
}
"""What readers are told of an index that has a problem, which may name its place."""


def status(
    store: LibraryStore, *, feeds: Sequence[JsonDict], reranker: str | None, errors: Mapping[str, ConfigError]
) -> dict[str, Any]:
    """
    The document without the issues.

    Args:
        store: The library.
        feeds: The feeds with their states.
        reranker: The reranker of the settings.
        errors: The wrong settings, by name or table; those of feeds are with the feeds.
    """
    catalog, folder = store.catalog, store.place.folder
    days = catalog.days()
    indexes = store.health.states()
    vectors = store.indexes.place(VECTORS)
    return {
        "library": str(folder.resolve()),
        "papers": catalog.count(),
        "to_index": max((state["lag"] for state in indexes.values()), default=0),
        "without_vectors": len(catalog.without_vectors()),
        "indexes": indexes,
        "first_day": days[0] if days else None,
        "last_day": days[1] if days else None,
        "sources": catalog.sources(),
        "categories": catalog.categories(limit=10),
        "feeds": list(feeds),
        "settings": [{"table": table, "error": error.message, "hint": error.hint} for table, error in errors.items()],
        "embedder": store.embedder_name,
        "reranker": reranker,
        "dimension": int(catalog.setting("dimension") or 0),
        "catalog": masked(store.place.catalog_url) if store.place.catalog_url else "catalog.sqlite3",
        "vectors": masked(vectors) if isinstance(vectors, str) else "chroma",
        "bytes": sum(_size(path) for path in folder.rglob("*")),
    }


def for_readers(document: Mapping[str, Any], *, curates: bool) -> dict[str, Any]:
    """
    The document without places on the disk, and without wrong settings, which may be another reader's.

    Args:
        document: The whole.
        curates: True for those who see to feeds and indexes: why one cannot be read names its place, perhaps a folder.
    """
    told = {key: value for key, value in document.items() if key not in ("library", "catalog", "vectors", "settings")}
    if not curates:
        told["feeds"] = [{**feed, "error": None, "hint": None} for feed in document["feeds"]]
        told["indexes"] = {
            name: {**state, "problem": state["problem"] and _UNTOLD[name]}
            for name, state in document["indexes"].items()
        }
    return told


def _size(path: Path) -> int:
    with suppress(OSError):  # a store may replace its files while we look
        return path.stat().st_size
    return 0
