"""
A library on disk: opens the catalog, the word index and the vectors, and keeps them consistent.

The order of every write of papers: compute all that can fail, write the catalog in one transaction that also logs the
change, write the indexes, move their positions. A process killed in between leaves positions behind; the next writer
of papers catches up. Readers never do: they answer from what the indexes hold.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

from rag.errors import LibraryReadOnly, StoreError
from rag.ports import Embedder, Lexical, Matrix, Vectors, WriterLock
from rag.types import Chunk, Paper
from stores import manifest
from stores.embedding import cut, embed, in_order
from stores.following import empty_strange, follow, index_next
from stores.health import REBUILD, IndexHealth
from stores.indexes import Indexes
from stores.place import Place
from stores.sql.catalog import SQLCatalog
from stores.sql.changes import INDEXES, LEXICAL, IndexState, Span, written_of
from stores.sql.positions import PositionFile
from stores.sql.writer import SQLWriter

BATCH = 1_000
"""Papers in one transaction."""
Progress = Callable[[int], None]
_EXCHANGE_S = 2.0
"""The time within which indexes are exchanged and the catalog tells of it."""
_REBUILD_WITH = "rebuild_with"  # setting: the manifest for the rebuild of the indexes, as JSON


class LibraryStore:
    """
    An open library.

    Args:
        place: Its folder, and the catalog's URL.
        embedder_name: The embedder asked for; None takes the library's own, or the default for a new one.
        make_embedder: Makes an embedder of a name; called when first needed.
        default_embedder: The name of the embedder of a new library.
        indexes: Its word index and its vectors.
        make_lock: Makes the lock of the one writer of papers, of its folder and the catalog's part of it.
        create: True makes the library where there is none.
        read_only: Never write papers, nor what belongs to them.
        notify: Called with a sentence when there is something to say, such as papers that cannot be found yet.
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
        make_lock: Callable[[Path, SQLWriter], WriterLock],
        create: bool = True,
        read_only: bool = False,
        notify: Callable[[str], None] = lambda _: None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.place = place
        exists = place.exists()
        self._obstacle = place.obstacle() if exists else None
        self.writable = self._obstacle is None
        """False if the catalog cannot be written: nothing can be recorded, not even tokens."""
        if self._obstacle and not read_only:
            notify(f"{self._obstacle.message.removesuffix('.')}; it is only read, and nothing is recorded.")
        self.read_only = read_only or not self.writable
        self._make_embedder = make_embedder
        self._embedder: Embedder | None = None
        self._making_embedder = Lock()
        self.notify = notify
        self._now = now
        self._exchanging = Lock()
        self.reopened = 0
        """Moves before the open indexes are exchanged for newer ones; what was searched meanwhile may be of both."""
        self.indexes = indexes
        may_make = create and not self.read_only
        if not exists and not may_make:
            raise manifest.not_found(place)
        place.make_folder()
        self.catalog = SQLCatalog(place.catalog)
        self._lock = make_lock(place.folder, self.catalog.writer)
        self.health = IndexHealth(self.catalog, indexes, notify)
        try:
            self._make_or_migrate(embedder_name or default_embedder, may_make=may_make)
            manifest.require_here(settings := self.catalog.settings())
            self.embedder_name = manifest.require_embedder(self.catalog, embedder_name)
            self.indexes.library_id, self.indexes.former_id = manifest.ids(settings)
            if self.catalog.writer.is_shared and indexes.on_server:
                self.catalog.changes.own = {LEXICAL: PositionFile(place.folder / LEXICAL, self.indexes.library_id)}
            self._written = written_of(self.catalog.changes.indexes())
        except BaseException:
            self.catalog.close()
            raise

    def _make_or_migrate(self, embedder_name: str, *, may_make: bool) -> None:
        """Make the library if it is new, and bring an older one to the newest schema, unless it is only read."""
        if not may_make and not manifest.is_made(self.catalog):
            raise manifest.not_found(self.place)
        if self.read_only:
            manifest.require_readable(self.catalog)
        elif not manifest.is_current(self.catalog):
            with self.writing():
                manifest.make(self.catalog, self.place, lambda: self._make_embedder(embedder_name))

    # ---- the slow parts, opened when first needed

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

    # ---- one writer, many readers

    @contextmanager
    def writing(self) -> Iterator[None]:
        """
        Hold the lock of the one writer of papers, across threads and processes.

        A short transaction, such as a rating, needs no lock: see `require_writable`.

        Raises:
            LibraryLocked: Another process did not finish in time.
            LibraryReadOnly, StoreFull: The folder cannot be written.
        """
        self.require_writable()
        with self._lock.held(), self.indexes.persisting():
            yield

    def require_writable(self) -> None:
        """Raise LibraryReadOnly or StoreFull if the library was opened read-only, or cannot be written."""
        if self._obstacle:
            raise self._obstacle
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
        states, settings = self.follow(), self.catalog.settings()
        manifest.require_here(settings)
        rebuilt = (settings.get("embedder") or "") != self.embedder_name
        if wait or rebuilt or written_of(states) != self._written:
            self.reopen_written(wait=wait or rebuilt)
        self.health.tell_lag(states, rebuild=settings.get(REBUILD) == "yes", follows=not self.read_only)

    def reopen_written(self, *, wait: bool = True) -> None:
        """Reopen what another process has written since; without `wait`, not if a thread is doing so."""
        if not self._exchanging.acquire(blocking=wait):
            return
        try:
            present = self._present()
            if present != (self._written, self.embedder_name):  # another thread may have been first
                self.reopened += 1
                self._reopen(*present)
        finally:
            self._exchanging.release()

    def _reopen(self, written: dict[str, str], embedder_name: str) -> None:
        """Open the indexes as the catalog tells of them."""
        self.indexes.reopen()
        self.embedder_name = embedder_name  # after the vectors that it made are open
        self._written = written

    def _present(self) -> tuple[dict[str, str], str]:
        """When each index was last written, and the embedder, as the catalog has them."""
        return written_of(self.catalog.changes.indexes()), self.catalog.setting("embedder") or ""

    def change_counter(self) -> str | None:
        """The change counter of the open indexes; None if they lack papers, or others have written to them since."""
        states = self.catalog.changes.indexes()
        is_whole = written_of(states) == self._written and not any(state.lag for state in states.values())
        return "-".join(filter(None, written_of(states).values())) if is_whole else None

    def written_since_refresh(self) -> bool:
        """True if others have written the indexes since they were opened, or, waited for a moment, exchange them."""
        until = time.monotonic() + _EXCHANGE_S
        while self._present() == (self._written, self.embedder_name):
            if time.monotonic() > until or not self.needs_rebuild():
                return False
            time.sleep(0.02)
        return True

    # ---- what the indexes lack

    def needs_rebuild(self) -> bool:
        """True if both indexes are to be emptied and filled anew: a `reindex` began, or a write damaged them."""
        return self.health.needs_rebuild()

    def catch_up(self, progress: Progress = lambda _: None) -> int:
        """
        Index all papers whose changes an index lacks, and store roles that are not; to be called by the one writer.

        Returns:
            How many papers were indexed.
        """
        if not self.needs_rebuild() and (problem := self.health.damage()):
            self.notify(f"The vectors are damaged ({problem}); the indexes are built anew.")
            self.catalog.set({REBUILD: "yes"})
        else:
            self.reopen_written()
        while self.catalog.fill_roles(limit=BATCH):
            pass
        done = self._rebuild(progress) if self.health.ask_server() and self.needs_rebuild() else 0
        self.health.repair()
        empty_strange(self)
        while (count := index_next(self, INDEXES, batch=BATCH)) is not None:
            done += count
            progress(count)
        return done

    def follow(self) -> dict[str, IndexState]:
        """Bring the indexes that this machine has for itself up to date, as `stores.following` does; their states."""
        return self.catalog.changes.indexes() if self.read_only else follow(self, self._lock, batch=BATCH)

    def _rebuild(self, progress: Progress) -> int:
        """
        Build both indexes anew beside the old ones, with the manifest that a reindex asked for, and exchange them.

        A process killed before the exchange leaves the old indexes, and the next writer begins again.
        """
        wanted: dict[str, str] = json.loads(self.catalog.setting(_REBUILD_WITH) or "{}")
        embedder = self._make_embedder(wanted["embedder"]) if wanted else self.embedder
        position, ids = self.catalog.changes.newest(), self.catalog.ids()
        anew = self.indexes.begin_anew()
        try:
            for at in range(0, len(ids), BATCH):
                papers = self.catalog.papers(ids[at : at + BATCH])
                cuts, vectors = embed(lambda: embedder, papers)
                self.catalog.cut_anew(cuts)
                anew.write(papers, in_order(cuts), vectors, fresh=True, whole=True)
                progress(len(papers))
        except BaseException:
            with suppress(StoreError):
                anew.close()
            raise
        self._exchange(anew, position, wanted)
        return len(ids)

    def _exchange(self, anew: Indexes, position: int, made_with: Mapping[str, str]) -> None:
        """Put new indexes in the place of the old ones, tell other processes by the catalog, and reopen."""
        with self._exchanging:
            self.catalog.writer.require_newest()
            self.reopened += 1
            self.indexes.exchange(anew)
            self.catalog.exchange(INDEXES, position, {**made_with, **manifest.REBUILT, _REBUILD_WITH: ""})
            self._reopen(*self._present())
        self.indexes.remove_replaced()

    # ---- writing the indexes

    def cut(self, paper: Paper) -> tuple[Chunk, ...]:
        """A paper's chunks, as the library's embedder takes them."""
        return cut(paper, self.embedder)

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
            self.catalog.changes.require_newest(into)
            try:
                into = self.indexes.write(papers, chunks, vectors, fresh=fresh, merged_ids=merged_ids, into=into)
            except StoreError:
                if self.indexes.vectors_are_damaged_by_half_a_write:
                    with suppress(StoreError):
                        self.catalog.set({REBUILD: "yes"})
                raise
            self.catalog.changes.advance(into, span)
            written = written_of(self.catalog.changes.indexes())
            self._written |= {name: written[name] for name in into}  # another machine may have written the other one

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
            self.reopen_written()
            self.health.ask_server(strict=True)
            wanted = manifest.manifest_of(self._make_embedder(embedder_name or self.embedder_name))
            del wanted["splitter"]  # the sentences stay as they were split
            self.catalog.set({REBUILD: "yes", _REBUILD_WITH: json.dumps(wanted)})
            return self.catch_up(progress)

    def close(self) -> None:
        """Close files and connections."""
        self.indexes.close()
        self.catalog.close()
