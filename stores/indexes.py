"""
The derived indexes of a library: words (tantivy) and vectors (Chroma), opened when first needed and written together.

It knows neither the catalog nor which papers are missing; `stores.store` keeps the three consistent.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from threading import RLock

from rag.ports import Lexical, Matrix, Vectors
from rag.types import Chunk, Paper
from stores.sql.changes import INDEXES, LEXICAL, VECTORS


class Indexes:
    """
    The word index and the vector index of one library.

    Args:
        folder: The library's folder.
        open_lexical: Opens the word index in a folder.
        open_vectors: Opens the vector index in a folder, or on a server by its URL.
        vectors_url: The server of the vectors; None keeps them in the folder.
    """

    def __init__(
        self,
        folder: Path,
        *,
        open_lexical: Callable[[Path], Lexical],
        open_vectors: Callable[[Path | str], Vectors],
        vectors_url: str | None = None,
    ) -> None:
        self._folder, self._vectors_url = folder, vectors_url
        self._open_lexical, self._open_vectors = open_lexical, open_vectors
        self.guard = RLock()
        """Held by a thread that reads or writes the indexes, for they are reopened when another process wrote."""

    @cached_property
    def lexical(self) -> Lexical:
        """The word index."""
        return self._open_lexical(self._folder / "lexical")

    @cached_property
    def vectors(self) -> Vectors:
        """The vector index."""
        return self._open_vectors(self._vectors_url or self._folder / "chroma")

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
        with self.guard, ThreadPoolExecutor(1) as beside:  # tantivy works outside of Python's lock, Chroma within
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
        return "vectors" in self.__dict__ and not self.vectors.remote

    def reopen(self) -> None:
        """See what other processes wrote."""
        with self.guard:
            for name in ("lexical", "vectors"):
                if name in self.__dict__:
                    getattr(self, name).reopen()

    def begin_anew(self) -> None:
        """Empty both indexes, by their folders where they have one: that works on damaged ones too."""
        with self.guard:
            for name in ("lexical", "vectors"):
                if name == "vectors" and self._vectors_url:
                    self.vectors.clear()
                    continue
                opened = self.__dict__.get(name)  # it stays the same object, for others hold it
                if opened:
                    opened.close()
                with suppress(FileNotFoundError):
                    shutil.rmtree(self._folder / ("chroma" if name == "vectors" else name))
                if opened:
                    opened.reopen()

    def close(self) -> None:
        """Release files and connections."""
        for name in ("lexical", "vectors"):
            if name in self.__dict__:
                getattr(self, name).close()
