"""Reads SQLite databases that this process cannot write: on a read-only or a full disk, or in another's folder."""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from urllib.parse import quote

from rag.errors import StoreError, disk_full, is_disk_full

_NO_ROOM_BYTES = 1 << 20
"""With less than this free, a disk is full: SQLite needs some room even to read."""
_COPY_S = 1.0
"""The time for which a copy is read while the journal stays."""
_TRIES = 5
_WAL_HEADER_BYTES = 32
"""The length of the header of SQLite's journal; it changes when the journal begins anew."""


def may_be_written(path: Path) -> bool:
    """True if this process has the right to write a file, which may be absent, and its folder."""
    return os.access(path.parent, os.W_OK) and (not path.exists() or os.access(path, os.W_OK))


def disk_is_full(folder: Path) -> bool:
    """True if the disk of a folder has no room."""
    try:
        return shutil.disk_usage(folder).free < _NO_ROOM_BYTES
    except OSError:
        return False


def can_be_written(path: Path) -> bool:
    """True if this process may write a file and its folder, and their disk has room."""
    return may_be_written(path) and not disk_is_full(path.parent)


class UnwritableDatabase:
    """
    A database that this process cannot write, while others may write it.

    SQLite reads it as immutable, which needs no journal. Where there is a journal, because a process is writing or was
    killed, a copy is read. A connection sees the state at which it was opened; keep it for a short time.

    Args:
        path: The database's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path.resolve()
        self._lock = Lock()
        self._folder: TemporaryDirectory[str] | None = None
        self._copied: tuple[tuple[int, ...], ...] = ()
        self._looked = float("-inf")
        self._read: tuple[int, ...] = ()

    def connect(self) -> sqlite3.Connection:
        """Open a connection to the present state."""
        with self._lock:  # SQLite has the file open on return; the copy may then be removed
            present = self._present()
            self._read = _moved(self._path) if present == self._path else ()
            uri = f"file:{quote(str(present))}?mode=ro&immutable=1"
            return sqlite3.connect(uri, uri=True, check_same_thread=False)

    def written_since_connect(self) -> bool:
        """True if the file that the last connection reads was written since; what it read may be of two states."""
        return bool(self._read) and self._read != _moved(self._path)

    def _present(self) -> Path:
        """The file to be read: the database, or a copy of its present state."""
        journal = _journal(self._path)
        if not _header(journal):
            self._remove_copy()
            return self._path
        if self._folder and time.monotonic() - self._looked < _COPY_S:
            return Path(self._folder.name) / self._path.name
        state = (_moved(self._path), _moved(journal))
        if not self._folder or state != self._copied:
            self._remove_copy()
            folder = TemporaryDirectory(prefix="refdesk-catalog-", ignore_cleanup_errors=True)
            try:
                copy_database(self._path, Path(folder.name))
            except sqlite3.Error:
                folder.cleanup()
                raise
            except OSError as error:
                folder.cleanup()
                if is_disk_full(error):
                    raise disk_full(f"A copy of {self._path}, which is needed to read it, in {folder.name}") from error
                raise StoreError(
                    f"The catalog {self._path} cannot be copied to be read: {error}.",
                    hint="Run the command again in a moment.",
                ) from error
            self._folder, self._copied = folder, state
        self._looked = time.monotonic()
        return Path(self._folder.name) / self._path.name

    def _remove_copy(self) -> None:
        if self._folder:
            self._folder.cleanup()
            self._folder = None

    def close(self) -> None:
        """Remove the copy."""
        with self._lock:
            self._remove_copy()


def copy_database(path: Path, folder: Path) -> None:
    """
    Copy a database, with what its journal holds, into a folder; another process may be writing it.

    The journal is copied last. What is written to the database meanwhile is also in the journal, unless the journal
    begins anew: then all is copied again.

    Raises:
        OSError: The folder has no room, or the journal began anew each time.
    """
    copy = folder / path.name
    for _ in range(_TRIES):
        header = _header(_journal(path))
        shutil.copyfile(path, copy)
        _journal(copy).unlink(missing_ok=True)
        if header:
            try:
                shutil.copyfile(_journal(path), _journal(copy))
            except FileNotFoundError:
                continue
        if _header(_journal(path)) == header:
            break
    else:
        raise OSError(f"another process wrote {path} all the time")
    with closing(sqlite3.connect(copy)) as database:  # closing it moves the journal into the database
        database.execute("SELECT count(*) FROM sqlite_master").close()


def _journal(path: Path) -> Path:
    return path.with_name(f"{path.name}-wal")


def _header(journal: Path) -> bytes:
    try:
        with journal.open("rb") as stream:
            return stream.read(_WAL_HEADER_BYTES)
    except FileNotFoundError:
        return b""


def _moved(file: Path) -> tuple[int, ...]:
    """Values of which one moves when a file is written or replaced; none for a file that is absent."""
    try:
        stat = file.stat()
    except FileNotFoundError:
        return ()
    return stat.st_ino, stat.st_size, stat.st_mtime_ns
