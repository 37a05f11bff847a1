"""
Sentence salience: how near the chosen sentences come to summaries that people wrote, and how well they cover a week.

The coefficients of `rag.digests.salience` are fitted here too, and printed beside the ones in use. Only SciTLDR's dev
papers are at hand, so each paper is scored by weights fitted on the other folds. Baselines on the same sentences are
the first, the last, any sentence (the mean), and both forms of LexRank (Erkan and Radev, "LexRank: Graph-based Lexical
Centrality as Salience in Text Summarization", JAIR 2004).

    python -m benchmarks.tldr
"""

from __future__ import annotations

import gzip
import json
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.report import data_folder, table, write_section
from rag import text
from rag.checking.words import stems
from rag.digests import salience
from rag.embedders.static import StaticEmbedder
from rag.evaluation import metrics
from rag.retrieval.late_interaction import WORD, Array
from rag.types import Paper

FOLDS = 5
RIDGE = 30.0
FITTED = tuple(salience.WEIGHTS)[:-2]
UNCLEAR = salience.WEIGHTS["unclear"]
WEEKS = tuple(f"2025-W{number}" for number in (15, 20, 22, 25, 30, 35, 40, 45))
COVERED = 4


@dataclass(frozen=True, kw_only=True)
class Abstract:
    """The sentences of an abstract: the features and the ROUGE-1 of each."""

    key: str
    title: str
    sentences: tuple[str, ...]
    features: Array
    rouge: Array

    @property
    def fold(self) -> int:
        """The number of its cross-validation fold."""
        return zlib.crc32(self.key.encode()) % FOLDS


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a gzipped file of JSON Lines."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def abstracts(path: Path, *, split: bool) -> list[Abstract]:
    """SciTLDR's papers in its own sentences, or `split` as on import."""
    found = []
    for row in lines(path):
        originals = [cleaned for sentence in row["source"] if (cleaned := text.clean(sentence))]
        whole = " ".join(originals)
        sentences = tuple(whole[start:end] for start, end in text.split(whole)) if split else tuple(originals)
        rouge = np.array([metrics.rouge1(sentence, row["target"]) for sentence in sentences])
        title = text.clean(row["title"])
        features = salience.features(title, sentences)
        found.append(Abstract(key=row["paper_id"], title=title, sentences=sentences, features=features, rouge=rouge))
    return found


def fit(corpus: Sequence[Abstract], columns: Sequence[int]) -> Array:
    """
    Ridge regression of a sentence's ROUGE-1 on its features: weights, and last the constant.

    The means of the abstract are subtracted from both, because only differences to its other sentences matter.
    """
    x = np.concatenate(
        [abstract.features[:, columns] - abstract.features[:, columns].mean(axis=0) for abstract in corpus]
    )
    y = np.concatenate([abstract.rouge - abstract.rouge.mean() for abstract in corpus])
    scale = x.std(axis=0) + 1e-9
    x = x / scale
    weights = np.linalg.solve(x.T @ x + RIDGE * np.eye(len(columns)), x.T @ y) / scale
    rest = [(abstract.rouge - abstract.features[:, columns] @ weights).mean() for abstract in corpus]
    return np.append(weights, np.mean(rest))


def crossed(corpus: Sequence[Abstract], columns: Sequence[int], *, unclear: float = UNCLEAR) -> list[int]:
    """The row of the best sentence of each abstract, by weights fitted on the other folds."""
    weights = [fit([abstract for abstract in corpus if abstract.fold != fold], columns)[:-1] for fold in range(FOLDS)]
    return [
        int(np.argmax(abstract.features[:, columns] @ weights[abstract.fold] + unclear * abstract.features[:, -1]))
        for abstract in corpus
    ]


def lexrank(corpus: Sequence[Abstract], *, threshold: float | None) -> list[int]:
    """The most central sentence of each by LexRank over TF-IDF, with a threshold on the cosine or continuous."""
    counted = [[stems(WORD.findall(sentence.lower())) for sentence in abstract.sentences] for abstract in corpus]
    documents = [{stem for sentence in sentences for stem in sentence} for sentences in counted]
    holding: dict[str, int] = {}
    for document in documents:
        for stem in document:
            holding[stem] = holding.get(stem, 0) + 1
    chosen = []
    for sentences, document in zip(counted, documents, strict=True):
        number = {stem: at for at, stem in enumerate(sorted(document))}
        weights = np.zeros((len(sentences), len(number)))
        for row, sentence in enumerate(sentences):
            for stem in sentence:
                weights[row, number[stem]] += np.log(len(corpus) / holding[stem])
        weights /= np.linalg.norm(weights, axis=1, keepdims=True) + 1e-12
        links = weights @ weights.T
        links = links if threshold is None else (links > threshold).astype(float)
        links /= np.maximum(links.sum(axis=1, keepdims=True), 1e-12)
        rank = np.full(len(sentences), 1 / len(sentences))
        for _ in range(100):
            rank = 0.15 / len(sentences) + 0.85 * (links.T @ rank)
        chosen.append(int(np.argmax(np.round(rank, 9))))
    return chosen


def compared(given: Sequence[Abstract], ours: Sequence[Abstract]) -> str:
    """The table of methods, on SciTLDR's sentences and on those of our splitter."""
    every = list(range(len(FITTED)))
    weights = np.array([salience.WEIGHTS[name] for name in (*FITTED, "unclear")])
    methods: dict[str, Callable[[Sequence[Abstract]], list[int]]] = {
        "the first sentence": lambda corpus: [0] * len(corpus),
        "the last sentence": lambda corpus: [-1] * len(corpus),
        "LexRank, threshold .1": lambda corpus: lexrank(corpus, threshold=0.1),
        "LexRank, continuous": lambda corpus: lexrank(corpus, threshold=None),
        "**salience, cross-validated**": lambda corpus: crossed(corpus, every),
        "salience, weights in the code (fitted on these)": lambda corpus: [
            int(np.argmax(abstract.features @ weights)) for abstract in corpus
        ],
        "the best sentence (oracle)": lambda corpus: [int(np.argmax(abstract.rouge)) for abstract in corpus],
    }
    scores: dict[str, list[list[float]]] = {
        "any sentence (expected)": [[float(abstract.rouge.mean()) for abstract in corpus] for corpus in (given, ours)]
    }
    for name, choose in methods.items():
        scores[name] = [
            [float(abstract.rouge[row]) for abstract, row in zip(corpus, choose(corpus), strict=True)]
            for corpus in (given, ours)
        ]
    rows = [[name, *(with_interval(values) for values in both)] for name, both in scores.items()]
    peer = max((name for name in scores if name.startswith("LexRank")), key=lambda name: float(np.mean(scores[name])))
    gain = np.array(scores["**salience, cross-validated**"][0]) - np.array(scores[peer][0])
    return (
        table([f"ROUGE-1 F, {len(given)} papers", "SciTLDR's sentences", "split by Refdesk"], rows)
        + f"\n\nSalience, cross-validated, over {peer}, paired: {with_interval(gain.tolist())}."
    )


def with_interval(values: Sequence[float]) -> str:
    """The mean, and its 95 % interval."""
    low, high = metrics.interval(values)
    return f"{np.mean(values):.3f} [{low:.3f}, {high:.3f}]"


def left_out(corpus: Sequence[Abstract]) -> Iterator[tuple[str, list[Abstract]]]:
    """Features that the model does not use: the abstracts with each of them added."""
    embedder = StaticEmbedder()
    won = frozenset(stems("outperform surpass achieve improve superior exceed reduce better".split()))

    def near_title(abstract: Abstract) -> Array:
        rows = embedder.embed([abstract.title, *abstract.sentences])
        return np.asarray(rows[1:] @ rows[0], dtype=float)

    tried: dict[str, Callable[[Abstract], Any]] = {
        "position": lambda abstract: np.linspace(0, 1, len(abstract.sentences)),
        "a number": lambda abstract: [any(map(str.isdigit, sentence)) for sentence in abstract.sentences],
        "a verb of success": lambda abstract: [
            not won.isdisjoint(stems(WORD.findall(sentence.lower()))) for sentence in abstract.sentences
        ],
        "cosine to the title, static vectors": near_title,
    }
    for name, column in tried.items():
        yield (
            name,
            [replace(abstract, features=np.column_stack([column(abstract), abstract.features])) for abstract in corpus],
        )


def ablations(corpus: Sequence[Abstract]) -> str:
    """The gain of each feature, and the cost of the mark-down."""

    def outcome(name: str, corpus: Sequence[Abstract], columns: Sequence[int], unclear: float) -> list[str]:
        rows = crossed(corpus, columns, unclear=unclear)
        rouge = np.mean([abstract.rouge[row] for abstract, row in zip(corpus, rows, strict=True)])
        marked = np.mean([abstract.features[row, -1] for abstract, row in zip(corpus, rows, strict=True)])
        return [name, f"{rouge:.4f}", f"{marked:.1%}"]

    every = range(len(FITTED))
    rows = [outcome("all", corpus, every, UNCLEAR)]
    rows += [
        outcome(f"without `{FITTED[dropped]}`", corpus, [at for at in every if at != dropped], UNCLEAR)
        for dropped in every
    ]
    rows += [outcome(f"with {name}", more, range(len(FITTED) + 1), UNCLEAR) for name, more in left_out(corpus)]
    rows += [outcome(f"all, `unclear` at {value}", corpus, every, value) for value in (0.0, -0.05, -0.1, -0.2)]
    return table(["features", "ROUGE-1 F, cross-validated", "chosen that are `unclear`"], rows)


def week(path: Path, name: str) -> list[Paper]:
    """The papers listed in an ISO week."""
    return [
        Paper(
            paper_id=f"arxiv:{row['id']}",
            title=text.clean(row["title"]),
            abstract=(abstract := text.clean(row["abstract"])),
            spans=text.split(abstract),
            flags=text.flags(row["title"], abstract),
        )
        for row in lines(path)
        if "{}-W{:02d}".format(*date.fromisoformat(row["date"]).isocalendar()[:2]) == name
    ]


def covering(path: Path) -> str:
    """How well four papers cover a week: `cover` beside simpler choices on the same vectors."""
    embedder = StaticEmbedder()
    measured: dict[str, list[tuple[float, float, float]]] = {}
    took: list[float] = []
    for name in WEEKS:
        papers = week(path, name)
        rows = embedder.embed([f"{paper.title}\n{paper.abstract}" for paper in papers])
        central = np.argsort(-(rows @ rows.sum(axis=0)), kind="stable")
        relevance = rows @ rows.mean(axis=0)
        spread: list[int] = []
        while len(spread) < COVERED:  # maximal marginal relevance, half and half
            covered = (rows @ rows[spread].T).max(axis=1) if spread else np.zeros(len(rows))
            value = 0.5 * relevance - 0.5 * covered
            value[spread] = -np.inf
            spread.append(int(np.argmax(value)))
        began = time.perf_counter()
        chosen = salience.cover(papers, rows, [1.0] * len(papers), limit=COVERED)
        took.append(time.perf_counter() - began)
        place = {paper.paper_id: at for at, paper in enumerate(papers)}
        random = np.random.default_rng(0).choice(len(papers), COVERED, replace=False)
        choices = {
            "any four": random.tolist(),
            "the four most central": central[:COVERED].tolist(),
            "maximal marginal relevance": spread,
            "**cover**": [place[paper.paper_id] for paper, _ in chosen],
        }
        for method, picked in choices.items():
            near = rows @ rows[picked].T
            among = near[picked][np.triu_indices(len(picked), 1)]
            sentences = [chosen.text for chosen in salience.salient_sentences([papers[at] for at in picked])]
            leaning = np.mean(
                [salience.features("", [sentence])[0, -1] or salience.refers_back(sentence) for sentence in sentences]
            )
            measured.setdefault(method, []).append((near.max(axis=1).mean(), among.max(), float(leaning)))
    body = [[name, *(f"{value:.3f}" for value in np.mean(values, axis=0))] for name, values in measured.items()]
    heads = [
        "four of a week",
        "cosine of a paper to the nearest",
        "of the two most alike",
        "sentences that lean on another",
    ]
    return table(heads, body) + f"\n\n{len(WEEKS)} weeks of 2025; `cover` takes {np.median(took):.2f} s."


def speed(path: Path) -> str:
    """Seconds for 2,000 papers."""
    papers = [paper for name in WEEKS[:3] for paper in week(path, name)][:2000]
    began = time.process_time()
    salience.salient_sentences(papers)
    return f"{len(papers):,} most salient sentences take {time.process_time() - began:.2f} s of one core."


def agree_with_rouge_score(path: Path) -> str:
    """Compare our ROUGE-1 with the package's, on every sentence and reference."""
    from rouge_score.rouge_scorer import RougeScorer  # type: ignore[import-untyped]

    scorer, pairs = RougeScorer(["rouge1"]), 0
    for row in lines(path):
        for sentence in row["source"]:
            for reference in row["target"]:
                theirs = scorer.score(reference, sentence)["rouge1"].fmeasure
                assert abs(metrics.rouge1(sentence, [reference]) - theirs) < 1e-9, (sentence, reference)
                pairs += 1
    return f"ROUGE-1 is that of the `rouge-score` package, on all {pairs:,} pairs of sentence and reference."


def main() -> None:
    """Fit, print, and write the sections of docs/evaluation.md."""
    path, listed = data_folder() / "scitldr" / "dev.jsonl.gz", data_folder() / "arxiv_daily" / "2025.jsonl.gz"
    given, ours = abstracts(path, split=False), abstracts(path, split=True)
    fitted, names = [*fit(given, range(len(FITTED))), UNCLEAR], (*FITTED, "constant", "unclear")
    found = {name: round(float(value), 3) for name, value in zip(names, fitted, strict=True)}
    constants = {name: found[name] for name in salience.WEIGHTS}
    same = "as in" if constants == salience.WEIGHTS else "NOT as in"
    parts = [
        compared(given, ours),
        ablations(given),
        f"WEIGHTS = {constants}, {same} the code.",
        agree_with_rouge_score(path),
        speed(listed),
    ]
    write_section("TLDR", "\n\n".join(parts))
    write_section("Cover", covering(listed))


if __name__ == "__main__":
    main()
