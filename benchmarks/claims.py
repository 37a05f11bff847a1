"""
Claims about real abstracts that people labelled: what the check shows of the right ones and of the wrong ones.

The right ones are near copies of the cited sentence, said in free words, or written by a model; the wrong ones are made
of the abstract's own words (near) or in free words. Half of them, by their place in the file, are to choose on; the
other half is reported apart.

    python -m benchmarks.claims [--failures] [--judge labels|random|FOLDER]

With a judge nothing is written: `labels` is a scripted model that answers as people labelled, `random` one that answers
at random, and FOLDER an entailment model (model.onnx, tokenizer.json, config.json) at the threshold 0.5.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, get_args

from benchmarks.report import data_folder, rows_of, table, write_section
from benchmarks.verifier import SUPPORT, checker
from rag.checking import CitedSentence, Judge, JudgedClaim, JudgeName, Verdict, judge_claims
from rag.judges import EntailmentJudge
from rag.onnx import CrossEncoder
from rag.types import JudgedAs, Judgement, Paper, Sentence

GROUPS = ("right, near", "right, free", "right, by a model", "overstated", "wrong, near", "wrong, free")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A claim with the sentences that it cites, its group of GROUPS, and the kind of its error."""

    claim: str
    question: str
    cited: tuple[CitedSentence, ...]
    group: str
    kind: str


def labelled(folder: Path) -> list[Labelled]:
    """The claims of the development set."""
    found = []
    for row in rows_of(folder / "claims" / "dev.jsonl.gz"):
        kind, label = str(row["kind"]), str(row["label"])
        free = bool(row.get("free")) or kind.endswith("free")
        if label == "right":
            group = "right, by a model" if kind == "model" else f"right, {'free' if free else 'near'}"
        elif label == "wrong":
            group = f"wrong, {'free' if free else 'near'}"
        else:
            group = "overstated"
        cited = tuple(_cited(**each) for each in row["cited"])
        found.append(Labelled(str(row["claim"]), str(row.get("question") or ""), cited, group, kind))
    return found


def _cited(*, paper: str, title: str, sentence: int, text: str) -> CitedSentence:
    """A cited sentence; the rest of its abstract is not in the set, so the abstract is this sentence."""
    return CitedSentence(
        Paper(paper_id=paper, title=title, abstract=text, spans=((0, len(text)),)),
        Sentence(number=sentence, start=0, end=len(text), text=text),
    )


def shares(claims: Sequence[Labelled], verdicts: Sequence[Verdict]) -> list[list[str]]:
    """Table rows: of each group, how many claims have each level of support."""
    rows = []
    for group in GROUPS:
        levels: Counter[str] = Counter(
            verdict.support for claim, verdict in zip(claims, verdicts, strict=True) if claim.group == group
        )
        of = levels.total()
        if of:
            shown = levels["verbatim"] + levels["supported"]
            cells = [shown, levels["weak"], levels["unsupported"]]
            rows.append([group, str(of), *(f"{cell} ({cell / of:.1%})" for cell in cells)])
    return rows


def kinds(claims: Sequence[Labelled], verdicts: Sequence[Verdict]) -> list[list[str]]:
    """Table rows: of each kind of error, how many wrong claims are shown as supported."""
    shown: dict[str, list[bool]] = {}
    for claim, verdict in zip(claims, verdicts, strict=True):
        if claim.group.startswith("wrong"):
            shown.setdefault(claim.kind, []).append(verdict.support in SUPPORT[:2])
    return [
        [kind, str(len(each)), f"{sum(each)} ({sum(each) / len(each):.0%})"]
        for kind, each in sorted(shown.items(), key=lambda item: -len(item[1]))
        if len(each) > 2
    ]


def judge_named(name: str, claims: Sequence[Labelled]) -> Judge:
    """A scripted judge, or the entailment model of a folder."""
    if name not in ("labels", "random"):
        return EntailmentJudge(CrossEncoder(Path(name), threads=1))
    verdicts = {"right": "follows", "wrong": "contradicted", "overstated": "overstated"}
    labels = {each.claim: verdicts[each.group.split(",")[0]] for each in claims}
    return Scripted(lambda claim: labels[claim] if name == "labels" else Random(claim).choice(get_args(JudgedAs)))


@dataclass(frozen=True)
class Scripted:
    """A judge that answers by a function of the claim's text."""

    verdict: Callable[[str], Any]
    name: JudgeName = "model"
    failure: str | None = None

    def judge(self, claims: Sequence[JudgedClaim]) -> list[Judgement | None]:
        """One judgement for each claim."""
        return [Judgement(verdict=self.verdict(each.text)) for each in claims]


def main() -> None:
    """Measure, print, and write the section of docs/evaluation.md."""
    claims = labelled(data_folder())
    check = checker()
    verdicts = [check.check(each.claim, each.cited, question=each.question) for each in claims]
    if "--judge" in sys.argv:
        asked = [JudgedClaim(each.claim, each.cited, each.question) for each in claims]
        judge = judge_named(sys.argv[sys.argv.index("--judge") + 1], claims)
        verdicts = judge_claims(judge, asked, verdicts)
        print(table(["claims", "count", "supported", "weak", "unsupported"], shares(claims, verdicts)))
        print(table(["kind of error", "count", "shown as supported"], kinds(claims, verdicts)))
        return
    if "--failures" in sys.argv:
        _failures(claims, verdicts)
        return
    headings = ["claims", "count", "`verbatim` or `supported`", "`weak`", "`unsupported`"]
    halves: list[tuple[str, Callable[[int], bool]]] = [
        ("All claims:", lambda at: True),
        ("The half that nothing was chosen on (every second claim):", lambda at: at % 2 == 1),
    ]
    parts = []
    for name, chosen in halves:
        rows = [at for at in range(len(claims)) if chosen(at)]
        parts += [name, table(headings, shares([claims[at] for at in rows], [verdicts[at] for at in rows]))]
    parts.append(table(["kind of error", "count", "shown as supported"], kinds(claims, verdicts)))
    write_section("claims", "\n\n".join(parts))


def _failures(claims: Sequence[Labelled], verdicts: Sequence[Verdict]) -> None:
    """Print every even claim on which the verdict is not what its label asks for."""
    for at, (claim, verdict) in enumerate(zip(claims, verdicts, strict=True)):
        right = claim.group.startswith("right")
        if at % 2 == 0 and right != (verdict.support in SUPPORT[:2]):
            print(f"\n#{at} {claim.group} ({claim.kind}): {verdict.support} {verdict.score:.2f}\n  {claim.claim}")
            for cited in claim.cited:
                print(f"    [{cited.sentence.text}]")
            for problem in (*verdict.problems, *verdict.doubts):
                print("    -", json.dumps(problem.to_dict(), ensure_ascii=False))


if __name__ == "__main__":
    main()
