"""What became of one attempt to deliver, told so that nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

HandOver = Callable[[], None]
"""Called right before the receiver may have the whole; what it raises must stop the attempt there."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    `sent`: the receiver has it and said so. `later`: it has not, and may take it another time. `refused`: it has not,
    and will not. `unknown`: nobody can tell whether it has it. `detail` is a sentence.
    """

    result: Literal["sent", "later", "refused", "unknown"]
    detail: str
