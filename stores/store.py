"""
A library on disk: opens the catalog, the word index and the vectors, and keeps them consistent.

The order of every write of papers: compute all that can fail, write the catalog in one transaction that also logs the
change, write the indexes, move their positions. A process killed in between leaves positions behind; the next writer
of papers catches up. Readers never do: they answer from what the indexes hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from secrets import token_hex
from threading import Lock

import numpy as np

from rag import text
from rag.errors import LibraryNotFound, LibraryReadOnly, StoreError, StoreMismatch
from rag.ports import Embedder, Lexical, Matrix, Vectors, WriterLock
from rag.types import Chunk, Paper
from stores.health import REBUILD, IndexHealth
from stores.indexes import Indexes
from stores.place import Place
from stores.sql.catalog import SQLCatalog
from stores.sql.changes import INDEXES, VECTORS, IndexState, Span
from stores.sql.schema import HEAD, OLDEST_READ

BATCH = 1_000
"""Papers in one transaction."""
Progress = Callable[[int], None]
_REBUILD_WITH = "rebuild_with"
"""Setting: the manifest with which the indexes are to be filled anew, as JSON."""


class LibraryStore:
    """
    An open library.

    Args:
        place: Where it is.
        embedder_name: The embedder asked for; None takes the library's own, or the default for a new one.
        make_embedder: Makes an embedder of a name; called when first needed.
        default_embedder: The name of the embedder of a new library.
        indexes: Its word index and its vectors.
        lock: The lock of the one writer of papers.
        create: Whether to make the library where there is none.
        read_only: Never write papers or what belongs to them.
        notify: Told, in a sentence, what is worth knowing, such as papers that cannot be found yet.
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
        lock: WriterLock,
        create: bool = True,
        read_only: bool = False,
        notify: Callable[[str], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.place = place
        exists = place.exists()
        self.writable = not exists or place.can_be_written()
        """False if the catalog cannot be written: nothing can be recorded, not even tokens."""
        if not self.writable and not read_only:
            notify(f"The library {place.folder} cannot be written; it is only read, and nothing is recorded.")
        self.read_only = read_only = read_only or not self.writable
        self._make_embedder = make_embedder
        self._embedder: Embedder | None = None
        self._making_embedder = Lock()
        self._lock = lock
        self.notify = notify
        self._now = now
        self._exchanging = Lock()
        self.reopened = 0
        """Moves before the open indexes are exchanged for newer ones; what was searched meanwhile may be of both."""
        missing = LibraryNotFound(
            f"There is no library at {place.folder}.", hint="Make one: `refdesk add FILE`, or `refdesk init`."
        )
        may_make = create and not read_only
        if not exists and not may_make:
            raise missing
        place.make_folder()
        self.indexes = indexes
        self.catalog = SQLCatalog(place.catalog)
        self.health = IndexHealth(self.catalog, indexes, notify)
        try:
            version = self.catalog.schema()
            made = version is not None and self.catalog.setting("embedder") is not None
            if not made and not may_make:  # a process was killed before it had made it
                raise missing
            if read_only and version is not None and version < OLDEST_READ:
                raise StoreMismatch(
                    f"The library's catalog is at schema {version}; to be read it must first be brought to {HEAD}.",
                    hint="Open it once for writing: `refdesk status` without read-only does.",
                )
            if not read_only and not (made and version == HEAD):
                with self.writing():
                    self._make(embedder_name or default_embedder)
            self.embedder_name = self.catalog.setting("embedder") or ""
            if embedder_name not in (None, self.embedder_name):
                raise StoreMismatch(
                    f"The library was built with the embedder “{self.embedder_name}”, not “{embedder_name}”.",
                    hint=f"Run `refdesk reindex --embedder {embedder_name}` to rebuild it, or leave the embedder out.",
                )
            self.indexes.library_id = self.catalog.setting("library_id") or ""
            self._written = _written(self.catalog.changes.indexes())
        except BaseException:
            self.catalog.close()
            raise

    # ---- the parts that are slow to open, when first needed

    @property
    def embedder(self) -> Embedder:
        """The library's embedder: one for all threads, until another process rebuilds with another one."""
        with self._making_embedder:
            if self._embedder is None or self._embedder.name != self.embedder_name:
                self._embedder = self._make_embedder(self.embedder_name)
            return self._embedder

    @property
    def lexical(self) -> Lexical:
        """The word index."""
        return self.indexes.lexical

    @property
    def vectors(self) -> Vectors:
        """The vector index."""
        return self.indexes.vectors

    def _make(self, embedder_name: str) -> None:
        """
        Bring the schema up to date, and keep a manifest where there is none; a failing embedder leaves nothing.

        Indexes that stand there without a manifest are of a catalog that was lost, and are made anew.
        """
        made = self.catalog.schema() is not None and self.catalog.setting("embedder") is not None
        left = not made and any((self.place.folder / name).exists() for name in ("lexical", "chroma"))
        manifest = {} if made else self._manifest(embedder_name) | {REBUILD: "yes" if left else "no"}
        if not made or self.catalog.setting("library_id") is None:
            manifest["library_id"] = token_hex(8)
        self.catalog.migrate()
        if manifest:
            self.catalog.set(manifest)

    def _manifest(self, embedder_name: str) -> dict[str, str]:
        """What the indexes are made with."""
        embedder = self._make_embedder(embedder_name)
        return {
            "embedder": embedder.name,
            "dimension": str(embedder.dimension),
            "distance": "cosine",
            "chunk_tokens": str(embedder.max_tokens),
            "splitter": text.SPLITTER,
        }

    # ---- one writer, many readers

    @contextmanager
    def writing(self) -> Iterator[None]:
        """
        Be the only writer of papers, across threads and processes.

        What is written in one short transaction, such as a rating, needs no lock: see `require_writable`.

        Raises:
            LibraryLocked: Another process did not finish in time.
            LibraryReadOnly: The folder cannot be written.
        """
        self.require_writable()
        with self._lock.held():
            yield

    def require_writable(self) -> None:
        """Raise LibraryReadOnly if the library was opened read-only, or cannot be written."""
        if not self.writable:
            raise LibraryReadOnly(
                f"The library {self.place.folder} cannot be written.",
                hint="Check its permissions and that its disk is not read-only, or use another `--library`.",
            )
        if self.read_only:
            raise LibraryReadOnly(
                f"The library {self.place.folder} was opened read-only.", hint="Open it without read_only."
            )

    def refresh(self, *, wait: bool = False) -> None:
        """
        See what others have written since, and say that papers cannot be found yet. It never writes.

        One thread opens the new indexes; the others use the old ones meanwhile, unless the embedder changed.

        Args:
            wait: Wait for a thread that is opening them.
        """
        states, settings = self.catalog.changes.indexes(), self.catalog.settings()
        self._follow(states, settings.get("embedder") or "", wait=wait)
        self.health.tell_lag(states, rebuild=settings.get(REBUILD) == "yes")

    def _follow(self, states: Mapping[str, IndexState], embedder_name: str, *, wait: bool) -> None:
        """Reopen what another process has written since, as the catalog just told it."""
        rebuilt = embedder_name != self.embedder_name
        if not (wait or rebuilt or _written(states) != self._written):
            return
        if not self._exchanging.acquire(blocking=wait or rebuilt):
            return
        try:
            written = self._last_written()  # another thread may have been first
            embedder_name = self.catalog.setting("embedder") or ""
            if written == self._written and embedder_name == self.embedder_name:
                return
            self.reopened += 1
            self.indexes.reopen()
            self.embedder_name = embedder_name  # after the vectors that it made are open
            self._written = written
        finally:
            self._exchanging.release()

    def _catch_sight(self) -> None:
        """See what others have written since, as the one writer, who must have it all."""
        self._follow(self.catalog.changes.indexes(), self.catalog.setting("embedder") or "", wait=True)

    def written_since_refresh(self) -> bool:
        """True if another process has written the indexes since they were opened."""
        return (self._last_written(), self.catalog.setting("embedder") or "") != (self._written, self.embedder_name)

    def _last_written(self) -> dict[str, str]:
        return _written(self.catalog.changes.indexes())

    # ---- what the indexes lack

    def needs_rebuild(self) -> bool:
        """True if both indexes are to be emptied and filled anew: a `reindex` began, or a write damaged them."""
        return self.health.needs_rebuild()

    def catch_up(self, progress: Progress = lambda _: None) -> int:
        """
        Index all papers whose changes an index lacks; to be called by the one writer.

        Returns:
            How many papers were indexed.
        """
        self._catch_sight()
        if self.needs_rebuild():
            self._begin_anew()
        self.health.repair()
        done = 0
        while True:
            states = self.catalog.changes.indexes()
            lowest = min(state.position for state in states.values())
            entries = self.catalog.changes.after(lowest, limit=BATCH)
            if not entries:
                return done
            behind = [name for name, state in states.items() if state.position == lowest]
            papers = self.catalog.papers([paper_id for _, paper_id in entries])
            chunks = [chunk for paper in papers.values() for chunk in self.cut(paper)] if VECTORS in behind else []
            vectors = self._embed(papers, chunks)
            merged_ids = [paper_id for _, paper_id in entries if paper_id not in papers]
            span = Span(lowest, entries[-1][0])
            self.index(papers, chunks, vectors, span, fresh=False, merged_ids=merged_ids, into=behind)
            done += len(papers)
            progress(len(papers))

    def _embed(self, papers: Mapping[str, Paper], chunks: Sequence[Chunk]) -> Matrix:
        if not chunks:
            return np.zeros((0, 0), dtype=np.float32)
        return self.embedder.embed([embedding_text(papers[chunk.paper_id], chunk) for chunk in chunks])

    def _begin_anew(self) -> None:
        """Cut all papers anew, empty both indexes, and take the manifest that a reindex asked for."""
        manifest: dict[str, str] = json.loads(self.catalog.setting(_REBUILD_WITH) or "{}")
        embedder = self._make_embedder(manifest["embedder"]) if manifest else self.embedder
        ids = self.catalog.ids()
        for at in range(0, len(ids), BATCH):
            papers = self.catalog.papers(ids[at : at + BATCH])
            self.catalog.cut_anew({paper_id: _cut(paper, embedder) for paper_id, paper in papers.items()})
        with self._exchanging:
            self.indexes.begin_anew()
        self.catalog.begin_anew(INDEXES, {**manifest, REBUILD: "no", _REBUILD_WITH: ""})
        self._catch_sight()

    # ---- writing the indexes

    def cut(self, paper: Paper) -> tuple[Chunk, ...]:
        """A paper's chunks, as the library's embedder takes them."""
        return _cut(paper, self.embedder)

    def index(
        self,
        papers: Mapping[str, Paper],
        chunks: Sequence[Chunk],
        vectors: Matrix,
        span: Span,
        *,
        fresh: bool,
        merged_ids: Sequence[str] = (),
        into: Collection[str] = INDEXES,
    ) -> None:
        """
        Write papers to indexes, then move the indexes' positions; to be called by the one writer.

        Args:
            papers: By id, as the catalog has them.
            chunks: All their chunks.
            vectors: One unit row per chunk.
            span: The part of the change log that these papers are.
            fresh: True if none of these papers is indexed yet; otherwise their old chunks are deleted first.
            merged_ids: Ids of papers that were merged into others; an index may still hold them.
            into: Which indexes.
        """
        with self._exchanging:  # readers use the indexes meanwhile, and none reopens what this process wrote
            try:
                self.indexes.write(papers, chunks, vectors, fresh=fresh, merged_ids=merged_ids, into=into)
            except StoreError:
                if self.indexes.vectors_are_damaged_by_half_a_write:
                    with suppress(StoreError):
                        self.catalog.set({REBUILD: "yes"})
                raise
            self.catalog.changes.advance(into, span)
            self._written = self._last_written()

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
            self._catch_sight()
            manifest = self._manifest(embedder_name or self.embedder_name)
            del manifest["splitter"]  # the sentences stay as they were split
            self.catalog.set({REBUILD: "yes", _REBUILD_WITH: json.dumps(manifest)})
            return self.catch_up(progress)

    def close(self) -> None:
        """Let go of files and connections."""
        self.indexes.close()
        self.catalog.close()


def _written(states: Mapping[str, IndexState]) -> dict[str, str]:
    """By index, a value that moves whenever a process writes to it."""
    return {name: state.written for name, state in states.items()}


def _cut(paper: Paper, embedder: Embedder) -> tuple[Chunk, ...]:
    return text.chunks(paper, max_tokens=embedder.max_tokens, count=embedder.count)


def embedding_text(paper: Paper, chunk: Chunk) -> str:
    """What is embedded of a chunk: the paper's title goes before it, for a run of sentences seldom names its topic."""
    return f"{paper.title}\n{chunk.text}"
