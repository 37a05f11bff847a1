"""Problems and doubts about what stands at a place of a claim."""

from __future__ import annotations

from typing import Protocol

from rag.checking.doubt import Doubt
from rag.checking.features import TextFeatures
from rag.types import Problem, ProblemKind


class Place(Protocol):
    """What stands at a half-open place of a normalized text: a word, a name or a quantity."""

    @property
    def start(self) -> int: ...

    @property
    def end(self) -> int: ...


def problem_at(kind: ProblemKind, claim: TextFeatures, start: int, end: int, detail: str) -> Problem:
    """A problem of what stands at a half-open place of the normalized claim."""
    at = claim.at(start, end)
    return Problem(kind=kind, found=claim.original[slice(*at)], at=at, detail=detail)


def problem(kind: ProblemKind, claim: TextFeatures, place: Place, detail: str) -> Problem:
    """A problem of what stands at a place of a claim."""
    return problem_at(kind, claim, place.start, place.end, detail)


def doubt(kind: ProblemKind, claim: TextFeatures, place: Place, detail: str, *, strong: bool) -> Doubt:
    """A doubt about what stands at a place of a claim."""
    return Doubt(problem(kind, claim, place, detail), strong)
