"""A library that moves to another database: all of it arrives, wherever it is killed, and the old catalog is left."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import refdesk
from rag.errors import ConfigError, StoreDamaged, StoreMismatch
from refdesk.opening import migrate
from stores.sql import schema
from stores.sql.catalog import SQLCatalog
from stores.sql.copying import copy_all
from stores.sql.schema import reading, writing
from stores.sql.tables import metadata, uploads
from tests.campaigns import seeds
from tests.commands import Ran, ended, start
from tests.postgres_server import PostgresServer

pytestmark = pytest.mark.catalogs("sqlite", "team")
QUESTION = "What does the study of subject17 find?"
_OWN = (
    "library_id",
    "rebuild",
    "rebuild_with",
    "generation",
    "arriving_from",
    "moved_from",
    "moved_to",
    "moved_as",
    "writer",
)
"""Settings that a copy has for itself."""
_DIE = """
import os, signal, sys
import stores.moving
from refdesk.cli import main
name, times = sys.argv[1], int(sys.argv[2])
whole, calls = getattr(stores.moving, name), 0
def dying(*arguments, **named):
    global calls
    calls += 1
    if calls == times:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*arguments, **named)
setattr(stores.moving, name, dying)
main(sys.argv[3:])
"""
_CLI = "import sys; from refdesk.cli import main; main(sys.argv[1:])"


@pytest.fixture
def target(catalog_kind: str, tmp_path: Path, postgres: PostgresServer) -> Iterator[str]:
    """The URL of an empty database of the other kind than the library's."""
    if catalog_kind == "team":
        yield f"sqlite:///{tmp_path / 'moved.sqlite3'}"
        return
    url = postgres.database()
    yield url
    postgres.drop(url)


@pytest.fixture
def source(small: Path) -> str:
    """The URL of the library's catalog, which has something of all that a reader may leave there."""
    url = os.environ.get("REFDESK_CATALOG") or f"sqlite:///{small / 'catalog.sqlite3'}"
    with refdesk.open_library(small) as library:
        library.rate("sample:00003", 1)
        library.add(small.parent / "papers.jsonl", tags=["read"])
        catalog = library._store.catalog
        catalog.replies(read_only=False).spend("2026-07-06", 7)
        catalog.subscriptions().unsubscribe("all", "ada@example.com", now="2026-07-06")
        with writing(catalog.engine) as connection:
            parts = [{"job": "j", "part": part, "data": bytes(range(256)) * 9} for part in range(20)]
            connection.execute(sa.insert(uploads), parts)
    return url


def rows(url: str) -> dict[str, list[str]]:
    """All rows of a catalog, but for the settings that a copy has for itself and what tells of the indexes."""
    engine = schema.engine(url)
    with reading(engine) as connection:
        found = {
            table.name: sorted(repr(dict(row._mapping)) for row in connection.execute(sa.select(table)))
            for table in metadata.sorted_tables
            if table.name != "index_positions"
        }
    engine.dispose()
    found["settings"] = [row for row in found["settings"] if not any(f"'{name}'" in row for name in _OWN)]
    return found


def moved(folder: Path, target: str) -> Ran:
    return ended(start(_CLI, "--library", folder, "migrate", "--to", target, "--json"))


def test_all_of_a_library_moves_and_goes_on_there_and_the_old_catalog_is_left(
    small: Path,
    source: str,
    target: str,
    records: Callable[..., list],
    jsonl: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = rows(source)
    with refdesk.open_library(small) as library:
        answer = library.ask(QUESTION).to_dict()
        old_id = library._store.catalog.setting("library_id")
        ran = moved(small, target)
        assert ran.status == 0, ran.err
        for use in (lambda: library.rate("sample:00004", 1), lambda: library.search("subject17")):
            with pytest.raises(StoreMismatch, match="was moved to") as caught:
                use()
            assert "Set `catalog`" in str(caught.value.hint)
    report: dict[str, Any] = ran.json
    assert report["papers"] == report["rows"]["papers"] == 60
    assert report["rows"]["uploads"] == 20
    assert rows(target) == before
    with pytest.raises(StoreMismatch, match="was moved to"):
        refdesk.open_library(small)
    monkeypatch.setenv("REFDESK_CATALOG", target)
    with refdesk.open_library(small) as library:
        assert library.check() == []
        assert {**library.ask(QUESTION).to_dict(), "took_ms": 0, "id": ""} == {**answer, "took_ms": 0, "id": ""}
        assert library._store.catalog.setting("library_id") != old_id
        newest = library._store.catalog.changes.newest()
        assert library.add(jsonl(small.parent / "new.jsonl", records(5, first=900))).added == 5
        assert library._store.catalog.changes.newest() == newest + 5, "no number is given twice"
        assert library.check() == []
    assert rows(source) == before, "it stays as it was"


@pytest.mark.parametrize(
    ("name", "times", "opens"),
    [("copy_all", 1, True), ("upsert", 1, True), ("upsert", 2, True), ("writing", 3, False)],
    ids=["before the copy", "before the copy is noted", "before the source is left", "before the copy is opened"],
)
def test_a_move_that_is_killed_at_a_step_loses_nothing_and_ends_when_it_is_run_again(
    small: Path, source: str, target: str, name: str, times: int, opens: bool
) -> None:
    killed = ended(start(_DIE, name, str(times), "--library", small, "migrate", "--to", target))
    assert killed.status == -signal.SIGKILL, killed.err
    if opens:
        with refdesk.open_library(small) as library:
            library.rate("sample:00009", -1)
    else:
        with pytest.raises(StoreMismatch, match="was moved to"):
            refdesk.open_library(small)
    before = rows(source)
    ran = moved(small, target)
    assert ran.status == 0, ran.err
    assert rows(target) == before


def test_a_copy_that_has_not_arrived_is_not_opened(
    small: Path, source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ended(start(_DIE, "upsert", "2", "--library", small, "migrate", "--to", target)).status == -signal.SIGKILL
    monkeypatch.setenv("REFDESK_CATALOG", target)
    with pytest.raises(StoreMismatch, match="has not ended") as caught:
        refdesk.open_library(small)
    assert "refdesk migrate --to" in str(caught.value.hint)


def test_a_move_that_was_killed_is_not_ended_at_the_copy_of_an_earlier_one(
    small: Path, source: str, target: str, tmp_path: Path
) -> None:
    earlier = f"sqlite:///{tmp_path / 'earlier.sqlite3'}"
    for url, name, times in ((earlier, "upsert", 2), (target, "writing", 3)):
        ran = ended(start(_DIE, name, str(times), "--library", small, "migrate", "--to", url))
        assert ran.status == -signal.SIGKILL, ran.err
        if url == earlier:
            with refdesk.open_library(small) as library:
                library.rate("sample:00009", -1)
    before = rows(source)
    ran = moved(small, earlier)
    assert ran.status
    assert "was moved to" in ran.out
    assert moved(small, target).status == 0
    assert rows(target) == before


@pytest.mark.campaign
@pytest.mark.parametrize("part", seeds(20))
def test_a_move_that_is_killed_at_random_moments_loses_nothing(
    small: Path, source: str, target: str, part: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    chance = random.Random(20260717 + part)
    before, status = rows(source), 1
    for _ in range(6):
        process = start(_CLI, "--library", small, "migrate", "--to", target)
        time.sleep(chance.uniform(0.1, 1.5))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        if (status := ended(process).status) != -signal.SIGKILL:
            break
    assert rows(source) == before
    if status != 0:
        moved(small, target)  # refused where only the indexes were not built
    monkeypatch.setenv("REFDESK_CATALOG", target)
    assert rows(target) == before
    assert ended(start(_CLI, "--library", small, "reindex")).status == 0
    with refdesk.open_library(small) as library:
        assert library.check() == []
        assert library.ask(QUESTION).answered


def test_who_writes_during_a_move_is_in_the_copy_or_is_told(small: Path, source: str, target: str) -> None:
    written: list[str] = []
    refused: list[Exception] = []

    def rate() -> None:
        catalog = SQLCatalog(source)
        try:
            for number in range(100_000):
                catalog.set({f"note {number}": "kept"})
                written.append(f"note {number}")
        except StoreMismatch as error:
            refused.append(error)
        finally:
            catalog.close()

    thread = threading.Thread(target=rate)
    thread.start()
    try:
        migrate(small, target)
    finally:
        thread.join(60)
    assert written
    assert refused
    there = SQLCatalog(target)
    assert {name for name in there.settings() if name.startswith("note")} == set(written)
    there.close()


def test_a_database_with_a_library_is_refused_and_nothing_is_changed(
    small: Path, source: str, target: str, cli: Callable[..., Ran]
) -> None:
    assert moved(small, target).status == 0
    before = rows(target)
    ran = cli("--library", small, "migrate", "--to", target, "--json")
    assert (ran.status, json.loads(ran.out)["error"]["type"]) == (5, "StoreMismatch")
    ran = cli("--library", small, "migrate", "--to", source, "--json")
    assert ran.status == 5
    assert rows(target) == before
    assert cli("--library", small, "migrate", "--to", "mysql://me:hunter2@db/x").status == 3


@pytest.mark.parametrize(
    "trigger",
    [
        "UPDATE revisions SET abstract = 'other words' WHERE paper_id = NEW.paper_id",
        "DELETE FROM revisions WHERE paper_id = NEW.paper_id",
    ],
    ids=["other words", "a row less"],
)
@pytest.mark.catalogs("sqlite")
def test_a_copy_that_is_not_the_same_is_found(small: Path, source: str, tmp_path: Path, trigger: str) -> None:
    copy = SQLCatalog(f"sqlite:///{tmp_path / 'copy.sqlite3'}")
    copy.migrate()
    once = "WHEN NEW.paper_id = 'file:papers:sample:00009'"
    with writing(copy.engine) as connection:
        connection.exec_driver_sql(f"CREATE TRIGGER t AFTER INSERT ON revisions {once} BEGIN {trigger}; END")
    engine = schema.engine(source)
    with (
        pytest.raises(StoreDamaged, match="copy of the table “revisions” is not the same"),
        reading(engine) as connection,
        writing(copy.engine) as into,
    ):
        copy_all(connection, into)
    assert copy.count() == 0
    engine.dispose()
    copy.close()


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "sqlite:///file:x?mode=memory&uri=true"])
def test_a_library_is_not_moved_to_memory_where_it_would_end(tmp_path: Path, url: str) -> None:
    with refdesk.open_library(tmp_path / "library"):
        pass
    with pytest.raises(ConfigError, match="must name a file; memory is lost"):
        migrate(tmp_path / "library", url)
    with refdesk.open_library(tmp_path / "library", create=False) as library:
        assert library.check() == []
