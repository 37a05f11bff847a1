"""
Doubts about a claim: differences from the cited sentences that need an understanding of both to decide.

A veto is what words alone decide, such as a number that no cited sentence holds. A doubt is evidence for a judge;
where there is none, a strong doubt or two doubts refuse the claim, and one makes it weak.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from rag.checking.features import TextFeatures
from rag.types import Problem, ProblemKind

VETOES = frozenset(("number", "unit", "bound", "name", "quote", "source", "author"))
"""The kinds of problems that words alone decide."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A problem that words alone do not decide; `strong` if it refuses a claim where there is no judge."""

    problem: Problem
    strong: bool


class Place(Protocol):
    """What stands at a half-open place of a normalized text: a word, a name or a quantity."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


def problem(kind: ProblemKind, claim: TextFeatures, place: Place, detail: str) -> Problem:
    """A problem of what stands at a place of a claim."""
    at = claim.at(place.start, place.end)
    return Problem(kind=kind, found=claim.original[at[0] : at[1]], at=at, detail=detail)


def doubt(kind: ProblemKind, claim: TextFeatures, place: Place, detail: str, *, strong: bool) -> Doubt:
    """A doubt about what stands at a place of a claim."""
    return Doubt(problem(kind, claim, place, detail), strong)


def doubts(claim: TextFeatures, cited: Sequence[TextFeatures]) -> list[Doubt]:
    """
    The doubts that compare what a claim binds together with what the cited sentences bind together.

    Args:
        claim: The claim.
        cited: The sentences that it cites.
    """
    return []
