"""
Request modes: three ways to ask a model for claims, from the strictest to the plainest.

`schema` sends a strict JSON schema, `json` asks for JSON in words, `plain` asks for sentences with numbers in brackets.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rag.types import JsonDict

MODES = ("schema", "json", "plain")
EXPIRES_S = 24 * 3_600.0
"""A learned mode is forgotten after this time: servers are upgraded, and models are loaded anew under the same name."""


class LearnedMode:
    """
    The first mode that a model's server accepted, until it expires.

    Args:
        clock: A monotonic clock in seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._learned: tuple[str, float] | None = None

    @property
    def mode(self) -> str | None:
        """The learned mode; None if none was learned, or it expired."""
        if self._learned is None:
            return None
        mode, learned_at = self._learned
        return mode if self._clock() - learned_at < EXPIRES_S else None

    def learn(self, mode: str) -> None:
        """Remember that the server accepted this mode; an unexpired mode keeps its age, so that it is tried again."""
        if mode != self.mode:
            self._learned = mode, self._clock()

    def to_try(self) -> Sequence[str]:
        """The modes to try, in order: from the learned one on, or all."""
        return MODES[MODES.index(self.mode or MODES[0]) :]


def bound(mode: str | None, ids: Sequence[str]) -> dict[str, Any]:
    """Return the extra arguments of a request: in the mode `schema` the schema, in `extra_body`, else none."""
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
