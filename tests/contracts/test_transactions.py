"""Transactions of the catalog: who writes waits and never fails for another writer; errors are known by their codes."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from small import chunk, paper

from rag import errors
from rag.ports import StoredReply
from stores import unwritable
from stores.sql import schema, tables
from stores.sql.catalog import SQLCatalog
from stores.sql.errors import store_error
from stores.sql.feeds import FeedRecord
from stores.sql.issues import IssueRecord
from stores.sql.schema import insert_missing, reading, upsert, writing
from stores.sql.tables import ratings, spending
from stores.sql.themes import ThemeRecord

NOW = "2026-07-06T06:00:00+00:00"


both = pytest.mark.catalogs("sqlite", "postgres")


@pytest.fixture
def catalog(catalog_url: str) -> Iterator[SQLCatalog]:
    opened = SQLCatalog(catalog_url)
    opened.migrate()
    yield opened
    opened.close()


@pytest.fixture
def engine(catalog_url: str, catalog: SQLCatalog) -> Iterator[sa.Engine]:
    """Other connections to the same catalog."""
    made = schema.engine(catalog_url)
    yield made
    made.dispose()


@both
def test_a_write_that_reads_first_outlives_another_connections_commit_in_between(
    catalog: SQLCatalog, engine: sa.Engine
) -> None:
    rate = threading.Thread(target=lambda: catalog.ratings().rate("p:1", 1, now=NOW))
    with writing(engine) as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(ratings)).scalar() == 0
        rate.start()
        rate.join(timeout=0.5)
        upsert(connection, spending, [{"day": "2026-07-06", "tokens": 5}])
    rate.join(timeout=30)
    assert catalog.ratings().all() == {"p:1": 1}
    assert catalog.replies(read_only=False).spent("2026-07-06") == 5


@both
def test_readers_wait_for_nobody_and_see_one_state(catalog: SQLCatalog, engine: sa.Engine) -> None:
    with reading(engine) as before:
        assert before.execute(sa.select(sa.func.count()).select_from(ratings)).scalar() == 0
        with writing(engine) as connection:
            upsert(connection, ratings, [{"reader": "local", "paper_id": "p:1", "rating": 1, "rated": NOW}])
            assert catalog.ratings().all() == {}, "not committed yet"
        assert catalog.ratings().all() == {"p:1": 1}
        assert before.execute(sa.select(sa.func.count()).select_from(ratings)).scalar() == 0


@both
def test_who_finds_all_connections_in_use_is_told_so(engine: sa.Engine) -> None:
    engine.pool._timeout = 0.1  # type: ignore[attr-defined]
    with ExitStack() as stack:
        for _ in range(15):
            stack.enter_context(reading(engine))
        with pytest.raises(errors.LibraryLocked, match="All connections of this process") as caught, reading(engine):
            pass
    assert caught.value.hint
    with reading(engine) as connection:
        assert connection.execute(sa.select(1)).scalar() == 1


@both
def test_an_upsert_takes_the_place_of_a_row_and_a_missing_row_alone_is_inserted(engine: sa.Engine) -> None:
    with writing(engine) as connection:
        upsert(connection, spending, [{"day": "2026-07-06", "tokens": 1}, {"day": "2026-07-07", "tokens": 2}])
        upsert(connection, spending, [{"day": "2026-07-06", "tokens": 3}])
        upsert(connection, spending, [])
        more = [{"day": "2026-07-06", "tokens": 9}, {"day": "2026-07-08", "tokens": 4}]
        assert insert_missing(connection, spending, more) == 1
        assert insert_missing(connection, spending, []) == 0
        rows = connection.execute(sa.select(spending).order_by(spending.c.day)).all()
    assert [tuple(row) for row in rows] == [("2026-07-06", 3), ("2026-07-07", 2), ("2026-07-08", 4)]


@both
def test_writers_of_every_kind_at_once_lose_nothing(catalog_url: str) -> None:
    url, times = catalog_url, 25
    first = SQLCatalog(url)
    first.migrate()
    failures: list[Exception] = []
    issue = IssueRecord(
        subscription="s", period="", first="2026-06-29", end="2026-07-06", created=NOW, document={}, forms={},
        considered={},
    )  # fmt: skip

    def papers(catalog: SQLCatalog, number: int) -> None:
        one = paper(1, text=f"Edition {number} of a text.")
        catalog.write([one], [("p:1", one)], {"p:1": [chunk(one)]}, seen=NOW)

    def spend(catalog: SQLCatalog, _: int) -> None:
        catalog.replies(read_only=False).spend("2026-07-06", 3)

    def reply(catalog: SQLCatalog, number: int) -> None:
        kept = StoredReply(
            id=f"{number:012}", created=NOW, prompt="p", model="m", question="q", evidence=[], reply="r", repair="",
            tokens=1,
        )  # fmt: skip
        catalog.replies(read_only=False).keep(kept)

    def others(catalog: SQLCatalog, number: int) -> None:
        catalog.ratings().rate(f"p:{number}", 1, now=NOW)
        catalog.feeds().keep(FeedRecord(name=f"feed {number}"))
        catalog.themes(read_only=False).keep([ThemeRecord(scope="s", period=str(number), papers="", themes=[])])
        catalog.issues().keep(replace(issue, period=str(number)))

    def run(kind: Callable[[SQLCatalog, int], None]) -> None:
        catalog = SQLCatalog(url)
        try:
            for number in range(times):
                kind(catalog, number)
        except Exception as error:  # noqa: BLE001 - the test asserts that there is none
            failures.append(error)
        finally:
            catalog.close()

    threads = [threading.Thread(target=run, args=(kind,)) for kind in (papers, spend, spend, reply, others)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert failures == []
    assert len(first.revisions("p:1")) == times
    assert first.replies(read_only=False).spent("2026-07-06") == 2 * 3 * times
    assert len(first.ratings().all()) == times
    assert all(first.feeds().find(f"feed {number}") for number in range(times))
    assert len(first.issues().all("s", limit=1_000)) == times
    first.close()


@both
def test_a_rating_of_a_paper_that_was_merged_a_moment_ago_is_the_surviving_papers(catalog: SQLCatalog) -> None:
    one = replace(paper(1), aliases=("p:1", "p:2"))
    catalog.write([one], [("p:1", one)], {"p:1": [chunk(one)]}, seen=NOW)
    catalog.ratings().rate("p:2", -1, now=NOW)
    assert catalog.ratings().all() == {"p:1": -1}
    catalog.ratings().rate("p:2", 0, now=NOW)
    assert catalog.ratings().all() == {}


# ---- errors


class ServerError(Exception):
    """What a PostgreSQL driver raises, in the server's language."""

    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("auf dem Gerät ist kein Speicherplatz mehr verfügbar")
        self.sqlstate = sqlstate


def sqlite_error(code: int) -> sqlite3.OperationalError:
    error = sqlite3.OperationalError("readonly, malformed and full, says a message that nobody should read")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (sqlite3.SQLITE_FULL, errors.StoreFull),
        (sqlite3.SQLITE_READONLY, errors.LibraryReadOnly),
        (sqlite3.SQLITE_READONLY_DBMOVED, errors.LibraryReadOnly),
        (sqlite3.SQLITE_CORRUPT, errors.StoreDamaged),
        (sqlite3.SQLITE_NOTADB, errors.StoreDamaged),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, errors.LibraryLocked),
        (sqlite3.SQLITE_LOCKED, errors.LibraryLocked),
        (sqlite3.SQLITE_IOERR_WRITE, errors.StoreError),
        (sqlite3.SQLITE_ERROR, errors.StoreError),
    ],
)
def test_an_error_of_sqlite_is_known_by_its_code(tmp_path: Path, code: int, kind: type[Exception]) -> None:
    failed = sa.exc.OperationalError("SELECT 1", {}, sqlite_error(code))
    assert type(store_error(failed, f"sqlite:///{tmp_path / 'catalog.sqlite3'}")) is kind


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53100", errors.StoreFull),
        ("25006", errors.LibraryReadOnly),
        ("42501", errors.LibraryReadOnly),
        ("XX001", errors.StoreDamaged),
        ("55P03", errors.LibraryLocked),
        ("40P01", errors.LibraryLocked),
        ("42P01", errors.StoreError),
        (None, errors.StoreError),
    ],
)
def test_an_error_of_a_server_is_known_by_its_sqlstate_and_tells_no_password(
    state: str | None, kind: type[Exception]
) -> None:
    failed = sa.exc.OperationalError("SELECT 1", {}, ServerError(state))
    error = store_error(failed, "postgresql://ada:hunter2@db.example/papers")
    assert type(error) is kind
    assert "papers" in error.message
    assert error.hint
    assert "hunter2" not in f"{error.message} {error.hint}"


def test_a_url_that_cannot_be_used_is_told_without_its_password() -> None:
    for url in ("postgresql://ada:hunter2@db.example:port/papers", "nosuch://ada:hun/ter2@db.example/papers"):
        with pytest.raises(errors.ConfigError) as caught:
            SQLCatalog(url)
        assert "hun" not in f"{caught.value.message} {caught.value.hint}"
        assert "db.example" in caught.value.message


@both
def test_themes_are_compared_in_the_transaction_that_writes_them(catalog: SQLCatalog, engine: sa.Engine) -> None:
    first = ThemeRecord(scope="s", period="2026-W27", papers="a", themes=[])
    themes = catalog.themes(read_only=False)
    themes.keep([first])
    keep = threading.Thread(target=lambda: themes.keep([first]))
    with writing(engine) as connection:
        upsert(connection, tables.themes, [{"scope": "s", "period": "2026-W27", "papers": "b", "themes": []}])
        keep.start()
        keep.join(timeout=0.5)
    keep.join(timeout=30)
    assert themes.find("s", "2026-W27") == first


def test_replies_and_tokens_are_written_by_transactions_that_begin_as_the_writer(catalog: SQLCatalog) -> None:
    statements: list[str] = []
    sa.event.listen(
        catalog._engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: statements.append(statement)
    )
    replies = catalog.replies(read_only=False)
    for write in (
        lambda: replies.reserve("2026-07-06", 5, limit=10),
        lambda: replies.spend("2026-07-06", -2),
        lambda: replies.keep(reply("a" * 12)),
    ):
        statements.clear()
        write()
        assert statements[0] == "BEGIN IMMEDIATE"
    assert not replies.reserve("2026-07-06", 8, limit=10)
    assert replies.spent("2026-07-06") == 3


def reply(reply_id: str) -> StoredReply:
    return StoredReply(
        id=reply_id, created=NOW, prompt="p", model="m", question="q", evidence=[], reply="r", repair="", tokens=1
    )


@pytest.mark.parametrize(
    ("written_while_read", "kind"), [(True, errors.LibraryLocked), (False, errors.StoreDamaged)], ids=["written", "not"]
)
def test_a_database_that_is_only_read_is_damaged_unless_it_was_written_while_it_was_read(
    tmp_path: Path,
    catalog: SQLCatalog,
    monkeypatch: pytest.MonkeyPatch,
    written_while_read: bool,
    kind: type[errors.StoreError],
) -> None:
    path = tmp_path / "catalog.sqlite3"
    with sqlite3.connect(path) as connection:
        rows = [(f"p:{number}", NOW) for number in range(2_000)]
        connection.executemany("INSERT INTO ratings VALUES ('local', ?, 1, ?)", rows)
    connection.close()
    catalog.close()
    monkeypatch.setattr(unwritable, "_NO_ROOM_BYTES", 1 << 62)  # as on a full disk
    read_only = schema.engine(f"sqlite:///{path}")

    def overwrite() -> None:
        first_pages = path.read_bytes()[: 16 * 4096]
        path.write_bytes(first_pages + b"\xff" * (path.stat().st_size - len(first_pages)))

    if not written_while_read:
        overwrite()
    with pytest.raises(kind), reading(read_only) as connection:
        connection.execute(sa.select(sa.literal(1)))
        if written_while_read:
            overwrite()
        connection.execute(sa.select(ratings)).all()
    read_only.dispose()


def test_a_catalog_that_must_be_copied_to_be_read_says_so_where_there_is_no_room(
    tmp_path: Path, catalog: SQLCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalog.set({"name": "value"})  # in the journal, while the catalog is open
    small_disk = tmp_path / "disk"
    small_disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", str(small_disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("a small file system can only be mounted by root, and not everywhere")
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(small_disk))
        monkeypatch.setattr(unwritable, "_NO_ROOM_BYTES", 1 << 62)  # as on a full disk
        with pytest.raises(errors.StoreFull, match=r"A copy of .* cannot be written: the disk is full"):
            SQLCatalog(f"sqlite:///{tmp_path / 'catalog.sqlite3'}").settings()
    finally:
        subprocess.run(["umount", "-l", str(small_disk)], check=False)
