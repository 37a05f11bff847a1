"""
Several processes with one library at a time: what fails, what is lost, and how long one waits for another.

Three scenes, each with processes of its own: imports beside readers that ask a model; ratings and searches during an
import, in a process that stays open; imports of revised papers beside token counts, ratings and changes of the outbox.
The model is a server on loopback.

    python -m benchmarks.together [--imports 20] [--papers 6000] [--revisions 1000] [--scenes ratings …]
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import refdesk
from benchmarks.report import table
from benchmarks.scale import documents
from rag.delivery import outbox
from tests.chat_server import serving

READERS = 4
BASE = 300
"""Papers that a library has before the import that is measured."""
DAY = "2026-07-06"
_ADD = "import sys; from refdesk.cli import main; main(sys.argv[1:])"
_READ = """
import itertools, json, sys
from pathlib import Path
import refdesk
folder, stop, questions = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
asked, failures = 0, []
with refdesk.open_library(folder, model="openai:test-model") as library:
    for question in itertools.cycle(questions):
        try:
            library.ask(question, fresh=True)
        except Exception as error:
            failures.append(f"{type(error).__name__}: {error}")
        asked += 1
        if stop.exists():
            break
print(json.dumps({"asked": asked, "failures": failures}))
"""


def _child(code: str, *arguments: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def _jsonl(path: Path, papers: Sequence[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
    return path


def readers(folder: Path, papers: list[dict[str, object]], imports: int) -> list[list[str]]:
    """Imports into new libraries, each beside processes that ask a model all the time."""
    more = _jsonl(folder / "more.jsonl", papers[BASE:])
    base = _jsonl(folder / "base.jsonl", papers[:BASE])
    questions = [f"What is known about {paper['title']}?" for paper in papers[:BASE:10]]
    died = asked = failed = 0
    seconds = []
    with serving() as server:
        os.environ.update(OPENAI_BASE_URL=server.url, OPENAI_API_KEY="sk-test")
        for number in range(imports):
            home, stop = folder / f"library-{number}", folder / f"stop-{number}"
            with refdesk.open_library(home) as library:
                library.add(base)
            asking = [_child(_READ, home, stop, json.dumps(questions[reader:])) for reader in range(READERS)]
            began = time.perf_counter()
            importing = _child(_ADD, "--library", home, "add", more, "--json")
            out, err = importing.communicate()
            seconds.append(time.perf_counter() - began)
            stop.touch()
            for process in asking:
                read, complaint = process.communicate()
                counted = json.loads(read) if read.strip() else {"asked": 0, "failures": [complaint[-300:]]}
                asked += counted["asked"]
                failed += len(counted["failures"])
                for failure in counted["failures"][:1]:
                    print(failure, file=sys.stderr)
            with refdesk.open_library(home) as library:
                sound = importing.returncode == 0 and library.check() == []
            if not sound:
                died += 1
                print(out, err, file=sys.stderr)
    return [
        [f"imports of {len(papers) - BASE:,} beside {READERS} readers that ask a model: died", f"{died} of {imports}"],
        ["their questions: failed", f"{failed} of {asked:,}"],
        ["an import's median time", f"{statistics.median(seconds):.1f} s"],
    ]


def ratings(folder: Path, papers: list[dict[str, object]]) -> list[list[str]]:
    """How long `rate` and `search` take in a warm process, alone and during an import by another process."""
    base, more = _jsonl(folder / "base.jsonl", papers[:BASE]), _jsonl(folder / "more.jsonl", papers[BASE:])
    asked = itertools.cycle([str(paper["title"]) for paper in papers[:BASE]])
    with refdesk.open_library(folder / "library") as library:
        library.add(base)
        ids = itertools.cycle([paper.paper_id for paper in library.papers()])
        alone = [_timed(lambda: library.search(next(asked))) for _ in range(100)]
        rated_alone = [_timed(lambda: library.rate(next(ids), 1)) for _ in range(50)]
        importing = _child(_ADD, "--library", library_folder(folder), "add", more, "--json")
        during: list[float] = []
        rated: list[float] = []
        while importing.poll() is None:
            rated.append(_timed(lambda: library.rate(next(ids), 1)))
            during += [_timed(lambda: library.search(next(asked))) for _ in range(4)]
        importing.communicate()
        assert importing.returncode == 0
        assert library.check() == []
    return [
        [f"a rating during an import of {len(papers) - BASE:,}: p50, longest", _p(rated, 0.5) + ", " + _p(rated, 1.0)],
        ["a rating alone: p50, longest", _p(rated_alone, 0.5) + ", " + _p(rated_alone, 1.0)],
        ["a search during the import: p50, p95", _p(during, 0.5) + ", " + _p(during, 0.95)],
        ["a search alone: p50, p95", _p(alone, 0.5) + ", " + _p(alone, 0.95)],
    ]


def library_folder(folder: Path) -> Path:
    """Where the library of a scene is."""
    return folder / "library"


def revisions(folder: Path, count: int) -> list[list[str]]:
    """Imports of one revised paper each, beside threads that count tokens, rate, and plan and change deliveries."""
    failures: list[str] = []
    done = {"tokens": 0, "ratings": 0, "deliveries": 0}
    with refdesk.open_library(library_folder(folder)) as library:
        store = library._store
        papers = [
            {"id": f"p:{number}", "title": f"On subject {number}", "abstract": "We study it with care. It has effects."}
            for number in range(20)
        ]
        library.add(_jsonl(folder / "papers.jsonl", papers))
        ids = [paper.paper_id for paper in library.papers()]

        def spend(_: int) -> None:
            store.catalog.replies(read_only=False).spend(DAY, 1)
            done["tokens"] += 1

        def rate(number: int) -> None:
            library.rate(ids[number % len(ids)], 1 if number % 2 else -1)
            done["ratings"] += 1

        def deliver(number: int) -> None:
            box = store.catalog.outbox()
            delivery = outbox.planned(
                subscription="s", period=str(number), channel="file", target="x", now=datetime.now(UTC)
            )
            assert box.plan([delivery]) == 1
            assert box.change(delivery, replace(delivery, state="sending", attempts=1))
            done["deliveries"] += 1

        began = time.perf_counter()
        with _always(failures, spend, rate, deliver):
            for number in range(count):
                paper = papers[number % len(papers)]
                paper["abstract"] = f"We study it with care. Edition {number} has effects."
                report = library.add(_jsonl(folder / "papers.jsonl", [paper]))
                if report.updated != 1:
                    failures.append(f"import {number}: {report}")
        seconds = time.perf_counter() - began
        lost = done["tokens"] - store.catalog.replies(read_only=False).spent(DAY)
        lost += done["deliveries"] - len(store.catalog.outbox().unsent())
        lost += len(papers) + count - sum(len(library.revisions(paper_id)) for paper_id in ids)
        lost += len(library.check())
    for failure in failures[:3]:
        print(failure, file=sys.stderr)
    beside = f"{done['tokens']:,} token counts, {done['ratings']:,} ratings, {done['deliveries']:,} deliveries"
    return [
        [f"{count:,} imports of revised papers beside {beside}: failed", str(len(failures))],
        ["lost", str(lost)],
        ["an import's mean time", f"{1000 * seconds / count:.0f} ms"],
    ]


@contextmanager
def _always(failures: list[str], *actions: Callable[[int], None]) -> Iterator[None]:
    """Do each action again and again, in a thread of its own, until the block is left."""
    stop = threading.Event()

    def repeat(action: Callable[[int], None]) -> None:
        for number in itertools.count():
            try:
                action(number)
            except Exception as error:  # noqa: BLE001 - whatever fails is counted
                failures.append(f"{action.__name__}: {type(error).__name__}: {error}")
            if stop.wait(0.005):
                return

    threads = [threading.Thread(target=repeat, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def _p(seconds: Sequence[float], share: float) -> str:
    ordered = sorted(seconds)
    return f"{1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]:.0f} ms"


def main() -> None:
    """Play the scenes and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--imports", type=int, default=20)
    parser.add_argument("--papers", type=int, default=6_000)
    parser.add_argument("--revisions", type=int, default=1_000)
    parser.add_argument("--scenes", nargs="+", default=["ratings", "revisions", "readers"])
    wanted = parser.parse_args()
    papers = documents(wanted.papers + BASE)
    scenes: dict[str, Callable[[Path], list[list[str]]]] = {
        "ratings": lambda folder: ratings(folder, papers),
        "revisions": lambda folder: revisions(folder, wanted.revisions),
        "readers": lambda folder: readers(folder, papers, wanted.imports),
    }
    rows: list[list[str]] = []
    for name in wanted.scenes:
        with tempfile.TemporaryDirectory() as folder:
            rows += scenes[name](Path(folder))
    print(table(["measure", "found"], rows))


if __name__ == "__main__":
    main()
