"""Repairs: what a model is sent to rewrite the claims that failed, and where the rewritten ones stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers.context import Context
from rag.answers.replies import DraftClaim
from rag.checking import CitedSentence, Verdict
from rag.checking.features import read
from rag.types import ProblemKind

_ADVICE: dict[ProblemKind, str] = {
    "number": "name the sentence that has this number, or leave the number out",
    "unit": "keep the unit of the sentence",
    "bound": "keep the sign, “up to”, “at least” or “about” of the sentence",
    "name": "name the sentence that has this name, or leave the name out",
    "negation": "keep “not” and its like where the sentence has it, and only there",
    "direction": "keep the direction of the sentence",
    "coverage": "say only what the sentence says, in its words",
    "quote": "leave the quotation marks out",
    "source": "name evidence by the numbers that it has, and write no link",
    "author": "leave the author and the year out",
    "binding": "keep each number with what it belongs to in the sentence",
    "order": "keep who stands on which side of the comparison",
    "quantifier": "keep “some”, “most” or “in 3 of 5” of the sentence",
    "certainty": "keep “may”, “suggests” or “is associated with” of the sentence",
    "scope": "keep the condition of the sentence, such as “in mice” or “in our setting”",
    "actor": "say of whom the sentence speaks",
    "invented": "leave out what the sentence does not say",
}
"""What a model can do about each kind of problem."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A draft with its verdict and the sentences that it cites."""

    draft: DraftClaim
    verdict: Verdict
    cited: tuple[CitedSentence, ...]

    @property
    def passes(self) -> bool:
        """True if a reader may see it."""
        return self.verdict.support != "unsupported"

    @property
    def wanting(self) -> bool:
        """True if it is repaired: it fails, or a judge finds that it says more than its evidence."""
        judgement = self.verdict.judgement
        return not self.passes or (judgement is not None and judgement.verdict == "overstated")


def chosen(one: Checked, rewritten: Sequence[Checked]) -> list[Checked]:
    """What stands in the place of a draft: itself, or its rewritten ones that pass, or itself again if these fail."""
    if not one.wanting:
        return [one]
    return [other for other in rewritten if other.passes] or ([one] if one.passes else [])


def reasons(verdict: Verdict) -> str:
    """List the problems of a claim for the model, which has to repair it, with what to do about each."""
    listed = [
        f"{problem.kind}: “{problem.found}”: {problem.detail}"
        + (f"; {_ADVICE[problem.kind]}" if problem.kind in _ADVICE else "")
        for problem in (*verdict.problems, *(verdict.doubts if verdict.judgement else ()))
    ]
    if verdict.judgement:
        words = ", ".join(f"“{word}”" for word in verdict.judgement.because)
        listed.append(f"{verdict.judgement.verdict}" + (f": see {words}" if words else ""))
    return "\n  ".join(listed)


def evidence_for(context: Context, failed: Sequence[Checked]) -> Context:
    """The shown sentences of the papers that failed claims cite; all of them, if they cite none."""
    papers = {cited.paper.paper_id for checked in failed for cited in checked.cited}
    sentences = {name: cited for name, cited in context.sentences.items() if cited.paper.paper_id in papers}
    return Context(sentences or context.sentences)


def placed(failed: Sequence[DraftClaim], repaired: Sequence[DraftClaim]) -> list[list[DraftClaim]]:
    """
    Find for each failed draft the rewritten ones that stand in its place.

    As many as there were failed ones come in their order. Otherwise each goes to the failed one with the most words in
    common, so that a claim which was left out, or parted in two, moves no other.
    """
    if len(repaired) == len(failed):
        return [[draft] for draft in repaired]
    places: list[list[DraftClaim]] = [[] for _ in failed]
    stems = [_stems(draft) for draft in failed]
    for draft in repaired:
        ours = _stems(draft)
        best = max(range(len(failed)), key=lambda at: (len(ours & stems[at]) / (len(ours | stems[at]) or 1), -at))
        places[best].append(draft)
    return places


def _stems(draft: DraftClaim) -> set[str]:
    return {word.stem for word in read(draft.text).content}
