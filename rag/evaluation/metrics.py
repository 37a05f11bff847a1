"""
Ranking and classification measures, and their intervals.

Sources: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques", TOIS 2002 (nDCG, with the linear
gain that trec_eval and BEIR use); Hanley and McNeil, Radiology 1982 (AUROC); Lin, "ROUGE: A Package for Automatic
Evaluation of Summaries", 2004, in the words of the `rouge-score` package; Efron, "Bootstrap methods", 1979.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log2

import numpy as np


def ndcg(ranking: Sequence[str], relevant: Mapping[str, int], *, at: int) -> float:
    """
    Normalised discounted cumulative gain of the first `at` of a ranking, 0 to 1.

    >>> ndcg(["a", "b"], {"b": 1}, at=10) == 1 / log2(3)
    True
    """
    gain = sum(relevant.get(item, 0) / log2(rank + 1) for rank, item in enumerate(ranking[:at], start=1))
    ideal = sum(
        value / log2(rank + 1) for rank, value in enumerate(sorted(relevant.values(), reverse=True)[:at], start=1)
    )
    return gain / ideal if ideal else 0.0


def recall(ranking: Sequence[str], relevant: Mapping[str, int], *, at: int) -> float:
    """The share of the relevant items among the first `at`."""
    wanted = {item for item, value in relevant.items() if value > 0}
    return len(wanted & set(ranking[:at])) / len(wanted) if wanted else 0.0


def reciprocal_rank(ranking: Sequence[str], relevant: Mapping[str, int], *, at: int) -> float:
    """One over the rank of the first relevant item, 0 where none is among the first `at`."""
    return next((1 / rank for rank, item in enumerate(ranking[:at], start=1) if relevant.get(item, 0) > 0), 0.0)


def average_precision(relevant: Sequence[bool]) -> float:
    """
    The mean, over the relevant items of a whole ranking, of the precision at each; 0 where none is relevant.

    >>> average_precision([True, False, True]) == (1 / 1 + 2 / 3) / 2
    True
    """
    labels = np.asarray(relevant, dtype=bool)
    at_each = np.cumsum(labels) / np.arange(1, len(labels) + 1)
    return float(at_each[labels].mean()) if labels.any() else 0.0


def auroc(scores: Sequence[float], positive: Sequence[bool]) -> float:
    """
    The chance that a positive scores above a negative, ties counting half; NaN where one of the two is missing.

    >>> auroc([0.9, 0.4, 0.6], [True, False, True])
    1.0
    """
    values, labels = np.asarray(scores, dtype=float), np.asarray(positive, dtype=bool)
    positives, negatives = int(labels.sum()), int((~labels).sum())
    if not positives or not negatives:
        return float("nan")
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]  # mean rank of each group of ties, from 1
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def reliability(scores: Sequence[float], positive: Sequence[bool], *, bins: int = 5) -> list[tuple[int, float, float]]:
    """Per bin of equal width over 0 to 1 that is not empty: how many, the mean score, and the share of positives."""
    values, labels = np.asarray(scores, dtype=float), np.asarray(positive, dtype=bool)
    which = np.minimum((values * bins).astype(int), bins - 1)
    return [
        (int((which == each).sum()), float(values[which == each].mean()), float(labels[which == each].mean()))
        for each in range(bins)
        if (which == each).any()
    ]


def rouge1(summary: str, references: Sequence[str]) -> float:
    """
    ROUGE-1 F against the best reference, 0 to 1: words in lower case, letters of ASCII and digits, not stemmed.

    >>> round(rouge1("We grok.", ["We grok late.", "Nothing"]), 3)
    0.8
    """
    words, *others = [Counter(_ROUGE_WORD.findall(text.lower())) for text in (summary, *references)]
    pairs = [((words & other).total(), words.total() + other.total()) for other in others]
    return max((2 * shared / total for shared, total in pairs if total), default=0.0)


_ROUGE_WORD = re.compile("[a-z0-9]+")


def interval(values: Sequence[float], *, seed: int = 0, resamples: int = 2000) -> tuple[float, float]:
    """The 95 % interval of a mean, by bootstrap over the values."""
    sample = np.asarray(values, dtype=float)
    drawn = np.random.default_rng(seed).integers(0, len(sample), size=(resamples, len(sample)))
    low, high = np.percentile(sample[drawn].mean(axis=1), [2.5, 97.5])
    return float(low), float(high)


def auroc_interval(
    scores: Sequence[float], positive: Sequence[bool], *, seed: int = 0, resamples: int = 500
) -> tuple[float, float]:
    """The 95 % interval of `auroc`, by bootstrap over the items."""
    values, labels = np.asarray(scores, dtype=float), np.asarray(positive, dtype=bool)
    generator = np.random.default_rng(seed)
    drawn = (generator.integers(0, len(values), size=len(values)) for _ in range(resamples))
    areas = [auroc(values[each].tolist(), labels[each].tolist()) for each in drawn]
    low, high = np.nanpercentile(areas, [2.5, 97.5])
    return float(low), float(high)
