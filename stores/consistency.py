"""
Consistency check: compare each index with the catalog, and say what is missing, stale, orphaned or damaged.

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
    All that is inconsistent; an empty list is a consistent library.

    Changes that an index is known to lack are `stale` in it; all other papers are compared. Of the vectors every
    chunk's text is compared, and a spread of chunks is searched for by its own vector: an index that two writers broke
    still counts them, and no longer finds them. The comparison is repeated if papers were written meanwhile, for it
    would find faults that are not there.

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
    """What is inconsistent, if nothing is written meanwhile."""
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
    should = {paper_id: hash_ for paper_id, hash_ in library.catalog.hashes().items() if paper_id not in lacking}
    indexed = library.lexical.hashes()
    repeated = library.lexical.count() - len(indexed)
    have = {paper_id: hash_ for paper_id, hash_ in indexed.items() if paper_id not in lacking}
    stale = (paper_id for paper_id, hash_ in have.items() if should.get(paper_id, hash_) != hash_)
    return [
        _finding(LEXICAL, "missing", should.keys() - have.keys()),
        _finding(LEXICAL, "stale", stale),
        _finding(LEXICAL, "orphaned", have.keys() - should.keys()),
        _finding(LEXICAL, "damaged", [f"{repeated} papers stand twice"] if repeated else []),
    ]


def _vectors(library: LibraryStore, lacking: set[str]) -> list[Finding]:
    should = {
        chunk.chunk_id: hash((chunk.text, title))
        for chunk, title in library.catalog.chunks()
        if chunk.paper_id not in lacking
    }
    have = {
        chunk_id: hash((text, title))
        for chunk_id, text, title in library.vectors.documents()
        if chunk_id.rpartition("#")[0] not in lacking
    }
    lost = library.vectors.unfindable(sorted(have), probes=_PROBES)
    stale = (chunk_id for chunk_id, content in have.items() if should.get(chunk_id, content) != content)
    return [
        _finding(VECTORS, "missing", should.keys() - have.keys()),
        _finding(VECTORS, "stale", stale),
        _finding(VECTORS, "orphaned", have.keys() - should.keys()),
        _finding(VECTORS, "damaged", lost if len(lost) > _MISSED else []),
    ]


def _finding(store: str, kind: str, names: Iterable[str]) -> Finding:
    found: Sequence[str] = sorted(names)
    return Finding(store=store, kind=kind, count=len(found), examples=tuple(found[:_EXAMPLES]))  # type: ignore[arg-type]
