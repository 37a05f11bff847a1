"""
The parts of an issue as a model writes them, each by the answering chain over numbered sentences, checked by it.

Parts are asked for several at a time. The budget is kept: a part is asked for only when the most that it may use is
left. A part that fails, or that the budget does not allow, is not here, and the extractive one stands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda

from rag.answers.budget import MAX_OUTPUT_TOKENS, Options
from rag.answers.context import pack
from rag.answers.generated import Generator
from rag.digests.compose import Part
from rag.errors import ModelUnavailable
from rag.llm.chat import Chat
from rag.retrieval.retriever import Retrieved
from rag.types import Answer, Claim, JsonDict

CONCURRENCY = 4
_TAG = "xxxxxxxx"
_REPAIRED = 2
"""Calls of one part at most: the reply, and its repair."""


@dataclass(slots=True)
class Written:
    """What the model wrote: claims by part, why the other parts failed, and the tokens that it took."""

    claims: dict[str, tuple[Claim, ...]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    estimated: bool = False

    @property
    def tokens(self) -> int:
        """Both ways."""
        return self.input_tokens + self.output_tokens

    def usage(self, prices: tuple[float, float] | None) -> JsonDict:
        """What it took, as answers say it."""
        cost = (self.input_tokens * prices[0] + self.output_tokens * prices[1]) / 1e6 if prices else None
        names = ("calls", "input_tokens", "output_tokens", "estimated")
        return {**{name: getattr(self, name) for name in names}, "cost": cost}


def estimate(parts: Sequence[Part], generator: Generator, options: Options) -> dict[str, int]:
    """The most tokens that each part may use, by its name; what is stored costs nothing, which this does not know."""
    chat = generator.new_chat()
    return {part.name: _most(part, generator, options, chat) for part in parts}


def write(
    parts: Sequence[Part],
    generator: Generator,
    options: Options,
    *,
    budget: int | None,
    tell: Callable[[int], None] = lambda _: None,
) -> Written:
    """
    Ask for each part, in their order.

    Args:
        parts: Names, questions and evidence.
        generator: With the model.
        options: For each part; its `max_claims` is the part's own.
        budget: Tokens for all of them; None is no limit.
        tell: Told the tokens of each round, as they are spent.
    """
    written = Written()
    most = estimate(parts, generator, options)
    one: Runnable[Part, _Asked] = RunnableLambda(lambda part: _asked(part, generator, options, most[part.name]))
    waiting = list(parts)
    while waiting:
        left = None if budget is None else budget - written.tokens
        some = _affordable(waiting[: 2 * CONCURRENCY], most, left)
        if not some:
            written.failures |= dict.fromkeys((part.name for part in waiting), "the budget of tokens is used up")
            break
        before = written.tokens
        for part, (chat, found) in zip(some, one.batch(some, _CONFIG), strict=True):
            usage = chat.usage
            written.calls += usage.calls
            written.input_tokens += usage.input_tokens
            written.output_tokens += usage.output_tokens
            written.estimated |= usage.estimated
            if isinstance(found, str):
                written.failures[part.name] = found
            else:
                written.claims[part.name] = found
        tell(written.tokens - before)
        waiting = waiting[len(some) :]
    return written


_CONFIG: RunnableConfig = {"max_concurrency": CONCURRENCY}


def _affordable(parts: Sequence[Part], most: Mapping[str, int], left: int | None) -> list[Part]:
    """The first parts that the budget has room for, whatever they use of what they may."""
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
    shown = pack(part.evidence, max_tokens=options.window - MAX_OUTPUT_TOKENS, count=chat.counter.count)
    prompt = generator.prompts["answer"]
    asked = chat.count(prompt.render(question=part.question, evidence=shown.text, tag=_TAG, limit=part.limit))
    return _REPAIRED * (asked + 2 * MAX_OUTPUT_TOKENS)  # the repair shows the failed claims too


_Asked = tuple[Chat, "tuple[Claim, ...] | str"]


def _asked(part: Part, generator: Generator, options: Options, most: int) -> _Asked:
    """The claims of a part, or why there are none; and the chat, for what it cost."""
    chat = generator.new_chat()
    own = replace(options, max_claims=part.limit, max_tokens=most, abstain=False)
    retrieved = Retrieved(question=part.question, evidence=part.evidence)
    try:
        *_, answer = generator.chain(lambda _: retrieved, own, chat).stream(part.question)
    except ModelUnavailable as error:
        return chat, error.message.rstrip(".")
    assert isinstance(answer, Answer)
    return chat, answer.claims or "the model found nothing to say in the sentences"
