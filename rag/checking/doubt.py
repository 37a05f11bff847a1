"""What a check finds: a veto, which words alone decide, or a doubt, which needs an understanding of both texts."""

from __future__ import annotations

from dataclasses import dataclass

from rag.types import Problem


@dataclass(frozen=True, slots=True)
class Doubt:
    """A problem that words alone do not decide; `strong` if it refuses a claim where there is no judge."""

    problem: Problem
    strong: bool
