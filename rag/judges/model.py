"""
Claims judged by a chat model (LLM as a judge): one request for all of them, with their cited sentences and titles only.

The reply is not trusted. A judgement counts only if the words that it names stand in the evidence of its claim; a reply
with a claim too few, too many or twice counts for nothing. Claims that are left so are decided by words.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, get_args

from rag import text as prose
from rag.checking import JudgedClaim, JudgeName, quoted_in
from rag.errors import ModelUnavailable
from rag.llm.chat import Messages, Refused
from rag.llm.prompts import Prompt, unfenced
from rag.llm.reasoning import without_reasoning
from rag.types import JsonDict, JudgedAs, Judgement

MAX_JUDGEMENT_TOKENS = 60
"""The most tokens that the judgement of one claim is expected to have."""
AT_ONCE = 12
"""The most claims in one request."""
MOST_QUOTES = 3
_VERDICTS = get_args(JudgedAs)
_JUDGEMENTS = re.compile(r'\{\s*"judgements"\s*:')
_BARE = re.compile(r'(?:^|```(?:json)?)\s*(?=\[\s*\{\s*"claim"\s*:)')
"""The beginning of judgements without an object around them."""

Ask = Callable[[Messages, int, Mapping[str, Any]], str]
"""Sends messages, with the most tokens that the reply is expected to have and further arguments; returns the reply."""


class ModelJudge:
    """
    A chat model as the judge of the claims of one answer or one document.

    Args:
        ask: Asks the model. May raise ModelUnavailable or Refused.
        prompt: With the variables `evidence`, `count` and `tag`.
        tag: The random mark of the fence around the evidence.
    """

    name: JudgeName = "model"

    def __init__(self, ask: Ask, prompt: Prompt, *, tag: str) -> None:
        self._ask, self._prompt, self._tag = ask, prompt, tag
        self._takes_schema = True  # until the server refuses one
        self._unavailable = False
        self.failure: str | None = None

    def judge(self, claims: Sequence[JudgedClaim]) -> list[Judgement | None]:
        """One judgement for each claim; None where the model gave none that can be used."""
        found: list[Judgement | None] = []
        for at in range(0, len(claims), AT_ONCE):
            found += self._judged(claims[at : at + AT_ONCE])
        return found

    def _judged(self, claims: Sequence[JudgedClaim]) -> list[Judgement | None]:
        nothing: list[Judgement | None] = [None] * len(claims)
        if self._unavailable:
            return nothing
        messages = self._prompt.render(evidence=shown(claims), count=len(claims), tag=self._tag)
        try:
            reply = self._asked(messages, len(claims))
        except (ModelUnavailable, Refused) as error:
            self._unavailable, self.failure = True, str(error).rstrip(".")
            return nothing
        judgements = read(reply, claims)
        if judgements is None:
            self.failure = "The judge's reply could not be used"
            return nothing
        if None in judgements:
            self.failure = "The judge named words that the evidence does not have"
        return judgements

    def _asked(self, messages: Messages, count: int) -> str:
        most = MAX_JUDGEMENT_TOKENS * count + 20
        if self._takes_schema:
            try:
                return self._ask(messages, most, {"extra_body": {"response_format": _schema(count)}})
            except Refused:
                self._takes_schema = False
        return self._ask(messages, most, {})


def shown(claims: Sequence[JudgedClaim]) -> str:
    """The claims for the prompt, each above the titles and sentences that it cites; nothing ends the fence."""
    lines: list[str] = []
    for number, claim in enumerate(claims, start=1):
        lines += ["", f"Claim {number}: {unfenced(claim.text)}"]
        title = ""
        for cited in claim.cited:
            if cited.paper.title != title:
                title = cited.paper.title
                lines.append(f"Title: {'(withheld)' if prose.flags(title, '') else unfenced(title)}")
            lines.append(f"Sentence: {unfenced(cited.sentence.text)}")
    return "\n".join(lines).strip()


def read(reply: str, claims: Sequence[JudgedClaim]) -> list[Judgement | None] | None:
    """
    Read a reply.

    Returns:
        A judgement for each claim, None for one whose words do not stand in its evidence; None for the whole reply if
        it is no JSON of the asked form, or does not judge each claim exactly once.
    """
    reply = without_reasoning(reply)
    places = [found.start() for found in _JUDGEMENTS.finditer(reply)] or [
        found.end() for found in _BARE.finditer(reply)
    ]
    if len(places) != 1:
        return None
    try:
        document, _ = json.JSONDecoder().raw_decode(reply, places[0])
    except (ValueError, RecursionError):
        return None
    entries = document["judgements"] if isinstance(document, dict) else document
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        return None
    by_number: dict[int, Any] = {
        entry["claim"]: entry
        for entry in entries
        if type(entry.get("claim")) is int  # True is a number to Python
    }
    if len(entries) != len(claims) or sorted(by_number) != list(range(1, len(claims) + 1)):
        return None
    return [_judgement(by_number[number], claim) for number, claim in enumerate(claims, start=1)]


def _judgement(entry: JsonDict, claim: JudgedClaim) -> Judgement | None:
    """The judgement of one claim; None if its verdict is unknown, or its words do not stand in the evidence."""
    because = entry.get("because")
    verdict: JudgedAs | None = next((name for name in _VERDICTS if name == entry.get("verdict")), None)
    if not verdict or not isinstance(because, list):
        return None
    quotes = [" ".join(quote.split()) for quote in because if isinstance(quote, str) and quote.strip()]
    if not quotes and verdict == "not said":
        return Judgement(verdict="not said")
    if not quotes or len(quotes) > MOST_QUOTES or not all(quoted_in(quote, claim) for quote in quotes):
        return None
    return Judgement(verdict=verdict, because=tuple(quotes))


def _schema(count: int) -> JsonDict:
    """The strict JSON schema of a reply that judges so many claims."""
    judgement = {
        "type": "object",
        "properties": {
            "claim": {"type": "integer", "enum": list(range(1, count + 1))},
            "because": {"type": "array", "items": {"type": "string"}},
            "verdict": {"type": "string", "enum": list(_VERDICTS)},
        },
        "required": ["claim", "because", "verdict"],
        "additionalProperties": False,
    }
    reply = {
        "type": "object",
        "properties": {"judgements": {"type": "array", "items": judgement}},
        "required": ["judgements"],
        "additionalProperties": False,
    }
    return {"type": "json_schema", "json_schema": {"name": "judgements", "strict": True, "schema": reply}}
