"""
Doubts about a claim: differences from the cited sentences that need an understanding of both to decide.

A veto is what words alone decide, such as a number that no cited sentence holds. A doubt is evidence for a judge;
where there is none, a strong doubt or two doubts refuse the claim, and one makes it weak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.checking.features import TextFeatures
from rag.types import Problem

VETOES = frozenset(("number", "unit", "bound", "name", "quote", "source", "author"))
"""The kinds of problems that words alone decide."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A problem that words alone do not decide; `strong` if it refuses a claim where there is no judge."""

    problem: Problem
    strong: bool


def doubts(claim: TextFeatures, cited: Sequence[TextFeatures]) -> list[Doubt]:
    """
    The doubts that compare what a claim binds together with what the cited sentences bind together.

    Args:
        claim: The claim.
        cited: The sentences that it cites.
    """
    return []
