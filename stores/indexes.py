"""
The derived indexes of a library: words (tantivy) and vectors (Chroma), opened when first needed and written together.

It knows neither the catalog nor which papers are missing; `stores.store` keeps the three consistent.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from rag.ports import Lexical, Matrix, Vectors
from rag.types import Chunk, Paper
from stores.sql.changes import INDEXES, LEXICAL, VECTORS

OpenVectors = Callable[[Path | str, str], Vectors]
"""Opens the vector index in a folder, or on a server by its URL, for the library of an id."""


class Indexes:
    """
    The word index and the vector index of one library.

    Any number of threads may read them while one writes. After another process wrote, `reopen` opens new readers and
    replaces the old ones; calls that use an old one finish with it.

    Args:
        folder: The library's folder.
        open_lexical: Opens the word index in a folder.
        open_vectors: Opens the vector index.
        vectors_url: The server of the vectors; None keeps them in the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        open_lexical: Callable[[Path], Lexical],
        open_vectors: OpenVectors,
        vectors_url: str | None = None,
    ) -> None:
        self._folder, self._vectors_url = folder, vectors_url
        self._open_lexical, self._open_vectors = open_lexical, open_vectors
        self._lexical: Lexical | None = None
        self._vectors: Vectors | None = None
        self._opening_lexical, self._opening_vectors = Lock(), Lock()  # a server of vectors may take a minute
        self.library_id = ""
        """The library's id, which its vectors store; to be set before they are opened."""

    @property
    def lexical(self) -> Lexical:
        """The word index."""
        with self._opening_lexical:
            if self._lexical is None:
                self._lexical = self._open_lexical(self._folder / "lexical")
            return self._lexical

    @property
    def vectors(self) -> Vectors:
        """The vector index."""
        with self._opening_vectors:
            if self._vectors is None:
                self._vectors = self._open_vectors(self._vectors_url or self._folder / "chroma", self.library_id)
            return self._vectors

    def missing(self, *, ask_server: bool = False) -> list[str]:
        """
        The names of indexes that do not exist; a new library has none yet.

        Args:
            ask_server: Ask the server of the vectors; otherwise vectors on a server count as existing.
        """
        exists = {
            LEXICAL: (self._folder / "lexical" / "meta.json").exists(),
            VECTORS: (self._folder / "chroma" / "chroma.sqlite3").exists()
            if not self._vectors_url
            else not ask_server or self.vectors.exists,
        }
        return [name for name in exists if not exists[name]]

    def claim(self, knows: Callable[[Sequence[str]], int]) -> None:
        """Write the library's id into a collection on a server that has none, as `Vectors.claim` does."""
        if self._vectors_url:
            self.vectors.claim(knows)

    def place(self, name: str) -> Path | str:
        """The place of an index: a folder, or a server's URL."""
        if name == VECTORS:
            return self._vectors_url or self._folder / "chroma"
        return self._folder / "lexical"

    def write(
        self,
        papers: Mapping[str, Paper],
        chunks: Sequence[Chunk],
        vectors: Matrix,
        *,
        fresh: bool,
        merged_ids: Sequence[str] = (),
        into: Collection[str] = INDEXES,
    ) -> None:
        """
        Write papers to the indexes; to be called by the one writer.

        Args:
            papers: By id, as the catalog has them.
            chunks: All their chunks.
            vectors: One unit row per chunk.
            fresh: True if none of these papers is indexed yet; otherwise their old chunks are deleted first.
            merged_ids: Ids of papers that were merged into others; an index may still hold them.
            into: Which indexes; both are written unless one alone lacks these papers.
        """
        lexical = self.lexical if LEXICAL in into else None
        with ThreadPoolExecutor(1) as beside:  # tantivy works outside of Python's lock, Chroma within
            words = beside.submit(lexical.upsert, list(papers.values()), merged_ids) if lexical else None
            if VECTORS in into and not fresh:
                self.vectors.delete([*papers, *merged_ids], but={chunk.chunk_id for chunk in chunks})
            if VECTORS in into:
                self.vectors.upsert(chunks, vectors, [papers[chunk.paper_id] for chunk in chunks])
            if words:
                words.result()

    @property
    def vectors_are_damaged_by_half_a_write(self) -> bool:
        """True if the vectors are in a folder: embedded Chroma cannot take back half a write."""
        return self._vectors is not None and not self._vectors.remote

    def reopen(self) -> None:
        """See what other processes wrote."""
        for opened in (self._lexical, self._vectors):
            if opened is not None:
                opened.reopen()

    def begin_anew(self) -> None:
        """Empty both indexes. One in a folder is deleted with it, which also works if it is damaged."""
        if self._lexical is not None:
            self._lexical.clear()
        else:
            shutil.rmtree(self._folder / "lexical", ignore_errors=True)
        if self._vectors is not None or self._vectors_url:
            self.vectors.clear()
        else:
            shutil.rmtree(self._folder / "chroma", ignore_errors=True)

    def close(self) -> None:
        """Release files and connections."""
        for opened in (self._lexical, self._vectors):
            if opened is not None:
                opened.close()
