"""
The queue of a served library: uploads, and what one writer does after another. It runs nothing itself.

Whoever runs a job holds a lock for as long as it runs: every job the queue's own, an import the lock of the one writer
of papers as well. The system releases both when a process dies. So a job whose state is `running`, found by who has the
lock, was left by a process that ended, and is begun again: every kind of job may be, for importing a record, pulling a
feed and delivering an issue a second time changes nothing.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import datetime, timedelta
from threading import Event
from typing import BinaryIO, Literal, cast

from rag.errors import InputError, LibraryLocked, NotThere
from rag.types import JsonDict
from rag.types.reader import LOCAL
from stores.locks import ProcessLock
from stores.sql.jobs import JobKind, JobRecord
from stores.sql.readers import ReaderRecord
from stores.store import LibraryStore

PART_BYTES = 4 << 20
"""The bytes of an upload that are held in memory, and that one row of the catalog has."""
MOST_STARTS = 10
"""A job that was begun so often and did not end has ended the process each time; it has failed."""
MOST_NAME = 200
ABANDONED = timedelta(minutes=2)
"""An upload to which no byte was added for so long is given up."""
TOUCHED = timedelta(seconds=20)
KEPT = timedelta(days=30)
"""How long a job can be looked up after it ended."""


class Jobs:
    """
    The jobs of an open library.

    Args:
        store: The library.
        feeds: Gives the names of the feeds that can be pulled.
    """

    def __init__(self, store: LibraryStore, *, feeds: Callable[[], tuple[str, ...]] = tuple) -> None:
        self._store, self._jobs, self.feeds = store, store.catalog.jobs(), feeds
        self.added = Event()
        """Set when this process has added a job."""

    @property
    def read_only(self) -> bool:
        """True if no job can be added or run."""
        return self._store.read_only

    # ---- asking for them

    def receive(self, reader: str) -> Upload | None:
        """
        Begin an import of files that a reader sends.

        Returns:
            None if the reader has an import that has not ended; `local`, whose the library is, may have several.

        Raises:
            LibraryReadOnly, StoreFull: Nothing can be written.
        """
        self._store.require_writable()
        self.tidy()
        job = self._jobs.receive(reader=reader, alone=reader != LOCAL, now=self._store.now())
        return Upload(self, self._store, job.id) if job else None

    def sync(self, names: Sequence[str] = (), *, reader: str) -> JobRecord:
        """
        Ask for new papers of the feeds, of all or of some.

        Raises:
            InputError: There is no feed, or none of this name.
            LibraryReadOnly, StoreFull: As `receive`.
        """
        self._store.require_writable()
        known = self.feeds()
        if not known:
            raise InputError("No feed is configured.", hint="Whoever keeps the library names feeds in its settings.")
        if unknown := [name for name in names if name not in known]:
            message = f"There is no feed “{unknown[0][:80]}”; the feeds are {', '.join(known)}."
            raise InputError(message, hint="Name one of them.")
        return self._added("sync", {"feeds": list(dict.fromkeys(names))}, reader)

    def resend(self, delivery: str, *, reader: str) -> JobRecord:
        """Ask for a delivery that was planned again. Raises as `receive`."""
        self._store.require_writable()
        return self._added("resend", {"delivery": delivery}, reader)

    def _added(self, kind: JobKind, arguments: JsonDict, reader: str) -> JobRecord:
        job = self._jobs.add(kind, arguments, reader=reader, now=self._store.now())
        self.added.set()
        return job

    # ---- looking at them

    def last(self, reader: ReaderRecord, *, kind: JobKind | None = None, limit: int = 20) -> list[JobRecord]:
        """The last jobs, the newest first: a curator sees all, a reader their own."""
        whose = None if reader.may("curator") else reader.name
        return self._jobs.last(reader=whose, kind=kind, limit=limit)

    def get(self, id_: str, reader: ReaderRecord) -> JobRecord:
        """The job with an id. Raises NotThere, also for another's where the reader is no curator."""
        found = self._jobs.find(id_)
        if not found or not (found.reader == reader.name or reader.may("curator")):
            raise NotThere(f"There is no job {id_[:80]!r}.", hint="A job is kept for 30 days after it ended.")
        return found

    # ---- running them

    @contextmanager
    def taken(self) -> Iterator[JobRecord | None]:
        """
        Take the first job, and be the only one who runs jobs until the block ends.

        Yields:
            None if there is none, or another process runs one.

        Raises:
            LibraryLocked: Another process did not stop writing papers in time; the job waits.
        """
        with ExitStack() as stack:
            try:
                stack.enter_context(self._alone())
            except LibraryLocked:
                job = None
            else:
                job = self._jobs.next()
            if job and job.kind == "import":
                stack.enter_context(self._store.writing())
            yield self._jobs.begin(job.id, now=self._store.now()) if job else None

    def is_due(self) -> bool:
        """True if there is a job, and no process runs one."""
        if self._jobs.next() is None:
            return False
        try:
            with self._alone():
                return True
        except LibraryLocked:
            return False

    def _alone(self) -> AbstractContextManager[None]:
        """Be the only one who runs jobs. Raises LibraryLocked."""
        return ProcessLock(self._store.place.folder / "jobs.lock", busy="Another process runs a job.").held()

    def stream(self, job: JobRecord, file: JsonDict) -> BinaryIO:
        """The bytes of a file of an import; reading raises NotThere where the job was removed."""
        return cast(BinaryIO, io.BufferedReader(_Spool(self, job.id, file["first"], file["size"]), 1 << 16))

    def part(self, id_: str, part: int) -> bytes:
        """A row of the bytes of a job. Raises NotThere."""
        if (found := self._jobs.part(id_, part)) is None:
            raise NotThere(f"The job {id_} was removed.", hint="Send the files again.")
        return found

    def tell(self, job: JobRecord, progress: JsonDict) -> None:
        """Store how far a running job is. Raises NotThere where it was removed."""
        if not self._jobs.tell(job.id, {**job.progress, **progress}, now=self._store.now()):
            raise NotThere(f"The job {job.id} was removed.", hint="Ask for it again.")

    def end(self, job: JobRecord, state: Literal["done", "failed"], report: JsonDict) -> None:
        """Store what came of a job, and remove its bytes."""
        self._jobs.end(job.id, state, report, now=self._store.now())
        self.tidy()

    def tidy(self) -> None:
        """Remove uploads that nobody finishes, jobs that ended long ago, and bytes that no job needs."""
        now = datetime.fromisoformat(self._store.now())
        abandoned, ended = ((now - age).isoformat(timespec="seconds") for age in (ABANDONED, KEPT))
        self._jobs.tidy(abandoned=abandoned, ended=ended)


class Upload:
    """
    An import whose bytes arrive. Until `complete` nothing of it is imported; what is given up is removed.

    Args:
        jobs: The queue.
        store: The library.
        id_: Of the job.
    """

    def __init__(self, jobs: Jobs, store: LibraryStore, id_: str) -> None:
        self._queue, self._store, self._jobs, self.id = jobs, store, store.catalog.jobs(), id_
        self._files: list[JsonDict] = []
        self._buffer = bytearray()
        self._parts = 0
        self._touched = datetime.fromisoformat(store.now())

    def begin_file(self, name: str) -> None:
        """The next bytes are of another file; its name is cleaned, and no file is opened by it."""
        self._flush()
        self._files.append({"name": clean_name(name), "size": 0, "first": self._parts})

    def write(self, data: bytes) -> None:
        """Add bytes to the file. Raises InputError where the upload was given up."""
        self._files[-1]["size"] += len(data)
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            self._keep(bytes(self._buffer[:PART_BYTES]))
            del self._buffer[:PART_BYTES]
        now = datetime.fromisoformat(self._store.now())
        if now - self._touched > TOUCHED:
            self._touched = now
            if not self._jobs.touch(self.id, now=self._store.now()):
                raise _given_up()

    def complete(self, options: JsonDict) -> JobRecord:
        """
        Let the import wait for its turn.

        Args:
            options: Arguments of `Library.add_stream` by their names.

        Raises:
            InputError: There is no file, or the upload was given up.
        """
        self._flush()
        if not self._files:
            raise InputError("No file was sent.", hint="Choose a file of papers.")
        arguments = {"files": self._files, "options": options}
        if not self._jobs.complete(self.id, arguments, now=self._store.now()):
            raise _given_up()
        self._queue.added.set()
        found = self._jobs.find(self.id)
        assert found is not None
        return found

    def abandon(self) -> None:
        """Give the upload up, unless it is complete."""
        self._jobs.remove(self.id)
        self._queue.tidy()

    def _flush(self) -> None:
        if self._buffer:
            self._keep(bytes(self._buffer))
            self._buffer.clear()

    def _keep(self, data: bytes) -> None:
        if not self._jobs.keep(self.id, self._parts, data, now=self._store.now()):
            raise _given_up()
        self._parts += 1


def _given_up() -> InputError:
    return InputError("The upload came too slowly and was given up.", hint="Send it again.")


def clean_name(name: str) -> str:
    """
    What a file of an upload is called: the last part of its path, printable, and not too long.

    >>> clean_name("../../etc/pass\\0wd"), clean_name("C:\\\\papers\\\\new.bib"), clean_name("..")
    ('passwd', 'new.bib', 'upload')
    """
    last = name.replace("\\", "/").rpartition("/")[2]
    clean = "".join(char for char in last if char.isprintable()).strip(" .") or "upload"
    return clean if len(clean) <= MOST_NAME else f"{clean[: MOST_NAME - 21]}…{clean[-20:]}"


class _Spool(io.RawIOBase):
    """A file of an upload as a seekable stream; one row of it is held in memory."""

    def __init__(self, jobs: Jobs, id_: str, first: int, size: int) -> None:
        self._jobs, self._id, self._first, self._size = jobs, id_, first, size
        self._at = 0
        self._held: tuple[int, bytes] = (-1, b"")

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"{start + offset} is before the beginning")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        part, start = divmod(self._at, PART_BYTES)
        if self._held[0] != part:
            self._held = (part, self._jobs.part(self._id, self._first + part))
        data = self._held[1][start : start + len(buffer)]
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
