"""
The catalog's tables, and how a database is opened: SQLite in WAL mode, its errors in our words.

The tables are made by the migrations; a test holds the two together.
"""

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
HEAD = "0012"
"""The newest migration. A database at an older one is migrated when it is opened for writing."""
OLDEST_READ = "0006"
"""The oldest migration whose tables can be read without being migrated."""

metadata = sa.MetaData()
papers = sa.Table(
    "papers",
    metadata,
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, nullable=False),  # of the text that counts, one of its revisions
    sa.Column("title_key", sa.Text, nullable=False, index=True),
    sa.Column("authors", sa.JSON, nullable=False),
    sa.Column("published", sa.Text),
    sa.Column("updated", sa.Text),
    sa.Column("listed", sa.Text),
    sa.Column("imported", sa.Text, nullable=False),
    sa.Column("day", sa.Integer, nullable=False, index=True),  # YYYYMMDD of Paper.day
    sa.Column("url", sa.Text),
    sa.Column("venue", sa.Text),
    sa.Column("categories", sa.JSON, nullable=False),
    sa.Column("tags", sa.JSON, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("version", sa.Integer),
    sa.Column("flags", sa.JSON, nullable=False),
    sa.Column("attention", sa.JSON),  # [[name, count, seen], …]
    sa.Column("chunks", sa.JSON, nullable=False),  # [[start, end], …] as they are in the vector store
)
changes = sa.Table(  # of each paper the newest change; a greater number is a later one
    "changes",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("paper_id", sa.Text, nullable=False, index=True, unique=True),
    sqlite_autoincrement=True,  # a number is never given twice, also after the last entry is deleted
)
index_positions = sa.Table(
    "index_positions",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("seq", sa.BigInteger, nullable=False),  # the index holds all changes up to this one
    sa.Column("written", sa.Text, nullable=False),  # the change counter when the index was last written
)
revisions = sa.Table(
    "revisions",
    metadata,
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("hash", sa.Text, primary_key=True),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("abstract", sa.Text, nullable=False),
    sa.Column("spans", sa.JSON, nullable=False),  # [[start, end], …] of the sentences
    sa.Column("named", sa.JSON(none_as_null=True)),  # [[authors, published, url], …] of the paper while it stood
    sa.Column("roles", sa.Text),  # of the sentences, as `rag.roles.encode` writes them; NULL until computed
    sa.Column("brought", sa.JSON(none_as_null=True)),  # [name, format, owner] of who brought the text
)
_LACKING = revisions.c.roles.is_(None)
sa.Index("ix_revisions_lacking_roles", revisions.c.paper_id, sqlite_where=_LACKING, postgresql_where=_LACKING)
aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Text, nullable=False, index=True),
)
unions = sa.Table(  # of two papers by a record, with what both were before
    "unions",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("merged_id", sa.Text, nullable=False, index=True),
    sa.Column("seen", sa.Text, nullable=False),
    sa.Column("brought", sa.JSON, nullable=False),
    sa.Column("surviving", sa.JSON, nullable=False),  # {row, aliases, texts} as `stores.sql.unions` writes them
    sa.Column("merged", sa.JSON, nullable=False),
    sa.Column("after", sa.JSON, nullable=False),
)
apart = sa.Table(  # ids of papers that a reader split
    "apart",
    metadata,
    sa.Column("kept", sa.Text, primary_key=True),
    sa.Column("restored", sa.Text, primary_key=True),
)
notices = sa.Table(  # of retractions, by the id that each names
    "notices",
    metadata,
    sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("notice", sa.Text, nullable=False),  # the id of the notice; empty if it has none
    sa.Column("seen", sa.Text, nullable=False),
)
labels = sa.Table(  # what filters look up: categories and tags in lower case, keys of authors' names (rag.authors)
    "labels",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("label", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Text, primary_key=True, index=True),
)
settings = sa.Table(
    "settings",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)

generations = sa.Table(
    "generations",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created", sa.Text, nullable=False, index=True),
    sa.Column("prompt", sa.Text, nullable=False),
    sa.Column("model", sa.Text, nullable=False),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("evidence", sa.JSON, nullable=False),  # id, paper, sentence and quote of each sentence shown
    sa.Column("reply", sa.Text, nullable=False),
    sa.Column("repair", sa.Text, nullable=False),
    sa.Column("tokens", sa.Integer, nullable=False),
)
spending = sa.Table(
    "spending",
    metadata,
    sa.Column("day", sa.Text, primary_key=True),
    sa.Column("tokens", sa.Integer, nullable=False),
)

feeds = sa.Table(
    "feeds",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("watermark", sa.Text),  # the day of the last whole pull
    sa.Column("checked", sa.Text),
    sa.Column("error", sa.Text),
    sa.Column("state", sa.JSON, nullable=False),  # what the provider wants kept, such as an ETag
    sa.Column("runs", sa.JSON, nullable=False),  # [{day, new, failed}, …]
)

issues = sa.Table(
    "issues",
    metadata,
    sa.Column("subscription", sa.Text, primary_key=True),
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("first", sa.Text, nullable=False),  # the first day, ISO, and the day after the last
    sa.Column("end", sa.Text, nullable=False),
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),  # as `digest --json` prints it
    sa.Column("forms", sa.JSON, nullable=False),  # what is delivered: subject, and text by format
    sa.Column("considered", sa.JSON, nullable=False),  # {paper id: hash of its text} of all papers that were listed
)
outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("subscription", sa.Text, nullable=False),
    sa.Column("period", sa.Text, nullable=False),
    sa.Column("channel", sa.Text, nullable=False),
    sa.Column("target", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False, index=True),  # planned, sending, sent, failed, unknown, dismissed
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("planned", sa.Text, nullable=False),
    sa.Column("changed", sa.Text, nullable=False),
    sa.Column("due", sa.Text),  # when it may be tried; NULL is not by itself
    sa.Column("handed", sa.Text),  # when the attempt passed the point from which the receiver may have it
    sa.Column("detail", sa.Text, nullable=False),
)
ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("paper_id", sa.Text, primary_key=True),
    sa.Column("rating", sa.Integer, nullable=False),  # 1 liked, -1 disliked
    sa.Column("rated", sa.Text, nullable=False),
)
answers = sa.Table(  # of the served library, a reader's own
    "answers",
    metadata,
    sa.Column("reader", sa.Text, primary_key=True),
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("created", sa.Text, nullable=False, index=True),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("document", sa.JSON, nullable=False),  # as `ask --json` prints it
)
tokens = sa.Table(  # by which programs sign in to the served library
    "tokens",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("hash", sa.Text, nullable=False, unique=True),  # SHA-256 of the secret
    sa.Column("created", sa.Text, nullable=False),
    sa.Column("used", sa.Text),  # the last day
)
themes = sa.Table(  # of past periods, so that a theme that goes on keeps its id and name
    "themes",
    metadata,
    sa.Column("scope", sa.Text, primary_key=True),  # which papers they were found among
    sa.Column("period", sa.Text, primary_key=True),
    sa.Column("papers", sa.Text, nullable=False),  # a hash over these papers
    sa.Column("themes", sa.JSON, nullable=False),
)


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
