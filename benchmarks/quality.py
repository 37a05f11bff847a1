"""
Retrieval quality: ranking, evidence, abstention, chunk size and sentence splitting, each beside a baseline.

Settings were chosen on SciFact's training queries; the figures on the test and dev splits are only reported.

    python -m benchmarks.quality [--minilm]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

import refdesk
from benchmarks.report import data_folder, table, write_section
from rag import sources, text
from rag.embedders.static import StaticEmbedder
from rag.embedders.worker import ahead, at_once
from rag.evaluation import metrics
from rag.question import understand
from rag.retrieval.fusion import fuse
from rag.retrieval.late_interaction import content_words
from rag.types import Filter
from refdesk import wiring
from refdesk.evaluation.datasets import Dataset
from refdesk.evaluation.run import evaluate
from stores.ingest import import_records
from stores.locks import WriterOfPapers
from stores.store import LibraryStore, Place

CHUNK_TOKENS = (64, 128, 256, 8_192)
SPLITS = ("train", "test")
Ranking = Callable[[str], Sequence[str]]


class Chunked(StaticEmbedder):
    """The static embedder over chunks of at most `max_tokens`."""

    def __init__(self, max_tokens: int) -> None:
        super().__init__()
        self.max_tokens = max_tokens


def evaluated(data: Dataset, embedder: str) -> dict[str, Any]:
    """The measures of `refdesk eval`, by split."""
    with (
        tempfile.TemporaryDirectory(prefix="refdesk-quality-") as temporary,
        refdesk.open_library(Path(temporary) / "library", embedder=embedder) as library,
    ):
        splits: dict[str, Any] = evaluate(data.folder, library, splits=["test", "dev"])["splits"]
        return splits


def library_of(data: Dataset, folder: Path, embedder: StaticEmbedder) -> LibraryStore:
    """A library of the data set's corpus, chunked for the embedder."""
    store = LibraryStore(
        Place(folder),
        indexes=wiring.indexes(folder),
        make_lock=WriterOfPapers,
        embedder_name=None,
        make_embedder=lambda _: embedder,
        default_embedder=embedder.name,
    )
    source = folder.parent / "corpus.jsonl"
    source.write_text("".join(json.dumps(document) + "\n" for document in data.documents()), encoding="utf-8")
    with source.open("rb") as stream:
        records, _ = sources.parse(stream, source.name, today="2026-01-01")
        import_records(store, records, ahead=ahead, at_once=at_once)
    return store


def rankings(store: LibraryStore) -> dict[str, Ranking]:
    """The methods of ranking papers to compare, the simplest first."""
    retriever = wiring.retriever(store)

    def lexical(question: str) -> list[tuple[str, float]]:
        terms = list(dict.fromkeys(store.lexical.terms(" ".join(content_words(question) or [question]))))
        return store.lexical.search(terms, limit=100)

    def vector(question: str) -> dict[str, float]:
        found: dict[str, float] = {}
        for paper_id, _, cosine in store.vectors.search(store.embedder.embed([question])[0], limit=100):
            found[paper_id] = max(cosine, found.get(paper_id, -1.0))
        return found

    def reciprocal(question: str) -> list[str]:
        score: dict[str, float] = {}
        for ranking in ([paper_id for paper_id, _ in lexical(question)], list(vector(question))):
            for rank, paper_id in enumerate(ranking, start=1):
                score[paper_id] = score.get(paper_id, 0.0) + 1 / (60 + rank)
        return sorted(score, key=lambda paper_id: (-score[paper_id], paper_id))

    return {
        "vectors alone (the plain recipe's ranking)": lambda question: list(vector(question)),
        "BM25 alone": lambda question: [paper_id for paper_id, _ in lexical(question)],
        "reciprocal rank fusion": reciprocal,
        "min-max fusion": lambda question: fuse(dict(lexical(question)), vector(question), limit=10),
        "**min-max fusion, then reading (Refdesk)**": lambda question: [
            hit.paper_id
            for hit in retriever.retrieve(understand(question, today=date(2026, 1, 1)), filter_=Filter()).hits
        ],
    }


def ndcg_of(ranking: Ranking, data: Dataset, split: str) -> list[float]:
    """nDCG@10 of every query of a split."""
    judged = data.relevance(split)
    return [
        metrics.ndcg(
            [paper_id.removeprefix("file:corpus:") for paper_id in ranking(data.queries[query])[:10]], relevant, at=10
        )
        for query, relevant in sorted(judged.items())
    ]


def splitting(data: Dataset, limit: int = 2_000) -> dict[str, float]:
    """F1 of sentence boundaries against SciFact's own."""
    ways: dict[str, Callable[[str], Iterable[tuple[int, int]]]] = {
        "nupunkt and our two rules": text.split,
        "a naive regular expression": _naive,
    }
    counts = {name: np.zeros(3) for name in ways}
    for sentences in list(data.sentences().values())[:limit]:
        parts = [text.clean(sentence) for sentence in sentences]
        abstract = " ".join(parts)
        gold = set(np.cumsum([len(part) + 1 for part in parts])[:-1].tolist())
        for name, way in ways.items():
            found = {following[0] for _, following in pairwise(way(abstract))}
            counts[name] += [len(found & gold), len(found), len(gold)]
    return {name: 2 * both / (found + gold) for name, (both, found, gold) in counts.items()}


def _naive(abstract: str) -> list[tuple[int, int]]:
    import re

    starts = [0, *(match.end() for match in re.finditer(r"[.!?]\s+(?=[A-Z])", abstract))]
    return [(start, end) for start, end in pairwise([*starts, len(abstract)])]


def _cell(values: Sequence[float]) -> str:
    low, high = metrics.interval(values)
    return f"{np.mean(values):.3f} [{low:.3f}, {high:.3f}]"


def _measure(value: Any) -> str:
    if isinstance(value, Mapping):
        low, high = value["interval"]
        return f"{value['value']:.3f} [{low:.3f}, {high:.3f}]"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def main() -> None:
    """Measure, print, and write the sections of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minilm", action="store_true", help="also with the embedder minilm, which takes some minutes")
    options = parser.parse_args()
    data = Dataset(data_folder() / "scifact")
    embedders = ["static", *(["minilm"] if options.minilm else [])]
    measured = {name: evaluated(data, name) for name in embedders}
    names = [name for name in {**measured["static"]["test"], **measured["static"]["dev"]} if name != "reliability"]
    rows = [
        [name, *(_measure({**measured[embedder]["test"], **measured[embedder]["dev"]}[name]) for embedder in embedders)]
        for name in names
        if not name.startswith("search")
    ]
    write_section("SciFact", table(["measure", *embedders], rows))
    bins = [
        [str(row["claims"]), f"{row['said']:.2f}", f"{row['was']:.2f}"]
        for row in measured["static"]["dev"]["reliability"]
    ]
    write_section("Reliability", table(["claims of dev", "said to be answerable", "were"], bins))
    with tempfile.TemporaryDirectory() as temporary:
        ranked, chunked = [], []
        for tokens in CHUNK_TOKENS:
            store = library_of(data, Path(temporary) / f"{tokens}" / "library", Chunked(tokens))
            ways = rankings(store)
            if tokens == max(CHUNK_TOKENS):
                for name, way in ways.items():
                    ranked.append([name, *(_cell(ndcg_of(way, data, split)) for split in SPLITS)])
            chosen = [
                ways[name]
                for name in (
                    "vectors alone (the plain recipe's ranking)",
                    "**min-max fusion, then reading (Refdesk)**",
                )
            ]
            chunked.append(
                [f"{tokens:,}", f"{store.vectors.count() / store.catalog.count():.2f}"]
                + [f"{np.mean(ndcg_of(way, data, 'train')):.3f}" for way in chosen]
            )
            store.close()
    write_section("Ranking", table(["nDCG@10", *SPLITS], ranked))
    write_section(
        "Chunk size",
        table(["most tokens in a chunk", "chunks a paper", "vectors alone, train", "Refdesk, train"], chunked),
    )
    write_section(
        "Splitting",
        table(["splitter", "F1 of boundaries"], [[name, f"{f1:.4f}"] for name, f1 in splitting(data).items()]),
    )


if __name__ == "__main__":
    main()
