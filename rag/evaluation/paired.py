"""
Paired tests of two systems on the same questions: the bootstrap for any measure, McNemar's exact test for yes or no.

A difference between two single figures says little; the same questions asked of both say whether it is more than noise.
Nothing corrects for several measures: of twenty true ties, one has p < .05.

Sources: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993; Smucker, Allan and Carterette, "A Comparison of
Statistical Significance Tests for Information Retrieval Evaluation", CIKM 2007; McNemar, Psychometrika 1947.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import comb
from typing import Any

import numpy as np

from rag.evaluation import metrics

RESAMPLES = 10_000
_AT_ONCE = 4_000_000  # drawn indexes in memory
Drawn = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Difference:
    """
    The difference of a measure, now minus base.

    Args:
        value: The difference.
        interval: Its 95 % interval (percentiles of the bootstrap); None if a measure is not defined.
        p: The two-sided p-value of the hypothesis that there is no difference; None as above.
    """

    value: float
    interval: tuple[float, float] | None
    p: float | None


@dataclass(frozen=True, slots=True)
class McNemar:
    """The questions that only one of two systems gets right, and the exact two-sided p-value that both are as good."""

    only_base: int
    only_now: int
    p: float


def bootstrap(base: Sequence[float], now: Sequence[float], *, seed: int = 0, resamples: int = RESAMPLES) -> Difference:
    """
    Paired bootstrap of the difference of two means.

    Args:
        base, now: One value per question, in the same order; at least one.
        seed: Of the random draws; the same seed gives the same result.
        resamples: The number of draws.

    >>> bootstrap([0, 0, 1, 0], [1, 1, 1, 1]).value
    0.75
    """
    differences = np.asarray(now, dtype=float) - np.asarray(base, dtype=float)
    return _difference(
        float(differences.mean()), len(differences), lambda drawn: differences[drawn].mean(axis=1), seed, resamples
    )


def bootstrap_auroc(
    base: Sequence[float], now: Sequence[float], positive: Sequence[bool], *, seed: int = 0, resamples: int = RESAMPLES
) -> Difference:
    """Paired bootstrap of the difference of two AUROCs on the same items, `positive` or not."""
    labels = np.asarray(positive, dtype=bool)
    scores = np.asarray(base, dtype=float), np.asarray(now, dtype=float)

    def both(chosen: Drawn) -> float:
        first, second = (metrics.auroc(values[chosen].tolist(), labels[chosen].tolist()) for values in scores)
        return second - first

    return _difference(
        both(np.arange(len(labels))), len(labels), lambda drawn: np.array([both(row) for row in drawn]), seed, resamples
    )


def _difference(
    value: float, questions: int, statistic: Callable[[Drawn], Drawn], seed: int, resamples: int
) -> Difference:
    """Draw questions with replacement, `resamples` times, and read the interval and the p-value off the differences."""
    generator = np.random.default_rng(seed)
    rows = max(1, _AT_ONCE // questions)
    drawn = np.concatenate(
        [
            statistic(generator.integers(0, questions, size=(min(rows, resamples - begin), questions)))
            for begin in range(0, resamples, rows)
        ]
    )
    drawn = drawn[~np.isnan(drawn)]
    if np.isnan(value) or not len(drawn):
        return Difference(value, None, None)
    low, high = np.percentile(drawn, [2.5, 97.5])
    tail = min(int((drawn <= 0).sum()), int((drawn >= 0).sum()))
    return Difference(value, (float(low), float(high)), min(1.0, 2 * (tail + 1) / (len(drawn) + 1)))


def mcnemar(base: Sequence[bool], now: Sequence[bool]) -> McNemar:
    """
    McNemar's exact test: are the questions that only one of two systems gets right as many on both sides?

    >>> mcnemar([True] * 9 + [False] * 2, [False] * 9 + [True] * 2)
    McNemar(only_base=9, only_now=2, p=0.0654296875)
    """
    pairs = [(bool(before), bool(after)) for before, after in zip(base, now, strict=True)]
    lost, gained = pairs.count((True, False)), pairs.count((False, True))
    discordant = lost + gained
    tail = sum(comb(discordant, number) for number in range(min(lost, gained) + 1))
    return McNemar(lost, gained, min(1.0, 2 * tail / 2**discordant))
