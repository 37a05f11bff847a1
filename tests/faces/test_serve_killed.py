"""A served library that is killed at any moment keeps what it had said was done, and is there again at once."""

from __future__ import annotations

import json
import random
import statistics
import threading
import time
from collections import Counter
from contextlib import closing
from http.client import HTTPException
from pathlib import Path
from typing import Any

import pytest

import refdesk
from benchmarks.serving import HERE, Request, Server, answer, served, upload
from stores.health import REBUILD
from tests.campaigns import shortened, some
from tests.copies import copied

READY_S = 4.0
SENT = 150
"""Papers of an import."""
QUESTIONS = ("What explains grokking?", "Which papers study diffusion models?", "How is attention made faster?")


class Client:
    """Asks and rates until the server is gone, and remembers what it was told is done."""

    def __init__(self, server: Server, papers: list[str], seed: int) -> None:
        self._connection, self._papers, self._random = server.connect(), papers, random.Random(seed)
        self.answers: dict[str, Any] = {}
        self.rated: dict[str, int] = {}
        self.unsure: str | None = None
        """The paper whose rating was under way."""
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        try:
            while True:
                self._ask() if self._random.random() < 0.5 else self._rate()
        except (OSError, HTTPException):
            pass  # the server was killed
        finally:
            self._connection.close()

    def _ask(self) -> None:
        question = f"{self._random.choice(QUESTIONS)[:-1]} in {self._random.randrange(1000)} ways?"
        reply = answer(self._connection, Request("/api/v1/ask", {"question": question}))
        assert reply.status == 200, reply.body
        document = json.loads(reply.body)
        self.answers[document["id"]] = document | {"took_ms": 0}  # who asks the same replaces the answer

    def _rate(self) -> None:
        self.unsure = self._random.choice(self._papers)
        rating = self._random.choice((-1, 0, 1))
        reply = answer(self._connection, Request(f"/api/v1/ratings/{self.unsure}", {"rating": rating}, "PUT"))
        assert reply.status == 200, reply.body
        self.rated[self.unsure] = rating
        self.unsure = None


def killed(
    library: Path, papers: list[list[str]], sent: Path, after_s: float, seed: int
) -> tuple[list[Client], float, bool]:
    """The clients of a server that was killed after some seconds, how soon it was ready, and if it took the import."""
    with served(HERE, library) as server:
        with closing(server.connect()) as connection:
            took = answer(connection, upload(sent)).status == 202
        clients = [Client(server, own, seed + number) for number, own in enumerate(papers)]
        for client in clients:
            client.thread.start()
        time.sleep(after_s)
        server.process.kill()
        for client in clients:
            client.thread.join(30)
        return clients, server.ready_s, took


def new_papers(folder: Path, number: int) -> Path:
    """A file of papers that no other such file has."""
    file = folder / f"sent-{number}.jsonl"
    lines = [
        {
            "id": f"10.5555/k{number}.{row}",
            "title": f"On river {number}-{row}",
            "abstract": f"River {row} rises. It falls.",
        }
        for row in range(SENT)
    ]
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    return file


def worked_off(library: Path) -> dict[str, int]:
    """Serve until all jobs have ended: how many are in each state."""
    with served(HERE, library) as server, closing(server.connect()) as connection:
        limit = time.monotonic() + 120
        while True:
            jobs = json.loads(answer(connection, Request("/api/v1/imports")).body)["imports"]
            states = Counter(job["state"] for job in jobs)
            if not states.keys() & {"waiting", "running"}:
                return dict(states)
            assert time.monotonic() < limit, states
            time.sleep(0.3)


@pytest.mark.server
@shortened
def test_a_server_that_is_killed_loses_and_doubles_nothing_and_is_ready_again_at_once(
    sample_library: Path, tmp_path: Path
) -> None:
    folder = copied(sample_library, tmp_path / "own")
    with refdesk.open_library(folder) as library:
        ids = [paper.paper_id for paper in library.papers()]
        expected = [paper.to_dict() for paper in library.papers()]
    papers = [ids[number::4] for number in range(4)]  # each client has papers of its own
    moments, ready = random.Random(20261127), list[float]()
    with served(HERE, folder) as server:
        first_s = server.ready_s  # on a machine that others use, all starts take longer
    answers: dict[str, Any] = {}
    rated: dict[str, set[int]] = {}
    accepted: list[Path] = []
    for kill in range(some(3, of=40)):
        if kill % 2:  # the process that completes the indexes is at work, too, and goes on or begins again
            with refdesk.open_library(folder) as library:
                library._store.catalog.set({REBUILD: "yes"})
        sent = new_papers(tmp_path, kill)
        clients, ready_s, took = killed(folder, papers, sent, moments.uniform(0.05, 3.0), seed=100 * kill)
        ready.append(ready_s)
        if took:
            accepted.append(sent)
        for client in clients:
            answers |= client.answers
            rated |= {paper_id: {rating} for paper_id, rating in client.rated.items()}
            if client.unsure:
                rated[client.unsure] = {-1, 0, 1}
        with refdesk.open_library(folder, read_only=True) as library:
            ratings = library.issues.ratings()
            assert all(ratings.get(paper_id, 0) in values for paper_id, values in rated.items())
            rated = {paper_id: {ratings.get(paper_id, 0)} for paper_id in rated}
            kept = library.shelf().answers(limit=10_000)
            assert len({each.id for each in kept}) == len(kept)
            found = {each.id: each.document | {"took_ms": 0} for each in kept}
            assert {id_: found.get(id_) for id_ in answers} == answers
    assert answers
    assert rated
    assert statistics.median(ready) <= max(READY_S, 1.5 * first_s), (ready, first_s)
    assert accepted
    assert worked_off(folder) == {"done": len(accepted)}
    lines = [json.loads(line) for file in accepted for line in file.read_text(encoding="utf-8").splitlines()]
    with refdesk.open_library(folder) as library:
        library.catch_up()
        assert library.check() == []
        found = {paper.paper_id: paper for paper in library.papers()}
        assert [found[each["paper_id"]].to_dict() for each in expected] == expected
        arrived = [(paper.title, paper.abstract) for id_, paper in found.items() if id_ not in ids]
        assert sorted(arrived) == sorted((line["title"], line["abstract"]) for line in lines)
