"""The lock of the one writer of papers: a file lock, across threads and processes of one machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from rag.errors import LibraryLocked, LibraryReadOnly, disk_full, is_disk_full


class FileWriterLock:
    """
    A lock file in the library's folder.

    Args:
        folder: The library's folder; it must be there when the lock is first taken.
        timeout_s: How long to wait for another writer.
        notify: Called with a sentence when it has to wait.
    """

    def __init__(
        self, folder: Path, *, timeout_s: float = 600.0, notify: Callable[[str], None] = lambda _: None
    ) -> None:
        self._folder, self._timeout_s, self._notify = folder, timeout_s, notify
        self._lock = FileLock(folder / "lock")

    @contextmanager
    def held(self) -> Iterator[None]:
        """
        Be the only writer.

        Raises:
            LibraryLocked: Another writer did not finish in time.
            LibraryReadOnly: The folder cannot be written.
            StoreFull: The disk has no room for the lock file.
        """
        self._acquire()
        try:
            yield
        finally:
            self._lock.release()

    def _acquire(self) -> None:
        try:
            try:
                self._lock.acquire(timeout=0)
            except Timeout:
                self._notify("Another process is writing to the library; waiting for it.")
                self._lock.acquire(timeout=self._timeout_s)
        except Timeout as error:
            raise LibraryLocked(
                f"Another process has been writing to {self._folder} for more than {self._timeout_s:g} s.",
                hint="Wait for it to end, and run the command again.",
            ) from error
        except OSError as error:
            if is_disk_full(error):
                raise disk_full(self._folder) from error
            raise LibraryReadOnly(
                f"The library {self._folder} cannot be written: {error.strerror or error}.",
                hint="Check its permissions, or use another `--library`.",
            ) from error
