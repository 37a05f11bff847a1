"""A sync killed at random moments, then run again: the same library as one that ran through."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag import sources
from tests.campaigns import seeds
from tests.commands import ended, start
from tests.feed_server import Entry, FeedServer, serving

SEED, KILLS, PARTS = 20260620, 3, 30
IN_A_SYNC_S = 1.2

_RUN = """
import os, signal, sys
from datetime import UTC, datetime
import stores.sql.catalog, stores.sql.feeds, stores.ingest, stores.lexical.tantivy, stores.store, stores.vectors.chroma
from rag.embedders import DEFAULT, embedder
from refdesk import issue_wiring, wiring
from refdesk.settings import config
from refdesk.feeds.syncing import sync
from refdesk.ingest.add import add_file
from stores.locks import WriterOfPapers
from stores.store import LibraryStore, Place
from pathlib import Path
stores.ingest.BATCH = stores.store.BATCH = 20
folder = Path(sys.argv[1])
if len(sys.argv) > 2:
    module, _, owner = sys.argv[2].rpartition(".")
    owner, name, times = getattr(sys.modules[module], owner), sys.argv[3], int(sys.argv[4])
    whole, calls = getattr(owner, name), 0
    def dying(*arguments, **named):
        global calls
        calls += 1
        if calls == times:
            os.kill(os.getpid(), signal.SIGKILL)
        return whole(*arguments, **named)
    setattr(owner, name, dying)
store = LibraryStore(
    Place(folder), indexes=wiring.indexes(folder), embedder_name=None, make_embedder=embedder, default_embedder=DEFAULT,
    make_lock=WriterOfPapers, now=lambda: datetime(2026, 6, 20, 12, tzinfo=UTC),
)
reports = sync(store, issue_wiring.feed_settings(config.load(folder)), add_file=add_file, sleep=lambda _: None)
sys.exit(6 if any(report.error for report in reports) else 0)
"""


@pytest.fixture
def server() -> Iterator[FeedServer]:
    """Several pages of papers for each provider."""
    with serving() as running:
        running.papers = [Entry(number, f"2026-06-{14 + number % 7}") for number in range(1, 85)]
        running.page = 10
        yield running


@pytest.fixture
def folder(tmp_path: Path, server: FeedServer, records: Any, jsonl: Any) -> Path:
    """A folder for a library, with the settings of its feeds."""
    (tmp_path / "box").mkdir()
    for number in range(3):
        jsonl(tmp_path / "box" / f"papers-{number}.jsonl", records(15, first=1000 + 15 * number))
    made = tmp_path / "library"
    _configure(made, tmp_path / "box", server.url)
    return made


def _configure(folder: Path, box: Path, url: str) -> None:
    known = {each.name for each in sources.FORMATS}
    lines = [f'[feeds.box]\nkind = "folder"\npath = "{box}"']
    lines += [f'[feeds.daily]\nkind = "huggingface"\nurl = "{url}/huggingface"\nallow_private = true']
    if "openalex" in known:
        lines += [f'[feeds.works]\nkind = "openalex"\nurl = "{url}/openalex"\nallow_private = true']
    if "rss" in known:
        lines += [f'[feeds.letters]\nkind = "rss"\nurl = "{url}/rss"\nallow_private = true']
    folder.mkdir()
    (folder / "refdesk.toml").write_text("\n".join(lines), encoding="utf-8")


def held(folder: Path) -> dict[str, tuple[Any, ...]]:
    """Open, let a writer catch up, check that all is consistent, and give what the library holds by id."""
    with refdesk.open_library(folder) as library:
        with library._store.writing():
            library._store.catch_up()
        assert library.check() == []
        assert library.status()["to_index"] == 0
        return {
            paper.paper_id: (paper.title, paper.abstract, paper.authors, sorted(paper.aliases), paper.listed)
            for paper in library.papers()
        }


def ran_through(folder: Path, server: FeedServer) -> dict[str, tuple[Any, ...]]:
    """What a library holds whose sync nobody killed."""
    other = folder.with_name("ran-through")
    _configure(other, folder.with_name("box"), server.url)
    ran = ended(start(_RUN, other))
    assert ran.status == 0, ran.err
    found = held(other)
    assert len(found) >= 84 + 45
    return found


@pytest.mark.campaign
@pytest.mark.parametrize("part", seeds(PARTS))
def test_a_sync_killed_at_random_moments_and_run_again_leaves_what_one_that_ran_through_does(
    folder: Path, server: FeedServer, part: int
) -> None:
    expected = ran_through(folder, server)
    chance = random.Random(SEED + part)
    server.delay_s = 0.03
    killed = finished = 0
    for _ in range(3 * KILLS):
        if killed == KILLS:
            break
        server.asked.clear()
        process = start(_RUN, folder)
        while not server.asked and process.poll() is None:
            time.sleep(0.002)
        time.sleep(chance.uniform(0.0, IN_A_SYNC_S))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        status = ended(process).status
        assert status in (0, -signal.SIGKILL)
        if status == 0:  # it was done before; anew
            finished += 1
            assert held(folder) == expected
            folder = folder.with_name(f"library-{finished}")
            _configure(folder, folder.with_name("box"), server.url)
            continue
        killed += 1
        if killed == KILLS // 2:
            now = held(folder)
            assert now.keys() <= expected.keys()
    assert killed == KILLS
    ran = ended(start(_RUN, folder))
    assert ran.status == 0, ran.err
    assert held(folder) == expected


@pytest.mark.parametrize(
    ("owner", "name", "times"),
    [
        ("stores.vectors.chroma.ChromaVectors", "upsert", 5),
        ("stores.sql.feeds.SQLFeeds", "keep", 2),
    ],
    ids=["before a page is indexed", "before a watermark"],
)
def test_a_sync_killed_at_a_step_and_run_again_leaves_what_one_that_ran_through_does(
    folder: Path, server: FeedServer, owner: str, name: str, times: int
) -> None:
    assert ended(start(_RUN, folder, owner, name, str(times))).status == -signal.SIGKILL
    ran = ended(start(_RUN, folder))
    assert ran.status == 0, ran.err
    found = held(folder)
    titles = [title for title, *_ in found.values()]
    assert len(titles) == len(set(titles)) == 84 + 45
