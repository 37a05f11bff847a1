"""Whether a question can be asked at all."""

from __future__ import annotations

from rag.errors import BadQuestion

MAX_QUESTION_CHARS = 20_000


def checked(question: str) -> str:
    """The question. Raises BadQuestion if it is empty or too long."""
    if not question.strip():
        raise BadQuestion(
            "The question or query is empty.",
            hint='Give words: `refdesk ask "What explains grokking?"`, `refdesk search grokking`.',
        )
    if len(question) > MAX_QUESTION_CHARS:
        raise BadQuestion(
            f"The question has {len(question):,} characters; the limit is {MAX_QUESTION_CHARS:,}.",
            hint="Ask one thing at a time.",
        )
    return question
