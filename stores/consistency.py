"""Is a library whole: compare the indexes with the catalog, and say what is missing, stale, orphaned or damaged."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rag.errors import StoreDamaged
from rag.types import Finding
from stores.store import LibraryStore

_EXAMPLES = 5
_PROBES = 100
_MISSED = 2
"""Probes that a sound index may miss: HNSW is approximate, and of 20,000 abstracts it misses one in 600 (measured)."""


def check(library: LibraryStore) -> list[Finding]:
    """
    All that is amiss, after unfinished writes were finished; an empty list is a whole library.

    Of the vectors every chunk's text is compared, and a spread of chunks is searched for by its own vector: an index
    that two writers broke still counts them, and no longer finds them.
    """
    library.refresh()
    findings = [_finding("catalog", "stale", library.catalog.to_index())]
    findings += [_finding("catalog", "damaged", library.catalog.problems())]
    for compare in (_lexical, _vectors):
        try:
            findings += compare(library)
        except StoreDamaged as error:
            findings.append(_finding(compare.__name__.strip("_"), "damaged", [error.message]))
    return [finding for finding in findings if finding.count]


def _lexical(library: LibraryStore) -> list[Finding]:
    should = library.catalog.hashes()
    have = library.lexical.hashes()
    repeated = library.lexical.count() - len(have)
    return [
        _finding("lexical", "missing", should.keys() - have.keys()),
        _finding(
            "lexical",
            "stale",
            (paper_id for paper_id, hash_ in have.items() if should.get(paper_id, hash_) != hash_),
        ),
        _finding("lexical", "orphaned", have.keys() - should.keys()),
        _finding("lexical", "damaged", [f"{repeated} papers stand twice"] if repeated else []),
    ]


def _vectors(library: LibraryStore) -> list[Finding]:
    should = {chunk.chunk_id: hash((chunk.text, title)) for chunk, title in library.catalog.chunks()}
    have = {chunk_id: hash((text, title)) for chunk_id, text, title in library.vectors.documents()}
    lost = library.vectors.unfindable(sorted(have), probes=_PROBES)
    return [
        _finding("vectors", "missing", should.keys() - have.keys()),
        _finding(
            "vectors",
            "stale",
            (chunk_id for chunk_id, own in have.items() if should.get(chunk_id, own) != own),
        ),
        _finding("vectors", "orphaned", have.keys() - should.keys()),
        _finding("vectors", "damaged", lost if len(lost) > _MISSED else []),
    ]


def _finding(store: str, kind: str, names: Iterable[str]) -> Finding:
    found: Sequence[str] = sorted(names)
    return Finding(store=store, kind=kind, count=len(found), examples=tuple(found[:_EXAMPLES]))  # type: ignore[arg-type]
