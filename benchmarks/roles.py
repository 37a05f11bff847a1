"""
Sentence roles: fit the conditional random field of `rag.roles`, write its weights, and measure it.

Training data: CSAbstruct's train part (a label with the share of annotators who chose it), and abstracts of PubMed,
SciFact and arXiv whose sections have names, with the names taken out of the text. Where a name leaves several roles
open ("Methods and results"), so does the fit: the likelihood is summed over them. CSAbstruct calls conclusions results.

    python -m benchmarks.roles          measure, and write the section of docs/evaluation.md
    python -m benchmarks.roles --fit    fit first, and write rag/roles/weights.npz
"""

from __future__ import annotations

import gzip
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.report import data_folder, table, write_section
from rag import text
from rag.roles import model, roles_of
from rag.roles.features import POSITIONS, SIZE, hashed, positions, scales
from rag.roles.labels import ROLES, allowed, label, section_roles
from rag.roles.model import COUNT, Weights

Floats = NDArray[np.float64]
PLACES = {name: at for at, name in enumerate(ROLES)}
RIDGE = 4.0
"""The strength of the penalty on squared weights, chosen by cross-validation on the training part."""
ROUNDS = 120
UNSURE = 0.02
"""The chance that a section's sentence has a role that its name does not say."""
CONCLUSION = 0.3
"""How likely CSAbstruct's label "result", which it also gives to conclusions, is for one, beside a result."""
FILE = Path(model.__file__).parent / "weights.npz"
ALWAYS = ("background", "objective", "method", "result", "other")


@dataclass(frozen=True, kw_only=True)
class Abstract:
    """
    The sentences of an abstract.

    Args:
        title: The title, or the question; empty where the data have none.
        evidence: What the annotation says of each role of each sentence, as a likelihood, shape (n, roles).
        gold: The role of each sentence; None where the annotation leaves it open.
        confidence: The share of annotators who chose the label.
    """

    sentences: tuple[str, ...]
    evidence: Floats
    gold: tuple[str | None, ...]
    confidence: tuple[float, ...]
    title: str = ""


def lines(path: Path) -> Iterator[dict[str, Any]]:
    """The records of a gzipped file of JSON Lines."""
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        yield from map(json.loads, stream)


def csabstruct(folder: Path, part: str) -> list[Abstract]:
    """The abstracts of one part of CSAbstruct."""
    found = []
    for row in lines(folder / "csabstruct" / f"{part}.jsonl.gz"):
        evidence = np.empty((len(row["labels"]), COUNT))
        for at, (name, share) in enumerate(zip(row["labels"], row["confs"], strict=True)):
            sure = min(max(share, 0.3), 0.97)
            evidence[at] = (1 - sure) / (len(ALWAYS) - 1)
            evidence[at, PLACES[name]] = sure
            evidence[at, PLACES["conclusion"]] = CONCLUSION * evidence[at, PLACES["result"]]
        found.append(
            Abstract(
                sentences=tuple(row["sentences"]),
                evidence=evidence,
                gold=tuple(row["labels"]),
                confidence=tuple(row["confs"]),
            )
        )
    return found


def pubmedqa(folder: Path, *, held_out: bool) -> list[Abstract]:
    """Structured abstracts of PubMedQA: sections with names, and the conclusion; a third is held out, by PubMed id."""
    found = []
    for row in lines(folder / "pubmedqa" / "train_dev.jsonl.gz"):
        if (int(row["pmid"]) % 3 == 0) != held_out:
            continue
        sections = [*zip(row["labels"], row["contexts"], strict=True), ("CONCLUSIONS", row["long_answer"])]
        parts = [(section_roles(name), text.clean(body)) for name, body in sections]
        sentences = [(names, body[a:b]) for names, body in parts for a, b in text.split(body)]
        found.append(replace(sectioned(sentences), title=row["question"]))
    return found


def labelled(texts: Iterator[str], *, without: frozenset[str]) -> list[Abstract]:
    """Abstracts whose text has the names of at least three sections; the names are taken out."""
    found = []
    for abstract in texts:
        abstract = text.clean(abstract)
        sentences = [abstract[start:end] for start, end in text.split(abstract)]
        names = allowed(sentences)
        if len({one for one in names if one and len(one) == 1}) < 3 or not without.isdisjoint(sentences):
            continue
        parts = []
        for sentence, named in zip(sentences, names, strict=True):
            heading = label(sentence) if named else None
            body = sentence[heading.end :].strip() if heading else sentence
            if any(map(str.isalnum, body)):
                parts.append((named or frozenset(), body))
        found.append(sectioned(parts))
    return found


def sectioned(parts: Sequence[tuple[frozenset[str], str]]) -> Abstract:
    """An abstract of sentences, each with the roles that its section's name allows; none stands for all."""
    evidence = np.ones((len(parts), COUNT))
    for at, (names, _) in enumerate(parts):
        if names:
            evidence[at] = UNSURE / COUNT
            evidence[at, [PLACES[name] for name in names]] = 1 - UNSURE
    gold = tuple(next(iter(names)) if len(names) == 1 else None for names, _ in parts)
    return Abstract(
        sentences=tuple(body for _, body in parts), evidence=evidence, gold=gold, confidence=(1.0,) * len(parts)
    )


def training(folder: Path) -> dict[str, list[Abstract]]:
    """The abstracts of each training set."""
    without = frozenset(sentence for one in pubmedqa(folder, held_out=True) for sentence in one.sentences)
    scifact = (row["text"] for row in lines(folder / "scifact" / "corpus.jsonl.gz"))
    arxiv = (row["abstract"] for row in lines(folder / "arxiv_daily" / "2025.jsonl.gz") if "esult" in row["abstract"])
    return {
        "CSAbstruct, train": csabstruct(folder, "train"),
        "PubMedQA, two thirds": pubmedqa(folder, held_out=False),
        "SciFact, abstracts with section names": labelled(scifact, without=without),
        "arXiv 2025, abstracts with section names": labelled(arxiv, without=without),
    }


class Likelihood:
    """The penalised negative log-likelihood of the annotations, and its gradient, over all weights as one vector."""

    def __init__(self, corpus: Sequence[Abstract], ridge: float) -> None:
        import scipy.sparse as sp

        self.ridge = ridge
        corpus = sorted(corpus, key=lambda one: len(one.sentences))
        self.lengths = [len(one.sentences) for one in corpus]
        features, offsets = hashed([sentence for one in corpus for sentence in one.sentences])
        data = np.repeat(scales(offsets, len(features))[:, 0], np.diff(np.append(offsets, len(features))))
        shape = (len(offsets), SIZE)
        self.x = sp.csr_matrix((data, features, np.append(offsets, len(features))), shape=shape)
        self.x.sum_duplicates()
        self.xt = self.x.T.tocsr()
        self.places = positions(self.lengths).astype(np.float64)
        self.evidence = np.log(np.concatenate([one.evidence for one in corpus]))
        inner = np.ones((len(offsets), 1))
        inner[np.cumsum(self.lengths) - 1] = 0
        self.inner = inner[:-1]
        self.sizes = [SIZE * 3 * COUNT, POSITIONS * COUNT, COUNT * COUNT, COUNT, COUNT]
        self.batches = []
        start = at = 0
        for begin in range(0, len(corpus), 256):
            lengths = self.lengths[begin : begin + 256]
            at = start + sum(lengths)
            self.batches.append((start, at, lengths))
            start = at

    def unpack(self, vector: Floats) -> list[Floats]:
        """The vector as the fields of `Weights`."""
        parts = np.split(vector, np.cumsum(self.sizes)[:-1])
        shapes = [(SIZE, 3 * COUNT), (POSITIONS, COUNT), (COUNT, COUNT), (COUNT,), (COUNT,)]
        return [part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)]

    def __call__(self, vector: Floats) -> tuple[float, Floats]:
        """The value and the gradient at a vector of weights."""
        words, places, steps, first, last = self.unpack(vector)
        own = np.asarray(self.x @ words.astype(np.float32), dtype=np.float64)
        flat = own[:, :COUNT] + self.places @ places
        flat[1:] += own[:-1, COUNT : 2 * COUNT] * self.inner
        flat[:-1] += own[1:, 2 * COUNT :] * self.inner
        value = 0.5 * self.ridge * float(vector @ vector)
        slope = np.zeros_like(flat)
        of_steps, of_first, of_last = np.zeros_like(steps), np.zeros_like(first), np.zeros_like(last)
        for start, end, lengths in self.batches:
            for sign, scores in ((1.0, flat[start:end]), (-1.0, flat[start:end] + self.evidence[start:end])):
                log_z, nodes, pairs, at_first, at_last = sums(scores, lengths, steps, first, last)
                value += sign * log_z
                slope[start:end] += sign * nodes
                of_steps += sign * pairs
                of_first += sign * at_first
                of_last += sign * at_last
        both = np.zeros_like(own)
        both[:, :COUNT] = slope
        both[:-1, COUNT : 2 * COUNT] = slope[1:] * self.inner
        both[1:, 2 * COUNT :] = slope[:-1] * self.inner
        of_words = np.asarray(self.xt @ both.astype(np.float32), dtype=np.float64)
        gradient = [of_words, self.places.T @ slope, of_steps, of_first, of_last]
        return value, np.concatenate([part.ravel() for part in gradient]) + self.ridge * vector


def sums(flat: Floats, lengths: Sequence[int], steps: Floats, first: Floats, last: Floats) -> Any:
    """Log partition, marginals of the sentences, and expected counts of steps, first and last roles."""
    counts = np.asarray(lengths)
    block: Any = model.padded(flat, lengths)  # type: ignore[arg-type]
    docs, longest, _ = block.shape
    within = np.arange(longest)[None, :] < counts[:, None]
    top = block.max(axis=2)
    own = np.exp(block - top[:, :, None])
    move = np.exp(steps)
    ahead, behind, norm = np.empty_like(own), np.empty_like(own), np.ones((docs, longest))
    ahead[:, 0] = own[:, 0] * np.exp(first)
    for at in range(longest):
        if at:
            ahead[:, at] = (ahead[:, at - 1] @ move) * own[:, at]
        norm[:, at] = ahead[:, at].sum(axis=1)
        ahead[:, at] /= norm[:, at, None]
    rows = np.arange(docs)
    ends = ahead[rows, counts - 1] @ np.exp(last)
    log_z = float(((np.log(norm) + top) * within).sum() + np.log(ends).sum())
    behind[:, -1] = np.exp(last)
    for at in range(longest - 2, -1, -1):
        before = (behind[:, at + 1] * own[:, at + 1]) @ move.T / norm[:, at + 1, None]
        behind[:, at] = np.where((counts == at + 1)[:, None], np.exp(last), before)
    nodes = ahead * behind
    nodes /= nodes.sum(axis=2, keepdims=True)
    left = (ahead[:, :-1] * within[:, 1:, None]).reshape(-1, COUNT)
    scale = (ahead * behind).sum(axis=2)[:, 1:, None] * norm[:, 1:, None]
    right = (behind[:, 1:] * own[:, 1:] / scale).reshape(-1, COUNT)
    return log_z, nodes[within], (left.T @ right) * move, nodes[:, 0].sum(axis=0), nodes[rows, counts - 1].sum(axis=0)


def fitted(corpus: Sequence[Abstract], *, ridge: float = RIDGE, rounds: int = ROUNDS) -> Weights:
    """The weights that are most likely, given the annotations."""
    from scipy.optimize import minimize

    likelihood = Likelihood(corpus, ridge)
    start = np.zeros(sum(likelihood.sizes))
    found = minimize(likelihood, start, jac=True, method="L-BFGS-B", options={"maxiter": rounds, "maxcor": 8})
    return Weights(*(part.astype(np.float32) for part in likelihood.unpack(found.x)))


def predicted(corpus: Sequence[Abstract], weights: Weights) -> tuple[list[str], Floats]:
    """The most probable role of each sentence, and its probability, without the help of section names."""
    abstracts = [one.sentences for one in corpus]
    flat = model.scores(abstracts, weights)
    both = model.marginals(flat, [len(one) for one in abstracts], weights)
    return [ROLES[at] for at in both.argmax(axis=1)], both.max(axis=1)


def accuracy(corpus: Sequence[Abstract], weights: Weights, *, merged: bool = False, least: float = 0.0) -> float:
    """The share of right roles; `merged` counts conclusions as results, `least` is the annotators' confidence."""
    roles, _ = predicted(corpus, weights)
    gold = [name for one in corpus for name in one.gold]
    shares = [share for one in corpus for share in one.confidence]
    rows = [
        ("result" if merged and role == "conclusion" else role) == name
        for role, name, share in zip(roles, gold, shares, strict=True)
        if name and share >= least
    ]
    return float(np.mean(rows))


def store(weights: Weights, path: Path) -> None:
    """Write weights, those of words in 8 bits with a scale for each column."""
    scale = np.abs(weights.words).max(axis=0) / 127
    np.savez_compressed(
        path,
        words=np.rint(weights.words / scale).astype(np.int8),
        scale=scale.astype(np.float32),
        places=weights.places,
        steps=weights.steps,
        first=weights.first,
        last=weights.last,
    )


def speed(corpus: Sequence[Abstract]) -> float:
    """Sentences a second of one core, labels and probabilities included."""
    abstracts = [one.sentences for one in corpus] * 10
    roles_of(abstracts[:10])
    began = time.process_time()
    roles_of(abstracts)
    return sum(map(len, abstracts)) / (time.process_time() - began)


def main() -> None:
    """Fit if asked to, measure, print, and write the section of docs/evaluation.md."""
    folder = data_folder()
    sets = training(folder)
    if "--fit" in sys.argv[1:]:
        store(fitted([one for corpus in sets.values() for one in corpus]), FILE)
    weights = model.weights()
    dev, medical = csabstruct(folder, "dev"), pubmedqa(folder, held_out=True)
    body = [
        ["CSAbstruct, dev, whole (its annotators agree at 75 %)", f"{accuracy(dev, weights, merged=True):.3f}"],
        ["CSAbstruct, dev, at least 70 % chose the label", f"{accuracy(dev, weights, merged=True, least=0.7):.3f}"],
        ["PubMedQA, a third by PubMed id", f"{accuracy(medical, weights):.3f}"],
    ]
    counts = [
        [name, f"{len(corpus):,}", f"{sum(len(one.sentences) for one in corpus):,}"] for name, corpus in sets.items()
    ]
    parts = [
        table(["role accuracy, without section labels", "accuracy"], body),
        table(["trained on", "abstracts", "sentences"], counts),
        f"{round(speed(dev), -3):,.0f} sentences a second of one core; {FILE.stat().st_size / 1e3:.0f} kB of weights.",
    ]
    write_section("Roles", "\n\n".join(parts))


if __name__ == "__main__":
    main()
