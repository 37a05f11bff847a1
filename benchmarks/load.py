"""
The long load: readers of a served library do all that they can do, for as many requests as a day brings.

Sixteen readers search, ask, read papers, verify, rate, look at answers and export, while papers are revised again and
again (always the same ones, so that the library does not grow), the indexes are rebuilt, and the settings are reread.
Is the memory flat, is there any error that the manual does not state, and are the answers those that one thread gives
over a copy of the library as it was at that change?

    python -m benchmarks.load [--requests 50000] [--papers 2000]
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import refdesk
from benchmarks.halves import questions
from benchmarks.memory import resident_mb
from benchmarks.report import table, write_section
from benchmarks.scale import documents
from benchmarks.serving import HERE, Request, Server, answer, command, environment, served

CLIENTS, REVISED, COMPARED = 16, 100, 500
HANGUP_EVERY, REINDEX_EVERY = 500, 20_000
"""Requests between two signals to reread the settings, and between two rebuilds of the indexes."""
PAUSE_S = 4.0
"""Between two imports."""
STATED = {404: {"NotThere"}, 429: {"Refused"}, 503: {"LibraryLocked"}}
"""Errors that the manual states: an answer that was deleted, too many at a time, a library that others write."""


@dataclass(slots=True)
class Seen:
    """What the readers saw."""

    counts: Counter[str] = field(default_factory=Counter)
    stated: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    answers: list[tuple[str, str, str]] = field(default_factory=list)
    """Change counter, question and document of each answer that has a counter."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Reader:
    """
    One reader, over a connection of their own.

    Args:
        server: The server.
        token: Signs them in.
        papers: Of the library.
        seen: Where they note what they see.
        seed: Of their choices.
    """

    def __init__(self, server: Server, token: str, papers: list[dict[str, Any]], seen: Seen, seed: int) -> None:
        self._server, self._connection, self._papers, self._seen = server, server.connect(), papers, seen
        self._headers = (("Authorization", f"Bearer {token}"),)
        self._random = random.Random(seed)
        self._asked = questions(papers)
        self._answers: list[dict[str, Any]] = []
        self._counter: str | None = None
        self._acts: tuple[tuple[int, Callable[[], None]], ...] = (
            (30, self._search),
            (25, self._ask),
            (5, self._stream),
            (12, self._paper),
            (4, self._verify),
            (8, self._rate),
            (4, self._list_answers),
            (4, self._read_answer),
            (2, self._delete_answer),
            (3, self._export),
            (2, self._status),
            (1, self._page),
        )

    def act(self) -> None:
        """Send one request."""
        weights = [weight for weight, _ in self._acts]
        self._random.choices([act for _, act in self._acts], weights)[0]()

    def _send(self, what: str, path: str, body: Any = None, method: str = "", accept: str = "") -> bytes:
        headers = (*self._headers, *((("Accept", accept),) if accept else ()))
        began = time.perf_counter()
        sent, problem, status = b"", "", 0
        try:
            status, sent, replied = answer(self._connection, Request(path, body, method, headers))
            self._counter = replied.get("Refdesk-Change-Counter")
        except (OSError, http.client.HTTPException) as error:
            problem = f"{type(error).__name__}: {error}"
            self._connection.close()
        if status >= 400:
            problem = f"{status} {sent[:200].decode(errors='replace')}"
        seen = self._seen
        with seen.lock:
            seen.counts[what] += 1
            seen.seconds.append(time.perf_counter() - began)
            kind = _kind(sent) if status >= 400 else ""
            if problem and kind in STATED.get(status, ()):
                seen.stated[f"{status} {kind}"] += 1
            elif problem:
                seen.errors.append(f"{what}: {problem}")
        return sent if status == 200 else b""

    def _question(self) -> str:
        return self._random.choice(self._asked)

    def _id(self) -> str:
        return f"arxiv:{self._random.choice(self._papers)['id']}"

    def _search(self) -> None:
        self._send("search", f"/api/v1/search?{urlencode({'q': self._question()})}")

    def _ask(self) -> None:
        question = self._question()
        if not (sent := self._send("ask", "/api/v1/ask", {"question": question})):
            return
        document = json.loads(sent)
        self._answers = [*self._answers[-20:], document]
        if counter := self._counter:
            with self._seen.lock:
                self._seen.answers.append((counter, question, comparable(document)))

    def _stream(self) -> None:
        sent = self._send("ask, streamed", "/api/v1/ask", {"question": self._question()}, accept="text/event-stream")
        if sent and b"event: answer" not in sent:
            with self._seen.lock:
                self._seen.errors.append(f"ask, streamed: no answer in {sent[-200:].decode(errors='replace')}")

    def _paper(self) -> None:
        self._send("paper", f"/api/v1/papers/{quote(self._id(), safe=':/')}")

    def _verify(self) -> None:
        if self._answers:
            self._send("verify", "/api/v1/verify", {"document": json.dumps(self._random.choice(self._answers))})

    def _rate(self) -> None:
        body = {"rating": self._random.choice((-1, 0, 1))}
        self._send("rate", f"/api/v1/ratings/{quote(self._id(), safe=':/')}", body, "PUT")

    def _list_answers(self) -> None:
        self._send("answers", "/api/v1/answers")

    def _read_answer(self) -> None:
        if self._answers:
            ending = self._random.choice(("", ".bib", ".md"))
            self._send("an answer", f"/api/v1/answers/{self._random.choice(self._answers)['id']}{ending}")

    def _delete_answer(self) -> None:
        if self._answers:
            document = self._answers.pop(self._random.randrange(len(self._answers)))
            self._send("delete an answer", f"/api/v1/answers/{document['id']}", method="DELETE")

    def _export(self) -> None:
        papers = [("paper", self._id()) for _ in range(5)]
        self._send("export", f"/api/v1/export?{urlencode([('format', 'ris'), *papers])}")

    def _status(self) -> None:
        self._send("status", "/api/v1/status")

    def _page(self) -> None:
        self._send("page", f"/search?{urlencode({'q': self._question()})}", accept="text/html")


def _kind(sent: bytes) -> str:
    try:
        return str(json.loads(sent)["error"]["type"])
    except (ValueError, KeyError, TypeError):
        return ""


def comparable(document: dict[str, Any]) -> str:
    """A document without the time that it took."""
    return json.dumps({key: value for key, value in document.items() if key != "took_ms"}, sort_keys=True)


class Importer:
    """
    Revises the same papers again and again, and keeps a copy of the library after each time.

    Args:
        library: Its folder.
        papers: The papers to revise.
        copies: Where the copies go, by the change counter.
    """

    def __init__(self, library: Path, papers: list[dict[str, Any]], copies: Path) -> None:
        self._library, self._papers, self._copies = library, papers, copies
        self.imports = self.rebuilds = 0
        self.failures: list[str] = []
        self.rebuild_due = threading.Event()

    def run(self, over: threading.Event) -> None:
        """Work until the event."""
        self.keep_copy()
        while not over.wait(PAUSE_S):
            source = self._copies / "revised.jsonl"
            with source.open("w", encoding="utf-8") as stream:
                for paper in self._papers:
                    text = f"{paper['abstract']} Revision {self.imports + 1} reports {self.imports + 7} more runs."
                    stream.write(json.dumps({**paper, "abstract": text}) + "\n")
            self._refdesk("add", source)
            self.imports += 1
            self.keep_copy()
            if self.rebuild_due.is_set():
                self.rebuild_due.clear()
                self._refdesk("reindex")
                self.rebuilds += 1
                self.keep_copy()

    def _refdesk(self, *arguments: str | Path) -> None:
        ran = subprocess.run(
            command(self._library, *arguments), capture_output=True, text=True, env=environment(HERE), cwd=self._library
        )
        if ran.returncode:
            self.failures.append(f"{arguments[0]}: {ran.stderr[-300:]}")

    def keep_copy(self) -> None:
        """Copy the library; nobody else writes papers."""
        beside = self._copies / "new"
        shutil.copytree(self._library, beside, ignore=shutil.ignore_patterns("catalog.sqlite3*", "lock", "*.new"))
        with (
            closing(sqlite3.connect(self._library / "catalog.sqlite3")) as present,
            closing(sqlite3.connect(beside / "catalog.sqlite3")) as copy,
        ):
            present.backup(copy)
        with refdesk.open_library(beside, read_only=True) as library:
            library.warm()
            counter = library.change_counter()
        beside.rename(self._copies / str(counter))


def unequal(copies: Path, answers: list[tuple[str, str, str]]) -> tuple[int, int, list[str]]:
    """How many answers were compared with those of one thread over the copy of their change; how many differ."""
    known = [each for each in answers if (copies / each[0]).is_dir()]
    chosen = sorted(random.Random(0).sample(known, min(COMPARED, len(known))))
    differing: list[str] = []
    for counter in sorted({each[0] for each in chosen}):
        with refdesk.open_library(copies / counter, read_only=True) as library:
            for _, question, expected in [each for each in chosen if each[0] == counter]:
                if comparable(library.ask(question).to_dict()) != expected:
                    differing.append(f"at {counter}: {question}")
    return len(chosen), len({each[0] for each in chosen}), differing


def loaded(
    library: Path, papers: list[dict[str, Any]], copies: Path, tokens: list[str], number: int
) -> list[list[str]]:
    """Send all requests, and measure."""
    seen, over, memory = Seen(), threading.Event(), list[tuple[int, float]]()
    importer = Importer(library, papers[:REVISED], copies)
    with served(HERE, library, auth="token") as server:
        importing = threading.Thread(target=importer.run, args=(over,))
        importing.start()

        def read(seed: int) -> None:
            reader = Reader(server, tokens[seed], papers, seen, seed)
            while seen.counts.total() < number:
                reader.act()

        readers = [threading.Thread(target=read, args=(seed,)) for seed in range(len(tokens))]
        for reader in readers:
            reader.start()
        hangups = rebuilds = 0
        began = told = time.monotonic()
        while any(reader.is_alive() for reader in readers):
            time.sleep(0.5)
            done = seen.counts.total()
            memory.append((done, resident_mb(server.process.pid)))
            if done // HANGUP_EVERY > hangups:
                hangups = done // HANGUP_EVERY
                server.process.send_signal(signal.SIGHUP)
            if (done + REINDEX_EVERY // 2) // REINDEX_EVERY > rebuilds:
                rebuilds = (done + REINDEX_EVERY // 2) // REINDEX_EVERY
                importer.rebuild_due.set()
            if time.monotonic() > told + 30:
                told = time.monotonic()
                print(f"{done:,} requests, {memory[-1][1]:.0f} MB, {len(seen.errors)} errors", file=sys.stderr)
        took_s = time.monotonic() - began
        over.set()
        importing.join()
        alive = server.process.poll() is None
    for error in (*seen.errors[:20], *importer.failures[:5]):
        print(error, file=sys.stderr)
    compared, states, differing = unequal(copies, seen.answers)
    for each in differing[:10]:
        print(f"differs {each}", file=sys.stderr)
    tenths = [
        statistics.mean(mb for done, mb in memory if number * tenth / 10 <= done <= number * (tenth + 1) / 10)
        for tenth in (1, 9)
    ]
    stated = ", ".join(f"{count} × {name}" for name, count in sorted(seen.stated.items())) or "none"
    p95 = 1000 * sorted(seen.seconds)[int(0.95 * len(seen.seconds))]
    return [
        [f"requests of {len(tokens)} readers", f"{seen.counts.total():,}"],
        ["in; 95th percentile of all", f"{took_s / 60:.0f} minutes; {p95:.0f} ms"],
        [f"imports that revise {REVISED} papers; rebuilds; settings reread", _three(importer, hangups)],
        ["errors that the manual states", stated],
        ["other errors", f"{len(seen.errors) + len(importer.failures)}{'' if alive else ', and the server ended'}"],
        ["memory in the second tenth and in the last", f"{tenths[0]:.0f} MB and {tenths[1]:.0f} MB"],
        ["the last against the second", f"{tenths[1] / tenths[0]:.2f}"],
        [f"answers recomputed alone, at {states} states of the library", f"{compared:,}"],
        ["of them different", f"{len(differing)}"],
    ]


def _three(importer: Importer, hangups: int) -> str:
    return f"{importer.imports}; {importer.rebuilds}; {hangups}"


def main() -> None:
    """Measure, print, and write the section “Long load” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--requests", type=int, default=50_000)
    parser.add_argument("--papers", type=int, default=2_000)
    options = parser.parse_args()
    papers = documents(options.papers)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        source, copies = folder / "papers.jsonl", folder / "copies"
        copies.mkdir()
        source.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
        with refdesk.open_library(folder / "library") as library:
            library.add(source)
            tokens = []
            for number in range(CLIENTS):
                library.readers.add(f"reader{number}")
                tokens.append(library.readers.add_token(f"reader{number}", scope="write")[1])
        (folder / "library" / "refdesk.toml").write_text("[serve]\nsearches_per_second = 1_000\n", encoding="utf-8")
        rows = loaded(folder / "library", papers, copies, tokens, options.requests)
    write_section("Long load", table([f"{CLIENTS} readers, {options.papers:,} papers", "found"], rows))


if __name__ == "__main__":
    main()
