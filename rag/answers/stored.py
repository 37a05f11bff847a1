"""Stored replies: the id of a request, and keeping and finding the reply to it. Reading a reply is in `replies`."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from rag.answers.context import Context
from rag.errors import LibraryReadOnly
from rag.ports import Replies, StoredReply


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    Everything that determines a model's reply, except the random tag of the fence.

    Args:
        prompt: The prompt's id.
        model: The model's name.
        question: The question.
        context: The sentences that the model sees.
        limit: The most claims, or queries, that it is asked for.
    """

    prompt: str
    model: str
    question: str
    context: Context
    limit: int

    @property
    def id(self) -> str:
        """Twelve hex digits over all of it."""
        inputs = hashlib.sha256(json.dumps([self.question, self.context.to_list(), self.limit]).encode()).hexdigest()
        return hashlib.sha256(f"{self.prompt}\n{self.model}\n{inputs}".encode()).hexdigest()[:12]


class ReplyStore:
    """
    Keeps and finds the replies to requests.

    Args:
        replies: Where they are stored.
        now: The time, ISO 8601 in UTC.
    """

    def __init__(self, replies: Replies, now: Callable[[], str]) -> None:
        self._replies, self._now = replies, now

    def find(self, request: Request) -> StoredReply | None:
        """The stored reply to a request."""
        return self._replies.find(request.id)

    def keep(self, request: Request, replies: Sequence[str], *, tokens: int) -> str:
        """
        Store the reply to a request, and the reply to its repair if there was one.

        Returns:
            The id under which they are stored.
        """
        stored = StoredReply(
            id=request.id,
            created=self._now(),
            prompt=request.prompt,
            model=request.model,
            question=request.question,
            evidence=request.context.to_list(),
            reply=replies[0],
            repair=replies[1] if len(replies) > 1 else "",
            tokens=tokens,
        )
        with suppress(LibraryReadOnly):  # the answer is shown anyway
            self._replies.keep(stored)
        return stored.id
