"""The outcome of one attempt to deliver, exact enough that nothing is sent twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

HandOver = Callable[[], None]
"""Called right before the receiver may have the whole message. If it raises, the attempt must stop there."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """
    The outcome of an attempt.

    Args:
        result: `sent`: the receiver has the message and said so. `later`: it does not have it, and may take it another
            time. `refused`: it does not have it, and will not take it. `unknown`: nobody can tell.
        detail: The reason, in one sentence.
    """

    result: Literal["sent", "later", "refused", "unknown"]
    detail: str
