"""
A collection in a folder, by embedded Chroma. Any number of threads may use it while one writes.

An embedded client keeps what it read, even a deleted collection, so each opening is by a new client.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromadb.errors import ChromaError, NotFoundError

from rag.errors import StoreError
from stores.folder_lock import FolderLock
from stores.guard import Guard
from stores.hnsw import graph_size
from stores.urls import COLLECTION
from stores.vectors.clients import (
    DATABASE,
    MOST_COPIED_BYTES,
    close_client,
    has_database,
    open_client,
    store_error,
    too_large_to_copy,
)
from stores.vectors.collection import EF_SEARCH, PAGE, of_another_library, own_metadata, owner
from stores.vectors.persisting import NEVER, PAGE_ENTRIES, Unpersisted, load, load_to_write
from stores.vectors.replacing import find_collection, replace_folder, replaced
from stores.vectors.slimming import slim

_PAGE_BESIDE_SEARCHES = 50
"""Chunks in one write while others search: embedded Chroma holds Python's global lock meanwhile, 2 ms a chunk."""
_SEARCHED_LATELY_S = 10.0


@dataclass(frozen=True, slots=True)
class Opened:
    """
    A client, its collection (None if there is none), and the number of chunks that the client takes at once.

    `may_write` is False if it was opened to be read, `loaded` if the collection may have no graph yet; `size` is the
    number of nodes that the graph had.
    """

    client: Any
    collection: Any
    batch: int
    may_write: bool = False
    loaded: bool = True
    size: int = 0


class FolderBackend:
    """
    The collection in a folder, which the first write makes.

    Args:
        folder: Where it is.
        library_id: The id of the library that it should belong to.
        former_id: Another id of this library.

    Raises:
        StoreMismatch: It belongs to another library.
        StoreDamaged: The files of its graph are damaged.
        LibraryLocked: They were in use by others for too long.
    """

    remote = False
    name = COLLECTION

    def __init__(self, folder: Path, library_id: str, former_id: str) -> None:
        self.place, self._ids = folder, (library_id, former_id)
        self._guard = Guard()
        self._searched = float("-inf")
        self._is_lost = False  # True if it was closed to be opened to write, and that failed
        with self._translated():
            self._use(self._open())

    def _open(self, *, create: bool = False) -> Opened:
        if create:
            self.place.parent.mkdir(parents=True, exist_ok=True)
        lock = FolderLock(self.place)
        with lock.exclusive() if create else lock.shared():
            return _open(self.place, *self._ids, create=create)

    def _exchange(self, opened: Opened) -> None:
        with self._guard.exchanging():
            old = self._opened
            self._use(opened)
        if old.client is not None:
            close_client(old.client)

    def _use(self, opened: Opened) -> None:
        self._opened, self._is_lost = opened, False
        self._unpersisted = Unpersisted(self.place, size=opened.size, loaded=opened.loaded)

    @property
    def problem(self) -> str | None:
        """A sentence that says why the collection cannot be read; None if it can."""
        if too_large_to_copy(self.place):
            return (
                f"The vectors in {self.place} cannot be written, and are too large to be copied and read "
                f"({MOST_COPIED_BYTES >> 30} GB at most, in the temporary folder)."
            )
        return None

    def look(self, *, to_write: bool = False) -> bool:
        """True if there is a collection."""
        return self._opened.collection is not None

    @property
    def page(self) -> int:
        """How many chunks to write at once; fewer while others search."""
        searched_lately = time.monotonic() - self._searched < _SEARCHED_LATELY_S
        return _PAGE_BESIDE_SEARCHES if searched_lately else min(self._opened.batch, PAGE_ENTRIES)

    def searching(self) -> None:
        """Note that somebody searches."""
        self._searched = time.monotonic()

    @contextmanager
    def using(self) -> Iterator[Any]:
        """The collection for one call, or None if there is none."""
        if self._is_lost:
            self.reopen()
        with self._translated(), self._guard.reading():
            yield self._opened.collection

    @contextmanager
    def writing(self, entries: int) -> Iterator[Any]:
        """The collection for one write, at most `PAGE_ENTRIES`. They do not reach the files."""
        with self.using() as collection, self._unpersisted.writing(entries, collection):
            yield collection

    def open_to_write(self) -> None:
        """Open the collection to write it, and make it if there is none. Until it is loaded, nobody searches."""
        if self._opened.may_write and self._unpersisted.is_outgrown:
            self.persist()
        elif self._opened.may_write and self._opened.collection is not None:
            return
        with self._translated(), self._guard.exchanging():  # others wait: two graphs would take twice the memory
            old, self._opened = self._opened, Opened(None, None, PAGE)
            if old.client is not None:
                close_client(old.client)
            try:
                self._use(self._open(create=True))
            except BaseException:
                self._is_lost = True
                raise

    def persist(self) -> None:
        """Write to the HNSW files what they lack."""
        with self.using() as collection:
            self._unpersisted.persist(collection)

    def persist_many(self) -> None:
        """Write to the HNSW files what they lack, if it is as much as they may."""
        with self.using() as collection:
            self._unpersisted.persist_many(collection)

    def clear(self) -> None:
        """Delete the whole folder."""
        with self._translated():
            self._exchange(Opened(None, None, PAGE))
            with FolderLock(self.place).exclusive():
                shutil.rmtree(self.place, ignore_errors=True)

    def replace(self, place: Path) -> None:
        """Put the folder in the place of another, and close it."""
        with self._translated():
            self.close()
            with FolderLock(place).exclusive():
                replace_folder(place, self.place)
            FolderLock(self.place).path.unlink(missing_ok=True)

    def remove_replaced(self) -> None:
        """Delete the folder that `replace` left for readers."""
        with self._translated():
            shutil.rmtree(replaced(self.place), ignore_errors=True)

    def reopen(self) -> None:
        """See what others wrote, by a new client."""
        with self._translated():
            self._exchange(self._open())

    def close(self) -> None:
        """Close the files."""
        with suppress(StoreError):
            self.persist()
        self._exchange(Opened(None, None, PAGE))

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except NotFoundError as error:  # the collection was rebuilt under an open client
            raise StoreError(
                f"The collection at {self.place} was rebuilt meanwhile.", hint="Run the command again."
            ) from error
        except (ChromaError, ValueError, OSError, RuntimeError) as error:
            raise store_error(self.place, error) from error


def _open(folder: Path, library_id: str, former_id: str, *, create: bool) -> Opened:
    """Open a collection by a client of its own, and load it; the folder's lock must be held."""
    if not create and not has_database(folder):
        folder = replaced(folder)
    client = open_client(folder, create=create)
    if client is None:
        return Opened(None, None, PAGE)
    try:
        collection = find_collection(client, COLLECTION)
        if collection is None and create:
            slim(folder / DATABASE)
            collection = client.get_or_create_collection(
                COLLECTION,
                embedding_function=None,
                configuration={"hnsw": {"space": "cosine", "ef_search": EF_SEARCH, "sync_threshold": NEVER}},
                metadata=own_metadata(library_id),
            )
        if collection is not None and owner(collection) not in ("", library_id, former_id):
            raise of_another_library(folder, COLLECTION)
        loaded, size = True, graph_size(folder)
        if create:
            loaded = load_to_write(collection, folder, size)
        elif collection is not None:
            load(collection, getattr(client, "refdesk_copy", folder))
        return Opened(client, collection, min(int(client.get_max_batch_size()), PAGE), create, loaded, size)
    except BaseException:
        close_client(client)
        raise
