"""
The one writer of papers among all machines that use a catalog, by an advisory lock of PostgreSQL.

The lock lives as long as its connection. A writer that loses it, for the network failed, does not know, and another one
may begin. So each writer takes the next number when it begins, and each of its transactions looks whether that is
still the newest: the one that was overtaken writes nothing more. A catalog of SQLite is one machine's, which has the
lock file of the library's folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import sqlalchemy as sa

from rag.errors import LibraryLocked
from stores.sql import postgres
from stores.sql.schema import count_up, translated, writing
from stores.sql.tables import settings
from stores.urls import masked

_NUMBER = "writer"
"""The setting that holds the number of the newest writer; it is absent in a new catalog."""
_MOST_MS = 2**31 - 1


class SQLWriter:
    """
    The writer of papers that this process may be.

    Args:
        engine: The catalog's engine.
    """

    def __init__(self, engine: sa.Engine) -> None:
        self._engine, self._place = engine, masked(str(engine.url))
        self.is_shared = engine.dialect.name == postgres.NAME
        """True if machines may share the catalog, so that the lock of a folder does not keep all writers apart."""
        self._number: str | None = None
        """The number of this writer while it holds the lock; empty if the catalog has no tables yet."""

    @contextmanager
    def held(self, *, timeout_s: float, notify: Callable[[str], None]) -> Iterator[None]:
        """
        Be the only writer. To be entered under the lock of the library's folder, which keeps threads apart.

        Args:
            timeout_s: How long to wait for another writer.
            notify: Called with a sentence before the wait.

        Raises:
            LibraryLocked: Another writer did not finish in time.
            StoreError: The server cannot be reached.
        """
        if not self.is_shared or self._number is not None:
            yield
            return
        with translated(self._engine.url):
            connection = self._engine.connect()
        try:
            with translated(self._engine.url):
                self._acquire(connection, timeout_s, notify)
            self._number = self._next_number()
            yield
        finally:
            self._number = None
            with suppress(sa.exc.DBAPIError):  # the server may be gone, and the lock with it
                connection.close()

    def _acquire(self, connection: sa.Connection, timeout_s: float, notify: Callable[[str], None]) -> None:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.detach()  # closing it then ends the session, and so releases the lock
        if connection.exec_driver_sql(postgres.TRY_WRITER).scalar():
            return
        notify("Another process is writing to the catalog; waiting for it.")
        connection.exec_driver_sql(f"SET lock_timeout = {min(max(1, int(timeout_s * 1000)), _MOST_MS)}")
        try:
            connection.exec_driver_sql(postgres.WAIT_FOR_WRITER)
        except sa.exc.OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != postgres.LOCK_NOT_AVAILABLE:
                raise
            raise LibraryLocked(
                f"Another process has been writing to {self._place} for more than {timeout_s:g} s.",
                hint="Wait for it to end, and run the command again.",
            ) from error

    def _next_number(self) -> str:
        with writing(self._engine, new=True) as connection:
            return count_up(connection, _NUMBER) if sa.inspect(connection).has_table(settings.name) else ""

    def require_newest(self) -> None:
        """Raise LibraryLocked if another writer has begun since this one did: it must write no shared index either."""
        if self._number:
            with self.transaction():
                pass

    @contextmanager
    def transaction(self, *, new: bool = False) -> Iterator[sa.Connection]:
        """
        A transaction that writes papers, or what belongs to them; `new` as in `writing`.

        Raises:
            LibraryLocked: Another writer has begun since this one did.
        """
        with writing(self._engine, new=new) as connection:
            if self._number is not None and self._number != self._newest(connection):
                raise LibraryLocked(
                    f"The connection to {self._place} was lost, and another process has become its writer.",
                    hint="Run the command again; what was written before stays.",
                )
            yield connection

    def _newest(self, connection: sa.Connection) -> str:
        if not self._number and not sa.inspect(connection).has_table(settings.name):
            return ""
        return connection.execute(sa.select(settings.c.value).where(settings.c.name == _NUMBER)).scalar() or ""
