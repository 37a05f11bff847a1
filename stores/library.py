"""
A library on disk: opens the catalog, the lexical index and the vectors, and keeps them one.

The order of every write: compute all that can fail, write the catalog in one transaction that marks the papers to be
indexed, write the indexes, take the mark away. A process that is killed leaves marks; the next one finishes them.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from rag import text
from rag.errors import LibraryLocked, LibraryNotFound, LibraryReadOnly, StoreDamaged, StoreError, StoreFull, StoreMismatch
from rag.identity import content_hash
from rag.merging import join
from rag.ports import Embedder, Matrix
from rag.types import Chunk, ImportReport, Paper, Reject
from stores.catalog import HEAD, SQLCatalog

if TYPE_CHECKING:
    from concurrent.futures import Future

    from stores.lexical import TantivyLexical
    from stores.vectors import ChromaVectors

BATCH = 1_000
"""Papers in one transaction."""
ROOM_BYTES = 64 << 20
"""Free space that a batch must find, for Chroma cannot take back half a write."""
Progress = Callable[[int], None]
Submit = Callable[[Sequence[str]], "Future[Matrix]"]
Ahead = Callable[[Embedder], AbstractContextManager[Submit]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a library's parts are: its folder, and elsewhere by URL where the configuration says so."""

    folder: Path
    catalog_url: str | None = None
    vectors_url: str | None = None

    @property
    def catalog(self) -> str:
        """The catalog's SQLAlchemy URL."""
        return self.catalog_url or f"sqlite:///{self.folder / 'catalog.sqlite3'}"


@dataclass(slots=True)
class _Batch:
    """Papers that changed and their new texts, chunks of each, and the vectors that are on their way."""

    changed: dict[str, Paper] = field(default_factory=dict)
    texts: list[tuple[str, Paper]] = field(default_factory=list)
    chunks: dict[str, tuple[Chunk, ...]] = field(default_factory=dict)
    fresh: bool = True
    vectors: Future[Matrix] | None = None


class LibraryStore:
    """
    An open library.

    Args:
        place: Where it is.
        embedder_name: The embedder asked for; None takes the library's own, or the default for a new one.
        make_embedder: Makes an embedder of a name; called when first needed.
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
        self._notify = notify
        self._now = now
        exists = _exists(place)
        if not exists and (read_only or not create):
            raise LibraryNotFound(f"There is no library at {place.folder}.", hint="Make one: `refdesk add FILE`, or `refdesk init`.")
        if not exists:
            _make_folder(place.folder)
        self._lock = FileLock(place.folder / "lock", thread_local=False)
        self.catalog = SQLCatalog(place.catalog)
        if not exists or (not read_only and self.catalog.schema() != HEAD):
            with self.writing():
                self.catalog.migrate()
                if self.catalog.setting("embedder") is None:
                    self._write_manifest(embedder_name or default_embedder)
        self.embedder_name = self.catalog.setting("embedder") or ""
        if embedder_name not in (None, self.embedder_name):
            raise StoreMismatch(
                f"The library was built with the embedder “{self.embedder_name}”, not “{embedder_name}”.",
                hint=f"Run `refdesk reindex --embedder {embedder_name}` to rebuild it, or leave the embedder out.",
            )
        self._generation = self.catalog.setting("generation")

    # ---- the parts that are slow to open, when first needed

    @cached_property
    def embedder(self) -> Embedder:
        """The library's embedder."""
        return self._make_embedder(self.embedder_name)

    @cached_property
    def lexical(self) -> TantivyLexical:
        """The lexical index."""
        from stores.lexical import TantivyLexical

        return TantivyLexical(self.place.folder / "lexical")

    @cached_property
    def vectors(self) -> ChromaVectors:
        """The vector index."""
        from stores.vectors import ChromaVectors

        return ChromaVectors(self.place.vectors_url or self.place.folder / "chroma")

    def _write_manifest(self, embedder_name: str, *, rebuild: str = "no") -> None:
        """Keep what the indexes are made with; `rebuild` says that they are yet to be made so."""
        embedder = self._make_embedder(embedder_name)
        self.catalog.set(
            {
                "embedder": embedder.name,
                "dimension": str(embedder.dimension),
                "distance": "cosine",
                "chunk_tokens": str(embedder.max_tokens),
                "splitter": text.SPLITTER,
                "rebuild": rebuild,
            }
        )

    # ---- one writer, many readers

    @contextmanager
    def writing(self) -> Iterator[None]:
        """
        Be the only writer, across processes; what others wrote before is seen.

        Raises:
            LibraryLocked: Another process did not finish in time.
            LibraryReadOnly: The folder cannot be written.
        """
        if self.read_only:
            raise LibraryReadOnly(f"The library {self.place.folder} was opened read-only.", hint="Open it without read_only.")
        try:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                self._notify("Another process is writing to the library; waiting for it.")
                self._lock.acquire(timeout=self._timeout_s)
        except Timeout as error:
            raise LibraryLocked(
                f"Another process has been writing to {self.place.folder} for more than {self._timeout_s:g} s.",
                hint="Wait for it to end, and run the command again.",
            ) from error
        except OSError as error:
            raise LibraryReadOnly(
                f"The library {self.place.folder} cannot be written: {error.strerror or error}.", hint="Check its permissions, or use another `--library`."
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
        self._follow()

    def _follow(self) -> None:
        generation = self.catalog.setting("generation")
        if generation != self._generation:
            for name in ("lexical", "vectors"):
                if name in self.__dict__:
                    getattr(self, name).reopen()
            self._generation = generation

    def needs_recovery(self) -> bool:
        """Whether a write, or a rebuilding, was not finished."""
        return bool(self.catalog.to_index()) or self.catalog.setting("rebuild") == "yes"

    def recover(self, progress: Progress = lambda _: None) -> int:
        """
        Index the papers that are marked, and take the marks away; to be called by the one writer.

        Returns:
            How many there were.
        """
        self._follow()
        if self.catalog.setting("rebuild") == "yes":
            ids = self.catalog.ids()
            for at in range(0, len(ids), BATCH):
                papers = self.catalog.papers(ids[at : at + BATCH]).values()
                self.catalog.mark_to_index({paper.paper_id: self._cut(paper) for paper in papers})
            self._empty_indexes()
            self.catalog.set({"rebuild": "no"})
        marked = self.catalog.to_index()
        for at in range(0, len(marked), BATCH):
            papers = self.catalog.papers(marked[at : at + BATCH])
            batch = _Batch(changed=papers, fresh=False)
            batch.chunks = {paper.paper_id: self._cut(paper) for paper in papers.values()}
            self._index(batch, self.embedder.embed(_texts(batch)))
            progress(len(papers))
        return len(marked)

    # ---- importing

    def add(
        self, records: Iterable[Paper | Reject], *, ahead: Ahead, notes: tuple[str, ...] = (), progress: Progress = lambda _: None
    ) -> ImportReport:
        """
        Import records, a batch at a time; what was imported before an error stays.

        Args:
            records: Papers and Rejects, any number, read as they are needed.
            ahead: Embeds the next batch while the last is written.
            notes: For the report.
            progress: Told how many records were read since it was last told.
        """
        counts = {"added": 0, "updated": 0, "unchanged": 0}
        rejected: list[Reject] = []
        merged = 0
        records = iter(records)
        with self.writing():
            self.recover()
            some = list(islice(records, BATCH))
            read = 0
            with (ahead if len(some) == BATCH else _at_once)(self.embedder) as submit:
                waiting: _Batch | None = None
                while some:
                    papers = [record for record in some if isinstance(record, Paper)]
                    rejected += [record for record in some if isinstance(record, Reject)]
                    batch, outcomes = self._joined(papers, waiting, read)
                    read += len(papers)
                    for outcome in outcomes:
                        if isinstance(outcome, Reject):
                            rejected.append(outcome)
                        else:
                            counts[outcome[0]] += 1
                            merged += outcome[1]
                    batch.vectors = submit(_texts(batch))
                    if waiting:
                        self._write(waiting)
                    waiting = batch
                    progress(len(some))
                    some = list(islice(records, BATCH))
                if waiting:
                    self._write(waiting)
        return ImportReport(**counts, merged=merged, rejected=tuple(rejected), notes=notes)

    def _joined(self, papers: Sequence[Paper], waiting: _Batch | None, read: int) -> tuple[_Batch, list[Reject | tuple[str, bool]]]:
        """Join records to what the catalog holds and what waits to be written; split and cut what changed."""
        known = self.catalog.known(papers)
        for paper in waiting.changed.values() if waiting else ():
            known.put(paper, [])
        for paper_id, own in waiting.texts if waiting else ():
            known.put(known.papers[paper_id], [content_hash(own.title, own.abstract)])
        before = dict(known.papers)
        today = self._now().date().isoformat()
        batch = _Batch()
        outcomes: list[Reject | tuple[str, bool]] = []
        for number, record in enumerate(papers, start=read + 1):
            joined = join(replace(record, imported=today, spans=text.split(record.abstract)), known, f"record {number}")
            if isinstance(joined, Reject):
                outcomes.append(joined)
                continue
            outcomes.append((joined.outcome, joined.merged))
            if joined.outcome != "unchanged":
                batch.changed[joined.paper.paper_id] = joined.paper
            if joined.text:
                batch.texts.append((joined.paper.paper_id, joined.text))
        batch.fresh = not any(paper_id in before for paper_id in batch.changed)
        batch.chunks = {paper.paper_id: self._cut(paper) for paper in batch.changed.values()}
        return batch, outcomes

    def _cut(self, paper: Paper) -> tuple[Chunk, ...]:
        return text.chunks(paper, max_tokens=self.embedder.max_tokens, count=self.embedder.count)

    def _write(self, batch: _Batch) -> None:
        assert batch.vectors is not None
        vectors = batch.vectors.result()
        if not batch.changed:
            return
        self._need_room()
        self.catalog.write(list(batch.changed.values()), batch.texts, batch.chunks, seen=self._now().isoformat(timespec="seconds"))
        self._index(batch, vectors)

    def _index(self, batch: _Batch, vectors: Matrix) -> None:
        """Write a batch to both indexes and take its marks away; papers that may be there in another form go first."""
        chunks = [chunk for cut in batch.chunks.values() for chunk in cut]
        if not batch.fresh:
            self.vectors.delete(list(batch.changed))
        self.vectors.upsert(chunks, vectors, [batch.changed[chunk.paper_id] for chunk in chunks])
        self.lexical.upsert(list(batch.changed.values()))
        self.catalog.mark_indexed(list(batch.changed))
        self._generation = self.catalog.setting("generation")

    def _need_room(self) -> None:
        free = shutil.disk_usage(self.place.folder).free
        if free < ROOM_BYTES:
            raise StoreFull(
                f"The disk that holds {self.place.folder} has {free >> 20} MB left; an import needs {ROOM_BYTES >> 20} MB.",
                hint="Free some space and run the command again; nothing is lost.",
            )

    # ---- rebuilding

    def reindex(self, embedder_name: str | None = None, progress: Progress = lambda _: None) -> int:
        """
        Rebuild both indexes from the catalog, with another embedder if one is named.

        Returns:
            How many papers were indexed.
        """
        with self.writing():
            self._write_manifest(embedder_name or self.embedder_name, rebuild="yes")
            self.embedder_name = self.catalog.setting("embedder") or ""
            self.__dict__.pop("embedder", None)
            return self.recover(progress)

    def _empty_indexes(self) -> None:
        """Begin both indexes anew, by their folders where they have one: that works on damaged ones too."""
        for name in ("lexical", "vectors"):
            with suppress(StoreError):
                if name == "vectors" and self.place.vectors_url:
                    self.vectors.clear()
                    continue
                getattr(self, name).close()
            self.__dict__.pop(name, None)
            shutil.rmtree(self.place.folder / ("chroma" if name == "vectors" else name), ignore_errors=True)

    def close(self) -> None:
        """Let go of files and connections."""
        for name in ("lexical", "vectors"):
            if name in self.__dict__:
                getattr(self, name).close()
        self.catalog.close()


@contextmanager
def _at_once(embedder: Embedder) -> Iterator[Submit]:
    """Embed in this process: for a batch so small that a helper would not be started before it is done."""
    from concurrent.futures import Future

    def submit(texts: Sequence[str]) -> Future[Matrix]:
        future: Future[Matrix] = Future()
        future.set_result(embedder.embed(texts))
        return future

    yield submit


def _exists(place: Place) -> bool:
    """Whether there is a library. Raises StoreError where something else stands in its place."""
    if place.folder.exists() and not place.folder.is_dir():
        raise StoreError(f"{place.folder} is a file, and a library is a folder.", hint="Give the folder with `--library`.")
    return bool(place.catalog_url and place.folder.is_dir()) or (place.folder / "catalog.sqlite3").exists()


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LibraryReadOnly(
            f"A library cannot be made at {folder}: {error.strerror or error}.", hint="Choose another folder with `--library`."
        ) from error


def _texts(batch: _Batch) -> list[str]:
    """What is embedded of each chunk: the paper's title goes before it, for a run of sentences seldom names its topic."""
    return [f"{batch.changed[chunk.paper_id].title}\n{chunk.text}" for cut in batch.chunks.values() for chunk in cut]
