"""
Calibrated confidence that a library holds an answer, computed from the signals of retrieval.

A logistic regression on SciFact's training claims (evidence or none), questions of PubMedQA's training set with and
without their abstract, and arXiv titles with and without their paper, fitted by `benchmarks/fit.py`. docs/evaluation.md
shows its reliability and how the threshold was chosen.
"""

from __future__ import annotations

from math import exp

from rag.retrieval.retriever import Signals

THRESHOLD = 0.35
"""Below it the answerer abstains. SciFact's claims without evidence are near misses, so a doubtful answer is shown with
its confidence rather than withheld; questions from another field lie far below."""
FEW_TERMS, FEW_TERMS_CAP = 3, 0.6
"""A question of one or two terms finds them together by chance; its confidence has a ceiling."""


def confidence(signals: Signals | None) -> float:
    """The probability, 0 to 1, that the library holds an answer; 0 where retrieval found nothing."""
    if signals is None:
        return 0.0
    if signals.cosine is not None:
        logit = 5.215 * signals.lexical + 7.174 * signals.covered + 1.916 * signals.cosine - 7.950
    else:
        logit = 6.172 * signals.lexical + 7.184 * signals.covered - 7.406
    probability = 1 / (1 + exp(-logit))
    return min(probability, FEW_TERMS_CAP) if signals.terms < FEW_TERMS else probability
