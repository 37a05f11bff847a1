"""
What a model's server takes of OpenAI's protocol: the optional parts of a request that it refused are left out.

A part is left out only if the server names it in its refusal. That is remembered for a day, for servers are upgraded.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal

Part = Literal["stream", "stream_options", "max_completion_tokens", "system"]
EXPIRES_S = 24 * 3_600.0
_REFUSALS = (400, 404, 405, 415, 422, 500, 501)
_NAMED: dict[Part, re.Pattern[str]] = {
    "stream_options": re.compile(r"stream_options|include_usage", re.IGNORECASE),
    "max_completion_tokens": re.compile(r"max_completion_tokens", re.IGNORECASE),
    "system": re.compile(
        r"\bsystem\b\W+(?:\w+\W+){0,3}(?:role|message|prompt|instruction)|roles?\b\W+(?:\w+\W+){0,3}system\b|"
        r"roles must alternate|developer instruction",
        re.IGNORECASE,
    ),
    "stream": re.compile(r"\bstream(?:ing)?\b(?!_)", re.IGNORECASE),
}


class Dialect:
    """
    The parts of a request that one server does not take.

    Args:
        clock: A monotonic clock in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._left_out: dict[Part, float] = {}

    def takes(self, part: Part) -> bool:
        """False if the server refused this part within the last day."""
        refused_at = self._left_out.get(part)
        return refused_at is None or self._clock() - refused_at >= EXPIRES_S

    def leave_out(self, part: Part) -> None:
        """Remember that the server refused this part."""
        self._left_out[part] = self._clock()

    def refused_part(self, error: Exception) -> Part | None:
        """The part that a vendor's error refuses by name, if it is not left out yet."""
        if isinstance(error, ValueError) and "No generation chunks" in str(error) and self.takes("stream"):
            return "stream"  # the server sent one document, not a stream
        if getattr(error, "status_code", None) not in _REFUSALS:
            return None
        return next((part for part, named in _NAMED.items() if self.takes(part) and named.search(str(error))), None)

    def applied(
        self, model: Any, messages: Sequence[tuple[str, str]], bound: dict[str, Any], max_output: int
    ) -> tuple[Any, Sequence[tuple[str, str]], dict[str, Any]]:
        """
        The model, the messages and the further arguments of a request, without what the server does not take.

        Args:
            model: A LangChain chat model.
            messages: Role and content of each.
            bound: The further arguments.
            max_output: The most tokens of the reply, for a server that takes them by their older name only.
        """
        if not self.takes("system") and messages and messages[0][0] == "system":
            (_, system), *rest = messages
            (role, first), *others = rest or [("human", "")]
            messages = [(role, f"{system}\n\n{first}"), *others]
        if not self.takes("stream_options"):
            bound = {**bound, "stream_usage": False}
        if not self.takes("max_completion_tokens"):
            model = model.model_copy(update={"max_tokens": None})
            bound = {**bound, "extra_body": {**bound.get("extra_body", {}), "max_tokens": max_output}}
        return model, messages, bound


@cache
def dialect_of(name: str, base_url: str | None) -> Dialect:
    """The dialect of a model's server; one for the process."""
    return Dialect()
