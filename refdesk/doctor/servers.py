"""
What a model's server and an embedder take, found out by a few tiny requests.

The requests are those that answers are made of, so that what is said here holds for `ask`. Nothing is remembered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rag.errors import RefdeskError
from rag.types import JsonDict

if TYPE_CHECKING:
    from rag.answers.context import Context
    from rag.checking import Checker
    from rag.llm.chat import Chat
    from rag.llm.prompts import Prompt
    from rag.ports import Embedder

QUESTION = "What does lime wash do to moss on walls?"
_TITLE = "Moss on the walls of old towns"
_ABSTRACT = (
    "We measured the cover of moss on forty facades for three years. Lime wash reduced the cover of moss by forty "
    "percent. The effect lasted two winters."
)
_BATCH = 256
_REASONING_FACTOR = 3
"""A reply that is counted as so many times its own tokens was reasoned about first."""


@dataclass(slots=True)
class ModelReport:
    """
    What a model's server takes.

    Attributes:
        name: Of the model.
        schema: True if it takes a JSON schema and its reply keeps it; False if not; None if that was not found out.
        json: The same for a reply in JSON that is asked for in words.
        plain: The same for sentences with numbers in brackets.
        stream, usage: True if it streams its reply, and counts its tokens.
        reasoning: True if it reasons before it replies.
        left_out: Parts of a request that it refused.
        answer: What it answered to a tiny question.
        supported: True if the answer was checked and is borne out.
        requests: How many were made.
        took_ms: For the first answer.
        error: Why nothing more was found out.
    """

    name: str
    schema: bool | None = None
    json: bool | None = None
    plain: bool | None = None
    stream: bool | None = None
    usage: bool | None = None
    reasoning: bool | None = None
    left_out: tuple[str, ...] = ()
    answer: str | None = None
    supported: bool | None = None
    requests: int = 0
    took_ms: float = 0.0
    error: RefdeskError | None = None

    def to_dict(self) -> JsonDict:
        """The report as `doctor --json` prints it."""
        return {
            "name": self.name,
            "schema": self.schema,
            "json": self.json,
            "plain": self.plain,
            "stream": self.stream,
            "usage": self.usage,
            "reasoning": self.reasoning,
            "left_out": list(self.left_out),
            "question": QUESTION,
            "answer": self.answer,
            "supported": self.supported,
            "requests": self.requests,
            "took_ms": round(self.took_ms, 1),
            "error": self.error.to_dict()["error"] if self.error else None,
        }


@dataclass(slots=True)
class EmbedderReport:
    """
    What an embedder gives.

    Attributes:
        name: Of the embedder.
        dimension: Of its vectors.
        batch: The most texts that it took at once, of `_BATCH`; None for one on this machine, which has no limit.
        max_input: The most tokens of a text that it takes, by Refdesk's count.
        took_ms: For one short text.
        error: Why nothing more was found out.
    """

    name: str
    dimension: int | None = None
    batch: int | None = None
    max_input: int | None = None
    took_ms: float = 0.0
    error: RefdeskError | None = None

    def to_dict(self) -> JsonDict:
        """The report as `doctor --json` prints it."""
        return {
            "name": self.name,
            "dimension": self.dimension,
            "batch": self.batch,
            "max_input": self.max_input,
            "took_ms": round(self.took_ms, 1),
            "error": self.error.to_dict()["error"] if self.error else None,
        }


def probed_model(
    name: str, make_chat: Callable[[], Chat], prompts: Callable[[], Mapping[str, Prompt]], checker: Checker
) -> ModelReport:
    """
    Ask a tiny question in each of the three ways in which answers are asked for.

    Args:
        name: Of the model.
        make_chat: Makes a chat that knows nothing of the server yet. Raises ConfigError.
        prompts: Loads the prompts `answer` and `answer_plain`. Raises ConfigError.
        checker: Checks the answer.
    """
    from rag.llm.dialect import PARTS

    report = ModelReport(name)
    chat = None
    try:
        chat = make_chat()
        began = time.perf_counter()
        for mode in ("schema", "json", "plain"):
            if mode == "json" and report.schema is False and not chat.formed:
                report.json = report.answer is not None  # the last request was the same
                continue
            _ask(report, chat, prompts()[f"answer{'_plain' if mode == 'plain' else ''}"], mode, checker)
            report.took_ms = report.took_ms or (time.perf_counter() - began) * 1000
    except RefdeskError as error:
        report.error = error
    if chat:
        report.requests = chat.usage.calls
        report.left_out = tuple(part for part in PARTS if not chat.dialect.takes(part))
    return report


def _ask(report: ModelReport, chat: Chat, prompt: Prompt, mode: str, checker: Checker) -> None:
    """Ask in one mode and note what came of it."""
    from rag.answers.modes import bound
    from rag.answers.replies import Reply, until
    from rag.answers.verified import checked

    context = _context()
    messages = prompt.render(question=QUESTION, evidence=context.text, tag="doctor", limit=2)
    before = replace(chat.usage)
    reply, texts = Reply(), []
    for text in chat.stream(messages, **bound(mode, list(context.sentences))):
        texts.append(text)
    drafts = list(until(iter(texts), reply, 4))
    works = any(draft.ids for draft in drafts)
    written, counted = chat.counter.count("".join(texts)), chat.usage.output_tokens - before.output_tokens
    reasons = chat.reasoned or (not chat.usage.estimated and counted > _REASONING_FACTOR * written + 50)
    report.reasoning = bool(report.reasoning) or reasons
    report.usage, report.stream = not chat.usage.estimated, chat.dialect.takes("stream")
    if mode == "schema":
        report.schema = works and chat.formed
    elif mode == "json":
        report.json = works
    else:
        report.plain = works
    if works and report.answer is None:
        report.answer = " ".join(draft.text for draft in drafts)
        verdicts = [checked(checker, draft, context, QUESTION).verdict for draft in drafts]
        report.supported = all(verdict.support != "unsupported" for verdict in verdicts)
    if mode == "schema" and works and not chat.formed:
        report.json = True


def _context() -> Context:
    from rag.answers.context import Context
    from rag.checking import CitedSentence
    from rag.text import split
    from rag.types import Paper

    paper = Paper(paper_id="doctor:1", title=_TITLE, abstract=_ABSTRACT, source="doctor", spans=split(_ABSTRACT))
    return Context({f"1.{sentence.number}": CitedSentence(paper, sentence) for sentence in paper.sentences})


def probed_embedder(name: str, make_embedder: Callable[[str], Embedder]) -> EmbedderReport:
    """
    Embed one short text, a batch, and a long text.

    Args:
        name: Of the embedder.
        make_embedder: Makes an embedder of a name. Raises ConfigError or EmbedderUnavailable.
    """
    from rag.embedders import canonical

    report = EmbedderReport(canonical(name))
    try:
        embedder = make_embedder(name)
        began = time.perf_counter()
        report.dimension = embedder.embed(["moss"]).shape[1]
        report.took_ms = (time.perf_counter() - began) * 1000
        report.max_input = embedder.max_tokens
        limits = getattr(embedder, "limits", None)  # only a server has limits to be found out
        if limits:
            embedder.embed([f"moss {number}" for number in range(_BATCH)])
            embedder.embed(["moss " * embedder.max_tokens])
            report.batch, report.max_input = limits()
    except RefdeskError as error:
        report.error = error
    return report
