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


def problem(kind: ProblemKind, claim: TextFeatures, place: Place, detail: str) -> Problem:
    """A problem of what stands at a place of a claim."""
    at = claim.at(place.start, place.end)
    return Problem(kind=kind, found=claim.original[at[0] : at[1]], at=at, detail=detail)


def doubt(kind: ProblemKind, claim: TextFeatures, place: Place, detail: str, *, strong: bool) -> Doubt:
    """A doubt about what stands at a place of a claim."""
    return Doubt(problem(kind, claim, place, detail), strong)
