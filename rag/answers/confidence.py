"""
Calibrated confidence that a library holds an answer, computed from the signals of retrieval.

A logistic regression on SciFact's training claims (evidence or none), questions of PubMedQA's training set with and
without their abstract, and arXiv titles with and without their paper, fitted by `benchmarks/fit.py`. docs/evaluation.md
shows its reliability and how the threshold was chosen.
"""

from __future__ import annotations

from math import exp

from rag.retrieval.found import Signals

THRESHOLD = 0.35
"""Below it the answerer abstains. SciFact's claims without evidence are near misses, so a doubtful answer is shown with
its confidence rather than withheld; questions from another field lie far below."""
FEW_TERMS = 3
"""A question of so few terms finds them together by chance."""
APART = 7.1
"""The weight of its words that stand in a phrase that no paper holds."""


def confidence(signals: Signals | None) -> float:
    """The probability, 0 to 1, that the library holds an answer; 0 where retrieval found nothing."""
    if signals is None:
        return 0.0
    lexical, covered, units = signals.lexical, signals.covered, signals.units
    if signals.cosine is not None:
        logit = 3.933 * lexical + 4.988 * covered + 2.771 * units + 2.566 * signals.cosine - 7.499
    else:
        logit = 5.291 * lexical + 5.172 * covered + 2.547 * units - 6.818
    if signals.terms <= FEW_TERMS:
        logit -= APART * signals.apart
    return 1 / (1 + exp(-logit))
