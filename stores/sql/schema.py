"""
The catalog's tables, and how a database is opened: SQLite in WAL mode, its errors in our words.

The tables are made by the migrations; a test holds the two together.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from rag.errors import ConfigError, LibraryReadOnly, StoreDamaged, StoreError, StoreFull

HEAD = "0006"
"""The newest migration. A database at an older one is migrated when it is opened for writing."""

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
    sa.Column("to_index", sa.Boolean, nullable=False, index=True),
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
)
aliases = sa.Table(
    "aliases",
    metadata,
    sa.Column("alias", sa.Text, primary_key=True),
    sa.Column("paper_id", sa.Text, nullable=False, index=True),
)
labels = sa.Table(  # what filters look up: categories and tags, in lower case
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
    sa.Column("state", sa.Text, nullable=False, index=True),  # planned, sending, sent, failed or unknown
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
    try:
        made = sa.create_engine(url)
    except (sa.exc.ArgumentError, ImportError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ConfigError(
            f"The catalog cannot be opened by its URL: {reason}.",
            hint="Write it as `sqlite:////path/catalog.sqlite3`, or install the driver that it names.",
        ) from error
    if made.dialect.name == "sqlite":

        @sa.event.listens_for(made, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # SQLAlchemy begins; the driver's own way leaves DDL outside transactions
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000"):
                connection.execute(f"PRAGMA {pragma}").close()

        @sa.event.listens_for(made, "begin")
        def _begin(connection: sa.Connection) -> None:
            connection.exec_driver_sql("BEGIN")

    return made


@contextmanager
def translated(url: str | sa.URL) -> Iterator[None]:
    """Database errors as store errors."""
    try:
        yield
    except sa.exc.DBAPIError as error:
        raise _store_error(str(error.orig), url) from error


def _store_error(reason: str, url: str | sa.URL) -> StoreError:
    place = sa.make_url(url).database or str(url)
    if "full" in reason:
        return StoreFull(
            f"The disk that holds {place} is full.",
            hint="Free some space and run the command again; nothing is lost.",
        )
    unwritable = "unable to open" in reason and not os.access(Path(place).parent, os.W_OK)
    if "readonly" in reason or "read-only" in reason or unwritable:
        return LibraryReadOnly(
            f"The catalog {place} cannot be written: {reason}.",
            hint="Check who owns it, or use another `--library`.",
        )
    if "malformed" in reason or "not a database" in reason:
        return StoreDamaged(
            f"The catalog {place} is damaged: {reason}.",
            hint="Restore it from a copy, or add the papers to a new library.",
        )
    return StoreError(
        f"The catalog {place} cannot be used: {reason}.",
        hint="Check that the folder exists and can be written.",
    )
