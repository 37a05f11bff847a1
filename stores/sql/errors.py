"""
Database errors as store errors, known by SQLite's error code or by SQLSTATE, never by the words of a message.
"""

from __future__ import annotations

import os
from pathlib import Path

import sqlalchemy as sa

from rag.errors import LibraryLocked, LibraryReadOnly, StoreDamaged, StoreError, disk_full
from stores.unwritable import disk_is_full

# SQLite's primary result codes, https://sqlite.org/rescode.html
_PERM, _BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 3, 5, 6, 8, 10, 11, 13, 14, 26


def store_error(error: sa.exc.DBAPIError, url: str | sa.URL) -> StoreError:
    """Translate an error of the database at `url`."""
    parsed, place = sa.make_url(url), _place(url)
    reason = " ".join(str(error.orig).split())[:300]
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None or parsed.get_backend_name() == "sqlite":
        return _of_sqlite(code, reason, place)
    lost = error.connection_invalidated or isinstance(error, sa.exc.OperationalError | sa.exc.InterfaceError)
    return _of_server(getattr(error.orig, "sqlstate", None) or "", reason, place, lost=lost)


def no_connection_free(url: str | sa.URL) -> LibraryLocked:
    """The error for a process whose connections to the database at `url` are all in use, and stay so."""
    return LibraryLocked(
        f"All connections of this process to the catalog {_place(url)} are in use.",
        hint="Run the command again in a moment.",
    )


def _place(url: str | sa.URL) -> str:
    parsed = sa.make_url(url)
    return parsed.database or parsed.host or "in memory"


def _of_sqlite(code: int | None, reason: str, place: str) -> StoreError:
    primary = code & 0xFF if code is not None else None
    folder = Path(place).parent
    # for some writes on a full disk SQLite says only “disk I/O error”
    if primary == _FULL or (primary in (_IOERR, _CANTOPEN) and disk_is_full(folder)):
        return disk_full(place)
    if primary in (_PERM, _READONLY) or (primary == _CANTOPEN and folder.is_dir() and not os.access(folder, os.W_OK)):
        return _read_only(place, reason)
    if primary in (_CORRUPT, _NOTADB):
        return _damaged(place, reason)
    if primary in (_BUSY, _LOCKED):
        return _locked(place, reason)
    return StoreError(
        f"The catalog {place} cannot be used: {reason}.", hint="Check that the folder exists and can be written."
    )


def _of_server(state: str, reason: str, place: str, *, lost: bool) -> StoreError:
    """
    By SQLSTATE, https://www.postgresql.org/docs/current/errcodes-appendix.html.

    Without one, the connection is `lost` or the driver refused a value.
    """
    if state in ("53100", "53200"):  # disk_full, out_of_memory
        return disk_full(place)
    if state in ("25006", "42501"):  # read_only_sql_transaction, insufficient_privilege
        return _read_only(place, reason)
    if state in ("XX001", "XX002"):  # data_corrupted, index_corrupted
        return _damaged(place, reason)
    if state in ("55P03", "40001", "40P01"):  # lock_not_available, serialization_failure, deadlock_detected
        return _locked(place, reason)
    if (lost and not state) or state.startswith(("08", "57P")):  # no connection, or the server ended it
        return StoreError(
            f"The database server of the catalog {place} cannot be reached: {reason}.",
            hint="Check that it is running, and the host, the role and its password.",
        )
    return StoreError(f"The catalog {place} cannot be used: {reason}.", hint="Check the setting `catalog`.")


def _read_only(place: str, reason: str) -> LibraryReadOnly:
    return LibraryReadOnly(
        f"The catalog {place} cannot be written: {reason}.", hint="Check who owns it, or use another `--library`."
    )


def _damaged(place: str, reason: str) -> StoreDamaged:
    return StoreDamaged(
        f"The catalog {place} is damaged: {reason}.",
        hint="Restore it from a copy, or add the papers to a new library.",
    )


def _locked(place: str, reason: str) -> LibraryLocked:
    return LibraryLocked(
        f"The catalog {place} is in use by another process: {reason}.", hint="Run the command again in a moment."
    )
