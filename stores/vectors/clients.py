"""Chroma clients: for a folder, for one that cannot be written, and for a server. Translates Chroma's errors."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from itertools import count as numbers
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import Any
from urllib.parse import urlsplit

import chromadb
import httpx
from chromadb.api.shared_system_client import SharedSystemClient
from chromadb.config import Settings

from rag.errors import ConfigError, StoreDamaged, StoreError, disk_full
from stores.unwritable import can_be_written, copy_database
from stores.urls import masked

TIMEOUT_S = 60.0
"""How long a call to a server may take."""
MOST_COPIED_BYTES = 2 << 30
"""The largest `chroma.sqlite3` that is copied to be read, where its folder cannot be written."""
_DATABASE = "chroma.sqlite3"
_opened = numbers()


def open_client(place: Path | str, *, create: bool) -> Any:
    """
    Open a new client, which sees the present state of the place; `close_client` closes it.

    Args:
        place: A folder, or a server's URL.
        create: True makes a folder's database if there is none.

    Returns:
        The client; None for a folder without a database, or with one that is too large to be copied and read.

    Raises:
        ConfigError: The URL is not valid.
    """
    if isinstance(place, str):
        return _of_server(place)
    if (not has_database(place) and not create) or too_large_to_copy(place):
        return None
    if create:
        _make_database(place)
    if can_be_written(place / _DATABASE):
        return _of_folder(place)
    copy = _copied(place)
    try:
        client = _of_folder(copy)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    client.refdesk_copy = copy
    return client


def too_large_to_copy(folder: Path) -> bool:
    """True if the vectors in a folder that cannot be written are too large to be copied and read."""
    database = folder / _DATABASE
    if not database.exists() or can_be_written(database):
        return False
    return database.stat().st_size > min(MOST_COPIED_BYTES, shutil.disk_usage(gettempdir()).free)


def close_client(client: Any) -> None:
    """Close a client's files or connections."""
    sessions = _sessions(client)  # closing forgets them
    client.close()
    for session in sessions:
        session.close()
    if copy := getattr(client, "refdesk_copy", None):
        shutil.rmtree(copy, ignore_errors=True)


def _make_database(folder: Path) -> None:
    """
    Make an empty database in WAL mode, where there is none; Chroma fills it.

    A reindex puts another database under the same path. A process that still has the old one open would take the
    rollback journal of the new one for its own, and delete it. In WAL mode there is no such journal.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / _DATABASE).exists():
        with closing(sqlite3.connect(folder / _DATABASE)) as database:
            database.execute("PRAGMA journal_mode=WAL")


def has_database(folder: Path) -> bool:
    """True if a folder has a database of Chroma."""
    return (folder / _DATABASE).exists()


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
            elif not entry.name.startswith(_DATABASE):
                shutil.copyfile(entry, copy / entry.name)
        copy_database(folder / _DATABASE, copy)
    except BaseException:
        shutil.rmtree(copy, ignore_errors=True)
        raise
    return copy


def _of_server(url: str) -> Any:
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("http", "https") or not parts.hostname or port == -1 or "@" in parts.path:
        raise ConfigError(
            f"“{masked(url)}” is not the URL of a Chroma server.", hint="Write it as `http://localhost:8000`."
        )
    secure = parts.scheme == "https"
    client = chromadb.HttpClient(
        host=parts.hostname, port=port or (443 if secure else 8000), ssl=secure, settings=_quiet()
    )
    for session in _sessions(client):
        session.timeout = httpx.Timeout(TIMEOUT_S)
    return client


def _quiet() -> Settings:
    return Settings(anonymized_telemetry=False)


def _sessions(client: Any) -> list[httpx.Client]:
    """The connections of a client and its admin client to a server; Chroma neither limits nor closes them."""
    clients = (client, getattr(client, "_admin_client", None))
    sessions = [getattr(getattr(each, "_server", None), "_session", None) for each in clients]
    return [session for session in sessions if isinstance(session, httpx.Client)]


def store_error(place: Path | str, error: Exception) -> StoreError:
    """Translate an error of Chroma."""
    reason = " ".join(str(error).split())[:200]
    if isinstance(place, str):
        shown = masked(place)
        if no_connection := _no_connection(error):
            reason = no_connection
        elif shown != place:  # a reason may repeat the URL
            reason = type(error).__name__
        return StoreError(
            f"The Chroma server {shown} cannot be used: {reason}.",
            hint="Is it running? `chroma run --path DIR --port N` starts one.",
        )
    if "full" in reason or "No space" in reason:
        return disk_full(place)
    if isinstance(error, OSError) or "readonly" in reason:
        return StoreError(
            f"The vectors in {place} cannot be written: {reason}.",
            hint="Check that the folder can be written.",
        )
    return StoreDamaged(
        f"The vectors in {place} cannot be used: {reason}.",
        hint="Run `refdesk reindex`, which rebuilds them from the catalog.",
    )


def _no_connection(error: BaseException | None) -> str:
    """Why a server cannot be reached, such as “Connection refused”; Chroma hides it. Empty for any other error."""
    while error is not None:
        if isinstance(error, httpx.TransportError):
            return " ".join(str(error).split())[:200] or type(error).__name__
        error = error.__cause__ or error.__context__
    return ""
