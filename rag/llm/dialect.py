"""
What a model's server takes of OpenAI's protocol: the optional parts of a request that it refused are left out.

A refusal leaves out the parts that it names, or else all. That is remembered for a day, and only if the same request
then succeeds: a failure refuses nothing, and servers are upgraded.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cache
from typing import Any, Literal, Protocol, get_args

from rag.llm.failures import is_no_model, is_window, status_of

Part = Literal["response_format", "stream_options", "max_completion_tokens", "system", "stream"]
PARTS: tuple[Part, ...] = get_args(Part)
EXPIRES_S = 24 * 3_600.0
MOST_TRIES = 4
"""Requests that one call makes at most, besides the client's own retry of a server that fails."""
_REFUSALS = (400, 404, 405, 415, 422, 500, 501)
_NAMED: dict[Part, re.Pattern[str]] = {
    "response_format": re.compile(
        r"response_format|json_schema|json mode|structured output|guided|grammar|\bschema\b", re.IGNORECASE
    ),
    "stream_options": re.compile(r"stream_options|include_usage", re.IGNORECASE),
    "max_completion_tokens": re.compile(r"max_completion_tokens", re.IGNORECASE),
    "system": re.compile(
        r"\bsystem\b\W+(?:\w+\W+){0,3}(?:role|message|prompt|instruction)|roles?\b\W+(?:\w+\W+){0,3}system\b|"
        r"roles must alternate|developer instruction",
        re.IGNORECASE,
    ),
    "stream": re.compile(r"\bstream(?:ing)?\b(?!_)", re.IGNORECASE),
}


class Memory(Protocol):
    """Where what a server does not take is kept, beyond the process."""

    def load(self) -> Mapping[str, float]:
        """The parts that are left out, with the time since the epoch in seconds when each was refused."""
        ...

    def save(self, left_out: Mapping[str, float]) -> None:
        """Keep them; it does nothing where nothing can be written."""
        ...


class Dialect:
    """
    The parts of a request that one server does not take.

    Args:
        clock: The time since the epoch, in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._left_out: dict[Part, float] = {}
        self._memory: Memory | None = None

    def use(self, memory: Memory) -> None:
        """Take over what is remembered, and remember there what is found out from now on."""
        self._memory = memory
        for name, refused_at in memory.load().items():
            for part in PARTS:
                if part == name:
                    self._left_out[part] = max(refused_at, self._left_out.get(part, refused_at))

    def takes(self, part: Part) -> bool:
        """False if the server refused this part within the last day."""
        refused_at = self._left_out.get(part)
        return refused_at is None or not 0 <= self._clock() - refused_at < EXPIRES_S

    def leave_out(self, parts: Collection[Part]) -> None:
        """Remember that the server took a request only without these parts."""
        if parts:
            self._left_out |= dict.fromkeys(parts, self._clock())
            if self._memory:
                self._memory.save({part: at for part, at in self._left_out.items() if not self.takes(part)})

    def refused(self, error: Exception, sent: Collection[Part]) -> set[Part]:
        """
        The parts to leave out after a vendor's error; none if it refuses no form of the request.

        Args:
            error: What the vendor's client raised.
            sent: The optional parts of the request.
        """
        if isinstance(error, ValueError) and "No generation chunks" in str(error):
            return {part for part in sent if part == "stream"}  # the server sent one document, not a stream
        if isinstance(error, TypeError | NotImplementedError):
            return {part for part in sent if part == "response_format"}  # the client does not know it
        if status_of(error) not in _REFUSALS or is_window(error) or is_no_model(error):
            return set()
        return {part for part in sent if _NAMED[part].search(str(error))} or set(sent)

    def sent(
        self, messages: Sequence[tuple[str, str]], bound: Mapping[str, Any], *, openai: bool, without: Collection[Part]
    ) -> set[Part]:
        """
        The optional parts that a request has.

        Args:
            messages: Role and content of each.
            bound: The further arguments.
            openai: True for LangChain's client of OpenAI's protocol; others have their own protocols.
            without: Parts that this request leaves out, besides those that the server does not take.
        """
        parts: set[Part] = {"stream", "stream_options", "max_completion_tokens"} if openai else set()
        if openai and messages and messages[0][0] == "system" and len(messages) > 1:
            parts.add("system")
        if "response_format" in bound.get("extra_body", {}):
            parts.add("response_format")
        return {part for part in parts if self.takes(part) and part not in without}


def applied(
    model: Any, messages: Sequence[tuple[str, str]], bound: dict[str, Any], parts: Collection[Part], max_output: int
) -> tuple[Any, Sequence[tuple[str, str]], dict[str, Any]]:
    """
    The model, the messages and the further arguments of a request of LangChain's client of OpenAI's protocol.

    Args:
        model: A LangChain chat model.
        messages: Role and content of each.
        bound: The further arguments.
        parts: The optional parts to send.
        max_output: The most tokens of the reply, for a server that takes them by their older name only.
    """
    body = dict(bound.get("extra_body", {}))
    if "response_format" not in parts:
        body.pop("response_format", None)
    if "system" not in parts and len(messages) > 1 and messages[0][0] == "system":
        (_, system), (role, first), *others = messages
        messages = [(role, f"{system}\n\n{first}"), *others]
    if "max_completion_tokens" not in parts:
        model = model.model_copy(update={"max_tokens": None})
        body["max_tokens"] = max_output
    bound = {name: value for name, value in bound.items() if name != "extra_body"}
    if "stream" in parts and "stream_options" not in parts:
        bound["stream_usage"] = False
    return model, messages, {**bound, "extra_body": body} if body else bound


@cache
def dialect_of(name: str, base_url: str | None) -> Dialect:
    """The dialect of a model's server; one for the process."""
    return Dialect()
