"""
Locks across threads and processes: of the one writer of papers, of a run, of a sync.

Each is a file in the library's folder, for one machine. Where machines share a catalog in PostgreSQL, the writer of
papers also takes the catalog's own lock, and last a file for the indexes of its folder. Whoever follows the change log
takes that one alone, and so can index while a writer of the same machine waits for another machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import LibraryLocked, LibraryReadOnly, disk_full, is_disk_full
from stores.sql.writer import SQLWriter


class ProcessLock:
    """
    A lock file.

    Args:
        path: The file; its folder must exist when the lock is first taken.
        busy: The message for who cannot have the lock.
        timeout_s: How long to wait for another holder.
        notify: Called before the wait.
    """

    def __init__(
        self, path: Path, *, busy: str, timeout_s: float = 0.0, notify: Callable[[], None] = lambda: None
    ) -> None:
        self._path, self._busy, self._timeout_s, self._notify = path, busy, timeout_s, notify
        self._lock = FileLock(path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """
        Be the only holder.

        Raises:
            LibraryLocked: Another holder did not finish in time.
            LibraryReadOnly: The folder cannot be written.
            StoreFull: The disk has no room for the lock file.
        """
        self._acquire()
        try:
            yield
        finally:
            self._lock.release()

    @contextmanager
    def free(self) -> Iterator[bool]:
        """Be the only holder if that can be at once; gives False if not."""
        try:
            self._lock.acquire(timeout=0)
        except (Timeout, OSError):
            yield False
            return
        try:
            yield True
        finally:
            self._lock.release()

    def _acquire(self) -> None:
        try:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                if not self._timeout_s:
                    raise
                self._notify()
                self._lock.acquire(timeout=self._timeout_s)
        except Timeout as error:
            raise LibraryLocked(self._busy, hint="Wait for it to end, and run the command again.") from error
        except OSError as error:
            if is_disk_full(error):
                raise disk_full(self._path.parent) from error
            raise LibraryReadOnly(
                f"The library {self._path.parent} cannot be written: {error.strerror or error}.",
                hint="Check its permissions, or use another `--library`.",
            ) from error


class WriterOfPapers(ProcessLock):
    """
    The lock of the one writer of papers: of the folder with the indexes, then of the catalog.

    Args:
        folder: The library's folder; it must exist when the lock is first taken.
        writer: The catalog's part of the lock.
        timeout_s: How long to wait for another writer, for each of the two.
        notify: Called with a sentence before the wait.
    """

    def __init__(
        self,
        folder: Path,
        writer: SQLWriter,
        *,
        timeout_s: float = 600.0,
        notify: Callable[[str], None] = lambda _: None,
    ) -> None:
        super().__init__(
            folder / "lock",
            busy=f"Another process has been writing to {folder} for more than {timeout_s:g} s.",
            timeout_s=timeout_s,
            notify=lambda: notify("Another process is writing to the library; waiting for it."),
        )
        self._writer, self._tell = writer, notify
        self._indexes = ProcessLock(folder / "indexes.lock", busy=self._busy, timeout_s=timeout_s)

    def own_indexes(self) -> AbstractContextManager[bool]:
        """Be the only one who writes the indexes of the folder, without waiting; gives False if that cannot be."""
        return self._indexes.free()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Be the only writer. Raises as `ProcessLock.held`, and StoreError if the catalog's server is away."""
        with (
            super().held(),
            self._writer.held(timeout_s=self._timeout_s, notify=self._tell),
            self._indexes.held() if self._writer.is_shared else nullcontext(),
        ):
            yield
