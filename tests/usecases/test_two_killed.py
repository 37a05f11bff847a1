"""Two machines over one catalog and one Chroma server: one is killed while both write; both end whole, and alike."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import refdesk
from tests.campaigns import WHOLE, seeds
from tests.usecases.test_killed import kill_after
from tests.usecases.test_together import collecting

pytestmark = [pytest.mark.campaign, pytest.mark.catalogs("team")]
SEED, PARTS, KILLS = 20261128, 4, 10 if WHOLE else 3
NEW, KNOWN = 400, 100
"""Papers of each import of the machine that is killed: new ones, and known ones with other texts."""
Records = list[dict[str, object]]


@pytest.mark.parametrize("part", seeds(PARTS))
def test_of_two_machines_one_is_killed_at_random_moments_and_both_end_whole_and_alike(
    tmp_path: Path, records: Callable[..., Records], jsonl: Callable[[Path, Records], Path], part: int
) -> None:
    chance, begun = random.Random(SEED + part), 0
    liked: set[str] = set()
    (tmp_path / "edited").mkdir()
    with refdesk.open_library(tmp_path / "steady") as library:
        library.add(jsonl(tmp_path / "steady.jsonl", records(KNOWN, first=90_000)))
        expected, killed = ids(library), 0
        while killed < KILLS:
            edited = jsonl(tmp_path / "edited" / "steady.jsonl", records(KNOWN, first=90_000, edition=f"{begun}th"))
            path = jsonl(tmp_path / f"begun-{begun}.jsonl", records(NEW, first=NEW * begun))
            first = 50_000 + 5 * begun
            steady = Steady(library, jsonl(tmp_path / f"own-{begun}.jsonl", records(5, first=first)))
            (tmp_path / "killed" / "lock").unlink(missing_ok=True)
            command = ("reindex",) if begun and chance.random() < 0.25 else ("add", path, edited)
            with steady:
                killed += kill_after(chance.uniform(0.0, 1.6), tmp_path / "killed", *command) != 0
            assert steady.failures == []
            expected |= {f"file:own-{begun}:sample:{number:05}" for number in range(first, first + 5)}
            assert expected <= ids(library), "what a machine added is there"
            expected, liked = ids(library), liked | steady.liked
            assert set(library.status()["liked"]) == liked
            begun += 1
        with refdesk.open_library(tmp_path / "killed") as other:
            for each in range(begun):
                report = other.add(tmp_path / f"begun-{each}.jsonl")
                assert report.added + report.unchanged == NEW
                expected |= {f"file:begun-{each}:sample:{number:05}" for number in range(NEW * each, NEW * (each + 1))}
            assert_alike(library, other, expected)


def ids(library: refdesk.Library) -> set[str]:
    return {paper.paper_id for paper in library.papers()}


class Steady:
    """What the machine that goes on does meanwhile, in threads: it imports, rates and asks."""

    def __init__(self, library: refdesk.Library, path: Path) -> None:
        self.failures: list[Exception] = []
        self.liked: set[str] = set()
        self._library, self._path, self._over = library, path, threading.Event()
        self._threads = [
            threading.Thread(target=collecting(self.failures, action)) for action in (self._add, self._use)
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join(120)
            assert not thread.is_alive()

    def _add(self) -> None:
        assert self._library.add(self._path).added == 5

    def _use(self) -> None:
        number = 0
        while not self._over.is_set():
            paper_id = f"file:steady:sample:{90_000 + number % KNOWN:05}"
            if paper_id not in self.liked:
                self._library.rate(paper_id, 1)
                self.liked.add(paper_id)
            hit = self._library.search(f"What does the study of subject{90_000 + number % KNOWN} find?", limit=1)[0]
            assert (hit.paper_id, hit.vector > 0.1) == (paper_id, True)
            number += 1
            time.sleep(0.02)


def assert_alike(one: refdesk.Library, other: refdesk.Library, expected: set[str]) -> None:
    """Assert that two machines have the same papers, once each, with whole indexes, and answer the same."""
    for library in (one, other):
        library.follow()
        assert ids(library) == expected
        assert library.check() == []
        status = library.status()
        assert (status["papers"], status["to_index"]) == (len(expected), 0)
        assert status["indexes"]["lexical"]["lag"] == status["indexes"]["vectors"]["lag"] == 0
        assert library._store.lexical.count() == len(expected), "nothing is there twice"
    for number in (0, 17, 399, 50_003, 90_017):
        question = f"What does the study of subject{number} find?"
        hits = [[(hit.paper_id, round(hit.score, 6)) for hit in each.search(question)] for each in (one, other)]
        assert hits[0] == hits[1] != []
        assert one.ask(question).text == other.ask(question).text
    assert one._store.vectors.count() == sum(1 for _ in one._store.vectors.documents()) >= len(expected)
