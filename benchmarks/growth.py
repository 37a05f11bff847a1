"""
Growth: one library of up to a million papers, measured at checkpoints on the way.

    python -m benchmarks.scale --resume FOLDER [--papers 50000 200000 400000 1000000]
        [--catalog URL --vectors URL] [--reindex] [--report]

Each part of 20,000 papers is imported through the public API, and its rate written to FOLDER/results.jsonl: by the
clock, and by the processor time of all processes of the import; servers are not among them. At each checkpoint other
processes ask, with and without filters, make the issue of a week, check, and with `--reindex` build the indexes anew.
A run that was ended goes on where it was. The papers are synthetic: `benchmarks.halves`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import Any

from benchmarks.halves import WEEK, Halves, questions
from benchmarks.memory import own_mb, resident_mb
from benchmarks.report import table

CHECKPOINTS = (50_000, 200_000, 400_000, 1_000_000)
PART = 20_000
"""Papers that are imported at once."""
WARMED = 20
FILTERS: dict[str, dict[str, Any]] = {
    "no filter": {},
    "broad category": {"categories": "cs.CV"},
    "narrow category": {"categories": "cs.SE"},
    "day": {"since": "2025-06-04", "until": "2025-06-04"},
    "month": {"since": "2025-11", "until": "2025-11"},
    "author": {"authors": "Yang Liu"},
    "category since": {"categories": "cs.CL", "since": "2025-10"},
}
Row = dict[str, Any]


class Sampler:
    """
    Samples, twice a second, the resident memory of a process and its children, while it runs.

    `peak_mb` is the most that was resident, `own_mb` the same without pages of files.
    """

    def __init__(self, pid: int) -> None:
        self.peak_mb = self.own_mb = 0.0
        self._pid, self._ended = pid, Event()
        self._thread = Thread(target=self._sample, daemon=True)
        self._thread.start()

    def _sample(self) -> None:
        while not self._ended.wait(0.5):
            pids = [self._pid, *_children(self._pid)]
            self.peak_mb = max(self.peak_mb, sum(map(resident_mb, pids)))
            self.own_mb = max(self.own_mb, sum(map(own_mb, pids)))

    def row(self) -> Row:
        """The most that was in use at one time, in MB."""
        return {"memory_mb": round(self.peak_mb), "own_mb": round(self.own_mb)}

    def end(self) -> None:
        """Sample no more."""
        self._ended.set()
        self._thread.join()


def _children(pid: int) -> Iterator[int]:
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):
            yield from map(int, task.read_text(encoding="ascii").split())


class Growth:
    """
    A library that grows in a folder, and what was measured of it.

    Args:
        folder: Where library and results are.
        environment: That of each process, such as the URLs of catalog and vectors.
    """

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.library, self._results, self._part = folder / "library", folder / "results.jsonl", folder / "part.jsonl"
        self._environment = {**os.environ, **environment}

    def results(self) -> list[Row]:
        """All that was measured, the oldest first."""
        if not self._results.exists():
            return []
        return [json.loads(line) for line in self._results.read_text(encoding="utf-8").splitlines()]

    def note(self, row: Row) -> None:
        """Store what was measured, and print it."""
        with self._results.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        figures = ", ".join(f"{name} {value}" for name, value in row.items() if name not in ("kind", "papers"))
        print(f"{time.strftime('%H:%M:%S')} {row['papers']:>9,} {row['kind']}: {figures}", flush=True)

    def grow(self, papers: int) -> None:
        """Import up to so many papers, in one process."""
        done = max((row["papers"] for row in self.results() if row["kind"] == "import"), default=0)
        if done >= papers:
            return
        halves = Halves()
        with self._process("import") as process:
            sampler = Sampler(process.pid)
            for first in range(done, papers, PART):
                end = min(first + PART, papers)
                halves.write(self._part, first, end)
                print(self._part, file=process.stdin, flush=True)
                row = json.loads(process.stdout.readline() or "null")
                if row is None:
                    sys.exit(f"The import ended with {process.wait()}.")
                self.note({"kind": "import", "papers": end, **row, **sampler.row()})
            process.stdin.close()
            process.wait()
            sampler.end()
        self._part.unlink()

    def measure(self, kind: str, papers: int) -> None:
        """Measure the library as it is now in a process of its own, once."""
        if any(row["kind"] == kind and row["papers"] == papers for row in self.results()):
            return
        rows = list[Row]()
        with self._process(kind) as process:
            sampler = Sampler(process.pid)
            for line in process.stdout:
                rows.append({**json.loads(line), **sampler.row()})
            if process.wait():
                rows.append({"failed": process.returncode})
            sampler.end()
        for row in rows:  # at its end, for a run that was ended measures again what has no row
            self.note({"kind": kind, "papers": papers, **row})

    def _process(self, kind: str) -> Any:
        return subprocess.Popen(
            [sys.executable, "-m", "benchmarks.growth", kind, str(self.library)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=self._environment,
        )


# ---- in processes of their own


def _clocked(action: Callable[[], Any]) -> tuple[Any, Row]:
    began, before = time.perf_counter(), sum(os.times()[:4])
    done = action()
    return done, {
        "s": round(time.perf_counter() - began, 2),
        "cpu_s": round(sum(os.times()[:4]) - before, 2),
    }


def _import(folder: Path) -> Iterator[Row]:
    import refdesk

    with refdesk.open_library(folder) as library:
        for line in sys.stdin:
            report, clocks = _clocked(partial(library.add, line.strip()))
            yield {
                "added": report.added,
                "unchanged": report.unchanged,
                **clocks,
                "rate": round(report.records / clocks["s"]),
                "cpu_rate": round(report.records / clocks["cpu_s"]),
            }


def _ask(folder: Path) -> Iterator[Row]:
    import refdesk

    asked = questions(Halves().real)
    with refdesk.open_library(folder) as library:
        for name, options in FILTERS.items():
            for question in asked[:WARMED]:
                library.ask(question, **options)
            took = []
            for question in asked[:: 1 if not options else 4]:
                began = time.perf_counter()
                library.ask(question, **options)
                took.append((time.perf_counter() - began) * 1000)
            yield {
                "filter": name,
                "p50_ms": round(statistics.median(took), 1),
                "p95_ms": round(statistics.quantiles(took, n=20)[-1], 1),
            }


def _disk(folder: Path) -> Iterator[Row]:
    import refdesk

    with refdesk.open_library(folder) as library:
        papers = library.status()["papers"]
    for name in ("catalog.sqlite3", "chroma", "lexical", ""):
        files = [folder / name, *folder.glob(f"{name}-*"), *(folder / name).rglob("*")]
        size = sum(file.stat().st_size for file in files if file.is_file())
        yield {"part": name or "whole", "mb": round(size / 1e6), "bytes_a_paper": round(size / papers)}


def _digest(folder: Path) -> Iterator[Row]:
    import refdesk

    with refdesk.open_library(folder) as library:
        for _ in range(2):
            digest, clocks = _clocked(lambda: library.digest(WEEK))
            yield {"week": WEEK, "listed": digest.coverage.listed, **clocks}


def _check(folder: Path) -> Iterator[Row]:
    import refdesk

    with refdesk.open_library(folder) as library:
        findings, clocks = _clocked(library.check)
        yield {"findings": [f"{each.store} {each.kind} {each.count}" for each in findings], **clocks}


def _reindex(folder: Path) -> Iterator[Row]:
    import refdesk

    with refdesk.open_library(folder) as library:
        papers, clocks = _clocked(library.reindex)
        yield {"indexed": papers, **clocks, "rate": round(papers / clocks["s"])}


CHILDREN: dict[str, Callable[[Path], Iterator[Row]]] = {
    "import": _import,
    "disk": _disk,
    "ask": _ask,
    "digest": _digest,
    "check": _check,
    "reindex": _reindex,
}


# ---- the report


def report(rows: Sequence[Row]) -> str:
    """What was measured, as tables."""
    found: dict[int, list[str]] = {}
    measured = sorted({row["papers"] for row in rows if row["kind"] != "import"})
    for papers in measured:
        of = [row for row in rows if row["papers"] == papers and "failed" not in row]
        part = next((row for row in of if row["kind"] == "import"), {})
        asked = next((row for row in of if row.get("filter") == "no filter"), {})
        memory = {
            kind: " of ".join(
                f"{max((r.get(of_what, 0) for r in of if r['kind'] == kind), default=0)}"
                for of_what in ("own_mb", "memory_mb")
            )
            for kind in CHILDREN
        }
        found[papers] = [
            f"{part.get('rate', 0)}/s, {part.get('cpu_rate', 0)}/s",
            f"{memory['import']} MB",
            f"{asked.get('p50_ms')} / {asked.get('p95_ms')} ms",
            f"{memory['ask']} MB",
            ", ".join(f"{row['part']} {row['bytes_a_paper']}" for row in of if row["kind"] == "disk"),
            ", ".join(f"{row['s']} s" for row in of if row["kind"] == "digest"),
            ", ".join(f"{row['s']} s" for row in of if row["kind"] == "check"),
            ", ".join(f"{row['s']} s" for row in of if row["kind"] == "reindex"),
        ]
    headings = [
        "papers", "import by clock, by processor time", "own of resident memory", "question p50 / p95",
        "own of resident memory", "bytes a paper",
        "issue of a week", "check", "reindex",
    ]  # fmt: skip
    filters = [
        [f"{row['papers']:,}", row["filter"], f"{row['p50_ms']} / {row['p95_ms']} ms"]
        for row in rows
        if "filter" in row
    ]
    return "\n\n".join(
        [
            table(headings, [[f"{papers:,}", *cells] for papers, cells in found.items()]),
            table(["papers", "filter", "p50 / p95"], filters),
        ]
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Grow and measure; or, as a child, measure one thing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--resume", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--papers", type=int, nargs="+", default=CHECKPOINTS)
    parser.add_argument("--catalog", metavar="URL")
    parser.add_argument("--vectors", metavar="URL")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=[kind for kind in CHILDREN if kind != "import"],
        default=("disk", "ask", "digest", "check"),
    )
    parser.add_argument("--reindex", action="store_true")
    parser.add_argument("--report", action="store_true", help="print the tables of what was measured, and end")
    options = parser.parse_args(arguments)
    urls = {"REFDESK_CATALOG": options.catalog, "REFDESK_VECTORS": options.vectors}
    growth = Growth(
        options.resume, {"ANONYMIZED_TELEMETRY": "False"} | {name: url for name, url in urls.items() if url}
    )
    if not options.report:
        for papers in sorted(options.papers):
            growth.grow(papers)
            for kind in (*options.only, *(["reindex"] if options.reindex else [])):
                growth.measure(kind, papers)
    print(report(growth.results()))


if __name__ == "__main__":
    for row in CHILDREN[sys.argv[1]](Path(sys.argv[2])):
        print(json.dumps(row), flush=True)
