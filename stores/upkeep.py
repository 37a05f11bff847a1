"""
Index upkeep: what is wrong with an index as a whole (it is missing, or of an older layout), and its repair by a writer.

It reads and changes the indexes' positions in the change log; the writer's next catching up does the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from rag.errors import StoreDamaged, StoreError
from rag.types import Paper
from stores.indexes import Indexes
from stores.sql.catalog import SQLCatalog
from stores.sql.changes import LEXICAL, VECTORS, Span
from stores.urls import masked

PAGE = 1_000
"""Papers that are read at once for a rebuild."""
_NAMES = {LEXICAL: "word index", VECTORS: "vector index"}


def problems(catalog: SQLCatalog, indexes: Indexes) -> dict[str, str]:
    """By index, what is wrong with it as a whole and what to do, in a sentence. It asks no server."""
    found = {name: f"{_is_missing(name, indexes)} Run `refdesk reindex`." for name in missing(catalog, indexes)}
    if LEXICAL not in found:
        with suppress(StoreError):  # a damaged one; `check` tells of it
            if indexes.lexical.layout < indexes.lexical.newest_layout:
                found[LEXICAL] = (
                    f"The word index has the layout {indexes.lexical.layout} of an earlier version: it is used as it "
                    "is, and the next `refdesk add` or `sync` rebuilds it."
                )
    return found


def missing(catalog: SQLCatalog, indexes: Indexes, *, ask_server: bool = False) -> list[str]:
    """The indexes that held papers and are not there; a new library's are not missing."""
    absent = indexes.missing(ask_server=ask_server)
    if not absent:
        return []
    states = catalog.changes.indexes()
    return [name for name in absent if states[name].position]


def require(catalog: SQLCatalog, indexes: Indexes) -> None:
    """
    Make sure that no index is missing.

    Raises:
        StoreDamaged: An index is missing.
        StoreMismatch: The vectors are those of another library.
    """
    for name in missing(catalog, indexes, ask_server=True):
        raise StoreDamaged(
            _is_missing(name, indexes), hint="Run `refdesk reindex`, which rebuilds it from the catalog."
        )


def _is_missing(name: str, indexes: Indexes) -> str:
    place = indexes.place(name)
    shown = masked(place) if isinstance(place, str) else place
    return f"The {_NAMES[name]} is missing: there is none at {shown}."


def repair(catalog: SQLCatalog, indexes: Indexes) -> None:
    """
    Have a missing index filled anew, rebuild one of an older layout, claim the vectors; to be called by the one writer.

    Raises:
        StoreMismatch: The vectors are those of another library.
    """
    catalog.changes.reset(missing(catalog, indexes, ask_server=True))
    lexical = indexes.lexical
    if lexical.exists and lexical.layout < lexical.newest_layout:
        position = catalog.changes.indexes()[LEXICAL].position
        lexical.rebuild(_batches(catalog))
        catalog.changes.advance([LEXICAL], Span(position, position))  # so that readers reopen it
    indexes.claim(lambda paper_ids: len(catalog.resolve(paper_ids)))


def _batches(catalog: SQLCatalog) -> Iterator[Sequence[Paper]]:
    ids = catalog.ids()
    for at in range(0, len(ids), PAGE):
        yield list(catalog.papers(ids[at : at + PAGE]).values())
