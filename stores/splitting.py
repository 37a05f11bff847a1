"""Splitting: undoes a union of two papers, in the catalog and in both indexes."""

from __future__ import annotations

from rag.errors import NothingToSplit
from rag.types import SplitReport
from stores.store import LibraryStore


def split(library: LibraryStore, paper_id: str, *, named: str = "") -> SplitReport:
    """
    Undo a union of a paper: that with the paper `named`, else the newest.

    Each of the two gets its former texts, ids and metadata. What was changed since the union, and the rating, stay with
    the paper that keeps its id. No record unites the two again.

    Args:
        library: An open library.
        paper_id: The united paper.
        named: An id of the paper to restore, as it was before the union; with or without its scheme.

    Raises:
        NothingToSplit: No union of the paper is known, or an earlier version made it.
        StoreError: As `LibraryStore.writing`.
    """
    with library.writing():
        library.catch_up()
        known = library.catalog.unions(paper_id)
        if not known:
            raise NothingToSplit(
                f"No union of {paper_id} is known.",
                hint="Unions that an earlier version made are not; `refdesk show` prints the ids of the paper.",
            )
        union = next((each for each in known if f":{each.merged_id}".endswith(f":{named}")), known[0])
        kept, restored = library.catalog.parted(union.seq, paper_id)
        chunks = {paper.paper_id: library.cut(paper) for paper in (kept, restored)}
        library.catalog.part(union.seq, kept, restored, chunks)
        library.catch_up()
    return SplitReport(paper=kept, restored=restored, united=union.seen, brought=union.brought, others=len(known) - 1)
