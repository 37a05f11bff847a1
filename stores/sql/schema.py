"""How the catalog's database is opened and written: SQLite in WAL mode, its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from rag.errors import ConfigError, LibraryLocked
from stores.sql.errors import store_error
from stores.unwritable import UnwritableDatabase, can_be_written
from stores.urls import database_file, masked

_WRITES = "refdesk_writes"
HEAD = "0014"
"""The newest migration. A database at an older one is migrated when it is opened for writing."""
OLDEST_READ = "0006"
"""The oldest migration whose tables can be read without being migrated."""


def engine(url: str | sa.URL) -> sa.Engine:
    """An engine for a URL; every SQLite connection is durable and waits for others. Raises ConfigError."""
    file = database_file(url)
    unwritable = UnwritableDatabase(file) if file and file.exists() and not can_be_written(file) else None
    try:
        if unwritable:
            made = sa.create_engine(url, creator=unwritable.connect, poolclass=sa.NullPool)
        else:
            made = sa.create_engine(url)
    except (sa.exc.ArgumentError, ImportError, ValueError) as error:
        reason = "" if isinstance(error, ValueError) else f": {' '.join(str(error).split())[:200]}"  # a part of the URL
        raise ConfigError(
            f"The catalog cannot be opened by its URL {masked(str(url))}{reason}.",
            hint="Write it as `sqlite:////path/catalog.sqlite3`, or install the driver that it names.",
        ) from error
    if made.dialect.name == "sqlite":

        @sa.event.listens_for(made, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # SQLAlchemy begins; the driver's own way leaves DDL outside transactions
            durable = () if unwritable else ("journal_mode=WAL", "synchronous=FULL")
            for pragma in (*durable, "busy_timeout=30000"):
                connection.execute(f"PRAGMA {pragma}").close()

        @sa.event.listens_for(made, "begin")
        def _begin(connection: sa.Connection) -> None:
            writes = connection.get_execution_options().get(_WRITES, False)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    if unwritable:
        sa.event.listen(made, "engine_disposed", lambda _: unwritable.close())

        @sa.event.listens_for(made, "handle_error")
        def _explain(context: sa.ExceptionContext) -> None:
            if unwritable.written_since_connect():
                raise LibraryLocked(
                    f"The catalog {file} was written while it was read.", hint="Run the command again in a moment."
                ) from context.original_exception

    return made


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A transaction that only reads: it sees one state of the database, and waits for nobody."""
    with translated(engine.url), engine.connect() as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine) -> Iterator[sa.Connection]:
    """
    A transaction that writes, to be kept short; it is committed at the end.

    SQLite begins it as the writer: one that reads first and writes later fails at once with “database is locked” when
    another connection commits in between.
    """
    with (
        translated(engine.url),
        engine.connect().execution_options(**{_WRITES: True}) as connection,
        connection.begin(),
    ):
        yield connection


def insert(dialect: sa.Dialect, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can have `on_conflict_do_update` or `on_conflict_do_nothing`."""
    return postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)


def upsert(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all with the same columns, each in the place of one that has its primary key."""
    if not rows:
        return
    statement = insert(connection.dialect, table)
    values = {column.name: statement.excluded[column.name] for column in table.columns if column.name in rows[0]}
    for column in table.primary_key:
        del values[column.name]
    connection.execute(statement.on_conflict_do_update(index_elements=list(table.primary_key), set_=values), rows)


def insert_missing(connection: sa.Connection, table: sa.Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert those rows whose primary key is not there yet, and return how many."""
    if not rows:
        return 0
    return connection.execute(insert(connection.dialect, table).on_conflict_do_nothing(), rows).rowcount


@contextmanager
def translated(url: str | sa.URL) -> Iterator[None]:
    """Raise database errors as store errors."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise store_error(error, url) from error
