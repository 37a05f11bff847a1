"""
Abstractive summarization of an issue's parts by a chat model, each sentence checked against the ones it cites.

Every part goes through the answering chain over numbered sentences (`rag.answers.generated`), several parts at a time.
A part is asked for only if the budget has room for the most that it may use; a reply that is stored costs nothing. A
part that fails, or that the budget does not allow, keeps the extractive text of `rag.digests.build`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from rag.answers.budget import TAG_FOR_COUNTING, Options
from rag.answers.context import pack
from rag.answers.generated import Generator
from rag.digests.compose import Part
from rag.errors import ModelUnavailable
from rag.llm.chat import Chat
from rag.retrieval.found import Retrieved
from rag.types import Answer, Claim, JsonDict

CONCURRENCY = 4
_CALLS = 2
"""The most calls for one part: the reply, and its repair."""
_CLAIM_TOKENS = 60
"""What a claim of a reply usually has, with its ids; and what its judgement has."""
_JUDGE_TOKENS = 700
"""What a request to the judge usually has, without its claims: they have twice `_CLAIM_TOKENS` each."""
_JUDGED = 0.5
"""The usual share of parts whose claims words do not decide, so that the model judges them."""
_CONFIG: RunnableConfig = {"max_concurrency": CONCURRENCY}
Last = tuple[Part, Callable[[Mapping[str, Sequence[Claim]]], Part]]
"""A part as it is estimated, and what makes it of the claims of the others."""
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


@dataclass(frozen=True, slots=True)
class Estimate:
    """The tokens of one part, both ways: what it usually uses, and the most that it may."""

    usual: int
    most: int


def estimate(parts: Sequence[Part], generator: Generator, options: Options) -> dict[str, Estimate]:
    """The tokens of each part by its name. Stored replies cost nothing; the estimate does not know of them."""
    chat = generator.new_chat()
    judge = generator.make_judge(chat, options)
    judged = _JUDGED if judge and judge.name == "model" else 0.0
    return {part.name: _estimated(part, generator, options, chat, judged) for part in parts}


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
        document: What it writes, for the notice: `issue` or `review`.
    """

    model: str
    generator: Generator
    options: Options
    budget: int | None
    notify: Callable[[str], None] = lambda _: None
    cancel: Event | None = None
    document: str = "issue"

    @property
    def prompts(self) -> dict[str, str]:
        """The ids of the prompts, by name."""
        return {name: self.generator.prompts[name].id for name in ("answer", "repair")}

    @property
    def cancelled(self) -> bool:
        """True if the caller wants no more."""
        return self.cancel is not None and self.cancel.is_set()

    def write(self, parts: Sequence[Part], last: Last | None = None) -> Written:
        """
        Ask for each part, in order.

        Args:
            parts: The parts.
            last: A part that is asked for after the others, and what makes it of their claims.

        Raises:
            CancelledError: `cancel` was set; the tokens used until then are counted.
        """
        written = Written(prices=self.options.prices)
        estimates = estimate([*parts, *(last[:1] if last else ())], self.generator, self.options)
        most = {name: estimated.most for name, estimated in estimates.items()}
        self.notify(self._announced(len(estimates), sum(estimated.usual for estimated in estimates.values())))
        waiting = list(parts)
        while waiting or last:
            if last and not waiting:
                waiting, last = [last[1](written.claims)], None
                most |= {part.name: each.most for part in waiting for each in self._estimates([part])}
            if self.cancelled:
                raise CancelledError("Writing the issue was cancelled.")
            left = None if self.budget is None else self.budget - written.tokens
            batch = _affordable(waiting[: 2 * CONCURRENCY], most, left)
            options = self.options if batch else replace(self.options, stored_only=True)
            batch = batch or waiting
            ask: Runnable[Part, _Reply] = RunnableLambda(partial(self._asked, most=most, options=options))
            for part, (chat, claims) in zip(batch, ask.batch(batch, _CONFIG), strict=True):
                written.add(part.name, chat, claims)
            waiting = waiting[len(batch) :]
        return written

    def _estimates(self, parts: Sequence[Part]) -> list[Estimate]:
        return list(estimate(parts, self.generator, self.options).values())

    def _announced(self, count: int, usual: int) -> str:
        """What writing is going to cost, in words."""
        parts = "1 part" if count == 1 else f"{count:,} parts"
        limit = "" if self.budget is None else f", of the {self.budget:,} that it may use"
        short = ""
        if self.budget is not None and usual > self.budget:
            short = " What does not fit stays in the papers' own sentences; `max_tokens_per_issue` is the limit."
        return (
            f"{self.model} writes {parts} of the {self.document}, with about {_rounded(usual):,} tokens{limit}.{short}"
        )

    def _asked(self, part: Part, most: Mapping[str, int], options: Options) -> _Reply:
        """The claims of a part, or the reason why there are none; and the chat, which counted the tokens."""
        chat = self.generator.new_chat(lambda: self.cancelled)
        options = replace(options, max_claims=part.limit, max_tokens=most[part.name], early=False, abstain=False)
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


def _estimated(part: Part, generator: Generator, options: Options, chat: Chat, judged: float) -> Estimate:
    context = pack(part.evidence, max_tokens=options.window - options.max_output, count=chat.counter.count)
    prompt = generator.prompts["answer"]
    asked = chat.count(
        prompt.render(question=part.question, evidence=context.text, tag=TAG_FOR_COUNTING, limit=part.limit)
    )
    usual = asked + part.limit * _CLAIM_TOKENS + round(judged * (_JUDGE_TOKENS + part.limit * 3 * _CLAIM_TOKENS))
    # the repair shows the failed claims too
    return Estimate(usual, _CALLS * (asked + 2 * options.max_output))


def _rounded(tokens: int) -> int:
    """
    A number of tokens to two digits.

    >>> _rounded(61_234)
    61000
    """
    return round(tokens, 2 - len(str(tokens)))
