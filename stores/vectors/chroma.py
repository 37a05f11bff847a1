"""
The vector index: a Chroma collection `chunks`, embedded in a folder or on a server by URL.

Documents and flat metadata are stored, so that `langchain_chroma.Chroma` can open the collection. Chroma answers with
distances; here they are cosine similarities. Any number of threads may search while one writes.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from functools import partial
from itertools import count as numbers
from pathlib import Path
from typing import Any

import numpy as np

from rag.errors import StoreError
from rag.ports import Matrix
from rag.types import Chunk, Paper
from stores.vectors.backend import Backend
from stores.vectors.collection import (
    PAGE,
    layout_of,
    of_another_library,
    own_metadata,
    owner,
    parts,
    stored_title_hash,
    without_unfinished,
    write,
)
from stores.vectors.comparing import Rows, RowsCache
from stores.vectors.folder import FolderBackend
from stores.vectors.persisting import PAGE_ENTRIES
from stores.vectors.probing import hidden
from stores.vectors.server import ServerBackend

_FIRST = 3  # chunks of a paper that are looked at: an abstract seldom has more, and asking for them costs time
_SAMPLE = 200  # chunks by whose papers a collection is known, at its beginning and at its end
_AMONG = 30_000  # ids in one call; SQLite, on which Chroma rests, takes 32,766 variables


class ChromaVectors:
    """
    The collection at a place, which the first write makes; until then it is empty.

    Args:
        place: A folder, or a server's URL such as `http://localhost:8000`, with `/name` after it for another
            collection than `chunks`, where several libraries share a server.
        environment: Where the token of a server is.
        library_id: The id of the library that it belongs to.
        former_id: One that it may belong to as well: the library's, before it was moved.

    Raises:
        ConfigError: The URL is not valid, or the token in the environment.
        StoreMismatch: The collection belongs to another library; a server is asked for it when it is first used.
        StoreError: The folder cannot be used.
    """

    def __init__(
        self,
        place: Path | str,
        *,
        library_id: str = "",
        former_id: str = "",
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        self._library_id = library_id
        self._backend: Backend = (
            FolderBackend(place, library_id, former_id)
            if isinstance(place, Path)
            else ServerBackend(place, library_id, environment, former_id)
        )
        self.remote = self._backend.remote
        self._compared = RowsCache()

    # ---- the library that it belongs to

    @property
    def exists(self) -> bool:
        """True if there is a collection."""
        with self._using() as collection:
            return collection is not None

    @property
    def problem(self) -> str | None:
        """A sentence that says why the vectors cannot be read; None if they can."""
        return self._backend.problem

    def look(self, *, to_write: bool = False) -> bool:
        """
        As `exists`, by asking a server anew.

        Args:
            to_write: Ask it as often as a write needs, also if it failed just now; otherwise once, for two seconds.

        Raises:
            VectorsUnavailable: It cannot be used.
        """
        return self._backend.look(to_write=to_write)

    def claim(self, knows: Callable[[Sequence[str]], int]) -> None:
        """
        Write the library's id into a collection that has none; to be called by the one writer.

        Args:
            knows: How many of some paper ids the library's catalog has.

        Raises:
            StoreMismatch: The collection holds papers, and most of them are not of this library.
        """
        with self._using() as collection:
            if collection is None or not self._library_id or owner(collection):
                return
            ends = (0, max(0, collection.count() - _SAMPLE))
            samples = [collection.get(limit=_SAMPLE, offset=at, include=[])["ids"] for at in ends]
            papers = sorted({parts(chunk_id)[0] for chunk_ids in samples for chunk_id in chunk_ids})
            if papers and 2 * knows(papers) <= len(papers):
                raise of_another_library(self._backend.place, self._backend.name)
            collection.modify(
                metadata={**(collection.metadata or {}), **own_metadata(self._library_id, layout_of(collection))}
            )

    # ---- writing

    def upsert(self, chunks: Sequence[Chunk], vectors: Matrix, papers: Sequence[Paper]) -> None:
        """
        Write chunks, any number of them; durable on return.

        Args:
            chunks: What to write.
            vectors: One unit row per chunk.
            papers: The paper of each chunk, for the metadata.
        """
        if not len(chunks) == len(vectors) == len(papers):
            raise ValueError(f"{len(chunks)} chunks, {len(vectors)} vectors and {len(papers)} papers do not match")
        self._backend.open_to_write()
        at = 0
        while at < len(chunks):
            page = slice(at, at + self._backend.page)
            self._write(chunks[page], vectors[page], papers[page])
            at = page.stop
        self._backend.persist_many()

    def _write(self, chunks: Sequence[Chunk], vectors: Matrix, papers: Sequence[Paper]) -> None:
        """Write one page of chunks; what is stored and cannot be read is written again."""
        stored: dict[str, Any] = {"ids": [], "documents": [], "embeddings": []}
        with suppress(StoreError), self._using() as collection:
            stored = collection.get(ids=[chunk.chunk_id for chunk in chunks], include=["documents", "embeddings"])
        with self._writing(len(chunks)) as collection:
            write(collection, chunks, vectors, papers, stored)

    def persist(self) -> None:
        """
        Write the files of the graph; to be called by the one writer when it ends.

        Until then a folder keeps the newest chunks in its log alone. They are found by all who open it, and are there
        after a process was killed; but who opens it inserts them into the graph, half a millisecond for each.
        """
        self._backend.persist()

    def delete(self, paper_ids: Sequence[str], *, but: Collection[str] = ()) -> None:
        """
        Delete all chunks of these papers except those with the chunk ids `but`; ignore unknown ids.

        In a folder, the HNSW files lack them still until `persist` or `close`.

        Do not delete what is written again: of 200 papers that were deleted first, up to 12 were not found (measured).
        """
        if not (paper_ids and self.exists):
            return
        self._backend.open_to_write()
        for at in range(0, len(paper_ids), PAGE):
            page = list(paper_ids[at : at + PAGE])
            with self._using() as collection:
                found = collection.get(where={"paper_id": {"$in": page}}, include=[])["ids"]
            unwanted = [chunk_id for chunk_id in found if chunk_id not in but]
            for first in range(0, len(unwanted), PAGE_ENTRIES):
                chunk_ids = unwanted[first : first + PAGE_ENTRIES]
                with self._writing(len(chunk_ids)) as collection:
                    collection.delete(ids=chunk_ids)

    def clear(self) -> None:
        """Drop the collection, for vectors of any dimension; in a folder, the whole folder."""
        self._backend.clear()
        self._compared.clear()

    def replace(self, place: Path | str) -> None:
        """
        Take the place of other vectors of the same folder or server; to be called by the one writer.

        Readers that have the old ones open go on with them until `remove_replaced`, and those that open any find
        either. This object is closed.
        """
        self._backend.replace(place)

    def remove_replaced(self) -> None:
        """Delete the vectors that `replace` left for readers; to be called by the one writer."""
        self._backend.remove_replaced()

    # ---- reading

    def search(
        self, vector: Matrix, *, limit: int, papers: Sequence[str] | None = None
    ) -> list[tuple[str, int, float]]:
        """
        The nearest chunks, by the graph; among papers, by comparing all of their first chunks.

        Args:
            vector: One unit row of shape (dimension,).
            limit: How many at most.
            papers: Only the first chunks of these.

        Returns:
            Paper id, chunk number and cosine similarity (-1 to 1), best first, ties by id.
        """
        if limit < 1:
            return []
        self._backend.searching()
        if papers is not None:
            wanted = tuple(dict.fromkeys(papers))
            rows = self._compared.of(wanted, lambda: Rows.of(self._embeddings(_first_chunks(wanted), len(vector))))
            return rows.nearest(vector, limit)
        row = np.asarray(vector, dtype=np.float32)[None, :]
        with self._using() as collection:
            if collection is None:
                return []
            found = collection.query(query_embeddings=row, n_results=limit, include=["distances"])
            near = zip(found["ids"][0], (found["distances"] or [[]])[0], strict=True)
            hits = [(*parts(chunk_id), 1.0 - float(distance)) for chunk_id, distance in near]
        return sorted(hits, key=lambda hit: (-hit[2], hit[0], hit[1]))

    def similarities(self, vector: Matrix, papers: Sequence[str]) -> dict[str, float]:
        """
        The cosine of each paper: that of the nearest of its first chunks.

        Args:
            vector: One unit row of shape (dimension,).
            papers: Their ids; unknown ones are left out.
        """
        rows = Rows.of(self._embeddings(_first_chunks(papers), len(vector)))
        best: dict[str, float] = {}
        for paper_id, _, cosine in rows.nearest(vector, len(rows.keys)):
            best.setdefault(paper_id, cosine)
        return {paper_id: best[paper_id] for paper_id in papers if paper_id in best}

    def rows(self, papers: Sequence[str]) -> dict[str, Matrix]:
        """A unit row for each paper: the mean of its first chunks' vectors; unknown papers are left out."""
        vectors: dict[str, list[Matrix]] = {}
        for found, rows in self._embeddings(_first_chunks(papers)):
            for chunk_id, vector in zip(found, rows, strict=True):
                vectors.setdefault(parts(chunk_id)[0], []).append(vector)
        means = {paper_id: np.mean(vectors[paper_id], axis=0) for paper_id in papers if paper_id in vectors}
        return {paper_id: mean / max(float(np.linalg.norm(mean)), 1e-12) for paper_id, mean in means.items()}

    def _embeddings(self, chunk_ids: Sequence[str], dimension: int | None = None) -> Iterator[tuple[list[str], Matrix]]:
        """The ids that are stored, page by page, and their vectors, one per row; of `dimension`, if it is given."""
        for at in range(0, len(chunk_ids), _AMONG):
            for page in without_unfinished(partial(self._page_of, dimension), list(chunk_ids[at : at + _AMONG])):
                if page["ids"]:
                    yield page["ids"], page["embeddings"]

    def _page_of(self, dimension: int | None, chunk_ids: list[str]) -> dict[str, Any]:
        with self._using() as collection:
            if collection is None:
                return {"ids": []}
            found = collection.get(ids=chunk_ids, include=["embeddings"])
            ids, rows = list(found["ids"]), np.asarray(found["embeddings"], dtype=np.float32)
            if len(rows) != len(ids) or (ids and rows.ndim != 2) or not all(map(parts, ids)):
                raise ValueError("the ids do not match the vectors")
            if ids and dimension and rows.shape[1] != dimension:
                raise ValueError(f"the vectors have {rows.shape[1]} dimensions, not {dimension}")
            return {"ids": ids, "embeddings": rows}

    def count(self) -> int:
        """How many chunks there are."""
        with self._using() as collection:
            return int(collection.count()) if collection is not None else 0

    def documents(self) -> Iterator[tuple[str, str, int]]:
        """Id, text and the title's hash of every chunk as they are stored."""
        for page in numbers():  # of ids alone, and long: Chroma counts its way to where a page begins
            with self._using() as collection:
                asked = {"limit": _AMONG, "offset": page * _AMONG, "include": []}
                ids = collection.get(**asked)["ids"] if collection is not None else []
            if not ids:
                return
            for at in range(0, len(ids), PAGE):
                with self._using() as collection:
                    found = collection.get(ids=ids[at : at + PAGE], include=["documents", "metadatas"])
                    titles = map(stored_title_hash, found["metadatas"])
                    rows = list(zip(found["ids"], (text or "" for text in found["documents"]), titles, strict=True))
                yield from rows

    def unfindable(self, chunk_ids: Sequence[str], *, probes: int) -> tuple[list[str], list[str]]:
        """
        Search for evenly spread chunks by their own vectors, at most `probes`.

        Returns:
            Those that have no vector, and those whose vector even a broad search does not find.
        """
        probed = chunk_ids[:: max(1, -(-len(chunk_ids) // probes))]
        vectors = {
            chunk_id: row for found, rows in self._embeddings(probed) for chunk_id, row in zip(found, rows, strict=True)
        }
        return [chunk_id for chunk_id in probed if chunk_id not in vectors], hidden(self._using, vectors)

    def reopen(self) -> None:
        """See what others wrote."""
        self._backend.reopen()
        self._compared.clear()

    def close(self) -> None:
        """Close the files or the connection."""
        self._backend.close()
        self._compared.clear()

    def _using(self) -> AbstractContextManager[Any]:
        """The collection for one call, or None if there is none; a generator must not yield inside."""
        return self._backend.using()

    @contextmanager
    def _writing(self, entries: int) -> Iterator[Any]:
        """The collection for one write."""
        try:
            with self._backend.writing(entries) as collection:
                yield collection
        finally:
            self._compared.clear()


def _first_chunks(papers: Iterable[str]) -> list[str]:
    return [f"{paper_id}#{number}" for paper_id in papers for number in range(_FIRST)]
