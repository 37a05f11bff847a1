"""A readers-writer lock, across threads and processes of one machine, on the files of a folder."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rag.errors import LibraryLocked

try:
    import fcntl
except ImportError:  # Windows, where nothing is locked
    fcntl = None  # type: ignore[assignment]

_POLL_S = 0.005


class FolderLock:
    """
    Shared by those who open the files of a folder, exclusive to one who writes them.

    The lock is `<folder>.lock`, beside the folder, because a folder is replaced by another of its name. The system
    releases it when a process dies. Who may not write the library locks the file that its writer made; if there is
    none, nobody has written, and nothing is locked.

    Args:
        folder: The folder.
        timeout_s: How long to wait for another holder.
    """

    def __init__(self, folder: Path, *, timeout_s: float = 60.0) -> None:
        self._folder, self._timeout_s = folder, timeout_s
        self.path = folder.with_name(f"{folder.name}.lock")

    @contextmanager
    def shared(self) -> Iterator[None]:
        """
        Read the files: wait for who writes them.

        Raises:
            LibraryLocked: They were being written all the time.
        """
        with self._held(exclusive=False):
            yield

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """
        Write the files: wait for all who read them. It cannot be entered twice.

        Raises:
            LibraryLocked: They were being read all the time.
        """
        with self._held(exclusive=True):
            yield

    @contextmanager
    def _held(self, *, exclusive: bool) -> Iterator[None]:
        file = self._open() if fcntl is not None else None
        if file is None:
            yield
            return
        try:
            self._wait(file, fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH)
            yield
        finally:
            os.close(file)  # it releases the lock

    def _wait(self, file: int, kind: int) -> None:
        until = time.monotonic() + self._timeout_s
        while True:
            try:
                fcntl.flock(file, kind | fcntl.LOCK_NB)
                return
            except BlockingIOError:
                if time.monotonic() > until:
                    raise LibraryLocked(
                        f"Another process has been using {self._folder} for more than {self._timeout_s:g} s.",
                        hint="Wait for it to end, and run the command again.",
                    ) from None
                time.sleep(_POLL_S)

    def _open(self) -> int | None:
        try:
            return os.open(self.path, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError:  # a library that may only be read, or a full disk
            try:
                return os.open(self.path, os.O_RDONLY)
            except OSError:
                return None
