"""
A library on disk: opens the catalog, the lexical index and the vectors, and keeps them one.

The order of every write: compute all that can fail, write the catalog in one transaction that marks the papers to be
indexed, write the indexes, take the mark away. A process that is killed leaves marks; the next one finishes them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from filelock import FileLock, Timeout

from rag import text
from rag.errors import LibraryLocked, LibraryNotFound, LibraryReadOnly, StoreError, StoreMismatch
from rag.ports import Embedder, Matrix
from rag.types import Chunk, Paper
from stores.indexes import Indexes
from stores.sql.catalog import SQLCatalog
from stores.sql.schema import HEAD

if TYPE_CHECKING:
    from stores.lexical.tantivy import TantivyLexical
    from stores.vectors.chroma import ChromaVectors

BATCH = 1_000
"""Papers in one transaction."""
Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a library's parts are: its folder, and elsewhere by URL where the configuration says so."""

    folder: Path
    catalog_url: str | None = None
    vectors_url: str | None = None

    @property
    def catalog(self) -> str | sa.URL:
        """The catalog's SQLAlchemy URL; as a text, a folder named `what?` would end at its question mark."""
        return self.catalog_url or sa.URL.create("sqlite", database=str(self.folder / "catalog.sqlite3"))


class LibraryStore:
    """
    An open library.

    Args:
        place: Where it is.
        embedder_name: The embedder asked for; None takes the library's own, or the default for a new one.
        make_embedder: Makes an embedder of a name; called when first needed.
        indexes: Its word index and its vectors.
        create: Whether to make the library where there is none.
        read_only: Never write, not even to finish what another process left.
        lock_timeout_s: How long to wait for another writer.
        notify: Told, in a sentence, when there is something to wait for.
        now: The clock.

    Raises:
        LibraryNotFound, LibraryReadOnly, StoreMismatch, StoreDamaged: As their names say.
    """

    def __init__(
        self,
        place: Place,
        *,
        embedder_name: str | None,
        make_embedder: Callable[[str], Embedder],
        default_embedder: str,
        indexes: Indexes,
        create: bool = True,
        read_only: bool = False,
        lock_timeout_s: float = 600.0,
        notify: Callable[[str], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.place = place
        self.read_only = read_only
        self._make_embedder = make_embedder
        self._timeout_s = lock_timeout_s
        self.notify = notify
        self._now = now
        missing = LibraryNotFound(
            f"There is no library at {place.folder}.", hint="Make one: `refdesk add FILE`, or `refdesk init`."
        )
        may_make = create and not read_only
        if not _exists(place) and not may_make:
            raise missing
        _make_folder(place.folder)
        self._lock = FileLock(place.folder / "lock")
        self.indexes = indexes
        self.catalog = SQLCatalog(place.catalog)
        try:
            version = self.catalog.schema()
            made = version is not None and self.catalog.setting("embedder") is not None
            if not made and not may_make:  # a process was killed before it had made it
                raise missing
            if not read_only and not (made and version == HEAD):
                with self.writing():
                    self._make(embedder_name or default_embedder)
            self.embedder_name = self.catalog.setting("embedder") or ""
            if embedder_name not in (None, self.embedder_name):
                raise StoreMismatch(
                    f"The library was built with the embedder “{self.embedder_name}”, not “{embedder_name}”.",
                    hint=f"Run `refdesk reindex --embedder {embedder_name}` to rebuild it, or leave the embedder out.",
                )
            self._generation = self.catalog.setting("generation")
        except BaseException:
            self.catalog.close()
            raise

    # ---- the parts that are slow to open, when first needed

    @cached_property
    def embedder(self) -> Embedder:
        """The library's embedder."""
        return self._make_embedder(self.embedder_name)

    @property
    def lexical(self) -> TantivyLexical:
        """The word index."""
        return self.indexes.lexical

    @property
    def vectors(self) -> ChromaVectors:
        """The vector index."""
        return self.indexes.vectors

    def _make(self, embedder_name: str) -> None:
        """
        Bring the schema up to date, and keep a manifest where there is none; a failing embedder leaves nothing.

        Indexes that stand there without a manifest are of a catalog that was lost, and are made anew.
        """
        made = self.catalog.schema() is not None and self.catalog.setting("embedder") is not None
        left = not made and any((self.place.folder / name).exists() for name in ("lexical", "chroma"))
        manifest = {} if made else self._manifest(embedder_name, rebuild="yes" if left else "no")
        self.catalog.migrate()
        if manifest:
            self.catalog.set(manifest)

    def _manifest(self, embedder_name: str, *, rebuild: str = "no") -> dict[str, str]:
        """What the indexes are made with; `rebuild` says that they are yet to be made so."""
        embedder = self._make_embedder(embedder_name)
        return {
            "embedder": embedder.name,
            "dimension": str(embedder.dimension),
            "distance": "cosine",
            "chunk_tokens": str(embedder.max_tokens),
            "splitter": text.SPLITTER,
            "rebuild": rebuild,
        }

    # ---- one writer, many readers

    @contextmanager
    def writing(self) -> Iterator[None]:
        """
        Be the only writer, across threads and processes.

        Raises:
            LibraryLocked: Another process did not finish in time.
            LibraryReadOnly: The folder cannot be written.
        """
        if self.read_only:
            raise LibraryReadOnly(
                f"The library {self.place.folder} was opened read-only.", hint="Open it without read_only."
            )
        try:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                self.notify("Another process is writing to the library; waiting for it.")
                self._lock.acquire(timeout=self._timeout_s)
        except Timeout as error:
            raise LibraryLocked(
                f"Another process has been writing to {self.place.folder} for more than {self._timeout_s:g} s.",
                hint="Wait for it to end, and run the command again.",
            ) from error
        except OSError as error:
            raise LibraryReadOnly(
                f"The library {self.place.folder} cannot be written: {error.strerror or error}.",
                hint="Check its permissions, or use another `--library`.",
            ) from error
        try:
            yield
        finally:
            self._lock.release()

    def refresh(self) -> None:
        """Finish what a killed process left, unless a writer is at work, and see what others have written since."""
        if not self.read_only and self.needs_recovery():
            with suppress(Timeout, OSError), self._lock.acquire(timeout=0):
                self.recover()
            if (left := len(self.catalog.to_index())) > BATCH:
                self.notify(f"The library is being rebuilt: {left:,} papers cannot be found yet.")
        self._follow()

    def _follow(self) -> None:
        with self.indexes.guard:
            self._reopen_if_written()

    def _reopen_if_written(self) -> None:
        name = self.catalog.setting("embedder") or ""
        if name != self.embedder_name:  # somebody reindexed with another one
            self.embedder_name = name
            self.__dict__.pop("embedder", None)
        generation = self.catalog.setting("generation")
        if generation != self._generation:
            self.indexes.reopen()
            self._generation = generation

    def needs_recovery(self) -> bool:
        """Whether a write, or a rebuilding, was not finished."""
        return bool(self.catalog.to_index()) or self.catalog.setting("rebuild") == "yes"

    def recover(self, progress: Progress = lambda _: None) -> int:
        """
        Index the papers that are marked, and take the marks away; to be called by the one writer.

        What was indexed under another id of theirs goes: that paper may have been united with them.

        Returns:
            How many there were.
        """
        self._follow()
        if self.catalog.setting("rebuild") == "yes":
            ids = self.catalog.ids()
            for at in range(0, len(ids), BATCH):
                some = self.catalog.papers(ids[at : at + BATCH]).values()
                self.catalog.mark_to_index({paper.paper_id: self.cut(paper) for paper in some})
            self.indexes.begin_anew()
            self.catalog.set({"rebuild": "no"})
        marked = self.catalog.to_index()
        for at in range(0, len(marked), BATCH):
            papers = self.catalog.papers(marked[at : at + BATCH])
            chunks = [chunk for paper in papers.values() for chunk in self.cut(paper)]
            vectors = self.embedder.embed([embedding_text(papers[chunk.paper_id], chunk) for chunk in chunks])
            gone = [alias for paper_id, paper in papers.items() for alias in paper.aliases if alias != paper_id]
            self.index(papers, chunks, vectors, fresh=False, gone=gone)
            progress(len(papers))
        return len(marked)

    # ---- writing the indexes

    def cut(self, paper: Paper) -> tuple[Chunk, ...]:
        """A paper's chunks, as the library's embedder takes them."""
        return text.chunks(paper, max_tokens=self.embedder.max_tokens, count=self.embedder.count)

    def index(
        self,
        papers: Mapping[str, Paper],
        chunks: Sequence[Chunk],
        vectors: Matrix,
        *,
        fresh: bool,
        gone: Sequence[str] = (),
    ) -> None:
        """
        Write papers to both indexes and take their marks away; to be called by the one writer.

        Args:
            papers: By id, as the catalog has them.
            chunks: All their chunks.
            vectors: One unit row per chunk.
            fresh: Whether no index can have any of them; otherwise what it has of them besides goes first.
            gone: Ids under which an index may have papers that were united with these.
        """
        with self.indexes.guard:
            try:
                self.indexes.write(papers, chunks, vectors, fresh=fresh, merged_ids=gone)
            except StoreError:
                if self.indexes.vectors_are_damaged_by_half_a_write:
                    with suppress(StoreError):
                        self.catalog.set({"rebuild": "yes"})
                raise
            self.catalog.mark_indexed(list(papers), generation=str(time.time_ns()))
            self._generation = self.catalog.setting("generation")

    def now(self) -> str:
        """The time, ISO 8601 in UTC."""
        return self._now().astimezone(UTC).isoformat(timespec="seconds")

    def reindex(self, embedder_name: str | None = None, progress: Progress = lambda _: None) -> int:
        """
        Rebuild both indexes from the catalog, with another embedder if one is named.

        Returns:
            How many papers were indexed.
        """
        with self.writing():
            self._follow()
            manifest = self._manifest(embedder_name or self.embedder_name, rebuild="yes")
            del manifest["splitter"]  # the sentences stay as they were split
            self.catalog.set(manifest)
            return self.recover(progress)

    def close(self) -> None:
        """Let go of files and connections."""
        self.indexes.close()
        self.catalog.close()


def _exists(place: Place) -> bool:
    """Whether there is a library. Raises StoreError where something else stands in its place."""
    if place.folder.exists() and not place.folder.is_dir():
        raise StoreError(
            f"{place.folder} is a file, and a library is a folder.", hint="Give the folder with `--library`."
        )
    return bool(place.catalog_url and place.folder.is_dir()) or (place.folder / "catalog.sqlite3").exists()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryReadOnly(
            f"A library cannot be made at {folder}: {error.strerror or error}.",
            hint="Choose another folder with `--library`.",
        ) from error


def embedding_text(paper: Paper, chunk: Chunk) -> str:
    """What is embedded of a chunk: the paper's title goes before it, for a run of sentences seldom names its topic."""
    return f"{paper.title}\n{chunk.text}"
