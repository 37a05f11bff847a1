"""
The port of a judge: a reader of claims who decides what words alone do not decide.

`judge_claims` is the only way to a judge. It withholds claims that words have decided, and sentences of papers that
give orders or were withdrawn. No judge turns a veto.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

from rag.checking.mentions import CitedSentence
from rag.checking.normalize import normalize
from rag.checking.verdict import Verdict, unreliable
from rag.types import JudgedAs, Judgement, Support

JudgeName = Literal["model", "entailment", "words"]
_WORD = re.compile(r"[^\W_]+")


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim to judge: its text, the sentences that it cites, and the question that it answers."""

    text: str
    cited: tuple[CitedSentence, ...]
    question: str = ""

    @property
    def key(self) -> str:
        """Twelve hex digits over the claim, and over the titles and sentences that it is judged by."""
        evidence = [[cited.paper.title, cited.sentence.text] for cited in self.cited]
        document = json.dumps(["judgement", self.text, evidence])
        return hashlib.sha256(document.encode()).hexdigest()[:12]


class Judge(Protocol):
    """Judges claims. It never raises for a claim that it cannot judge."""

    @property
    def name(self) -> JudgeName:
        """Which of the judges it is."""
        ...

    @property
    def failure(self) -> str | None:
        """Why it left claims to the words, of the last that it left; None if it judged all that it was given."""
        ...

    def judge(self, claims: Sequence[JudgedClaim]) -> list[Judgement | None]:
        """One judgement for each claim, in order; None where words have to decide."""
        ...


_JUDGED: dict[JudgedAs, Support] = {
    "follows": "supported",
    "overstated": "weak",
    "not said": "unsupported",
    "contradicted": "unsupported",
}


def judged(verdict: Verdict, judgement: Judgement) -> Verdict:
    """The verdict on a claim that a judge has read: vetoes and flagged evidence stand, the judge decides the rest."""
    if verdict.vetoed or verdict.support == "verbatim":
        return replace(verdict, judgement=judgement)
    flagged = tuple(problem for problem in verdict.problems if problem.kind == "flagged")
    support = _JUDGED[judgement.verdict]
    if flagged and support == "supported":
        support = "weak"
    doubts = tuple(problem for problem in (*verdict.problems, *verdict.doubts) if problem.kind != "flagged")
    return replace(verdict, support=support, problems=flagged, doubts=doubts, judgement=judgement)


def wants_judge(verdict: Verdict) -> bool:
    """True if words have not decided: no veto, no evidence that is flagged, no copy of a sentence."""
    copied = verdict.support == "verbatim" or verdict.score == 1.0
    return not (verdict.vetoed or copied or any(problem.kind == "flagged" for problem in verdict.problems))


def judge_claims(judge: Judge | None, claims: Sequence[JudgedClaim], verdicts: Sequence[Verdict]) -> list[Verdict]:
    """
    Let a judge decide the claims that words have not decided.

    Args:
        judge: None leaves all of them to the words.
        claims: The claims.
        verdicts: What words say of each.

    Returns:
        A verdict for each claim, in order.
    """
    asked = {row: _reliable(claims[row]) for row, verdict in enumerate(verdicts) if judge and wants_judge(verdict)}
    asked = {row: claim for row, claim in asked.items() if claim.cited}
    found = list(verdicts)
    if judge and asked:
        for row, judgement in zip(asked, judge.judge(list(asked.values())), strict=True):
            found[row] = judged(verdicts[row], judgement) if judgement else verdicts[row]
    return found


def quoted_in(quote: str, claim: JudgedClaim) -> bool:
    """True if the words of a quote stand together in a sentence that the claim cites, or in the title of its paper."""
    words = _words(quote)
    texts = (text for cited in claim.cited for text in (cited.sentence.text, cited.paper.title))
    return bool(words) and any(f" {words} " in f" {_words(text)} " for text in texts)


def _words(text: str) -> str:
    return " ".join(_WORD.findall(normalize(text).text.casefold()))


def _reliable(claim: JudgedClaim) -> JudgedClaim:
    """The claim without the sentences that bear nothing out."""
    return replace(claim, cited=tuple(cited for cited in claim.cited if not unreliable(cited)))
