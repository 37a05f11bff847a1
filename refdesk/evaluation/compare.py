"""
`refdesk eval --compare BASE`: paired tests of a run against a former one, on the questions that both have.

BASE is what `refdesk eval --json` wrote, with another version, another embedder or other settings. Nothing is measured
here.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rag.errors import UnreadableInput
from rag.evaluation import metrics, paired
from rag.types import JsonDict

_HINT = "Write it with `refdesk eval DATASET --json > base.json`, in this version or a later one."
_KINDS = ("queries", "claims")
Values = Mapping[str, Mapping[str, Any]]
"""The values of each question, by its id."""


def read(path: Path) -> JsonDict:
    """
    Read the document of a former run.

    Raises:
        UnreadableInput: It is no such document, or has no values per question.
    """
    try:
        document: JsonDict = json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableInput(f"{path} cannot be read as JSON: {error}.", hint=_HINT) from error
    questions = document.get("questions") if isinstance(document, dict) else None
    if not isinstance(questions, dict) or not isinstance(document.get("corpus_hash"), str):
        raise UnreadableInput(
            f"{path} is not the output of `refdesk eval --json` with values per question.", hint=_HINT
        )
    for split in questions.values():
        for values in split.values() if isinstance(split, dict) else [None]:
            if not isinstance(values, dict) or not all(isinstance(row, dict) for row in values.values()):
                raise UnreadableInput(f"{path} holds values per question that are not objects.", hint=_HINT)
    return document


def refuse_another_corpus(base: JsonDict, corpus_hash: str, *, path: Path, dataset: Path) -> None:
    """Raise UnreadableInput if a former run was on other documents."""
    if base["corpus_hash"] != corpus_hash:
        raise UnreadableInput(
            f"{path} was measured on another data set than {dataset}: the documents differ.",
            hint=f"It was written for {base.get('dataset')}. Compare runs on the same data set.",
        )


def compare(base: JsonDict, now: JsonDict) -> JsonDict:
    """
    Compare two documents of `eval --json` on the same data set.

    Returns:
        Per split and measure both values, the difference (now minus base) with its interval and p-value, and for
        measures that are yes or no McNemar's test. `missing` names the questions that one of the two runs does not
        have, or has with another text or other gold labels.

    Raises:
        UnreadableInput: The two have no question in common.
    """
    splits: JsonDict = {}
    for split, kinds in now["questions"].items():
        measured: JsonDict = {"measures": {}, "missing": {}}
        for kind in _KINDS:
            before, after = base["questions"].get(split, {}).get(kind, {}), kinds.get(kind, {})
            common = [name for name in after if name in before and before[name].get("of") == after[name]["of"]]
            measured["missing"][kind] = {
                "in this run": sorted(before.keys() - set(common)),
                "in the base": sorted(after.keys() - set(common)),
            }
            if common:
                measured["measures"] |= _measures(
                    {name: before[name] for name in common}, {name: after[name] for name in common}
                )
        splits[split] = measured
    if not any(measured["measures"] for measured in splits.values()):
        raise UnreadableInput(
            "The two runs have no question in common.",
            hint=f"The base has the splits {', '.join(base['questions']) or 'none'}; name one with --split.",
        )
    about = ("dataset", "embedder", "reranker", "version")
    return {"base": {name: base.get(name) for name in about}, "resamples": paired.RESAMPLES, "splits": splits}


def _measures(before: Values, after: Values) -> JsonDict:
    """The comparison of each measure that both runs have, on the same questions."""
    found: JsonDict = {}
    names = dict.fromkeys(name for row in after.values() for name in row if name not in ("of", "answerable"))
    for name in names:
        questions = [key for key in after if _is_number(after[key].get(name)) and _is_number(before[key].get(name))]
        base, now = ([float(rows[key][name]) for key in questions] for rows in (before, after))
        if not questions:
            continue
        if name == "confidence":
            found["abstention auroc"] = _auroc(base, now, [bool(after[key]["answerable"]) for key in questions])
            continue
        row = _row(base, now, paired.bootstrap(base, now), lambda values: sum(values) / len(values))
        if set(base) | set(now) <= {0.0, 1.0}:
            row["mcnemar"] = asdict(paired.mcnemar([value == 1 for value in base], [value == 1 for value in now]))
        found[name] = row
    return found


def _auroc(base: list[float], now: list[float], answerable: list[bool]) -> JsonDict:
    difference = paired.bootstrap_auroc(base, now, answerable)
    return _row(base, now, difference, lambda values: metrics.auroc(values, answerable))


def _row(
    base: list[float], now: list[float], difference: paired.Difference, figure: Callable[[list[float]], float]
) -> JsonDict:
    return {
        "questions": len(now),
        "base": figure(base),
        "value": figure(now),
        "difference": difference.value,
        "interval": difference.interval,
        "p": difference.p,
    }


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float)
