"""PostgreSQL alone: one writer across machines, connections that are lost, servers that are down, what is refused."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace

import pytest
from small import chunk, paper

from rag.errors import ConfigError, LibraryLocked, LibraryReadOnly, StoreError
from rag.ports import Delivery
from stores.sql.catalog import SQLCatalog
from tests.postgres_server import PostgresServer, running

pytestmark = [pytest.mark.catalogs("postgres"), pytest.mark.server]
SEEN = "2026-07-01T00:00:00+00:00"
Open = Callable[[], SQLCatalog]


@pytest.fixture
def another(catalog_url: str) -> Iterator[Open]:
    """Open the catalog once more, as another machine does."""
    opened: list[SQLCatalog] = []

    def made() -> SQLCatalog:
        opened.append(SQLCatalog(catalog_url))
        return opened[-1]

    yield made
    for each in opened:
        each.close()


def put(catalog: SQLCatalog, number: int) -> None:
    one = paper(number)
    catalog.write([one], [(one.paper_id, one)], {one.paper_id: [chunk(one)]}, seen=SEEN)


def writer_is_held(server: PostgresServer, url: str) -> int:
    """The process of the server that holds the lock of the one writer of papers."""
    query = "SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND granted"
    with server.connect(url.rpartition("/")[2]) as connection:
        [(pid,)] = connection.execute(query).fetchall()
    return int(pid)


def test_a_second_writer_says_that_it_waits_and_begins_when_the_first_has_ended(another: Open) -> None:
    first, second = another(), another()
    told: list[str] = []
    began = threading.Event()

    def write() -> None:
        with second.writer.held(timeout_s=30, notify=told.append):
            began.set()
            put(second, 2)

    waiting = threading.Thread(target=write)
    with first.writer.held(timeout_s=1, notify=told.append):
        waiting.start()
        assert not began.wait(0.3)
        put(first, 1)
    waiting.join(30)
    assert began.is_set()
    assert told == ["Another process is writing to the catalog; waiting for it."]
    assert first.ids() == ["p:1", "p:2"]


def test_a_writer_that_waits_too_long_gives_up_and_leaves_no_lock_behind(another: Open) -> None:
    first, second = another(), another()
    with (
        first.writer.held(timeout_s=1, notify=print),
        pytest.raises(LibraryLocked, match=r"for more than 0\.2 s"),
        second.writer.held(timeout_s=0.2, notify=print),
    ):
        raise AssertionError("two writers at once")
    with second.writer.held(timeout_s=0.2, notify=print), second.writer.held(timeout_s=0.2, notify=print):
        put(second, 1)
    with first.writer.held(timeout_s=0.2, notify=print):
        put(first, 2)


def test_a_writer_that_lost_its_lock_goes_on_only_until_another_one_begins(
    another: Open, postgres: PostgresServer, catalog_url: str
) -> None:
    first, second = another(), another()
    with ExitStack() as held:
        with first.writer.held(timeout_s=1, notify=print):
            put(first, 1)
            with postgres.connect() as connection:
                connection.execute("SELECT pg_terminate_backend(%s)", [writer_is_held(postgres, catalog_url)])
            put(first, 2)  # nobody else has begun
            held.enter_context(second.writer.held(timeout_s=5, notify=print))
            written = (
                lambda: put(first, 3),
                lambda: first.cut_anew({"p:1": [chunk(paper(1))]}),
                lambda: first.changes.reset(["lexical"]),
                lambda: first.exchange(["lexical"], 2, {}),
            )
            for write in written:
                with pytest.raises(LibraryLocked, match="another process has become its writer"):
                    write()
            first.ratings().rate("p:1", 1, now=SEEN)  # needs no lock
            put(second, 4)
        put(second, 5)
    assert first.ids() == ["p:1", "p:2", "p:4", "p:5"]
    assert [paper_id for _, paper_id in first.changes.after(0)] == ["p:1", "p:2", "p:4", "p:5"]
    with first.writer.held(timeout_s=1, notify=print):
        put(first, 6)


def test_eight_writers_of_tokens_ratings_deliveries_and_settings_at_once_lose_nothing(another: Open) -> None:
    times, together = 15, threading.Barrier(8)
    failures: list[Exception] = []
    delivery = Delivery(
        subscription="default", period="2026-W27", channel="email", target="", state="planned", attempts=0,
        planned=SEEN, changed=SEEN, due=SEEN,
    )  # fmt: skip

    def run(catalog: SQLCatalog, who: int) -> None:
        together.wait(30)
        try:
            for number in range(times):
                catalog.replies(read_only=False).spend("2026-07-06", 3)
                catalog.ratings().rate(f"p:{number}", 1, now=SEEN)
                catalog.outbox().plan([replace(delivery, target=f"r{number}@example.com")])
                catalog.set({"shared": str(who), f"own {who}": str(number)})
        except Exception as error:  # noqa: BLE001 - the test asserts that there is none
            failures.append(error)

    catalogs = [another() for _ in range(8)]
    threads = [threading.Thread(target=run, args=(catalog, who)) for who, catalog in enumerate(catalogs)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    catalog = catalogs[0]
    assert failures == []
    assert catalog.replies(read_only=False).spent("2026-07-06") == 8 * 3 * times
    assert catalog.readers().find("local").rated == 8 * times  # type: ignore[union-attr]
    assert len(catalog.ratings().all()) == len(catalog.outbox().unsent()) == times
    assert [catalog.setting(f"own {who}") for who in range(8)] == [str(times - 1)] * 8


def test_connections_that_the_server_ended_are_opened_again(
    another: Open, postgres: PostgresServer, catalog_url: str
) -> None:
    catalog = another()
    put(catalog, 1)
    with postgres.connect() as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [catalog_url.rpartition("/")[2]],
        )
    assert catalog.ids() == ["p:1"]


def test_a_server_that_is_down_is_told_in_its_own_words_and_without_the_password() -> None:
    with running() as server:
        url = server.database().replace("refdesk@", "refdesk:hunter2@")
        catalog = SQLCatalog(url)
        catalog.migrate()
        server.stop()
        with pytest.raises(StoreError, match=r"cannot be reached: .*(refused|closed|terminat)") as caught:
            catalog.count()
        catalog.close()
    assert caught.value.hint == "Check that it is running, and the host, the role and its password."
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


def test_a_value_that_the_database_does_not_take_is_no_server_that_is_away(another: Open) -> None:
    with pytest.raises(StoreError, match="cannot be used: integer out of range"):
        another().replies(read_only=False).spend("2026-07-06", 1 << 40)


def test_a_driver_that_is_missing_is_answered_with_the_line_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match="driver is not installed") as caught:
        SQLCatalog("postgresql://db.example.org/refdesk")
    assert caught.value.hint == "`pip install 'refdesk[postgres]'`"


def test_a_database_that_does_not_hold_all_characters_is_refused(postgres: PostgresServer) -> None:
    with postgres.connect() as connection:
        connection.execute(
            "CREATE DATABASE plain ENCODING 'SQL_ASCII' LOCALE 'C' LOCALE_PROVIDER libc TEMPLATE template0"
        )
    catalog = SQLCatalog(postgres.url("plain"))
    with pytest.raises(ConfigError, match="“plain” is encoded in SQL_ASCII") as caught:
        catalog.migrate()
    assert "createdb --encoding UTF8" in str(caught.value.hint)
    catalog.close()
    postgres.drop(postgres.url("plain"))


def test_another_encoding_in_the_url_changes_no_text(another: Open, catalog_url: str) -> None:
    with closing(SQLCatalog(f"{catalog_url}?client_encoding=latin1")) as catalog:
        catalog.set({"name": "Łódź"})
    assert another().setting("name") == "Łódź"


def test_who_may_only_read_is_told_so_when_writing(another: Open, postgres: PostgresServer, catalog_url: str) -> None:
    put(another(), 1)
    name = catalog_url.rpartition("/")[2]
    with postgres.connect(name) as connection:
        for statement in ("CREATE ROLE guest LOGIN", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO guest"):
            connection.execute(statement)  # type: ignore[arg-type]
    guest = SQLCatalog(catalog_url.replace("refdesk@", "guest@"))
    assert guest.ids() == ["p:1"]
    with pytest.raises(LibraryReadOnly):
        guest.set({"name": "value"})
    guest.close()
    with postgres.connect(name) as connection:
        connection.execute("DROP OWNED BY guest")
        connection.execute("DROP ROLE guest")


def test_two_libraries_in_two_schemas_of_a_database_do_not_wait_for_each_other(
    postgres: PostgresServer, catalog_url: str, another: Open
) -> None:
    with postgres.connect(catalog_url.rpartition("/")[2]) as connection:
        connection.execute("CREATE SCHEMA second")
    second = SQLCatalog(f"{catalog_url}?options=-csearch_path%3Dsecond")
    second.migrate()
    first = another()
    with first.writer.held(timeout_s=0.2, notify=print), second.writer.held(timeout_s=0.2, notify=print):
        put(first, 1)
        put(second, 2)
    assert (first.ids(), second.ids()) == (["p:1"], ["p:2"])
    second.close()


def test_all_text_is_compared_by_its_bytes_whatever_the_language_of_the_database(
    postgres: PostgresServer, catalog_url: str, another: Open
) -> None:
    query = (
        "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema() "
        "AND data_type = 'text' AND collation_name IS DISTINCT FROM 'C'"
    )
    with postgres.connect(catalog_url.rpartition("/")[2]) as connection:
        assert connection.execute("SELECT 'a' < 'B'").fetchone() == (True,), "the database sorts as a language does"
        assert connection.execute(query).fetchall() == []


@pytest.mark.parametrize("url", ["mysql://db.example.org/refdesk", "postgresql+asyncpg://db.example.org/refdesk"])
def test_a_database_of_another_kind_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match=r"a catalog is sqlite:///… or postgresql://…"):
        SQLCatalog(url)
