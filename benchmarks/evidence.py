"""
Evidence for a model: how often it holds the gold sentences, and how many sentences, papers and tokens it has.

SciFact's claims ask for one answer: the share of the gold sentences that the model sees is beside that of the 40 best
sentences without a relevance floor. Topics of the last months of arXiv are asked as overviews: here the share of the
papers that hold the topic's phrase counts.

    python -m benchmarks.evidence [--topics 60]
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

import refdesk
from benchmarks.report import data_folder, rows_of, table, write_section
from benchmarks.topics import FIRST_HELD_OUT, holds, library_of, topics
from rag.answers.breadth import breadth_of, gathered
from rag.answers.context import MAX_SENTENCES, Context, pack
from rag.llm.tokens import Counter
from rag.retrieval.found import Retrieved
from rag.types import Paper
from refdesk.evaluation.datasets import Claim, Dataset
from refdesk.evaluation.run import is_gold

COUNTER = Counter("gpt-4o-mini")
UNLIMITED = 1_000_000


def best_sentences(retrieved: Retrieved) -> Context:
    """The 40 best sentences, whichever paper they are of."""
    return pack(retrieved.evidence, max_tokens=UNLIMITED, count=COUNTER.count, max_sentences=MAX_SENTENCES)


def shown(retrieved: Retrieved) -> Context:
    """What a model sees."""
    breadth = breadth_of(retrieved)
    evidence = gathered(retrieved, breadth)
    return pack(evidence, max_tokens=breadth.tokens, count=COUNTER.count, max_sentences=breadth.sentences)


def row(name: str, contexts: Sequence[Context], shares: Sequence[float]) -> list[str]:
    """A row of the table: the mean share, and the mean numbers of sentences, papers and tokens."""
    sentences = [len(context.sentences) for context in contexts]
    papers = [len({cited.paper.paper_id for cited in context.sentences.values()}) for context in contexts]
    tokens = [COUNTER.count(context.text) for context in contexts]
    means = [f"{np.mean(counts):,.0f}" for counts in (sentences, papers, tokens)]
    return [name, f"{np.mean(shares):.3f}", *means]


def written(data: Dataset, path: Path) -> Path:
    """The data set's documents as a file that can be imported."""
    path.write_text("".join(json.dumps(document) + "\n" for document in data.documents()), encoding="utf-8")
    return path


def claims_of(data: Dataset, split: str) -> list[Claim]:
    """The claims that have gold sentences."""
    return [claim for claim in data.claims(split) if claim.evidence]


def gold_share(context: Context, claim: Claim, library: refdesk.Library, sentences: dict[str, list[str]]) -> float:
    """The share of a claim's gold sentences that the context holds."""
    gold = {
        (paper.paper_id, sentence.number)
        for paper in (library.show(f"file:corpus:{document}") for document in claim.evidence)
        for sentence in paper.sentences
        if is_gold(paper, sentence, claim, sentences)
    }
    held = {(cited.paper.paper_id, cited.sentence.number) for cited in context.sentences.values()}
    return len(gold & held) / len(gold) if gold else 1.0


def main() -> None:
    """Measure, print, and write the section “Evidence for a model” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--topics", type=int, default=60)
    options = parser.parse_args()
    rows: list[list[str]] = []
    data = Dataset(data_folder() / "scifact")
    with tempfile.TemporaryDirectory(prefix="refdesk-evidence-") as temporary:
        with refdesk.open_library(Path(temporary) / "scifact") as library:
            library.add(written(data, Path(temporary) / "corpus.jsonl"))
            sentences = data.sentences()
            for split in ("train", "dev"):
                claims = claims_of(data, split)
                found = [library.retrieve(claim.text) for claim in claims]
                for name, choose in (("the 40 best sentences", best_sentences), ("what a model sees", shown)):
                    contexts = [choose(retrieved) for retrieved in found]
                    shares = [gold_share(*pair, library, sentences) for pair in zip(contexts, claims, strict=True)]
                    rows.append(row(f"SciFact {split}: {name}", contexts, shares))
        papers = [
            each for each in rows_of(data_folder() / "arxiv_daily" / "2025.jsonl.gz") if each["date"] >= FIRST_HELD_OUT
        ]
        phrases = topics((each["title"] for each in papers), options.topics)
        with library_of(papers, Path(temporary)) as library:
            found = [library.retrieve(f"What do papers say about {phrase}?") for phrase in phrases]
        for name, choose in (("the 40 best sentences", best_sentences), ("what a model sees", shown)):
            contexts = [choose(retrieved) for retrieved in found]
            on_topic = [
                float(np.mean([holds(phrase, f"{paper.title} {paper.abstract}") for paper in papers_of(context)]))
                for phrase, context in zip(phrases, contexts, strict=True)
            ]
            rows.append(row(f"overviews: {name}", contexts, on_topic))
    headings = ["questions: evidence", "gold sentences, or papers on the topic", "sentences", "papers", "tokens"]
    write_section("Evidence for a model", table(headings, rows))


def papers_of(context: Context) -> list[Paper]:
    """The papers of a context."""
    return list({cited.paper.paper_id: cited.paper for cited in context.sentences.values()}.values())


if __name__ == "__main__":
    main()
