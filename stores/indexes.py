"""
The derived indexes of a library: words (tantivy) and vectors (Chroma), opened when first needed and written together.

It knows neither the catalog nor which papers are missing; `stores.store` keeps the three consistent.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock

from rag.errors import StoreDamaged, StoreError, VectorsUnavailable
from rag.ports import Lexical, Matrix, Vectors
from rag.types import Chunk, Paper
from stores.sql.changes import INDEXES, LEXICAL, VECTORS
from stores.urls import beside

NEW = ".new"
"""The end of the name of an index that is being built."""
_REPLACED_VECTORS = "chroma.old"
OpenVectors = Callable[[Path | str, str, str], Vectors]
"""Opens the vector index in a folder, or on a server by its URL, for the library of an id, and of a former one."""


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
        suffix: The end of the names of their folders, for indexes that are being built.
    """

    def __init__(
        self,
        folder: Path,
        *,
        open_lexical: Callable[[Path], Lexical],
        open_vectors: OpenVectors,
        vectors_url: str | None = None,
        suffix: str = "",
    ) -> None:
        self._folder, self._vectors_url, self._suffix = folder, vectors_url, suffix
        self._open_lexical, self._open_vectors = open_lexical, open_vectors
        self._lexical: Lexical | None = None
        self._vectors: Vectors | None = None
        self._opening_lexical, self._opening_vectors = Lock(), Lock()  # a server of vectors may take a minute
        self.library_id = ""
        """The library's id, which its vectors store; to be set before they are opened."""
        self.former_id = ""
        """The id that the library had before it was moved; its vectors may store this one still."""
        self.away: VectorsUnavailable | None = None
        """Why the writer at work leaves the vectors out: their server failed since it began."""
        self.tell_away: Callable[[VectorsUnavailable], None] = lambda _: None
        """Told why, when a write found it."""
        self.tell_unread: Callable[[VectorsUnavailable], None] = lambda _: None
        """Told why `rows` has none."""

    @property
    def lexical(self) -> Lexical:
        """The word index."""
        with self._opening_lexical:
            if self._lexical is None:
                self._lexical = self._open_lexical(self._folder / f"lexical{self._suffix}")
            return self._lexical

    @property
    def vectors(self) -> Vectors:
        """The vector index."""
        with self._opening_vectors:
            if self._vectors is None:
                place = self._vectors_url or self._folder / f"chroma{self._suffix}"
                self._vectors = self._open_vectors(place, self.library_id, self.former_id)
            return self._vectors

    def missing(self, *, ask_server: bool = False) -> list[str]:
        """
        The names of indexes that do not exist; a new library has none yet.

        Args:
            ask_server: Ask the server of the vectors; otherwise vectors on a server count as existing.
        """
        exists = {
            LEXICAL: _exists(self._folder / "lexical" / "meta.json"),
            VECTORS: any(_exists(self._folder / name / "chroma.sqlite3") for name in ("chroma", _REPLACED_VECTORS))
            if not self._vectors_url
            else not ask_server or self.vectors.exists,
        }
        return [name for name in exists if not exists[name]]

    def claim(self, knows: Callable[[Sequence[str]], int]) -> None:
        """Write the library's id into a collection on a server that has none, as `Vectors.claim` does."""
        if self._vectors_url:
            self.vectors.claim(knows)

    @property
    def on_server(self) -> bool:
        """True if the vectors are on a server, which machines may share."""
        return self._vectors_url is not None

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
        whole: bool = False,
    ) -> list[str]:
        """
        Write papers to the indexes; to be called by the one writer.

        Args:
            papers: By id, as the catalog has them.
            chunks: All their chunks.
            vectors: One unit row per chunk.
            fresh: True if none of these papers is indexed yet; otherwise their old chunks are deleted first.
            merged_ids: Ids of papers that were merged into others; an index may still hold them.
            into: Which indexes; both are written unless one alone lacks these papers.
            whole: Raise VectorsUnavailable where the server of the vectors is away.

        Returns:
            Those that were written: without the vectors while their server is away.
        """
        into = [name for name in into if name != VECTORS or not self.away]
        lexical = self.lexical if LEXICAL in into else None
        with ThreadPoolExecutor(1) as beside:  # tantivy works outside of Python's lock, Chroma within
            words = beside.submit(lexical.upsert, list(papers.values()), merged_ids) if lexical else None
            try:
                if VECTORS in into and not fresh:
                    self.vectors.delete([*papers, *merged_ids], but={chunk.chunk_id for chunk in chunks})
                if VECTORS in into:
                    self.vectors.upsert(chunks, vectors, [papers[chunk.paper_id] for chunk in chunks])
            except VectorsUnavailable as error:
                if whole:
                    raise
                self.away, into = error, [name for name in into if name != VECTORS]
                self.tell_away(error)
            if words:
                words.result()
        return into

    @contextmanager
    def persisting(self) -> Iterator[None]:
        """At the end, write what the files of the graph lack. Until then readers insert it from Chroma's log."""
        try:
            yield
        except BaseException:
            with suppress(StoreError):
                self._persist()
            raise
        self._persist()

    def _persist(self) -> None:
        if self._vectors is not None:
            self._vectors.persist()

    def rows(self, papers: Sequence[str]) -> dict[str, Matrix]:
        """As `Vectors.rows`; none while the server of the vectors is away."""
        try:
            return self.vectors.rows(papers)
        except VectorsUnavailable as error:
            self.tell_unread(error)
            return {}

    @property
    def vectors_are_damaged_by_half_a_write(self) -> bool:
        """True if the vectors are in a folder: embedded Chroma cannot take back half a write."""
        return self._vectors is not None and not self._vectors.remote

    def reopen(self) -> None:
        """See what another process wrote, or what `replace` put in their place."""
        for opened in (self._lexical, self._vectors):
            if opened is not None:
                opened.reopen()

    def has_words(self) -> bool:
        """True if the word index holds a paper, or cannot be read."""
        try:
            return bool(self.lexical.count())
        except StoreDamaged:
            return True

    def remove_words(self) -> None:
        """Delete the word index; to be called by who alone writes it."""
        shutil.rmtree(self._folder / LEXICAL, ignore_errors=True)
        self.lexical.reopen()

    def begin_anew(self) -> Indexes:
        """Make empty indexes beside these, which readers keep until `exchange`; to be called by the one writer."""
        self._remove_unfinished()
        anew = Indexes(
            self._folder,
            open_lexical=self._open_lexical,
            open_vectors=self._open_vectors,
            vectors_url=self._vectors_url and beside(self._vectors_url, NEW),
            suffix=NEW,
        )
        anew.library_id = self.library_id
        if self._vectors_url:
            anew.vectors.clear()  # what a killed process left there
        return anew

    def exchange(self, anew: Indexes) -> None:
        """
        Put indexes that `begin_anew` made, and that are now filled, in the place of these.

        Who has the old ones open goes on with them until `remove_replaced`.
        """
        anew.lexical.replace(self._folder / "lexical")
        anew.vectors.replace(self._vectors_url or self._folder / "chroma")
        anew.close()

    def remove_replaced(self) -> None:
        """Delete what `exchange` left for readers, after the catalog tells them to reopen."""
        self.vectors.remove_replaced()

    def tidy(self) -> None:
        """Delete what a killed rebuild left; to be called by the one writer, where none is pending."""
        self._remove_unfinished()
        if (self._folder / "chroma").exists():
            shutil.rmtree(self._folder / _REPLACED_VECTORS, ignore_errors=True)

    def _remove_unfinished(self) -> None:
        for name in ("lexical", "chroma"):
            shutil.rmtree(self._folder / f"{name}{NEW}", ignore_errors=True)

    def close(self) -> None:
        """Release files and connections."""
        for opened in (self._lexical, self._vectors):
            if opened is not None:
                opened.close()


def _exists(path: Path) -> bool:
    """True also if a folder may not be looked into: opening the index then says why."""
    try:
        return path.exists()
    except OSError:
        return True
