"""
The finding sentence: fit `rag.roles.finding` to what two readers chose, and measure it by cross-validation.

The fit is conditional logistic regression: of the sentences of an abstract the readers' choice should score highest,
the others that serve a little less. CSAbstruct's train part helps with a small weight: of its abstracts one of the
sentences that are labelled result should score highest. `HAND` is set by hand, for few of the readers' choices show
what a reader cannot follow.

    python -m benchmarks.findings
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.report import data_folder, table, write_section
from benchmarks.roles import csabstruct, lines, pubmedqa
from rag.roles import roles_of
from rag.roles.finding import HAND, NAMES, WEIGHTS, Table, features

RIDGE = 30.0
SERVES = 0.3
"""What a sentence that serves counts in the fit, beside 1 for the readers' choice."""
HELP = 0.1
"""What an abstract of CSAbstruct counts in the fit."""
FOLDS, REPEATS = 10, 3


@dataclass(frozen=True, kw_only=True)
class Choice:
    """An abstract's features, and the share of each sentence in what should be chosen."""

    features: Table
    wanted: Table
    best: frozenset[int] = frozenset()
    serves: frozenset[int] = frozenset()


def read_choices(folder: Path) -> list[Choice]:
    """The abstracts for which two readers chose."""
    rows = list(lines(folder / "findings" / "dev.jsonl.gz"))
    found = []
    for row, roles in zip(rows, roles_of([row["sentences"] for row in rows]), strict=True):
        wanted = np.zeros(len(row["sentences"]))
        wanted[[number - 1 for number in row["also"]]] = SERVES
        wanted[[number - 1 for number in row["best"]]] = 1.0
        best = frozenset(number - 1 for number in row["best"])
        serves = best | {number - 1 for number in row["also"]}
        table_ = features(row["title"], row["sentences"], roles)
        found.append(Choice(features=table_, wanted=wanted / wanted.sum(), best=best, serves=serves))
    return found


def telling(folder: Path, part: str) -> list[Choice]:
    """Abstracts that state a result: CSAbstruct's, without titles, or the held-out ones of PubMedQA."""
    corpus = pubmedqa(folder, held_out=True) if part == "pubmedqa" else csabstruct(folder, part)
    found = []
    for one, roles in zip(corpus, roles_of([one.sentences for one in corpus]), strict=True):
        best = frozenset(at for at, name in enumerate(one.gold) if name in ("result", "conclusion"))
        if best:
            wanted = np.array([share * (at in best) for at, share in enumerate(one.confidence)])
            sure = frozenset(at for at in best if one.confidence[at] >= 0.7)
            found.append(
                Choice(features=features(one.title, one.sentences, roles), wanted=wanted, best=best, serves=sure)
            )
    return found


def fit(choices: Sequence[Choice], helpers: Sequence[Choice]) -> Table:
    """The weights of the features, without `HAND`."""
    from scipy.optimize import minimize

    x, groups, starts = _stacked(choices)
    more, of_more, starts_of_more = _stacked(helpers)
    scale = x.std(axis=0) + 1e-9
    x, more = x / scale, more / scale
    wanted = np.concatenate([choice.wanted for choice in choices])
    allowed = np.log(np.concatenate([choice.wanted for choice in helpers]) + 1e-6)

    def loss(weights: Table) -> tuple[float, Table]:
        scores = x @ weights
        shares, top = _softmax(scores, groups, starts)
        scores_of_more = more @ weights
        every, top_of_every = _softmax(scores_of_more, of_more, starts_of_more)
        right, top_of_right = _softmax(scores_of_more + allowed, of_more, starts_of_more)
        value = 0.5 * RIDGE * weights @ weights + top.sum() - wanted @ scores
        value += HELP * (top_of_every.sum() - top_of_right.sum())
        return value, RIDGE * weights + x.T @ (shares - wanted) + HELP * (more.T @ (every - right))

    found = minimize(loss, np.zeros(len(NAMES)), jac=True, method="L-BFGS-B", options={"maxiter": 500})
    return np.asarray(found.x / scale)


def _stacked(choices: Sequence[Choice]) -> tuple[Table, Table, Table]:
    counts = [len(choice.features) for choice in choices]
    rows = np.concatenate([choice.features for choice in choices])
    return rows, np.repeat(np.arange(len(counts)), counts), np.cumsum([0, *counts[:-1]])


def _softmax(scores: Table, groups: Table, starts: Table) -> tuple[Table, Table]:
    """The share of each row in its group, and the logarithm of the sum of each group."""
    highest = np.maximum.reduceat(scores, starts)
    powers = np.exp(scores - highest[groups])
    total = np.add.reduceat(powers, starts)
    return powers / total[groups], np.log(total) + highest


def with_hand(weights: Table) -> Table:
    """Fitted weights, and what is set by hand."""
    return weights + np.array([HAND.get(name, 0.0) for name in NAMES])


def crossed(choices: Sequence[Choice], helpers: Sequence[Choice], *, repeat: int) -> list[int]:
    """The row that is chosen of each abstract, by weights fitted on the other folds."""
    fold = [zlib.crc32(f"{repeat} {at}".encode()) % FOLDS for at in range(len(choices))]
    weights = [
        with_hand(fit([one for one, of in zip(choices, fold, strict=True) if of != held_out], helpers))
        for held_out in range(FOLDS)
    ]
    return [int(np.argmax(one.features @ weights[of])) for one, of in zip(choices, fold, strict=True)]


def shares(choices: Sequence[Choice], chosen: Sequence[int]) -> tuple[float, float]:
    """The share of abstracts for which the readers' choice was chosen, and one that serves."""
    best = [row in one.best for one, row in zip(choices, chosen, strict=True)]
    serves = [row in one.serves for one, row in zip(choices, chosen, strict=True)]
    return float(np.mean(best)), float(np.mean(serves))


def told(choices: Sequence[Choice], choose: Callable[[Choice], int], *, sure: bool = False) -> float:
    """The share of abstracts with a result of which one is chosen; `sure`: the annotators agree on one."""
    among = [one for one in choices if one.serves or not sure]
    return float(np.mean([choose(one) in one.best for one in among]))


def main() -> None:
    """Fit, print, and write the section of docs/evaluation.md."""
    folder = data_folder()
    choices, helpers = read_choices(folder), telling(folder, "train")
    fitted = {name: round(float(value), 2) for name, value in zip(NAMES, fit(choices, helpers), strict=True)}
    by_code = np.array([WEIGHTS[name] + HAND.get(name, 0.0) for name in NAMES])
    runs = [shares(choices, crossed(choices, helpers, repeat=repeat)) for repeat in range(REPEATS)]
    rows = [
        ["**finding, cross-validated**", *(f"{value:.2f}" for value in np.mean(runs, axis=0))],
        [
            "finding, weights in the code (fitted on these)",
            *_both(choices, lambda one: int(np.argmax(one.features @ by_code))),
        ],
        ["the last sentence", *_both(choices, lambda one: len(one.features) - 1)],
        ["the last but one", *_both(choices, lambda one: max(0, len(one.features) - 2))],
    ]
    first = table([f"{len(choices)} abstracts, two readers", "their choice", "one that serves"], rows)
    dev, medical = telling(folder, "dev"), telling(folder, "pubmedqa")

    def ours(one: Choice) -> int:
        return int(np.argmax(one.features @ by_code))

    def last(one: Choice) -> int:
        return len(one.features) - 1

    rows = [
        ["CSAbstruct, dev", f"{told(dev, ours):.3f}", f"{told(dev, last):.3f}"],
        [
            "where at least 70 % of its annotators agree on one",
            f"{told(dev, ours, sure=True):.3f}",
            f"{told(dev, last, sure=True):.3f}",
        ],
        ["PubMedQA, a third by PubMed id", f"{told(medical, ours):.3f}", f"{told(medical, last):.3f}"],
    ]
    second = table(["tells a result or conclusion, where there is one", "finding", "the last sentence"], rows)
    same = "as in" if fitted == WEIGHTS else "NOT as in"
    write_section("Finding", f"{first}\n\n{second}\n\nThe fitted weights are {same} the code.")
    if fitted != WEIGHTS:
        print("WEIGHTS =", fitted)


def _both(choices: Sequence[Choice], choose: Callable[[Choice], int]) -> list[str]:
    return [f"{value:.2f}" for value in shares(choices, [choose(one) for one in choices])]


if __name__ == "__main__":
    main()
