"""Two machines, each with a folder of its own, over one catalog in PostgreSQL: imports wait for each other."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import refdesk
from tests.commands import ended, start
from tests.postgres_server import PostgresServer

pytestmark = [pytest.mark.catalogs("team"), pytest.mark.server]
_SMALL_BATCHES = """
import sys
import stores.ingest, stores.store
stores.ingest.BATCH = stores.store.BATCH = 50
from refdesk.cli import main
main(sys.argv[1:])
"""


def test_two_that_make_the_library_and_add_at_once_both_succeed(
    tmp_path: Path, records: Callable[..., list], jsonl: Callable[..., Path]
) -> None:
    paths = [jsonl(tmp_path / f"{first}.jsonl", records(150, first=first)) for first in (1_000, 1_100)]
    both = [
        start(_SMALL_BATCHES, "--library", tmp_path / name, "add", path, "--json")
        for name, path in zip(("one", "two"), paths, strict=True)
    ]
    added = []
    for process in both:
        ran = ended(process)
        assert ran.status == 0, ran.err
        added.append(ran.json["added"])
    assert sum(added) == 250, "fifty papers are in both files"
    for name, path in zip(("one", "two"), paths, strict=True):
        with refdesk.open_library(tmp_path / name) as library:
            assert library.status()["papers"] == 250
            assert library.add(path).unchanged == 150


def test_the_same_papers_added_by_two_at_once_are_there_once(
    tmp_path: Path, records: Callable[..., list], jsonl: Callable[..., Path]
) -> None:
    path = jsonl(tmp_path / "papers.jsonl", records(150))
    both = [start(_SMALL_BATCHES, "--library", tmp_path / name, "add", path, "--json") for name in ("one", "two")]
    reports = [ended(process) for process in both]
    assert [ran.status for ran in reports] == [0, 0], [ran.err for ran in reports]
    assert sorted((ran.json["added"], ran.json["unchanged"]) for ran in reports) == [(0, 150), (150, 0)]


def test_one_that_is_killed_while_it_writes_leaves_the_other_nothing_to_wait_for(
    tmp_path: Path, records: Callable[..., list], jsonl: Callable[..., Path], postgres: PostgresServer
) -> None:
    path = jsonl(tmp_path / "papers.jsonl", records(600))
    first = start(_SMALL_BATCHES, "--library", tmp_path / "one", "add", path)
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND granted"
    until = time.monotonic() + 60
    with postgres.connect() as connection:
        while not connection.execute(held).fetchone()[0] and time.monotonic() < until:  # type: ignore[index]
            time.sleep(0.01)
    time.sleep(0.3)
    os.killpg(first.pid, signal.SIGKILL)
    assert ended(first).status == -signal.SIGKILL
    second = ended(start(_SMALL_BATCHES, "--library", tmp_path / "two", "add", path, "--json"))
    assert second.status == 0, second.err
    assert second.json["added"] + second.json["unchanged"] == 600
    with refdesk.open_library(tmp_path / "two") as library:
        assert library.status()["papers"] == 600
        assert library.check() == []
