"""
Following: bring indexes up to date with the change log, in batches.

Machines that share a catalog have a word index each, and each follows the others: at every question, and while it
serves. The vectors on a server are theirs together, and only the one writer of papers writes them.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from rag.errors import StoreError
from stores.embedding import embed, in_order
from stores.sql.changes import LEXICAL, VECTORS, IndexState, Span

if TYPE_CHECKING:
    from rag.ports import WriterLock
    from stores.store import LibraryStore

_FOLLOW_S = 1.0
"""How long a question waits at most for the papers that other machines added; a batch that has begun is ended."""


def follow(library: LibraryStore, lock: WriterLock, *, batch: int) -> dict[str, IndexState]:
    """
    Bring the indexes that this machine has for itself up to date with the catalog that it shares.

    Nothing is done while another thread or process writes them, and in a library whose catalog is its own: there, who
    adds papers indexes them. If they cannot be written, that is told once, and they stay behind.

    Args:
        library: The open library.
        lock: Its lock.
        batch: Papers that are indexed at once.

    Returns:
        The state of each index.
    """
    changes = library.catalog.changes
    own, states = changes.own.keys(), changes.indexes()
    if all(states[name].position and not states[name].lag for name in own):
        return states
    until = time.monotonic() + _FOLLOW_S
    with lock.own_indexes() as is_free:
        if not is_free:
            return states
        try:
            library.reopen_written()  # another process may have replaced what is open here
            empty_strange(library)
            while index_next(library, own, batch=batch) is not None and time.monotonic() < until:
                pass
        except StoreError as error:
            library.health.tell_once("following", f"{error.message} {error.hint or ''}".rstrip())
    return changes.indexes()


def empty_strange(library: LibraryStore) -> None:
    """
    Delete a word index that has no position: it is another library's, or of a newer catalog than was restored.

    It may hold papers that the catalog has not. To be called by who alone writes the indexes of this folder.
    """
    changes = library.catalog.changes
    if LEXICAL in changes.own and not changes.indexes()[LEXICAL].position and library.indexes.has_words():
        library.indexes.remove_words()


def index_next(library: LibraryStore, names: Collection[str], *, batch: int) -> int | None:
    """Index the next papers, at most `batch`, that one of these indexes lacks, and return how many; None if none."""
    catalog = library.catalog
    states = {name: state for name, state in library.health.writable().items() if name in names}
    lowest = min(state.position for state in states.values())
    entries = catalog.changes.after(lowest, limit=batch)
    if not entries:
        return None
    behind = [name for name, state in states.items() if state.position == lowest]
    papers = catalog.papers([paper_id for _, paper_id in entries])
    cuts, vectors = embed(lambda: library.embedder, papers if VECTORS in behind else {})
    catalog.cut_anew({paper_id: chunks for paper_id, chunks in cuts.items() if not chunks})
    merged_ids = [paper_id for _, paper_id in entries if paper_id not in papers]
    span = Span(lowest, entries[-1][0])
    library.index(papers, in_order(cuts), vectors, span, fresh=False, merged_ids=merged_ids, into=behind)
    return len(papers)
