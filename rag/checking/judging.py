"""The port of a judge: a reader of claims who decides what words alone do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from rag.checking.mentions import CitedSentence
from rag.types import Judgement

JudgeName = Literal["model", "entailment", "words"]


@dataclass(frozen=True, slots=True)
class JudgedClaim:
    """A claim to judge: its text, the sentences that it cites, and the question that it answers."""

    text: str
    cited: tuple[CitedSentence, ...]
    question: str = ""


class Judge(Protocol):
    """Judges claims. It never raises for a claim that it cannot judge."""

    name: JudgeName

    def judge(self, claims: Sequence[JudgedClaim]) -> list[Judgement | None]:
        """One judgement for each claim, in order; None where words have to decide."""
        ...
