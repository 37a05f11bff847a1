"""
What is stored in a Chroma collection, in a folder or on a server: the ids and metadata of chunks, and whose it is.

It opens nothing: `stores.vectors.folder` and `stores.vectors.server` do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import StoreDamaged, StoreMismatch
from rag.identity import title_hash
from rag.ports import Matrix
from rag.types import Chunk, Paper
from rag.types.selection import day_number

LAYOUT = 2
"""
The newest layout of what is stored with a chunk: 1 has title and source, 2 the title's hash in their place.
A collection keeps the layout that it was made with.
"""
EF_SEARCH = 1_500
"""
Nodes of the graph that a search keeps in view (`ef_search` of HNSW). Measured with 400,000 static vectors: of the 30
nearest it finds .96 in 5 ms; 400 finds .90 in 1.6 ms, and Chroma's own 100 finds .78 in 0.9 ms.
"""
PAGE = 2_000
"""Chunks that are read or written at once, at most."""
_MOST_HALVES = 500
"""Calls for the vectors of one page of ids, at most."""
_EQUAL = 1e-6
"""By how much the numbers of a stored vector may differ from those that were written."""
_LIBRARY, _LAYOUT = "refdesk:library", "refdesk:layout"


def own_metadata(library_id: str, layout: int = LAYOUT) -> dict[str, Any]:
    """The metadata of a library's collection."""
    return {_LAYOUT: layout} | ({_LIBRARY: library_id} if library_id else {})


def layout_of(collection: Any) -> int:
    """The layout of a collection; one that says none is of the first version."""
    return int((collection.metadata or {}).get(_LAYOUT, 1))


def owner(collection: Any) -> str:
    """The id of the library that a collection belongs to; empty if it has none."""
    return str((collection.metadata or {}).get(_LIBRARY, ""))


def of_another_library(place: Path | str, name: str) -> StoreMismatch:
    """The error for a collection of another library, with the next step."""
    if isinstance(place, str):
        return StoreMismatch(
            f"The collection “{name}” at {place} belongs to another library.",
            hint="Put a name of its own after the URL in the setting `vectors`, such as "
            "`http://localhost:8000/my-papers`, and run `refdesk reindex`.",
        )
    return StoreMismatch(
        f"The vectors in {place} belong to another library.",
        hint="Remove that folder and run `refdesk reindex`, which makes it from the catalog.",
    )


def stored_metadata(chunk: Chunk, paper: Paper, layout: int) -> dict[str, str | int]:
    """What is stored with a chunk in a collection of a layout."""
    common: dict[str, str | int] = {
        "paper_id": chunk.paper_id,
        "chunk": chunk.number,
        "start": chunk.start,
        "end": chunk.end,
        "published": day_number(paper.published) if paper.published else 0,
        "listed": day_number(paper.day),
    }
    if layout < 2:
        return common | {"title": paper.title, "source": paper.source}
    return common | {"title_hash": title_hash(paper.title)}


def stored_title_hash(metadata: Mapping[str, Any] | None) -> int:
    """The hash of the title that a chunk was stored with, in any layout."""
    stored = metadata or {}
    return title_hash(str(stored["title"])) if "title" in stored else int(stored.get("title_hash", 0))


def write(
    collection: Any, chunks: Sequence[Chunk], vectors: Matrix, papers: Sequence[Paper], stored: Mapping[str, Any]
) -> None:
    """
    Write chunks, and only the metadata of those whose text and vector are there already.

    A vector that is written again has its node linked anew, which takes eight times as long as writing metadata alone.

    Args:
        collection: Of Chroma.
        chunks: What to write.
        vectors: One unit row per chunk.
        papers: The paper of each chunk.
        stored: What the collection has of these chunks: ids, documents and embeddings.
    """
    place = {chunk.chunk_id: at for at, chunk in enumerate(chunks)}
    known = {
        place[chunk_id]
        for chunk_id, text, row in zip(stored["ids"], stored["documents"], stored["embeddings"], strict=True)
        if text == chunks[place[chunk_id]].text
        and np.shape(row) == vectors.shape[1:]
        and np.allclose(row, vectors[place[chunk_id]], rtol=0, atol=_EQUAL)
    }
    ids = [chunk.chunk_id for chunk in chunks]
    metadatas = [stored_metadata(*each, layout_of(collection)) for each in zip(chunks, papers, strict=True)]
    if new := [at for at in range(len(chunks)) if at not in known]:
        collection.upsert(
            ids=[ids[at] for at in new],
            embeddings=vectors[new],
            documents=[chunks[at].text for at in new],
            metadatas=[metadatas[at] for at in new],
        )
    if known:
        collection.update(ids=[ids[at] for at in known], metadatas=[metadatas[at] for at in known])


def parts(chunk_id: str) -> tuple[str, int]:
    """Paper id and number of a chunk, by its id."""
    paper_id, _, number = chunk_id.rpartition("#")
    return paper_id, int(number)


def without_unfinished(get: Callable[[list[str]], dict[str, Any]], chunk_ids: list[str]) -> Iterator[dict[str, Any]]:
    """
    Get vectors by ids, without those that another process is just writing.

    Chroma reads the ids from its table and the vectors from its graph. Written is the table first; until the graph has
    an id too, Chroma refuses all that is asked for together with it. So the ids are halved until it alone fails.

    Args:
        get: A call to Chroma.
        chunk_ids: Their ids; unknown ones are left out.

    Raises:
        StoreDamaged: So many fail that the graph must be damaged.
    """
    waiting, calls = [chunk_ids], 0
    while waiting:
        some, calls = waiting.pop(), calls + 1
        try:
            found = get(some)
        except StoreDamaged:
            if calls >= _MOST_HALVES:
                raise
            if len(some) > 1:
                waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
            continue
        yield found
