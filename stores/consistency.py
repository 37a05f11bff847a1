"""
Consistency check: compare each index with the catalog and list what is missing, stale, orphaned or damaged.

It finds and repairs nothing: the next writer of papers, or `reindex`, does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from rag.errors import LibraryLocked, StoreDamaged
from rag.identity import title_hash
from rag.types import Finding
from stores.sql.changes import INDEXES, LEXICAL, VECTORS
from stores.store import LibraryStore

_EXAMPLES = 5
_PROBES = 1_000
_TRIES = 10
"""How often the comparison is repeated, where papers were written during it."""
_HIDDEN = 0.01
"""
The share of vectors that a sound HNSW graph may hide from every search: when a node's links are pruned, another one
can lose the last link that leads to it. They are 0.43 % of 20,000 papers and 0.36 % of 400,000 (a walk over all links).
"""
_CHANCE = 1e-4
"""How seldom the probes of a sound graph may be taken for those of a damaged one."""


def check(library: LibraryStore) -> list[Finding]:
    """
    List every inconsistency; an empty list means that the library is consistent.

    A paper that an index lacks is `missing`; one that it has, and whose last change it lacks by its position, is
    `stale`. Of the vectors every chunk's text is compared, and evenly spread chunks are searched for by their own
    vectors: an index that two writers broke still counts them, and no longer finds them. A single chunk without a
    vector is damage. Searches are approximate, so of hidden vectors it takes more than a sound graph has: with 1,000
    probes more than 24, by which one that hides 3.5 % is found out 19 times of 20.

    If papers were written during the comparison, it is repeated: it may have found faults that do not exist.

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
    if library.needs_rebuild():
        ids = library.catalog.ids()
        return [
            finding for finding in (*findings, *(_finding(name, "stale", ids) for name in INDEXES)) if finding.count
        ]
    changes = library.catalog.changes
    positions = {name: state.position for name, state in changes.indexes().items()}
    for name, compare in ((LEXICAL, _lexical), (VECTORS, _vectors)):
        lagging = {paper_id for _, paper_id in changes.after(positions[name])}
        try:
            findings += compare(library, lagging)
        except StoreDamaged as error:
            findings.append(_finding(name, "damaged", [error.message]))
    return [finding for finding in findings if finding.count]


def _lexical(library: LibraryStore, lagging: set[str]) -> list[Finding]:
    """The inconsistencies of the word index, which lacks the last changes of the papers `lagging`."""
    expected, indexed = library.catalog.hashes(), library.lexical.hashes()
    repeated = library.lexical.count() - len(indexed)
    changed = {paper_id for paper_id, hash_ in indexed.items() if expected.get(paper_id, hash_) != hash_}
    return [
        _finding(LEXICAL, "missing", expected.keys() - indexed.keys()),
        _finding(LEXICAL, "stale", changed | (lagging & indexed.keys())),
        _finding(LEXICAL, "orphaned", indexed.keys() - expected.keys() - lagging),
        _finding(LEXICAL, "damaged", [f"{repeated} papers stand twice"] if repeated else []),
    ]


def _vectors(library: LibraryStore, lagging: set[str]) -> list[Finding]:
    """The inconsistencies of the vectors, which lack the last changes of the papers `lagging`."""
    found = {chunk_id: hash((text, title)) for chunk_id, text, title in library.vectors.documents()}
    stale = lagging & {_paper_of(chunk_id) for chunk_id in found}
    found = {chunk_id: content for chunk_id, content in found.items() if _paper_of(chunk_id) not in stale}
    expected = {
        chunk.chunk_id: hash((chunk.text, title_hash(title)))
        for chunk, title in library.catalog.chunks()
        if chunk.paper_id not in stale
    }
    lost, hidden = library.vectors.unfindable(sorted(found), probes=_PROBES)
    if len(hidden) > most_hidden(min(_PROBES, len(found))):
        lost += hidden
    changed = {chunk_id for chunk_id, content in found.items() if expected.get(chunk_id, content) != content}
    return [
        _finding(VECTORS, "missing", expected.keys() - found.keys()),
        _finding(VECTORS, "stale", changed | stale),
        _finding(VECTORS, "orphaned", found.keys() - expected.keys()),
        _finding(VECTORS, "damaged", lost),
    ]


def most_hidden(probes: int) -> int:
    """
    How many probes of a sound graph are hidden at most: the quantile of the binomial distribution of `_HIDDEN`.

        >>> most_hidden(60), most_hidden(1_000)
        (5, 24)
    """
    most, at_most = -1, 0.0
    while at_most < 1 - _CHANCE:
        most += 1
        at_most += math.comb(probes, most) * _HIDDEN**most * (1 - _HIDDEN) ** (probes - most)
    return most


def _paper_of(chunk_id: str) -> str:
    return chunk_id.rpartition("#")[0]


def _finding(store: str, kind: str, names: Iterable[str]) -> Finding:
    ids: Sequence[str] = sorted(names)
    return Finding(store=store, kind=kind, count=len(ids), examples=tuple(ids[:_EXAMPLES]))  # type: ignore[arg-type]
