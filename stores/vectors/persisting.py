"""
Decides which process writes the HNSW files of a folder, and when.

Chroma keeps new entries in a log, and each process that opens a collection inserts those into its own copy of the
graph. With the thousandth it writes the graph to the files, a reader as well as the writer. Two graphs that were
written into the same files have links to nodes that do not exist, and who follows such a link ends by SIGSEGV.

So the collection says that nothing is ever written to the files, and only the writer opens it with another number. It
then holds the folder's lock alone whenever it writes them; others hold it while they load them. What the files lack is
in the log, so a process that is killed loses nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rag.errors import StoreDamaged
from stores.folder_lock import FolderLock
from stores.hnsw import WRITTEN_LAST, graph_problem
from stores.vectors.collection import EF_SEARCH

NEVER = 1_000_000_000
"""New entries after which who opens a collection writes its graph to the files."""
PAGE_ENTRIES = 1_000
"""Entries in one write, at most."""
_SHARE = 200
_NO_CHUNKS = [f"-{number}" for number in range(PAGE_ENTRIES)]


def most_entries(size: int) -> int:
    """
    How many entries the files of a graph may lack: the larger it is the more, for each time much of it is written.

    Args:
        size: How many nodes it has.
    """
    return max(PAGE_ENTRIES, size // _SHARE)


class Unpersisted:
    """
    Counts the entries that the HNSW files of a folder lack, and writes them.

    Args:
        folder: Where they are.
        size: How many nodes the graph had when it was loaded.
        loaded: False for a collection that has no graph yet.
    """

    def __init__(self, folder: Path, *, size: int, loaded: bool) -> None:
        self._folder, self._lock = folder, FolderLock(folder)
        self._size = self._size_when_loaded = size
        self._loaded = loaded
        self._entries = 0

    @property
    def is_outgrown(self) -> bool:
        """True if the graph has grown so much that it should be loaded anew, to be written more seldom."""
        return most_entries(self._size) >= 2 * most_entries(self._size_when_loaded)

    @contextmanager
    def writing(self, entries: int, collection: Any) -> Iterator[None]:
        """Write entries, at most `PAGE_ENTRIES`, to the log and the graph in memory. They do not reach the files."""
        if self._entries + entries >= _threshold_for(self._size_when_loaded):
            self.persist(collection)
        self._size += entries
        if self._loaded:
            self._entries += entries
            yield
            return
        with self._lock.exclusive():  # Chroma makes the graph of a new collection with its first entry
            _set_threshold(collection, _threshold_for(0))
            try:
                yield
            finally:
                _set_threshold(collection, NEVER)
            _persist(collection, self._folder, lacking=_threshold_for(0))
        self._loaded = True

    def persist(self, collection: Any, *, lacking: int = 1) -> None:
        """Write to the files what they lack, while nobody loads them; nothing if that is fewer than `lacking`."""
        if self._entries >= lacking:
            with self._lock.exclusive():
                _persist(collection, self._folder, lacking=_threshold_for(self._size_when_loaded) - self._entries)
            self._entries = 0

    def persist_many(self, collection: Any) -> None:
        """The same, if they are as many as the files may lack."""
        self.persist(collection, lacking=most_entries(self._size_when_loaded))


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


def load_to_write(collection: Any, folder: Path, size: int) -> bool:
    """
    Load the graph to write it, and write it to the files; the folder's lock must be held alone.

    Args:
        collection: Of a client that has not loaded it.
        folder: Where the files are.
        size: How many nodes the graph in them has.

    Returns:
        False if the collection may have no graph yet.

    Raises:
        StoreDamaged: The files are not a graph.
    """
    require_sound(folder)
    threshold = _threshold_for(size)
    _set_threshold(collection, threshold)
    try:
        loaded = bool(collection.count())  # it loads the graph, and keeps the number
    finally:
        _set_threshold(collection, NEVER)
    if loaded:
        _persist(collection, folder, lacking=threshold)
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


def _threshold_for(size: int) -> int:
    """New entries after which Chroma writes the files, so many that the writer always does it first."""
    return most_entries(size) + PAGE_ENTRIES


def _threshold(collection: Any) -> int:
    with _quiet():
        return int(((collection.configuration or {}).get("hnsw") or {}).get("sync_threshold") or 0)


def _set_threshold(collection: Any, entries: int) -> None:
    """Set it, and with it what a collection of an earlier version has not: how far a search looks."""
    with _quiet():
        collection.modify(configuration={"hnsw": {"sync_threshold": entries, "ef_search": EF_SEARCH}})


@contextmanager
def _quiet() -> Iterator[None]:
    """Chroma warns of a collection without a function that embeds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        yield


def _persist(collection: Any, folder: Path, *, lacking: int) -> None:
    """
    Make Chroma write the graph to the files. It has no call for it: ids that do not exist are deleted until it does.

    Args:
        collection: Of the writer.
        folder: Where the files are.
        lacking: So many more entries it takes, at most.
    """
    before = _written(folder)
    for at in range(0, lacking, PAGE_ENTRIES):
        collection.delete(ids=_NO_CHUNKS[: lacking - at])
        if _written(folder) != before:
            return


def _written(folder: Path) -> list[tuple[int, int]]:
    """What changes whenever the files of a graph are written."""
    return [(file.stat().st_mtime_ns, file.stat().st_ino) for file in sorted(folder.glob(f"*/{WRITTEN_LAST}"))]
