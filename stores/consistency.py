"""
Consistency check: compare each index with the catalog and list what is missing, stale, orphaned or damaged.

It finds and repairs nothing: the next writer of papers, or `reindex`, does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.errors import LibraryLocked, StoreDamaged
from rag.types import Finding
from stores.sql.changes import INDEXES, LEXICAL, VECTORS
from stores.store import LibraryStore

_EXAMPLES = 5
_PROBES = 100
_TRIES = 10
"""How often the comparison is repeated, where papers were written during it."""
_MISSED = 2
"""Probes that a sound index may miss: HNSW is approximate, and of 20,000 abstracts it misses one in 600 (measured)."""


def check(library: LibraryStore) -> list[Finding]:
    """
    List every inconsistency; an empty list means that the library is consistent.

    Changes that an index lacks by its position are `stale`; all other papers are compared. Of the vectors every
    chunk's text is compared, and evenly spread chunks are searched for by their own vectors: an index that two writers
    broke still counts them, and no longer finds them. If papers were written during the comparison, it is repeated,
    because it may have found faults that do not exist.

    Raises:
        LibraryLocked: Papers were written during every repetition.
    """
    for _ in range(_TRIES):
        before = library.catalog.change_counter()
        findings = _compared(library)
        if library.catalog.change_counter() == before:
            return findings
    raise LibraryLocked(
        f"Another process kept writing to {library.place.folder} while it was checked.",
        hint="Wait for it to end, and run the command again.",
    )


def _compared(library: LibraryStore) -> list[Finding]:
    """The inconsistencies, if nothing is written meanwhile."""
    library.refresh(wait=True)
    findings = [_finding("catalog", "damaged", library.catalog.problems())]
    lacking = _lacking(library)
    findings += [_finding(name, "stale", paper_ids) for name, paper_ids in lacking.items()]
    for name, compare in ((LEXICAL, _lexical), (VECTORS, _vectors)):
        if not library.needs_rebuild():
            try:
                findings += compare(library, lacking[name])
            except StoreDamaged as error:
                findings.append(_finding(name, "damaged", [error.message]))
    return [finding for finding in findings if finding.count]


def _lacking(library: LibraryStore) -> dict[str, set[str]]:
    """By index, the papers whose last change it lacks."""
    if library.needs_rebuild():
        return {name: set(library.catalog.ids()) for name in INDEXES}
    changes = library.catalog.changes
    return {
        name: {paper_id for _, paper_id in changes.after(state.position)} for name, state in changes.indexes().items()
    }


def _lexical(library: LibraryStore, lacking: set[str]) -> list[Finding]:
    expected = {paper_id: hash_ for paper_id, hash_ in library.catalog.hashes().items() if paper_id not in lacking}
    indexed = library.lexical.hashes()
    repeated = library.lexical.count() - len(indexed)
    found = {paper_id: hash_ for paper_id, hash_ in indexed.items() if paper_id not in lacking}
    stale = (paper_id for paper_id, hash_ in found.items() if expected.get(paper_id, hash_) != hash_)
    return [
        _finding(LEXICAL, "missing", expected.keys() - found.keys()),
        _finding(LEXICAL, "stale", stale),
        _finding(LEXICAL, "orphaned", found.keys() - expected.keys()),
        _finding(LEXICAL, "damaged", [f"{repeated} papers stand twice"] if repeated else []),
    ]


def _vectors(library: LibraryStore, lacking: set[str]) -> list[Finding]:
    expected = {
        chunk.chunk_id: hash((chunk.text, title))
        for chunk, title in library.catalog.chunks()
        if chunk.paper_id not in lacking
    }
    found = {
        chunk_id: hash((text, title))
        for chunk_id, text, title in library.vectors.documents()
        if chunk_id.rpartition("#")[0] not in lacking
    }
    lost = library.vectors.unfindable(sorted(found), probes=_PROBES)
    stale = (chunk_id for chunk_id, content in found.items() if expected.get(chunk_id, content) != content)
    return [
        _finding(VECTORS, "missing", expected.keys() - found.keys()),
        _finding(VECTORS, "stale", stale),
        _finding(VECTORS, "orphaned", found.keys() - expected.keys()),
        _finding(VECTORS, "damaged", lost if len(lost) > _MISSED else []),
    ]


def _finding(store: str, kind: str, names: Iterable[str]) -> Finding:
    ids: Sequence[str] = sorted(names)
    return Finding(store=store, kind=kind, count=len(ids), examples=tuple(ids[:_EXAMPLES]))  # type: ignore[arg-type]
