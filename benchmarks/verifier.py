"""
Claim verification: does the verifier catch altered sentences and pass harmless variants of them?

Its score is also compared with the judgements of people. The coefficients of the score are fitted here too, and printed
beside those in `rag.checking.verdict`.

    python -m benchmarks.verifier
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, get_args

import numpy as np

from benchmarks.meanings import ERRORS, FAITHFUL
from benchmarks.perturbations import ALTERATIONS, HARMLESS, Alteration
from benchmarks.report import data_folder, table, write_section
from rag import text
from rag.checking import Checker, CitedSentence, Verdict, similarity, verdict
from rag.checking.features import read
from rag.embedders.static import StaticEmbedder
from rag.evaluation import metrics
from rag.retrieval.late_interaction import Array
from rag.types import Paper, ProblemKind

ACCEPTED = ("verbatim", "supported")
SUPPORT = ("verbatim", "supported", "weak", "unsupported")
LABELS = ("supports", "refutes", "neutral")
KINDS = get_args(ProblemKind)
UNRELATED = "unrelated sentence"
Rows = list[tuple[str, str]]
"""Sentences, each with the id of its document."""


@dataclass(frozen=True)
class Pair:
    """A claim, its evidence sentences, and the label that people gave the pair: one of LABELS."""

    claim: str
    cited: tuple[CitedSentence, ...]
    label: str
    question: str = ""


def checker() -> Checker:
    """A checker over the static word table."""
    return Checker(similarity(StaticEmbedder().word_vectors))


def lines(path: Path, *, every: int = 1) -> Iterator[dict[str, Any]]:
    """Every n-th record of a JSON Lines file, plain or gzip."""
    with path.open("rb") as raw, gzip.open(raw) if path.suffix == ".gz" else raw as stream:
        for at, line in enumerate(stream):
            if at % every == 0:
                yield json.loads(line)


def cite(sentences: Sequence[str], *, paper_id: str, title: str = "") -> tuple[CitedSentence, ...]:
    """Cited sentences, all of one paper."""
    spans, at = [], 0
    for sentence in sentences:
        spans.append((at, at + len(sentence)))
        at += len(sentence) + 1
    paper = Paper(paper_id=paper_id, title=title, abstract=" ".join(sentences), spans=tuple(spans))
    return tuple(CitedSentence(paper, sentence) for sentence in paper.sentences)


def abstract_sentences(path: Path, *, every: int) -> Rows:
    """The sentences of every n-th abstract of a file of records, split as on import."""
    rows: Rows = []
    for record in lines(path, every=every):
        abstract = text.clean(str(record["abstract"]))
        rows += [(str(record["id"]), abstract[start:end]) for start, end in text.split(abstract)]
    return rows


def real_sentences(folder: Path, *, every: int, abstracts: int) -> Rows:
    """Every n-th sentence of SciFact, and the sentences of every n-th arXiv abstract."""
    scifact = [
        (str(row["doc_id"]), text.clean(sentence))
        for row in lines(folder / "scifact" / "corpus_sentences.jsonl.gz")
        for sentence in row["abstract"]
    ]
    return scifact[::every] + abstract_sentences(folder / "arxiv_daily" / "2025.jsonl.gz", every=abstracts)


def altered(rows: Rows, check: Checker, *, seed: int = 0, limit: int | None = None) -> dict[str, tuple[int, int]]:
    """
    By kind of alteration, how many altered sentences the real one does not support, and how many there are.

    The unrelated sentence is one of another document, drawn at random.

    Args:
        rows: The real sentences; they are drawn in random order.
        check: The checker to measure.
        seed: The seed of the order and of the alterations.
        limit: The most sentences of each kind.
    """
    draw = Random(seed)

    def unrelated(document: str, sentence: str) -> str | None:
        other, instead = draw.choice(rows)
        return instead if other != document else None

    counts = dict.fromkeys((*ALTERATIONS, UNRELATED), (0, 0))
    for document, sentence in draw.sample(rows, len(rows)):
        for kind, (caught, of) in counts.items():
            if of == limit:
                continue
            claim = unrelated(document, sentence) if kind == UNRELATED else ALTERATIONS[kind](sentence, draw)
            if claim is not None and claim != sentence:
                support = check.check(claim, cite([sentence], paper_id=document)).support
                counts[kind] = caught + (support == "unsupported"), of + 1
    return counts


def unaltered(rows: Rows, check: Checker, *, seed: int = 0, limit: int | None = None) -> dict[str, tuple[int, int]]:
    """By kind, how many harmless variants are `supported` or `verbatim`, and how many there are; see `altered`."""
    draw, counts = Random(seed), dict.fromkeys(HARMLESS, (0, 0))
    for document, sentence in draw.sample(rows, len(rows)):
        for kind, (passed, of) in counts.items():
            claim = HARMLESS[kind](sentence, draw) if of != limit else None
            if claim is not None and claim != sentence:
                support = check.check(claim, cite([sentence], paper_id=document)).support
                counts[kind] = passed + (support in ACCEPTED), of + 1
    return counts


def meanings(
    rows: Rows, check: Checker, kinds: Mapping[str, Alteration], *, seed: int = 0, limit: int | None = None
) -> list[list[str]]:
    """Table rows: by kind of change, how many changed sentences have each level of support; see `altered`."""
    order = Random(seed).sample(rows, len(rows))
    found = []
    for kind, change in kinds.items():
        draw, levels = Random(seed), dict.fromkeys(("supported", "weak", "unsupported"), 0)
        for document, sentence in order:
            claim = change(sentence, draw)
            if claim is not None and claim != sentence:
                support = check.check(claim, cite([sentence], paper_id=document)).support
                levels["supported" if support == "verbatim" else support] += 1
                if sum(levels.values()) == limit:
                    break
        of = sum(levels.values())
        if of:
            found.append([kind, f"{of:,}", *(f"{count / of:.0%}" for count in levels.values())])
    return found


def healthver(folder: Path) -> list[Pair]:
    """HealthVer's pairs with their questions; each evidence text counts as one sentence."""
    return [
        Pair(
            claim=text.clean(row["claim"]),
            cited=cite([text.clean(row["evidence"])], paper_id=str(row["id"])),
            label=str(row["label"]).lower(),
            question=text.clean(row["question"]),
        )
        for row in lines(folder / "healthver" / "dev.jsonl.gz")
    ]


def scifact(folder: Path, split: str) -> list[Pair]:
    """
    A pair for each abstract that a claim of SciFact cites.

    With evidence, the claim and all its gold sentences; without, the claim and the sentence that shares the most
    stems with it, which is neutral.
    """
    papers = {
        str(row["doc_id"]): (str(row["title"]), [text.clean(sentence) for sentence in row["abstract"]])
        for row in lines(folder / "scifact" / "corpus_sentences.jsonl.gz")
    }
    pairs = []
    for row in lines(folder / "scifact" / f"claims_{split}.jsonl"):
        claim = text.clean(row["claim"])
        for document in map(str, row["cited_doc_ids"]):
            title, sentences = papers[document]
            given = row["evidence"].get(document, [])
            if given:
                label = "supports" if given[0]["label"] == "SUPPORT" else "refutes"
                chosen = [sentences[at] for at in sorted({at for rationale in given for at in rationale["sentences"]})]
            else:
                label = "neutral"
                chosen = [max(sentences, key=lambda sentence: _shared(claim, [sentence]))]
            pairs.append(Pair(claim, cite(chosen, paper_id=document, title=title), label))
    return pairs


def _shared(claim: str, sentences: Sequence[str]) -> float:
    """The share of the claim's content stems that stand in the sentences."""
    ours = {word.stem for word in read(claim).content}
    theirs = {word.stem for sentence in sentences for word in read(sentence).content}
    return len(ours & theirs) / max(len(ours), 1)


def _cosines(pairs: Sequence[Pair]) -> list[float]:
    embedder = StaticEmbedder()
    claims = embedder.embed([pair.claim for pair in pairs])
    evidence = embedder.embed([" ".join(cited.sentence.text for cited in pair.cited) for pair in pairs])
    cosines: list[float] = (claims * evidence).sum(axis=1).tolist()
    return cosines


def fit(features: Array, positive: Sequence[bool], *, ridge: float = 1e-3) -> Array:
    """Logistic coefficients by Newton's method: one per column, and the bias last."""
    matrix = np.column_stack([features, np.ones(len(features))])
    labels, beta = np.asarray(positive, dtype=float), np.zeros(matrix.shape[1])
    for _ in range(50):
        probabilities = 1 / (1 + np.exp(-matrix @ beta))
        gradient = matrix.T @ (probabilities - labels) + ridge * beta
        curvature = (matrix * (probabilities * (1 - probabilities))[:, None]).T @ matrix + ridge * np.eye(len(beta))
        step = np.linalg.solve(curvature, gradient)
        beta -= step
        if np.abs(step).max() < 1e-9:
            break
    return beta


def _loss(features: Array, positive: Sequence[bool], beta: Sequence[float]) -> float:
    probabilities = 1 / (1 + np.exp(-np.column_stack([features, np.ones(len(features))]) @ np.asarray(beta)))
    return float(-np.log(np.where(positive, probabilities, 1 - probabilities)).mean())


def _features(pairs: Sequence[Pair], verdicts: Sequence[Verdict], check: Checker) -> Array:
    """Coverage, cosine and whether the claim is refused, (n, 3), as the score is made of them."""
    related = [
        check.relatedness(read(pair.claim), [read(cited.sentence.text) for cited in pair.cited]) for pair in pairs
    ]
    rows = [(each.coverage, each.cosine) for each in related]
    return np.column_stack([rows, [float(verdict.support == "unsupported") for verdict in verdicts]])


def _area(scores: Sequence[float], labels: Sequence[str], against: Sequence[str]) -> str:
    kept = [at for at, label in enumerate(labels) if label == "supports" or label in against]
    values, positive = [scores[at] for at in kept], [labels[at] == "supports" for at in kept]
    low, high = metrics.auroc_interval(values, positive)
    return f"{metrics.auroc(values, positive):.3f} [{low:.3f}, {high:.3f}]"


def ranked(name: str, pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> list[list[str]]:
    """Table rows of AUROC, ours beside the baselines."""
    ways: Mapping[str, Sequence[float]] = {
        "**the verdict's score**": [verdict.score for verdict in verdicts],
        "share of shared stems": [_shared(pair.claim, [cited.sentence.text for cited in pair.cited]) for pair in pairs],
        "cosine of the static embedder": _cosines(pairs),
    }
    labels = [pair.label for pair in pairs]
    return [
        [
            name,
            way,
            _area(scores, labels, LABELS[1:]),
            _area(scores, labels, ["refutes"]),
            _area(scores, labels, ["neutral"]),
        ]
        for way, scores in ways.items()
    ]


def confused(name: str, pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> list[list[str]]:
    """Table rows of gold label by level of support."""
    rows = []
    for label in LABELS:
        levels: list[str] = [
            verdict.support for pair, verdict in zip(pairs, verdicts, strict=True) if pair.label == label
        ]
        cells = [f"{levels.count(level)} ({levels.count(level) / max(len(levels), 1):.0%})" for level in SUPPORT]
        rows.append([name, label, str(len(levels)), *cells])
    return rows


def alarmed(name: str, pairs: Sequence[Pair], verdicts: Sequence[Verdict]) -> list[list[str]]:
    """Table rows of the share of pairs with a problem, by label and kind of problem."""
    rows = []
    for label in LABELS:
        held = [
            {problem.kind for problem in verdict.problems}
            for pair, verdict in zip(pairs, verdicts, strict=True)
            if pair.label == label
        ]
        rows.append(
            [name, label, *(f"{sum(kind in kinds for kinds in held) / max(len(held), 1):.0%}" for kind in KINDS)]
        )
    return rows


def timed(folder: Path, *, answers: int = 60, claims: int = 10) -> list[list[str]]:
    """Milliseconds for answers of ten claims of SciFact, each citing two sentences of an abstract."""
    pairs: list[tuple[str, tuple[CitedSentence, ...]]] = []
    papers = {str(row["doc_id"]): row for row in lines(folder / "scifact" / "corpus_sentences.jsonl.gz")}
    for row in lines(folder / "scifact" / "claims_train.jsonl"):
        paper = papers[str(row["cited_doc_ids"][0])]
        sentences = [text.clean(sentence) for sentence in paper["abstract"]]
        if len(sentences) >= 2:
            best = sorted(sentences, key=lambda sentence: -_shared(row["claim"], [sentence]))[:2]
            pairs.append((text.clean(row["claim"]), cite(best, paper_id=str(paper["doc_id"]), title=paper["title"])))
    vectors = StaticEmbedder().word_vectors
    vectors(["warm"])
    took: dict[bool, list[float]] = {False: [], True: []}
    for first in range(0, min(len(pairs), answers * claims), claims):
        answer, others = pairs[first : first + claims], pairs[-first - claims : -first or None]
        for already in took:
            read.cache_clear()
            check = Checker(similarity(vectors))
            if already:  # for other claims, as evidence that several answers cite
                for (other, _), (_, cited) in zip(others, answer, strict=False):
                    check.check(other, cited)
            start = time.perf_counter()
            for claim, cited in answer:
                check.check(claim, cited)
            took[already].append((time.perf_counter() - start) * 1000)
    names = {False: "evidence not read before", True: "evidence read before"}
    return [
        [names[already], str(len(times_ms)), f"{np.median(times_ms):.1f}", f"{np.percentile(times_ms, 95):.1f}"]
        for already, times_ms in took.items()
    ]


def main() -> None:
    """Measure, print, and write the section of docs/evaluation.md."""
    folder = data_folder()
    check = checker()
    rows = real_sentences(folder, every=3, abstracts=16)
    caught, passed = altered(rows, check), unaltered(rows, check)
    parts = [
        f"{len(rows):,} real sentences.",
        table(["alteration", "sentences", "caught: `unsupported`"], _shares(caught)),
        table(["harmless variant", "sentences", "passed: `supported` or `verbatim`"], _shares(passed)),
    ]
    levels = ["sentences", "`supported`", "`weak`", "`unsupported`"]
    for name, kinds in (("error of meaning", ERRORS), ("the same or less in other words", FAITHFUL)):
        parts.append(table([name, *levels], meanings(rows[1::2], check, kinds, limit=250)))
    pairs = {"HealthVer dev": healthver(folder), "SciFact dev": scifact(folder, "dev")}
    fitted_on = {"SciFact train": scifact(folder, "train"), "HealthVer dev": pairs["HealthVer dev"]}
    verdicts = {
        name: [check.check(pair.claim, pair.cited, question=pair.question) for pair in data]
        for name, data in (pairs | fitted_on).items()
    }
    areas = [row for name, data in pairs.items() for row in ranked(name, data, verdicts[name])]
    parts.append(table(["AUROC", "score", "supports against the rest", "against refutes", "against neutral"], areas))
    confusion = [row for name, data in pairs.items() for row in confused(name, data, verdicts[name])]
    parts.append(table(["pairs", "label", "count", *SUPPORT], confusion))
    alarms = [row for name, data in pairs.items() for row in alarmed(name, data, verdicts[name])]
    parts.append(table(["pairs", "label", *KINDS], alarms))
    features = {name: _features(data, verdicts[name], check) for name, data in fitted_on.items()}
    positive = {name: [pair.label == "supports" for pair in data] for name, data in fitted_on.items()}
    features["both"] = np.concatenate(list(features.values()))
    positive["both"] = [supports for name in fitted_on for supports in positive[name]]
    in_code = (verdict.COVERAGE_WEIGHT, verdict.COSINE_WEIGHT, verdict.PROBLEM_WEIGHT, verdict.BIAS)
    ways = {name: fit(features[name], positive[name]).tolist() for name in features} | {"in the code": in_code}
    coefficients = [
        [
            name,
            *(f"{value:.2f}" for value in beta),
            *(f"{_loss(features[on], positive[on], beta):.4f}" for on in features),
        ]
        for name, beta in ways.items()
    ]
    parts.append(
        table(
            ["fitted on", "coverage", "cosine", "refused", "bias", *(f"log loss, {name}" for name in features)],
            coefficients,
        )
    )
    parts.append(table(["ten claims of two sentences each", "answers", "median ms", "95 % of them, ms"], timed(folder)))
    write_section("Verifier", "\n\n".join(parts))


def _shares(counts: Mapping[str, tuple[int, int]]) -> list[list[str]]:
    return [[kind, f"{of:,}", f"{hits / of:.2%}" if of else "-"] for kind, (hits, of) in counts.items()]


if __name__ == "__main__":
    main()
