"""Query rewriting: a model writes the search queries of a question that is not short, or finds too little."""

from __future__ import annotations

import json
import re

from rag.answers.asked import stored_or_asked
from rag.answers.budget import Options
from rag.answers.confidence import THRESHOLD, confidence
from rag.answers.context import Context
from rag.answers.stored import ReplyStore, Request
from rag.llm.chat import Chat
from rag.llm.prompts import Prompt
from rag.retrieval.found import Retrieved

MAX_QUERIES = 3
SHORT = 3
"""A question of at most so many terms is its own search query."""
QUERIES_TOKENS = 100
"""The most tokens that a reply with search queries is expected to have."""
_FENCE = re.compile(r"^\s*```\w*\s*|\s*```\s*$")


def wants_queries(found: Retrieved) -> bool:
    """
    True if a model shall write search queries for a question: it is not short, or finds too little by its own words.

    The papers of an author are found by the name; a question without a topic has nothing to search for.
    """
    asked = found.understood
    if not found.hits or (asked and (asked.kind == "none" or asked.authors)):
        return False
    short = found.signals is not None and found.signals.terms <= SHORT and not (asked and asked.language != "en")
    return not short or confidence(found.signals) < THRESHOLD


def search_queries(
    question: str, prompt: Prompt, model: str, replies: ReplyStore, chat: Chat, options: Options
) -> list[str]:
    """
    At most three search queries that a model writes for a question; of a question in another language the first one is
    its translation.

    Raises:
        ModelUnavailable, Refused, CancelledError: As `stored_or_asked`.
    """
    request = Request(prompt=prompt.id, model=model, question=question, context=Context({}), limit=MAX_QUERIES)
    messages = prompt.render(question=question)
    reply = stored_or_asked(request, messages, replies=replies, chat=chat, tokens=QUERIES_TOKENS, options=options)
    lines = (line.strip(" -*\"'0123456789.)") for line in _lines(reply))
    return [line for line in dict.fromkeys(lines) if 3 <= len(line) <= 200][:MAX_QUERIES]


def _lines(reply: str) -> list[str]:
    """The lines of a reply, or the texts of a list in JSON, which some models write."""
    try:
        listed = json.loads(_FENCE.sub("", reply))
    except (ValueError, RecursionError):
        return [line for line in reply.splitlines() if line.lstrip()[:1] not in ("{", "`", "[")]
    if isinstance(listed, dict) and len(listed) == 1:
        listed = next(iter(listed.values()))
    return [text for text in listed if isinstance(text, str)] if isinstance(listed, list) else []
