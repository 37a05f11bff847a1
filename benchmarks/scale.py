"""
Scale: import rate, size, memory and latency at growing numbers of papers, beside a lower limit and a plain recipe.

The limit of an import is the embedder alone and then `collection.add` alone, on the same documents. The plain recipe is
what a user would write instead: LangChain's text splitter, the same embedder, `langchain_chroma` and dense search. Each
figure is measured in a process of its own, all in one run.

    python -m benchmarks.scale [--papers 1000 10000 40000]

With `--resume FOLDER` it does something else: it grows one library there to a million papers; see `benchmarks.growth`.
"""

from __future__ import annotations

import argparse
import gzip
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from benchmarks import growth
from benchmarks.halves import questions
from benchmarks.report import data_folder, table, write_section

COLD_RUNS = 7


def documents(count: int) -> list[dict[str, Any]]:
    """The first `count` real abstracts."""
    with gzip.open(data_folder() / "arxiv_daily" / "2025.jsonl.gz", "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line, _ in zip(stream, range(count), strict=False)]


def memory_mb() -> float:
    """Peak resident memory of this process and, added, of its largest child."""
    peaks = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(peaks) / 1024


def size_mb(folder: Path) -> float:
    """Bytes on disk below a folder, in MB."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def refdesk_run(count: int, folder: Path) -> dict[str, float]:
    """Import through the public API and ask."""
    import refdesk

    papers = documents(count)
    source = folder / "papers.jsonl"
    source.write_text("".join(json.dumps(paper) + "\n" for paper in papers), encoding="utf-8")
    asked = questions(papers)
    del papers
    with refdesk.open_library(folder / "library") as library:
        began = time.perf_counter()
        report = library.add(source)
        seconds = time.perf_counter() - began
        peak = memory_mb()
        assert report.added + report.unchanged + report.updated == count, report
        return {
            "rate": count / seconds,
            "memory": peak,
            "disk": size_mb(folder / "library"),
            **_latency(lambda question: library.ask(question), asked),
        }


def bare_run(count: int, folder: Path) -> dict[str, float]:
    """The embedder, then `collection.add` in batches of 1,000, one after the other, without metadata."""
    import chromadb
    from chromadb.config import Settings

    from rag.embedders.static import StaticEmbedder

    papers = documents(count)
    texts = [f"{paper['title']}\n{paper['abstract']}" for paper in papers]
    ids = [f"arxiv:{paper['id']}#0" for paper in papers]
    embedder = StaticEmbedder()
    client = chromadb.PersistentClient(str(folder / "chroma"), settings=Settings(anonymized_telemetry=False))
    collection = client.get_or_create_collection(
        "chunks", embedding_function=None, configuration={"hnsw": {"space": "cosine"}}
    )
    began = time.perf_counter()
    vectors = embedder.embed(texts)
    embedded = time.perf_counter()
    for at in range(0, count, 1_000):
        some = slice(at, at + 1_000)
        collection.add(ids=ids[some], embeddings=vectors[some], documents=texts[some])
    ended = time.perf_counter()
    return {
        "rate": count / (ended - began),
        "memory": memory_mb(),
        "disk": size_mb(folder / "chroma"),
        "embed rate": count / (embedded - began),
        "add rate": count / (ended - embedded),
        **_latency(lambda q: collection.query(query_embeddings=embedder.embed([q]), n_results=10), questions(papers)),
    }


def recipe_run(count: int, folder: Path) -> dict[str, float]:
    """The plain recipe."""
    from langchain_chroma import Chroma
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    from rag.embedders.static import StaticEmbedder

    papers = documents(count)
    began = time.perf_counter()
    splitter = RecursiveCharacterTextSplitter(chunk_size=1000, chunk_overlap=200)
    store = Chroma(
        collection_name="papers",
        embedding_function=StaticEmbedder(),
        persist_directory=str(folder / "chroma"),
    )
    for at in range(0, count, 1_000):
        some = papers[at : at + 1_000]
        pieces = splitter.create_documents(
            [paper["abstract"] for paper in some], [{"id": p["id"], "title": p["title"]} for p in some]
        )
        for first in range(0, len(pieces), 4_000):
            store.add_documents(pieces[first : first + 4_000])
    seconds = time.perf_counter() - began
    return {
        "rate": count / seconds,
        "memory": memory_mb(),
        "disk": size_mb(folder / "chroma"),
        **_latency(lambda question: store.similarity_search(question, k=10), questions(papers)),
    }


def _latency(ask: Callable[[str], object], asked: Sequence[str]) -> dict[str, float]:
    for question in asked[:20]:
        ask(question)
    took = []
    for question in asked:
        began = time.perf_counter()
        ask(question)
        took.append((time.perf_counter() - began) * 1000)
    return {"p50": statistics.median(took), "p95": statistics.quantiles(took, n=20)[-1]}


RUNS: dict[str, Callable[[int, Path], dict[str, float]]] = {
    "refdesk": refdesk_run,
    "bare": bare_run,
    "recipe": recipe_run,
}
NAMES = {
    "refdesk": "Refdesk",
    "bare": "limit: bare embedder, then `collection.add`",
    "recipe": "plain recipe: splitter + `langchain_chroma`",
}


def cold(library: Path) -> dict[str, float]:
    """Whole processes in turn: a question, `refdesk --help`, and the import of chromadb."""
    commands = {
        "ask": [
            sys.executable,
            "-m",
            "refdesk",
            "--library",
            str(library),
            "ask",
            "How do diffusion models reason?",
        ],
        "help": [sys.executable, "-m", "refdesk", "--help"],
        "import chromadb": [sys.executable, "-c", "import chromadb"],
    }
    took: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(COLD_RUNS + 1):
        for name, command in commands.items():
            began = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            took[name].append(time.perf_counter() - began)
    return {name: statistics.median(times[1:]) for name, times in took.items()}  # the first run warms the disk cache


def child(kind: str, count: int, folder: Path) -> dict[str, float]:
    """Run one measurement in a process of its own."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "benchmarks.scale",
            "--child",
            kind,
            "--papers",
            str(count),
            "--folder",
            str(folder),
        ],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "ANONYMIZED_TELEMETRY": "False"},
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def main() -> None:
    """Measure, print, and write the section “Scale” of docs/evaluation.md."""
    if "--resume" in sys.argv:
        growth.main()
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--papers", type=int, nargs="+", default=[1_000, 10_000, 40_000])
    parser.add_argument("--child", choices=RUNS)
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(RUNS[options.child](options.papers[0], options.folder)))
        return
    rows = []
    cold_rows = []
    for count in options.papers:
        with tempfile.TemporaryDirectory() as temporary:
            measured = {}
            for kind in ("bare", "refdesk", "recipe"):
                folder = Path(temporary) / kind
                folder.mkdir()
                measured[kind] = child(kind, count, folder)
            for kind in ("refdesk", "bare", "recipe"):
                row = measured[kind]
                share = row["rate"] / measured["bare"]["rate"]
                figures = [
                    f"{row['rate']:.0f}/s",
                    f"{share:.2f}",
                    f"{row['disk']:.0f} MB",
                    f"{row['memory']:.0f} MB",
                ]
                rows.append(
                    [
                        f"{count:,}",
                        NAMES[kind],
                        *figures,
                        f"{row['p50']:.1f} / {row['p95']:.1f} ms",
                    ]
                )
            times = cold(Path(temporary) / "refdesk" / "library")
            ratio = times["ask"] / times["import chromadb"]
            cold_rows.append(
                [
                    f"{count:,}",
                    f"{times['ask']:.2f} s",
                    f"{times['import chromadb']:.2f} s",
                    f"{ratio:.2f}",
                    f"{times['help']:.2f} s",
                ]
            )
    headings = [
        "papers",
        "way",
        "import, papers",
        "share of the limit",
        "on disk",
        "peak memory",
        "question p50 / p95",
    ]
    cold_headings = ["papers", "`refdesk ask`", '`python -c "import chromadb"`', "ratio", "`refdesk --help`"]
    write_section(
        "Scale",
        f"{table(headings, rows)}\n\nCold processes, median of {COLD_RUNS}:\n\n{table(cold_headings, cold_rows)}",
    )


if __name__ == "__main__":
    main()
