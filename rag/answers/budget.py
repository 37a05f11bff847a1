"""What a request to a model is made of: options, budget, schema, and the id under which its reply is kept."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers.context import Context
from rag.errors import ModelUnavailable
from rag.llm.chat import Chat, Messages
from rag.types import JsonDict

MAX_OUTPUT_TOKENS = 1_200


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    Args:
        max_claims: The most claims of an answer.
        max_tokens: For one question, both ways, all calls; None is no limit but the model's window.
        window: Tokens that the model takes at once.
        fresh: Ask anew, also what was asked before.
        keep_unsupported: Show claims that failed, marked, in place of leaving them out.
        tag: The random mark of the evidence's fence.
        tokens_left: Of the day's budget; None is no limit.
        prices: Per million tokens, in and out; None where nobody said.
        abstain: Whether evidence that answers nothing is withheld; else it is shown, for nothing better will come.
    """

    max_claims: int = 6
    max_tokens: int | None = None
    window: int = 16_000
    fresh: bool = False
    keep_unsupported: bool = False
    tag: str = "evidence"
    tokens_left: int | None = None
    prices: tuple[float, float] | None = None
    abstain: bool = True


def allow(chat: Chat, messages: Messages, output: int, options: Options) -> None:
    """Refuse a call that a budget does not allow; the estimate is all of the prompt and the longest reply."""
    estimate = chat.count(messages) + output
    if options.max_tokens is not None and chat.usage.tokens + estimate > options.max_tokens:
        raise ModelUnavailable(
            f"The question needs about {chat.usage.tokens + estimate:,} tokens and may use {options.max_tokens:,}.",
            hint="Raise `max_tokens_per_question`.",
            may_pass=False,
        )
    if options.tokens_left is not None and chat.usage.tokens + estimate > options.tokens_left:
        raise ModelUnavailable(
            f"The day's budget has {max(0, options.tokens_left):,} tokens left; the question needs about {estimate:,}.",
            hint="Raise `max_tokens_per_day`, or ask tomorrow.",
            may_pass=False,
        )


def schema(ids: Sequence[str]) -> JsonDict:
    """The strict JSON schema of a reply; the ids are an enumeration."""
    claim = {
        "type": "object",
        "properties": {
            "text": {"type": "string"},
            "evidence": {"type": "array", "items": {"type": "string", "enum": list(ids)}},
        },
        "required": ["text", "evidence"],
        "additionalProperties": False,
    }
    form = {
        "type": "object",
        "properties": {
            "answerable": {"type": "boolean"},
            "claims": {"type": "array", "items": claim},
            "missing": {"type": "string"},
        },
        "required": ["answerable", "claims", "missing"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": form}}


def generation_id(prompt: str, model: str, question: str, shown: Context, limit: int) -> str:
    """Twelve hex digits over all that decides a reply, but for the random tag of the fence."""
    given = hashlib.sha256(json.dumps([question, shown.to_list(), limit]).encode()).hexdigest()
    return hashlib.sha256(f"{prompt}\n{model}\n{given}".encode()).hexdigest()[:12]
