"""What a check finds: a claim with its verdict, or a source that is not as the library has it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking import CitedSentence, Verdict
from rag.types import JsonDict, Problem, ProblemKind
from refdesk.ask import Answering


@dataclass(frozen=True, slots=True)
class Verified:
    """One claim of a document and what became of it."""

    text: str
    verdict: Verdict

    def to_dict(self) -> JsonDict:
        """The claim as `verify --json` prints it."""
        return {
            "text": self.text,
            "support": self.verdict.support,
            "score": round(self.verdict.score, 4),
            "problems": [problem.to_dict() for problem in self.verdict.problems],
        }


def verified(
    text: str, cited: Sequence[CitedSentence], problems: Sequence[Problem], answering: Answering, question: str = ""
) -> Verified:
    """A claim, checked; with problems of its citations it is unsupported."""
    verdict = answering.checker.check(text, cited, question=question)
    if problems:
        verdict = Verdict("unsupported", 0.0, (*problems, *(each for each in verdict.problems if cited)))
    return Verified(text, verdict)


def failed(text: str, found: str, detail: str, kind: ProblemKind = "source") -> Verified:
    """What is no claim and is wrong all the same."""
    problem = Problem(kind=kind, found=found[:300], at=(0, len(text)), detail=detail)
    return Verified(text, Verdict("unsupported", 0.0, (problem,)))
