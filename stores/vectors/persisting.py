"""
Decides which process writes the HNSW files of a folder, and when.

Chroma keeps new entries in a log, and each process that opens a collection inserts those into its own copy of the
graph. With the thousandth it writes the graph to the files, a reader as well as the writer. Two graphs that were
written into the same files have links to nodes that do not exist, and who follows such a link ends by SIGSEGV.

So the collection says that nothing is ever written to the files, and only the writer opens it with another number. It
then holds the folder's lock alone whenever it writes them; others hold it while they load them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import StoreDamaged
from stores.folder_lock import FolderLock
from stores.hnsw import graph_problem

NEVER = 1_000_000_000
"""New entries after which who opens a collection writes its graph to the files."""
WRITERS = 1_000
"""The same number, for the writer."""
_NO_CHUNKS = [f"-{number}" for number in range(WRITERS)]


class Unpersisted:
    """
    Counts the entries that the HNSW files of a folder lack, and writes them; nothing for a server.

    Args:
        place: A folder, or a server's URL.
        loaded: False for a collection that has no graph yet.
    """

    def __init__(self, place: Path | str, *, loaded: bool = True) -> None:
        self._lock = FolderLock(place) if isinstance(place, Path) else None
        self._loaded = loaded
        self._entries = 0

    @contextmanager
    def writing(self, entries: int, collection: Any) -> Iterator[None]:
        """Write entries, fewer than `WRITERS`, to the log and the graph in memory. They do not reach the files."""
        if self._entries + entries >= WRITERS:
            self.persist(collection)
        if self._lock is None or self._loaded:
            self._entries += entries
            yield
            return
        with self._lock.exclusive():  # Chroma makes the graph of a new collection with its first entry
            _set_threshold(collection, WRITERS)
            try:
                yield
            finally:
                _set_threshold(collection, NEVER)
            _persist(collection)
        self._loaded = True

    def persist(self, collection: Any) -> None:
        """Write to the files what they lack, while nobody loads them."""
        if self._lock and self._entries:
            with self._lock.exclusive():
                _persist(collection)
            self._entries = 0


def load(collection: Any, folder: Path) -> None:
    """
    Load the graph to read it, with what the log has; the folder's lock must be held.

    Raises:
        StoreDamaged: The files are not a graph.
    """
    require_sound(folder)
    if _threshold(collection) != NEVER:  # a collection of an earlier version
        _set_threshold(collection, NEVER)
    collection.count()


def load_to_write(collection: Any, folder: Path) -> bool:
    """
    Load the graph to write it, and write it to the files; the folder's lock must be held alone.

    Returns:
        False if the collection may have no graph yet.

    Raises:
        StoreDamaged: The files are not a graph.
    """
    require_sound(folder)
    _set_threshold(collection, WRITERS)
    try:
        loaded = bool(collection.count())  # it loads the graph, and keeps the number
    finally:
        _set_threshold(collection, NEVER)
    if loaded:
        _persist(collection)
    return loaded


def require_sound(folder: Path) -> None:
    """
    Check the files before Chroma loads them.

    Raises:
        StoreDamaged: They are not a graph.
    """
    if problem := graph_problem(folder):
        raise StoreDamaged(
            f"The vectors in {folder} cannot be used: {problem}.",
            hint="Run `refdesk reindex`, which rebuilds them from the catalog.",
        )


def _threshold(collection: Any) -> int:
    with _quiet():
        return int(((collection.configuration or {}).get("hnsw") or {}).get("sync_threshold") or 0)


def _set_threshold(collection: Any, entries: int) -> None:
    with _quiet():
        collection.modify(configuration={"hnsw": {"sync_threshold": entries}})


@contextmanager
def _quiet() -> Iterator[None]:
    """Chroma warns of a collection without a function that embeds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _persist(collection: Any) -> None:
    """Make Chroma write the graph to the files. It has no call for it: enough ids that do not exist are deleted."""
    collection.delete(ids=_NO_CHUNKS)
