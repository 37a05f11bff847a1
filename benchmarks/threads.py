"""
Threads: eight that ask at once against one; and the processor time of a search with one BLAS thread.

Every figure is a ratio of one run, for times on a shared machine vary. The rounds of both ways alternate.

    python -m benchmarks.threads [--papers 6000] [--library FOLDER]
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.halves import questions
from benchmarks.report import table, write_section
from benchmarks.scale import documents

THREADS, QUESTIONS, ROUNDS = 8, 60, 3
VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def found(library: Any, question: str) -> list[tuple[str, float, int]]:
    """What a search shows, to the last digit."""
    return [(hit.paper_id, hit.score, hit.best_sentence.number) for hit in library.search(question)]


def rounded(answers: list[list[list[Any]]]) -> list[list[tuple[Any, ...]]]:
    """Answers with scores of five digits: sums over several threads differ in their last digits."""
    return [[(paper_id, round(score, 5), number) for paper_id, score, number in answer] for answer in answers]


def together(folder: Path, asked: list[str]) -> dict[str, float]:
    """One thread asks all questions `THREADS` times over; then as many threads ask them once each."""
    import refdesk

    one_s, many_s, unequal = [], [], 0
    with refdesk.open_library(folder) as library, ThreadPoolExecutor(THREADS) as pool:

        def ask(first: int) -> list[list[tuple[str, float, int]]]:
            turned = [*asked[first:], *asked[:first]]
            answers = [found(library, question) for question in turned]
            return [*answers[len(asked) - first :], *answers[: len(asked) - first]]

        firsts = [number * len(asked) // THREADS for number in range(THREADS)]
        at_once = list(pool.map(ask, firsts))  # also warms all that is loaded at first use
        expected = ask(0)
        unequal += sum(answers[row] != expected[row] for answers in at_once for row in range(len(asked)))
        for _ in range(ROUNDS):
            began = time.perf_counter()
            for first in firsts:
                ask(first)
            middle = time.perf_counter()
            at_once = list(pool.map(ask, firsts))
            one_s.append(middle - began)
            many_s.append(time.perf_counter() - middle)
            unequal += sum(answers[row] != expected[row] for answers in at_once for row in range(len(asked)))
    return {
        "unequal": unequal,
        "one": statistics.median(one_s),
        "many": statistics.median(many_s),
        "ratio": statistics.median(many / one for one, many in zip(one_s, many_s, strict=True)),
    }


def processor_time(folder: Path, asked: list[str]) -> dict[str, Any]:
    """Milliseconds of processor time a warm search takes, and what is found."""
    import refdesk

    with refdesk.open_library(folder) as library:
        answers = [found(library, question) for question in asked]
        began = time.process_time()
        for question in asked:
            library.search(question)
        return {"ms": (time.process_time() - began) * 1000 / len(asked), "answers": answers}


def child(kind: str, folder: Path, asked: Path, **variables: str) -> dict[str, Any]:
    """One measurement in a process of its own."""
    env = {name: value for name, value in os.environ.items() if name not in VARIABLES} | variables
    command = [sys.executable, "-m", "benchmarks.threads", "--child", kind, "--library", str(folder)]
    done = subprocess.run([*command, "--questions", str(asked)], check=True, stdout=subprocess.PIPE, env=env)
    measured: dict[str, Any] = json.loads(done.stdout)
    return measured


def main() -> None:
    """Measure, print, and write the section “Threads” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, default=6_000)
    parser.add_argument("--library", type=Path, help="a library of these papers, where one is made already")
    parser.add_argument("--questions", type=Path)
    parser.add_argument("--child", choices=("together", "cpu"))
    options = parser.parse_args()
    if options.child:
        asked = json.loads(options.questions.read_text(encoding="utf-8"))
        measure = together if options.child == "together" else processor_time
        print(json.dumps(measure(options.library, asked)))
        return
    with tempfile.TemporaryDirectory() as temporary:
        papers = documents(options.papers)
        asked_file = Path(temporary) / "questions.json"
        asked_file.write_text(json.dumps(questions(papers)[::3][:QUESTIONS]), encoding="utf-8")
        folder = options.library or _made(Path(temporary), papers)
        threads = child("together", folder, asked_file)
        default = str(os.cpu_count() or 1)  # what BLAS takes by itself
        ones, defaults = [], []
        for _ in range(ROUNDS):
            ones.append(child("cpu", folder, asked_file))
            defaults.append(child("cpu", folder, asked_file, OPENBLAS_NUM_THREADS=default))
    ratio = statistics.median(one["ms"] / many["ms"] for one, many in zip(ones, defaults, strict=True))
    same = rounded(ones[0]["answers"]) == rounded(defaults[0]["answers"])
    one_ms, default_ms = (statistics.median(each["ms"] for each in runs) for runs in (ones, defaults))
    count = THREADS * QUESTIONS
    rows = [
        [
            f"{THREADS} threads × {QUESTIONS} questions against one thread that asks all {count}",
            f"{threads['many']:.1f} s and {threads['one']:.1f} s",
            f"{threads['ratio']:.2f} of the time, {threads['unequal']} of {count * (ROUNDS + 1):,} results differ",
        ],
        [
            f"processor time of a warm search, one BLAS thread against {default}",
            f"{one_ms:.1f} ms and {default_ms:.1f} ms",
            f"{ratio:.2f}, {'the same results' if same else 'results differ'}",
        ],
    ]
    write_section("Threads", table([f"at {options.papers:,} papers", "measured", "ratio"], rows))


def _made(folder: Path, papers: list[dict[str, Any]]) -> Path:
    """A library of these papers."""
    import refdesk

    source = folder / "papers.jsonl"
    source.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
    with refdesk.open_library(folder / "library") as library:
        library.add(source)
    return folder / "library"


if __name__ == "__main__":
    main()
