"""A process killed at random moments and at every step of a write: nothing is lost and nothing is there twice."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

import refdesk
from tests.campaigns import seeds
from tests.commands import ended, start
from tests.embedding_server import EmbeddingServer

both = pytest.mark.catalogs("sqlite", "team")
SEED, KILLS, PARTS = 20260712, 3, 40

_RUN = """
import sys
import stores.ingest, stores.store
stores.ingest.BATCH = stores.store.BATCH = 300
from refdesk.cli import main
main(sys.argv[1:])
"""
_DIE = """
import os, signal, sys
import stores.sql.catalog, stores.ingest, stores.lexical.tantivy, stores.manifest, stores.store, stores.vectors.chroma
stores.ingest.BATCH = stores.store.BATCH = 20
module, _, owner = sys.argv[1].rpartition(".")
owner, name, times = getattr(sys.modules[module], owner), sys.argv[2], int(sys.argv[3])
whole = getattr(owner, name)
calls = 0
def dying(*arguments, **named):
    global calls
    calls += 1
    if calls == times:
        os.kill(os.getpid(), signal.SIGKILL)
    return whole(*arguments, **named)
setattr(owner, name, dying)
from refdesk.cli import main
main(sys.argv[4:])
"""
CATALOG, LEXICAL, VECTORS = (
    "stores.sql.catalog.SQLCatalog",
    "stores.lexical.tantivy.TantivyLexical",
    "stores.vectors.chroma.ChromaVectors",
)
CHANGES, MANIFEST, INDEXES = "stores.sql.changes.SQLChanges", "stores.manifest", "stores.indexes.Indexes"


def consistent(folder: Path) -> set[str]:
    """Open, let a writer catch up, check that all is consistent, and give the ids."""
    with refdesk.open_library(folder) as library:
        with library._store.writing():
            library._store.catch_up()
        assert library.check() == []
        assert library.status()["to_index"] == 0
        return {paper.paper_id for paper in library.papers()}


def kill_after(delay_s: float, folder: Path, *arguments: str | Path, alone: bool = False) -> int:
    """Run a command and kill it `delay_s` after it took the lock; the status, which is 0 where it was done before."""
    process = start(_RUN, "--library", folder, *arguments)
    until = time.monotonic() + 60
    while not (folder / "lock").exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.005)
    time.sleep(delay_s)
    if alone:
        process.kill()  # what it started must end by itself, or the next line waits for ever
    else:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return ended(process).status


@pytest.mark.campaign
@pytest.mark.parametrize("part", seeds(PARTS))
def test_an_import_killed_at_random_moments_loses_nothing_and_doubles_nothing(
    tmp_path: Path, many: tuple[Path, set[str]], part: int
) -> None:
    kill_imports(tmp_path, many, SEED + part)


@pytest.mark.campaign
@pytest.mark.catalogs("team")
@pytest.mark.parametrize("part", seeds(PARTS // 2))
def test_an_import_into_postgresql_killed_at_random_moments_loses_nothing_and_doubles_nothing(
    tmp_path: Path, many: tuple[Path, set[str]], another_database: Callable[[], None], part: int
) -> None:
    kill_imports(tmp_path, many, SEED + PARTS + part, another_database)


def kill_imports(
    place: Path, many: tuple[Path, set[str]], seed: int, another_database: Callable[[], None] | None = None
) -> None:
    path, ids = many
    chance = random.Random(seed)
    killed = finished = 0
    seen: set[str] = set()
    folder = place / "library-0"
    while killed < KILLS:
        (folder / "lock").unlink(missing_ok=True)
        status = kill_after(chance.uniform(0.0, 1.4), folder, "add", path, alone=killed % 3 == 0)
        if status == 0:
            finished += 1
            assert consistent(folder) == ids
            folder, seen = place / f"library-{finished}", set()
            if another_database:
                another_database()
            continue
        killed += 1
        began = (folder if another_database else folder / "catalog.sqlite3").exists()
        now = consistent(folder) if began else set()
        assert seen <= now <= ids
        seen = now
    with refdesk.open_library(folder) as library:
        report = library.add(path)
        assert (report.added, report.unchanged, report.updated) == (len(ids) - len(seen), len(seen), 0)
        assert library.add(path).unchanged == len(ids)
    assert consistent(folder) == ids


@both
@pytest.mark.parametrize(
    ("owner", "name", "times"),
    [
        (CATALOG, "write", 2),
        (VECTORS, "upsert", 2),
        (LEXICAL, "upsert", 2),
        (CHANGES, "advance", 2),
        (MANIFEST, "make", 1),
    ],
    ids=[
        "before the catalog",
        "before the vectors",
        "before the words",
        "before the positions",
        "before the manifest",
    ],
)
def test_an_import_killed_at_a_step_is_finished_by_the_next_one(
    tmp_path: Path, records: Callable[..., list], jsonl: Callable[..., Path], owner: str, name: str, times: int
) -> None:
    path = jsonl(tmp_path / "papers.jsonl", records(60))
    folder = tmp_path / "library"
    assert ended(start(_DIE, owner, name, str(times), "--library", folder, "add", path)).status == -signal.SIGKILL
    expected = {f"file:papers:sample:{number:05}" for number in range(60)}
    assert consistent(folder) <= expected
    with refdesk.open_library(folder) as library:
        report = library.add(path)
        assert report.added + report.unchanged == 60
        assert library.ask("What does the study of subject17 find?").answered
    assert consistent(folder) == expected


@pytest.mark.parametrize(
    ("owner", "name", "times"),
    [
        (INDEXES, "begin_anew", 1),
        (CATALOG, "cut_anew", 2),
        (VECTORS, "upsert", 2),
        (INDEXES, "exchange", 1),
        (VECTORS, "replace", 1),
        (CATALOG, "exchange", 1),
        (VECTORS, "remove_replaced", 1),
    ],
    ids=[
        "before it builds",
        "while cutting",
        "while it builds",
        "before the exchange",
        "between the words and the vectors",
        "before the catalog tells of it",
        "before the old ones are removed",
    ],
)
def test_a_reindex_killed_at_a_step_leaves_the_library_whole_and_the_next_writer_finishes_it(
    small: Path, owner: str, name: str, times: int
) -> None:
    assert ended(start(_DIE, owner, name, str(times), "--library", small, "reindex")).status == -signal.SIGKILL
    with refdesk.open_library(small, read_only=True) as library:
        found = library.search("subject17")[0]
        assert (found.paper_id, found.vector > 0.1) == ("file:papers:sample:00017", True)
    assert len(consistent(small)) == 60
    assert [path.name for path in small.iterdir() if path.suffix in (".new", ".old")] == [], "nothing is left behind"
    with refdesk.open_library(small) as library:
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"


@both
def test_a_reindex_killed_at_random_moments_is_finished_by_the_next_writer(small: Path) -> None:
    chance = random.Random(SEED)
    for _ in range(3):
        (small / "lock").unlink(missing_ok=True)
        kill_after(chance.uniform(0.0, 0.6), small, "reindex")
        assert len(consistent(small)) == 60


def test_a_reader_of_a_killed_reindex_answers_from_what_is_there_and_the_next_writer_finishes_it(small: Path) -> None:
    told: list[str] = []
    with refdesk.open_library(small, notify=told.append) as library:
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        assert ended(start(_DIE, INDEXES, "begin_anew", "1", "--library", small, "reindex")).status == -signal.SIGKILL
        for _ in range(2):
            assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        assert [each for each in told if "rebuild" in each] == told[:1], "it is told once"
        assert {(each.store, each.kind, each.count) for each in library.check()} == {
            ("lexical", "stale", 60),
            ("vectors", "stale", 60),
        }
        assert library.add(small.parent / "papers.jsonl").unchanged == 60
        assert library.check() == []


def test_a_killed_reindex_to_another_embedder_leaves_the_library_readable(small: Path, server: EmbeddingServer) -> None:
    killed = start(_DIE, INDEXES, "begin_anew", "1", "--library", small, "reindex", "--embedder", "openai:words")
    assert ended(killed).status == -signal.SIGKILL
    with refdesk.open_library(small) as library:
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        assert library.status()["embedder"] == "static-256"
        library.add(small.parent / "papers.jsonl")
        assert library.status()["embedder"] == "openai:words"
        assert library.search("subject17")[0].paper_id == "file:papers:sample:00017"
        assert library.check() == []


def test_ctrl_c_during_an_import_exits_130_says_so_and_leaves_the_library_whole(
    tmp_path: Path, many: tuple[Path, set[str]]
) -> None:
    path, ids = many
    folder = tmp_path / "library"
    process = start(_RUN, "--library", folder, "add", path)
    while not (folder / "lock").exists():
        time.sleep(0.005)
    while not process.poll() and not (folder / "chroma").exists():
        time.sleep(0.005)  # vendors that are just being imported may swallow the signal
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all of the group
    ran = ended(process)
    assert ran.status == 130, ran.err
    assert ran.err.strip() == "Interrupted."
    assert ran.out == ""
    assert consistent(folder) <= ids
