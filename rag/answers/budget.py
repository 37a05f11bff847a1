"""
Token budgets: how many tokens a question and a day may use.

A call is made only if the most that it may use fits into both budgets. That much of the day's budget is reserved
before the call and settled after it, so that callers who ask at the same time never overspend together. A process
that is killed during a call leaves its reservation behind, which counts as spent for that day.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from rag.errors import LibraryReadOnly, ModelUnavailable
from rag.llm.chat import Chat, Messages
from rag.ports import Replies

TAG_FOR_COUNTING = "xxxxxxxx"
"""A tag as long as any, to count the tokens of a prompt before its tag is drawn."""


@dataclass(frozen=True, slots=True)
class DailyBudget:
    """
    The tokens that all users of a library may use on one day, UTC.

    Args:
        replies: Where the tokens of each day are counted.
        now: The time, ISO 8601 in UTC.
        limit: The most tokens of a day; 0 is no limit.
        writable: False if the library is known to be read-only.
    """

    replies: Replies
    now: Callable[[], str]
    limit: int = 0
    writable: bool = True

    @property
    def left(self) -> int | None:
        """The tokens that are left of this day; None without a limit."""
        return max(0, self.limit - self.replies.spent(self._today)) if self.limit else None

    def reserve(self, tokens: int) -> Reservation:
        """
        Set tokens aside before a call.

        Raises:
            ModelUnavailable: Too few are left, or the count cannot be stored.
        """
        day = self._today
        if not self.limit:
            return Reservation(self.replies, day, 0)
        if not self.writable:
            raise _uncounted()
        try:
            reserved = self.replies.reserve(day, tokens, limit=self.limit)
        except LibraryReadOnly as error:
            raise _uncounted() from error
        if not reserved:
            raise ModelUnavailable(
                f"The day's budget has {self.left:,} tokens left; the question needs about {tokens:,}.",
                hint="Raise `max_tokens_per_day`, or ask tomorrow.",
                may_pass=False,
            )
        return Reservation(self.replies, day, tokens)

    @property
    def _today(self) -> str:
        return self.now()[:10]


def _uncounted() -> ModelUnavailable:
    return ModelUnavailable(
        "A day's budget is set, and the library cannot be written to count tokens.",
        hint="Make the library writable, or set `max_tokens_per_day = 0`.",
        may_pass=False,
    )


@dataclass(frozen=True, slots=True)
class Reservation:
    """Tokens that are set aside for one call."""

    replies: Replies
    day: str
    tokens: int

    def settle(self, used: int) -> None:
        """Count what the call used in place of what was reserved."""
        with suppress(LibraryReadOnly):  # without a limit the count is a record, and may be missing
            self.replies.spend(self.day, used - self.tokens)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """
    The options of one question.

    Args:
        max_claims: The most claims of an answer.
        by_kind: Allow more claims where the kind of the question wants them, such as an overview.
        max_tokens: For one question, both ways, all calls; None is no limit but the model's window.
        window: Tokens that the model takes at once.
        max_output: The longest reply that the model may write, in tokens.
        fresh: Ask the model again, even if a reply is stored.
        keep_unsupported: Show claims that failed the check, marked, instead of leaving them out.
        tag: The random mark in the evidence's fence.
        daily: The budget of the day; None does not count.
        prices: Per million tokens, input and output; None where they are not configured.
        early: Show the first claim as early as it can be, which takes one request to a judge more.
        abstain: Withhold evidence whose confidence is too low; otherwise it is shown.
        stored_only: Ask no model: only a stored reply is used.
    """

    max_claims: int = 6
    by_kind: bool = False
    max_tokens: int | None = None
    window: int = 16_000
    max_output: int = 1_200
    fresh: bool = False
    keep_unsupported: bool = False
    tag: str = "evidence"
    daily: DailyBudget | None = None
    prices: tuple[float, float] | None = None
    early: bool = True
    abstain: bool = True
    stored_only: bool = False


def within_budget(
    chat: Chat, messages: Messages, max_output: int, options: Options, **bound: Any
) -> Generator[str, None, None]:
    """
    Call the model within the budgets and yield its reply as it comes.

    Args:
        chat: The question's chat.
        messages: Role and content of each.
        max_output: The most tokens that the reply is expected to have.
        options: With the budgets.
        bound: Passed on to the model.

    Raises:
        ModelUnavailable: A budget does not allow the call, or as `Chat.stream`.
        Refused, CancelledError: As `Chat.stream`.
    """
    if options.stored_only:
        raise ModelUnavailable("The budget of tokens is used up.", may_pass=False)
    most = chat.count(messages) + max_output
    if options.max_tokens is not None and chat.usage.tokens + most > options.max_tokens:
        raise ModelUnavailable(
            f"The question needs about {chat.usage.tokens + most:,} tokens and may use {options.max_tokens:,}.",
            hint="Raise `max_tokens_per_question`.",
            may_pass=False,
        )
    reservation = options.daily.reserve(most) if options.daily else None
    before = chat.usage.tokens
    try:
        yield from chat.stream(messages, **bound)
    finally:
        if reservation:
            reservation.settle(chat.usage.tokens - before)
