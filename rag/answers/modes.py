"""
Request modes: the ways in which a model is asked for claims, from the strictest to the plainest.

`schema` sends a strict JSON schema, `json` asks for JSON in words, `plain` asks for sentences with numbers in brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rag.types import JsonDict

MODES = ("schema", "json", "plain")
EXPIRES_S = 3_600.0
"""How long a learned mode is kept: servers are upgraded, and models are loaded anew under the same name."""


class LearnedMode:
    """
    The first mode that a model's server took, until it expires.

    Args:
        clock: Seconds that only grow.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._learned: tuple[str, float] | None = None

    @property
    def mode(self) -> str | None:
        """The learned mode; None if nothing was learned, or too long ago."""
        if self._learned is None:
            return None
        mode, learned_at = self._learned
        return mode if self._clock() - learned_at < EXPIRES_S else None

    def learn(self, mode: str) -> None:
        """Remember that the server took this mode; an unexpired mode keeps its age, so that it is tried again."""
        if mode != self.mode:
            self._learned = mode, self._clock()

    def to_try(self) -> Sequence[str]:
        """The modes to try, in order: from the learned one on, or all."""
        return MODES[MODES.index(self.mode or MODES[0]) :]


def bound(mode: str | None, ids: Sequence[str]) -> dict[str, Any]:
    """What a request carries beside its messages: in the mode `schema` the schema, as LangChain leaves `extra_body`."""
    return {"extra_body": {"response_format": _schema(ids)}} if mode == "schema" else {}


def _schema(ids: Sequence[str]) -> JsonDict:
    """The strict JSON schema of a reply, in which the ids of the evidence are an enumeration."""
    claim = {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "evidence": {"type": "array", "items": {"type": "string", "enum": list(ids)}},
        },
        "required": ["text", "evidence"],
        "additionalProperties": False,
    }
    reply = {
        "type": "object",
        "properties": {
            "answerable": {"type": "boolean"},
            "claims": {"type": "array", "items": claim},
            "missing": {"type": "string"},
        },
        "required": ["answerable", "claims", "missing"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": reply}}
