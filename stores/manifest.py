"""
The manifest of a library: what its indexes are made with, and the schema of its catalog.

It is checked when a library is opened, and written where there is none. It opens no index and takes no lock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from secrets import token_hex

from rag import text
from rag.errors import LibraryNotFound, StoreMismatch
from rag.ports import Embedder
from stores.health import REBUILD
from stores.place import Place
from stores.sql.catalog import SQLCatalog
from stores.sql.schema import ARRIVING, FORMER, HEAD, MOVED, OLDEST_READ, moved

REBUILT = {REBUILD: "no", FORMER: ""}
"""Settings of a library whose indexes were built anew."""


def manifest_of(embedder: Embedder) -> dict[str, str]:
    """The manifest of indexes that are made with an embedder."""
    return {
        "embedder": embedder.name,
        "dimension": str(embedder.dimension),
        "distance": "cosine",
        "chunk_tokens": str(embedder.max_tokens),
        "splitter": text.SPLITTER,
    }


def not_found(place: Place) -> LibraryNotFound:
    """The error for a folder without a library."""
    return LibraryNotFound(
        f"There is no library at {place.folder}.", hint="Make one: `refdesk add FILE`, or `refdesk init`."
    )


def is_made(catalog: SQLCatalog) -> bool:
    """True if the catalog has a manifest; a process may have been killed before it wrote one."""
    return catalog.schema() is not None and catalog.setting("embedder") is not None


def is_current(catalog: SQLCatalog) -> bool:
    """True if there is nothing to make: the catalog has a manifest and the newest schema."""
    return catalog.schema() == HEAD and is_made(catalog)


def require_here(settings: Mapping[str, str]) -> None:
    """Raise StoreMismatch if a catalog with these settings was moved away, or a move to it has not ended."""
    if MOVED in settings:
        raise moved(settings[MOVED])
    if ARRIVING in settings:
        raise StoreMismatch(
            "The move of a library to this catalog has not ended.",
            hint="Run `refdesk migrate --to URL` again, with the catalog that it comes from.",
        )


def ids(settings: Mapping[str, str]) -> tuple[str, str]:
    """The id of a library, and the one that it had before it was moved, whose vectors it uses until it has its own."""
    return settings.get("library_id") or "", settings.get(FORMER) or ""


def require_readable(catalog: SQLCatalog) -> None:
    """Raise StoreMismatch if the catalog's schema is too old to be read without being migrated."""
    version = catalog.schema()
    if version is not None and version < OLDEST_READ:
        raise StoreMismatch(
            f"The library's catalog is at schema {version}; to be read it must first be brought to {HEAD}.",
            hint="Open it once for writing: `refdesk status` without read-only does.",
        )


def require_embedder(catalog: SQLCatalog, wanted: str | None) -> str:
    """The name of the library's embedder. Raises StoreMismatch if another one is wanted."""
    name = catalog.setting("embedder") or ""
    if wanted not in (None, name):
        raise StoreMismatch(
            f"The library was built with the embedder “{name}”, not “{wanted}”.",
            hint=f"Run `refdesk reindex --embedder {wanted}` to rebuild it, or leave the embedder out.",
        )
    return name


def make(catalog: SQLCatalog, place: Place, make_embedder: Callable[[], Embedder]) -> None:
    """
    Bring the schema up to date and write a manifest where there is none, in one transaction.

    To be called by the one writer. An embedder that fails leaves nothing. Indexes without a manifest belonged to a
    catalog that was lost, and are made anew.
    """
    made = is_made(catalog)
    values: dict[str, str] = {}
    if not made:
        abandoned = any((place.folder / name).exists() for name in ("lexical", "chroma"))
        values = manifest_of(make_embedder()) | {REBUILD: "yes" if abandoned else "no"}
    if not made or catalog.setting("library_id") is None:
        values["library_id"] = token_hex(8)
    catalog.migrate(values)
