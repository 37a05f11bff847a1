"""How the catalog's database is opened and written: SQLite in WAL mode or PostgreSQL, its errors in our words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from rag.errors import ConfigError, LibraryLocked, StoreMismatch
from stores.sql import postgres
from stores.sql.errors import no_connection_free, store_error
from stores.sql.tables import metadata, settings
from stores.unwritable import UnwritableDatabase, can_be_written
from stores.urls import database_file, database_url, masked

_WRITES = "refdesk_writes"
MOVED, MOVED_AS, ARRIVING, FORMER = "moved_to", "moved_as", "arriving_from", "moved_from"
"""Settings of a catalog that was moved (where to, the id of the copy), and of a copy that has not arrived in full."""
_MOVED_TO = sa.select(settings.c.value).where(settings.c.name == MOVED)
COUNTED = {"preserve_rowcount": True}
"""The option of an INSERT whose rows are to be counted: psycopg forgets the number with the cursor."""
HEAD = "0014"
"""The newest migration. A database at an older one is migrated when it is opened for writing."""
OLDEST_READ = "0006"
"""The oldest migration whose tables can be read without being migrated."""


def engine(url: str | sa.URL) -> sa.Engine:
    """An engine for a URL; every connection to SQLite is durable and waits for others. Raises ConfigError."""
    file = database_file(url)
    unwritable = UnwritableDatabase(file) if file and file.exists() and not can_be_written(file) else None
    try:
        parsed = database_url(url)
        if parsed.get_backend_name() == postgres.NAME:
            return postgres.engine(parsed, writes=_WRITES)
        if unwritable:
            made = sa.create_engine(parsed, creator=unwritable.connect, poolclass=sa.NullPool)
        else:
            made = sa.create_engine(parsed)
    except ImportError as error:
        raise postgres.no_driver() from error
    except (sa.exc.ArgumentError, ValueError) as error:
        reason = "" if isinstance(error, ValueError) else f": {' '.join(str(error).split())[:200]}"  # a part of the URL
        raise ConfigError(
            f"The catalog cannot be opened by its URL {masked(str(url))}{reason}.",
            hint="Write it as `sqlite:////path/catalog.sqlite3` or `postgresql://user:password@host/database`.",
        ) from error

    @sa.event.listens_for(made, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy begins; the driver's own way leaves DDL outside transactions
        durable = () if unwritable else ("journal_mode=WAL", "synchronous=FULL")
        for pragma in (*durable, f"busy_timeout={postgres.BUSY_MS}"):
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
    options = postgres.READING if engine.dialect.name == postgres.NAME else {}
    with translated(engine.url), engine.connect().execution_options(**options) as connection:
        yield connection


@contextmanager
def writing(engine: sa.Engine, *, new: bool = False) -> Iterator[sa.Connection]:
    """
    A transaction that writes, to be kept short; it is committed at the end.

    Args:
        engine: The catalog's engine.
        new: True for a database that may have no tables yet.

    Raises:
        StoreMismatch: The catalog was moved to another database.
        StoreError: The database cannot be used.

    It begins as the only one that writes: what it reads stays true until it commits. SQLite would fail at once with
    “database is locked” if another connection committed in between; PostgreSQL would lose what the other wrote.
    """
    with (
        translated(engine.url),
        engine.connect().execution_options(**{_WRITES: True}) as connection,
        connection.begin(),
    ):
        if not new and (to := connection.execute(_MOVED_TO).scalar()):
            raise moved(to)
        yield connection


def insert(dialect: sa.Dialect, table: sa.Table) -> sqlite.Insert | postgresql.Insert:
    """An INSERT that can have `on_conflict_do_update` or `on_conflict_do_nothing`."""
    return postgresql.insert(table) if dialect.name == postgres.NAME else sqlite.insert(table)


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
    statement = insert(connection.dialect, table).on_conflict_do_nothing()
    return connection.execute(statement, rows, execution_options=COUNTED).rowcount


def count_up(connection: sa.Connection, name: str) -> str:
    """Add 1 to a setting that counts, within a transaction that writes, and return it; it begins with 1."""
    following = sa.cast(sa.cast(settings.c.value, sa.BigInteger) + 1, sa.Text)
    statement = insert(connection.dialect, settings).values(name=name, value="1")
    connection.execute(statement.on_conflict_do_update(index_elements=[settings.c.name], set_={"value": following}))
    return str(connection.execute(sa.select(settings.c.value).where(settings.c.name == name)).scalar_one())


def bring_to_head(connection: sa.Connection) -> None:
    """Make the tables as this Refdesk has them, or migrate them, within a transaction that writes."""
    from stores.migrations import upgrade  # Alembic takes half a second to import, and is seldom needed

    upgrade(connection, HEAD)
    if connection.dialect.name == postgres.NAME:
        postgres.order_by_bytes(connection, metadata.sorted_tables)


def moved(to: str) -> StoreMismatch:
    """The error for a catalog that was moved, with the URL as it may be shown."""
    return StoreMismatch(
        f"The library's catalog was moved to {to}.",
        hint="Set `catalog` to that URL in refdesk.toml, or in REFDESK_CATALOG, and open the library again.",
    )


@contextmanager
def translated(url: str | sa.URL) -> Iterator[None]:
    """Raise database errors as store errors."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise store_error(error, url) from error
    except sa.exc.TimeoutError as error:  # of the pool
        raise no_connection_free(url) from error
