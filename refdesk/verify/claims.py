"""What verifying finds: claims with their verdicts, and whatever of a document is not as the library has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rag.checking import Checker, CitedSentence, JudgedClaim, Verdict
from rag.types import JsonDict, Problem, ProblemKind
from refdesk.citations import Citations
from refdesk.facts import Facts
from refdesk.render.visible import folded

MOST_CITATIONS = 100
"""The most sentences that one claim may cite."""


@dataclass(frozen=True, slots=True)
class Verified:
    """One claim of a document and its verdict; `claim` is what a judge reads, None if there is nothing to judge."""

    text: str
    verdict: Verdict
    claim: JudgedClaim | None = None

    def to_dict(self) -> JsonDict:
        """The claim as `verify --json` prints it."""
        return {
            "text": self.text,
            "support": self.verdict.support,
            "score": round(self.verdict.score, 4),
            "problems": [problem.to_dict() for problem in self.verdict.problems],
            "doubts": [doubt.to_dict() for doubt in self.verdict.doubts],
            **({"judgement": self.verdict.judgement.to_dict()} if self.verdict.judgement else {}),
        }


@dataclass(frozen=True, slots=True)
class Verifier:
    """
    Checks the claims of documents against a library.

    Args:
        citations: Finds the sentences that a claim cites.
        checker: Checks the claim against them.
        facts: Computes facts of the catalog again.
    """

    citations: Citations
    checker: Checker
    facts: Facts

    def fact(self, given: Mapping[str, Any]) -> Verified:
        """Check a fact, as `Fact.to_dict` writes it, against what the catalog says now."""
        text, options = str(given.get("text")), given.get("filter")
        now = self.facts.recomputed(str(given.get("kind")), options if isinstance(options, dict) else {})
        same = [fact for fact in now if folded(fact.text) == folded(text)]
        if any(list(fact.paper_ids) == given.get("paper_ids") for fact in same):
            return Verified(text, Verdict("supported", 1.0, ()))
        if same:
            return failed(text, text, "the library now has other papers for this")
        says = " ".join(fact.text for fact in now)
        return failed(text, text, f"the library now says: {says}" if says else "the library does not say this")

    def claim(
        self, text: str, cited: Sequence[CitedSentence], problems: Sequence[Problem] = (), *, question: str = ""
    ) -> Verified:
        """Check a claim; it is unsupported if its citations have problems or it has none."""
        verdict = self.checker.check(text, cited, question=question)
        if problems:
            problems = (*problems, *(problem for problem in verdict.problems if cited))
            return Verified(text, Verdict("unsupported", 0.0, tuple(problems)))
        return Verified(text, verdict, JudgedClaim(text, tuple(cited), question))


def failed(text: str, found: str, detail: str, kind: ProblemKind = "source") -> Verified:
    """Report a wrong part of a document that is not a claim, such as a changed title."""
    problem = Problem(kind=kind, found=found[:300], at=(0, len(text)), detail=detail)
    return Verified(text, Verdict("unsupported", 0.0, (problem,)))
