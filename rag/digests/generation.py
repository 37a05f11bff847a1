"""
Abstractive summarization of an issue's parts by a chat model, each sentence checked against the ones it cites.

Every part goes through the answering chain over numbered sentences (`rag.answers.generated`), several parts at a time.
A part is asked for only if the budget has room for the most that it may use. A part that
fails, or that the budget does not allow, keeps the extractive text of `rag.digests.build`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from threading import Event

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from rag.answers.budget import MAX_OUTPUT_TOKENS, TAG_FOR_COUNTING, Options
from rag.answers.context import pack
from rag.answers.generated import Generator
from rag.digests.compose import Part
from rag.errors import ModelUnavailable
from rag.llm.chat import Chat
from rag.retrieval.retriever import Retrieved
from rag.types import Answer, Claim, JsonDict

CONCURRENCY = 4
_CALLS = 2
"""The most calls for one part: the reply, and its repair."""
_CONFIG: RunnableConfig = {"max_concurrency": CONCURRENCY}
_Reply = tuple[Chat, "tuple[Claim, ...] | str"]


@dataclass(slots=True)
class Written:
    """The claims by part, the reason for each part that failed, and the tokens used."""

    prices: tuple[float, float] | None = None
    claims: dict[str, tuple[Claim, ...]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False

    def add(self, name: str, chat: Chat, claims: tuple[Claim, ...] | str) -> None:
        """Count what a part used, and keep its claims or the reason why it has none."""
        self.calls += chat.usage.calls
        self.input_tokens += chat.usage.input_tokens
        self.output_tokens += chat.usage.output_tokens
        self.estimated |= chat.usage.estimated
        if isinstance(claims, str):
            self.failures[name] = claims
        else:
            self.claims[name] = claims

    @property
    def tokens(self) -> int:
        """Input and output together."""
        return self.input_tokens + self.output_tokens

    @property
    def usage(self) -> JsonDict:
        """Calls, tokens and cost, with the keys that answers use."""
        price_in, price_out = self.prices or (0.0, 0.0)
        cost = (self.input_tokens * price_in + self.output_tokens * price_out) / 1e6 if self.prices else None
        names = ("calls", "input_tokens", "output_tokens", "estimated")
        return {**{name: getattr(self, name) for name in names}, "cost": cost}

    @property
    def degraded(self) -> dict[str, str] | None:
        """The reason why some parts are extractive; None if the model wrote all of them."""
        if not self.failures:
            return None
        reasons = ", ".join(dict.fromkeys(self.failures.values()))
        parts = f"{len(self.failures)} of {len(self.failures) + len(self.claims)} parts"
        return {"from": "generated", "reason": f"{parts} are in the papers' own sentences: {reasons}"}


def estimate(parts: Sequence[Part], generator: Generator, options: Options) -> dict[str, int]:
    """The most tokens that each part may use, by its name. Stored replies cost nothing; the estimate ignores them."""
    chat = generator.new_chat()
    return {part.name: _most(part, generator, options, chat) for part in parts}


@dataclass(frozen=True, slots=True, kw_only=True)
class Writer:
    """
    Writes the parts of one issue with a model.

    Args:
        model: Its name, for the issue's manifest.
        generator: The answering chain.
        options: For each part; `max_claims` is replaced by the part's own limit.
        budget: Tokens for all parts together; None is no limit.
        notify: Called with the estimate of tokens, in one sentence.
        cancel: Set it to stop; a call under way ends within one chunk of its reply.
    """

    model: str
    generator: Generator
    options: Options
    budget: int | None
    notify: Callable[[str], None] = lambda _: None
    cancel: Event | None = None

    @property
    def prompts(self) -> dict[str, str]:
        """The ids of the prompts, by name."""
        return {name: self.generator.prompts[name].id for name in ("answer", "repair")}

    @property
    def cancelled(self) -> bool:
        """True if the caller wants no more."""
        return self.cancel is not None and self.cancel.is_set()

    def write(self, parts: Sequence[Part]) -> Written:
        """
        Ask for each part, in order.

        Raises:
            CancelledError: `cancel` was set; the tokens used until then are counted.
        """
        written = Written(prices=self.options.prices)
        most = estimate(parts, self.generator, self.options)
        within = f" of the {self.budget:,} that it may" if self.budget is not None else ""
        total = sum(most.values())
        self.notify(f"{len(parts)} parts are written by {self.model}: {total:,} tokens at most{within}.")
        waiting = list(parts)
        while waiting:
            if self.cancelled:
                raise CancelledError("Writing the issue was cancelled.")
            left = None if self.budget is None else self.budget - written.tokens
            batch = _affordable(waiting[: 2 * CONCURRENCY], most, left)
            if not batch:
                written.failures |= dict.fromkeys((part.name for part in waiting), "the budget of tokens is used up")
                break
            ask: Runnable[Part, _Reply] = RunnableLambda(lambda part: self._asked(part, most[part.name]))
            for part, (chat, claims) in zip(batch, ask.batch(batch, _CONFIG), strict=True):
                written.add(part.name, chat, claims)
            waiting = waiting[len(batch) :]
        return written

    def _asked(self, part: Part, most: int) -> _Reply:
        """The claims of a part, or the reason why there are none; and the chat, which counted the tokens."""
        chat = self.generator.new_chat(lambda: self.cancelled)
        options = replace(self.options, max_claims=part.limit, max_tokens=most, early=False, abstain=False)
        retrieved = Retrieved(question=part.question, evidence=part.evidence)
        try:
            *_, answer = self.generator.chain(lambda _: retrieved, options, chat).stream(part.question)
        except ModelUnavailable as error:
            return chat, error.message.rstrip(".")
        assert isinstance(answer, Answer)
        return chat, answer.claims or "the model found nothing to say in the sentences"


def _affordable(parts: Sequence[Part], most: Mapping[str, int], left: int | None) -> list[Part]:
    """The first parts that fit into the tokens left, even if each uses the most that it may."""
    if left is None:
        return list(parts)
    chosen: list[Part] = []
    for part in parts:
        left -= most[part.name]
        if left < 0:
            break
        chosen.append(part)
    return chosen


def _most(part: Part, generator: Generator, options: Options, chat: Chat) -> int:
    context = pack(part.evidence, max_tokens=options.window - MAX_OUTPUT_TOKENS, count=chat.counter.count)
    prompt = generator.prompts["answer"]
    asked = chat.count(
        prompt.render(question=part.question, evidence=context.text, tag=TAG_FOR_COUNTING, limit=part.limit)
    )
    return _CALLS * (asked + 2 * MAX_OUTPUT_TOKENS)  # the repair shows the failed claims too
