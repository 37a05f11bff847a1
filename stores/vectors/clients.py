"""Chroma clients for a folder, and for one that cannot be written. Translates Chroma's errors."""

from __future__ import annotations

import ctypes
import shutil
import sqlite3
from contextlib import closing, suppress
from itertools import count as numbers
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any

import chromadb
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings

from rag.errors import StoreDamaged, StoreError, disk_full
from stores.unwritable import can_be_written, copy_database

MOST_COPIED_BYTES = 2 << 30
"""The largest `chroma.sqlite3` that is copied to be read, where its folder cannot be written."""
DATABASE = "chroma.sqlite3"
_opened = numbers()


def open_client(folder: Path, *, create: bool) -> Any:
    """
    Open a new client, which sees the present state of the folder; `close_client` closes it.

    Args:
        folder: Where the database is.
        create: True makes the database if there is none.

    Returns:
        The client; None for a folder without a database, or with one that is too large to be copied and read.
    """
    if (not has_database(folder) and not create) or too_large_to_copy(folder):
        return None
    if create:
        _make_database(folder)
    if can_be_written(folder / DATABASE):
        return _of_folder(folder)
    copy = _copied(folder)
    try:
        client = _of_folder(copy)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    client.refdesk_copy = copy
    return client


def too_large_to_copy(folder: Path) -> bool:
    """True if the vectors in a folder that cannot be written are too large to be copied and read."""
    database = folder / DATABASE
    if not database.exists() or can_be_written(database):
        return False
    return database.stat().st_size > min(MOST_COPIED_BYTES, shutil.disk_usage(gettempdir()).free)


def close_client(client: Any) -> None:
    """Close a client's files, and give its memory back."""
    client.close()
    if copy := getattr(client, "refdesk_copy", None):
        shutil.rmtree(copy, ignore_errors=True)
    with suppress(AttributeError, OSError):  # only glibc keeps so much, a seventh of the graph, and can be asked for it
        ctypes.CDLL(None).malloc_trim(0)


def _make_database(folder: Path) -> None:
    """
    Make an empty database in WAL mode, where there is none; Chroma fills it.

    A reindex puts another database under the same path. A process that still has the old one open would take the
    rollback journal of the new one for its own, and delete it. In WAL mode there is no such journal.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / DATABASE).exists():
        with closing(sqlite3.connect(folder / DATABASE)) as database:
            database.execute("PRAGMA journal_mode=WAL")


def has_database(folder: Path) -> bool:
    """True if a folder has a database of Chroma."""
    return (folder / DATABASE).exists()


def _of_folder(folder: Path) -> Any:
    """Each client gets another spelling of the path, because Chroma shares state between clients of one path."""
    path = f"{folder}{'/.' * (next(_opened) % 100)}"
    try:
        return chromadb.PersistentClient(path=path, settings=_quiet())
    except Exception:  # Chroma would hand the half-opened system to whoever opens this path next
        SharedSystemClient._identifier_to_system.pop(path, None)
        SharedSystemClient._identifier_to_refcount.pop(path, None)
        raise


def _copied(folder: Path) -> Path:
    """A temporary folder with a copy of the database and links to the rest, for Chroma writes when it reads."""
    copy = Path(mkdtemp(prefix="refdesk-chroma-"))
    try:
        for entry in folder.iterdir():
            if entry.is_dir():
                (copy / entry.name).symlink_to(entry.resolve())
            elif not entry.name.startswith(DATABASE):
                shutil.copyfile(entry, copy / entry.name)
        copy_database(folder / DATABASE, copy)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    return copy


def _quiet() -> Settings:
    return Settings(anonymized_telemetry=False)


def store_error(folder: Path, error: Exception) -> StoreError:
    """Translate an error of Chroma in a folder."""
    reason = " ".join(str(error).split())[:200]
    if "full" in reason or "No space" in reason:
        return disk_full(folder)
    if isinstance(error, OSError) or "readonly" in reason:
        return StoreError(
            f"The vectors in {folder} cannot be written: {reason}.",
            hint="Check that the folder can be written.",
        )
    return StoreDamaged(
        f"The vectors in {folder} cannot be used: {reason}.",
        hint="Run `refdesk reindex`, which rebuilds them from the catalog.",
    )
