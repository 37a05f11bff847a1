"""
Following: bring indexes up to date with the change log, in batches.

Machines that share a catalog have a word index each, and each follows the others: at every question, and while it
serves. The vectors on a server are theirs together, and only the one writer of papers writes them.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from typing import TYPE_CHECKING

from stores.embedding import embed, in_order
from stores.sql.changes import VECTORS, Span

if TYPE_CHECKING:
    from rag.ports import WriterLock
    from stores.store import LibraryStore

BATCH = 1_000
"""Papers that are indexed at once."""
_FOLLOW_S = 1.0
"""How long a question waits at most for the papers that other machines added; a batch that has begun is ended."""


def follow(library: LibraryStore, lock: WriterLock) -> None:
    """
    Bring the indexes that this machine has for itself up to date with the catalog that it shares.

    Nothing is done while another thread or process writes them, and in a library whose catalog is its own: there, who
    adds papers indexes them.
    """
    changes = library.catalog.changes
    own = changes.own.keys()
    if not own or not any(state.lag for name, state in changes.indexes().items() if name in own):
        return
    until = time.monotonic() + _FOLLOW_S
    with lock.own_indexes() as is_free:
        while is_free and index_next(library, own) is not None and time.monotonic() < until:
            pass


def index_next(library: LibraryStore, names: Collection[str]) -> int | None:
    """Index the next papers that one of these indexes lacks, and return how many; None if they lack none."""
    catalog = library.catalog
    states = {name: state for name, state in library.health.writable().items() if name in names}
    lowest = min(state.position for state in states.values())
    entries = catalog.changes.after(lowest, limit=BATCH)
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
