"""
What PostgreSQL needs that SQLite does not: pooled connections that are looked at before use, locks, the order of bytes.

Transactions that write come one after another, as on SQLite: each takes an advisory lock first, which its end releases.
A lock is of one schema, so that two libraries in one database do not wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa

from rag.errors import ConfigError

NAME = "postgresql"
BUSY_MS = 30_000
"""How long a transaction waits for another one that writes."""
READING = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""The options of a connection that only reads: it sees one state, as on SQLite."""
LOCK_NOT_AVAILABLE = "55P03"
"""The SQLSTATE of a lock that was not free in time."""
_DEFAULTS = {"application_name": "refdesk", "client_encoding": "utf8", "connect_timeout": 10, "keepalives_idle": 60}
_WRITE, _WRITER = 0x52654465, 0x52654466  # any two numbers that no other program in the database uses
_SCHEMA = "coalesce(current_schema()::regnamespace::oid::int, 0)"
_LOCK_WRITE = f"SELECT pg_advisory_xact_lock({_WRITE}, {_SCHEMA})"
TRY_WRITER = f"SELECT pg_try_advisory_lock({_WRITER}, {_SCHEMA})"
"""Take the lock of the one writer of papers, which the connection holds until it is closed; false if another has it."""
WAIT_FOR_WRITER = f"SELECT pg_advisory_lock({_WRITER}, {_SCHEMA})"
"""The same, after the `lock_timeout` of the connection at most."""


def no_driver() -> ConfigError:
    """The error for a machine without psycopg."""
    return ConfigError(
        "The catalog is in PostgreSQL, and its driver is not installed.", hint="`pip install 'refdesk[postgres]'`"
    )


def engine(url: sa.URL, *, writes: str) -> sa.Engine:
    """
    An engine for a server.

    Args:
        url: As `stores.urls.database_url` gives it.
        writes: The option of a connection whose transactions write.
    """
    url = url.difference_update_query(["client_encoding"])  # of any other one, texts would be refused or changed
    defaults = {name: value for name, value in _DEFAULTS.items() if name not in url.query}
    made = sa.create_engine(url, connect_args=defaults, pool_pre_ping=True)

    @sa.event.listens_for(made, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        if (encoding := connection.info.parameter_status("server_encoding")) != "UTF8":
            raise ConfigError(
                f"The database “{url.database}” is encoded in {encoding}, which does not hold all characters.",
                hint=f"Make one with `createdb --encoding UTF8 --template template0 {url.database}`.",
            )
        connection.execute(f"SET lock_timeout = {BUSY_MS}").close()
        connection.commit()

    @sa.event.listens_for(made, "begin")
    def _begin(connection: sa.Connection) -> None:
        if connection.get_execution_options().get(writes, False):
            connection.exec_driver_sql(_LOCK_WRITE)

    @sa.event.listens_for(made, "before_cursor_execute", retval=True)
    def _replace_nul(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, many: bool
    ) -> tuple[str, Any]:
        rows = parameters if many else [parameters]
        if any(isinstance(value, str) and "\0" in value for row in rows if row for value in row.values()):
            rows = [{name: _without_nul(value) for name, value in row.items()} for row in rows]
        return statement, rows if many else rows[0]

    return made


def _without_nul(value: Any) -> Any:
    """Text without the one character that PostgreSQL does not hold. No paper has it; a name that is looked up may."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def order_by_bytes(connection: sa.Connection, tables: Iterable[sa.Table]) -> None:
    """
    Have all text of these tables compared by its bytes, as on SQLite, whatever the language of the database.

    The same ids then come in the same order on every server, ties are broken in the same way, and an index finds what
    begins with a prefix. It changes nothing where it was done before.
    """
    inspector = sa.inspect(connection)
    quote = connection.dialect.identifier_preparer.quote
    for table in tables:
        lacking = [
            f'ALTER {quote(column["name"])} TYPE text COLLATE "C"'
            for column in inspector.get_columns(table.name)
            if isinstance(column["type"], sa.Text) and column["type"].collation != "C"
        ]
        if lacking:
            connection.exec_driver_sql(f"ALTER TABLE {quote(table.name)} {', '.join(lacking)}")


def count_on(connection: sa.Connection) -> None:
    """Have numbers that rows brought with them not be given again; a position may be beyond the newest change."""
    newest = {
        "changes": "greatest((SELECT max(seq) FROM changes), (SELECT max(seq) FROM index_positions), 0)",
        "unions": "coalesce((SELECT max(seq) FROM unions), 0)",
    }
    for table, number in newest.items():
        connection.exec_driver_sql(f"SELECT setval(pg_get_serial_sequence('{table}', 'seq'), {number} + 1, false)")
