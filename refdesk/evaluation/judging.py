"""
`refdesk eval CLAIMS --judge`: measure an entailment model on labelled claims (AUROC), and fit its threshold.

    {"claim": "…", "cited": [{"title": "…", "text": "…"}], "label": "right"}    (a line of JSON each, plain or .gz)

Every other label than `right` counts as wrong. The threshold is the one with the highest balanced accuracy.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.checking import CitedSentence, JudgedClaim
from rag.errors import UnreadableInput
from rag.evaluation import metrics
from rag.judges import EntailmentJudge
from rag.types import JsonDict, Paper, Sentence


def evaluate(path: Path, judge: EntailmentJudge) -> JsonDict:
    """
    Measure a judge on a file of labelled claims.

    Raises:
        UnreadableInput: The file cannot be read, or lacks right or wrong claims.
    """
    claims, right = _read(path)
    scores = judge.scores(claims)
    return {
        "dataset": str(path),
        "claims": len(claims),
        "right": sum(right),
        "auroc": metrics.auroc(scores, right),
        "interval": metrics.auroc_interval(scores, right),
        **best_threshold(scores, right),
    }


def best_threshold(scores: Sequence[float], right: Sequence[bool]) -> JsonDict:
    """The threshold with the highest mean of right claims passed and wrong ones stopped, and both shares there."""
    values, labels = np.asarray(scores), np.asarray(right)
    known = np.unique(values)
    candidates = [*known, 1.0] if known[-1] < 1 else list(known)
    passed = [float((values[labels] >= each).mean()) for each in candidates]
    stopped = [float((values[~labels] < each).mean()) for each in candidates]
    best = int(np.argmax(np.add(passed, stopped)))
    below = known[known < candidates[best]]
    between = (float(below[-1]) + float(candidates[best])) / 2 if len(below) else float(candidates[best])
    return {"threshold": round(between, 4), "right passed": passed[best], "wrong stopped": stopped[best]}


def _read(path: Path) -> tuple[list[JudgedClaim], list[bool]]:
    claims: list[JudgedClaim] = []
    right: list[bool] = []
    try:
        with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
            for line in filter(str.strip, lines):
                row = json.loads(line)
                claims.append(JudgedClaim(str(row["claim"]), tuple(map(_cited, row["cited"]))))
                right.append(row["label"] == "right")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableInput(
            f"{path} is no file of labelled claims: {error or type(error).__name__}.",
            hint='A line is {"claim": "…", "cited": [{"title": "…", "text": "…"}], "label": "right" or "wrong"}.',
        ) from error
    if len(set(right)) < 2:
        raise UnreadableInput(f"{path} needs right and wrong claims.", hint="The label of a right one is “right”.")
    return claims, right


def _cited(row: JsonDict) -> CitedSentence:
    text = str(row["text"])
    paper = Paper(paper_id="", title=str(row.get("title") or ""), abstract=text, spans=((0, len(text)),))
    return CitedSentence(paper, Sentence(number=1, start=0, end=len(text), text=text))
