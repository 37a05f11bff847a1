"""
Claims judged by a cross-encoder for natural language inference: does a claim follow from its sentences?

It knows no `overstated`: what does not follow is `contradicted` where the model has such a label and finds it likelier,
else `not said`. It names no words.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rag.checking import JudgedClaim, JudgeName
from rag.errors import ConfigError
from rag.types import Judgement

THRESHOLD = 0.5
"""The least probability with which a claim follows, unless `refdesk eval` found a better one."""
_ENTAILMENT = re.compile(r"entail|support")
_CONTRADICTION = re.compile(r"contradict|refute")


class PairClassifier(Protocol):
    """The part of `rag.onnx.CrossEncoder` that a judge uses."""

    labels: tuple[str, ...]

    def probabilities(self, pairs: Sequence[tuple[str, str]]) -> NDArray[np.float64]:
        """The probability of each label for each pair of texts."""
        ...


class EntailmentJudge:
    """
    An entailment model as a judge.

    Args:
        model: A model with a label for entailment, and perhaps others.
        threshold: The least probability with which a claim follows.

    Raises:
        ConfigError: The model has no such label.
    """

    name: JudgeName = "entailment"
    failure: str | None = None

    def __init__(self, model: PairClassifier, *, threshold: float = THRESHOLD) -> None:
        self._model, self._threshold = model, threshold
        self._entailed = _column(model.labels, _ENTAILMENT)
        self._contradicted = _column(model.labels, _CONTRADICTION)
        if self._entailed is None or len(model.labels) < 2:
            raise ConfigError(
                f"The model is no judge of claims: its labels are {', '.join(model.labels) or 'none'}.",
                hint="A judge has a label “entailment”, as cross-encoders for NLI do.",
            )

    def judge(self, claims: Sequence[JudgedClaim]) -> list[Judgement | None]:
        """One judgement for each claim."""
        return [self._judgement(row) for row in self._probabilities(claims)]

    def scores(self, claims: Sequence[JudgedClaim]) -> list[float]:
        """The probability that each claim follows from its sentences."""
        return [float(row[self._entailed]) for row in self._probabilities(claims)]

    def _probabilities(self, claims: Sequence[JudgedClaim]) -> NDArray[np.float64]:
        return self._model.probabilities([(premise(claim), claim.text) for claim in claims])

    def _judgement(self, row: NDArray[np.float64]) -> Judgement:
        entailed = float(row[self._entailed])
        if entailed >= self._threshold:
            return Judgement(verdict="follows")
        if self._contradicted is not None and row[self._contradicted] > entailed:
            return Judgement(verdict="contradicted")
        return Judgement(verdict="not said")


def premise(claim: JudgedClaim) -> str:
    """What a claim must follow from: the sentences that it cites, those of each paper behind its title."""
    parts: list[str] = []
    title = ""
    for cited in claim.cited:
        if cited.paper.title != title:
            title = cited.paper.title
            parts.append(title if title.endswith((".", "?", "!")) else f"{title}.")
        parts.append(cited.sentence.text)
    return " ".join(parts)


def _column(labels: Sequence[str], pattern: re.Pattern[str]) -> int | None:
    """The place of the label that a pattern names, in any case; `not_entailment` is not entailment."""
    found = (at for at, label in enumerate(labels) if pattern.match(label.strip().lower()))
    return next(found, None)
