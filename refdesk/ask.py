"""
Asking: retrieve evidence for a question and answer from it, with a chat model or in the papers' own sentences.

Where the model fails, the extractive answer is given and says why. Retrieval and checking are done below.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import CancelledError
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from threading import Event, RLock
from typing import TYPE_CHECKING

from rag.answers import extractive
from rag.answers.budget import DailyBudget, Options
from rag.answers.followups import condensed
from rag.answers.stream import AnswerStream
from rag.answers.verified import replayed
from rag.checking import Checker, Judge
from rag.errors import ModelUnavailable, PaperNotFound
from rag.question import FollowUp, follow_up, understand
from rag.retrieval.found import Retrieved
from rag.types import EVERY_PAPER, Answer, Claim, Filter, JudgeChoice, words_alone
from refdesk.citations import Citations
from refdesk.judges import Judges

if TYPE_CHECKING:
    from rag.answers.generated import Generator
    from rag.ports import Replies, StoredReply


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSettings:
    """
    How answers are written.

    Args:
        model: A chat model such as `openai:gpt-4o-mini`; None answers in the papers' own sentences.
        prompts: A folder whose prompts replace the shipped ones.
        window: Tokens that the model takes at once.
        max_output_tokens: The longest reply that the model may write.
        timeout_s: The longest wait for the model, and for each part of its reply.
        max_sentences: The most sentences in an answer.
        max_tokens_per_question, max_tokens_per_day, max_tokens_per_issue: Budgets, both ways, all calls; 0 is no limit.
        prices: Of a million tokens, input and output; None where they are not configured.
    """

    model: str | None = None
    prompts: str | None = None
    window: int = 16_000
    max_output_tokens: int = 1_200
    timeout_s: float = 60.0
    max_sentences: int = 5
    max_tokens_per_question: int = 24_000
    max_tokens_per_day: int = 0
    max_tokens_per_issue: int = 300_000
    prices: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IssueModel:
    """
    The model that writes the parts of an issue.

    Args:
        generator: The answering chain.
        options: How each part is written.
        budget: Tokens for all parts together; None is no limit.
    """

    generator: Generator
    options: Options
    budget: int | None


class Ask:
    """
    Answers questions over a library.

    Args:
        settings: The model, its budgets and limits.
        retrieve: Ranked papers and sentences for a query, among the papers of a filter.
        facts: The answer from metadata alone, given the most papers to list; None to any other question.
        citations: Finds the sentences that a stored reply was shown.
        replies: Stored replies, and the tokens of each day.
        writable: False if the library is in a place that cannot be written, so that tokens cannot be counted.
        make_checker: Makes the verifier; called when first needed.
        make_generator: Makes the chain that writes with the model, from the verifier; called when first needed.
        judges: Makes the judges of claims.
        make_tag: Makes a random mark for the evidence's fence.
        now: The time, ISO 8601 in UTC.
    """

    def __init__(
        self,
        settings: ModelSettings,
        *,
        retrieve: Callable[[str, Filter], Retrieved],
        facts: Callable[[str, Filter, int | None], Answer | None],
        citations: Citations,
        replies: Replies,
        writable: bool,
        make_checker: Callable[[], Checker],
        make_generator: Callable[[Checker], Generator],
        judges: Judges,
        make_tag: Callable[[], str],
        now: Callable[[], str],
    ) -> None:
        self._settings, self._retrieve, self._citations = settings, retrieve, citations
        self._facts, self._judges = facts, judges
        self._replies, self._writable, self._now = replies, writable, now
        self._make_checker, self._make_generator, self._make_tag = make_checker, make_generator, make_tag
        self._making = RLock()  # making the generator makes the checker

    @property
    def checker(self) -> Checker:
        """The verifier; one for all threads."""
        with self._making:
            return self._one_checker

    @property
    def _generator(self) -> Generator:
        """The chain; one for all threads, so that all of them know the request mode that it learned."""
        with self._making:
            return self._one_generator

    @cached_property
    def _one_checker(self) -> Checker:
        return self._make_checker()

    @cached_property
    def _one_generator(self) -> Generator:
        return self._make_generator(self.checker)

    def stream(
        self,
        question: str,
        *,
        filter: Filter = EVERY_PAPER,  # noqa: A002 - as the public method calls it
        max_sentences: int | None = None,
        fresh: bool = False,
        strict: bool = False,
        keep_unsupported: bool = False,
        newest_first: bool = False,
        as_list: bool = False,
        cancel: Event | None = None,
    ) -> AnswerStream:
        """
        Yield every claim once it is checked, and the answer last. Nothing is done before the first is asked for.

        Args:
            question: In natural language.
            filter: Which papers to look at.
            max_sentences: The most claims; None takes the number of the settings.
            fresh: Ask the model again, also where its reply is stored.
            strict: Raise where the model fails. Otherwise the answer is extractive and marked `degraded`.
            keep_unsupported: Keep the model's claims that fail the check, marked as unsupported.
            newest_first: Order an answer in the papers' own sentences by the papers' days.
            as_list: List papers with their findings, whatever the question asks for; no model is asked.
            cancel: Set it to cancel the question; closing the stream does the same.

        Raises when it runs:
            BadQuestion, BadFilter, PaperNotFound: As `retrieve`.
            ModelUnavailable: The model failed, with `strict`.
            CancelledError: `cancel` was set.
        """
        closed = Event()

        def cancelled() -> bool:
            return closed.is_set() or (cancel is not None and cancel.is_set())

        options = replace(
            self._options(fresh=fresh),
            max_claims=max_sentences or self._settings.max_sentences,
            by_kind=max_sentences is None,
            keep_unsupported=keep_unsupported,
        )

        def parts() -> Iterator[Claim | Answer]:
            if answer := self._facts(question, filter, max_sentences):
                yield answer
            else:
                yield from self._parts(
                    question,
                    filter,
                    options,
                    strict,
                    cancelled,
                    limit=max_sentences,
                    newest_first=newest_first,
                    as_list=as_list,
                )

        return AnswerStream(_timed(parts()), closed)

    def _parts(
        self,
        question: str,
        filter_: Filter,
        options: Options,
        strict: bool,
        cancelled: Callable[[], bool],
        *,
        limit: int | None,
        newest_first: bool,
        as_list: bool,
    ) -> Iterator[Claim | Answer]:
        """The claims and the answer, of the model, or extractive without one or where it fails."""
        retrieved = self._retrieve(question, filter_)
        degraded = None
        if self._settings.model and not as_list:
            chat = self._generator.new_chat(cancelled)

            def retrieve(query: str) -> Retrieved:
                return retrieved if query == question else self._retrieve(query, filter_)

            try:
                for part in self._generator.chain(retrieve, options, chat).stream(question):
                    yield _saying(part, retrieved)
                return
            except ModelUnavailable as error:
                if strict:
                    raise
                degraded = {"from": "generated", "reason": error.message.rstrip(".")}
        if cancelled():
            raise CancelledError("The question was cancelled.")
        answer = extractive.answer(
            retrieved,
            max_sentences=limit,
            usual=self._settings.max_sentences,
            newest_first=newest_first,
            as_list=as_list,
        )
        if not degraded:
            yield from answer.claims
        yield _saying(replace(answer, degraded=degraded), retrieved)

    def _options(self, *, fresh: bool = False) -> Options:
        settings = self._settings
        return Options(
            max_tokens=settings.max_tokens_per_question,
            window=settings.window,
            max_output=settings.max_output_tokens,
            fresh=fresh,
            tag=self._make_tag(),
            daily=DailyBudget(self._replies, self._now, settings.max_tokens_per_day, writable=self._writable),
            prices=settings.prices,
        )

    def for_issue(self, *, fresh: bool) -> IssueModel:
        """
        Return the model that writes the parts of an issue; every call counts its own tokens.

        Args:
            fresh: Ask the model again, also where its reply is stored.
        """
        options = self._options(fresh=fresh)
        assert options.daily
        limits = (self._settings.max_tokens_per_issue or None, options.daily.left)
        budget = min((limit for limit in limits if limit is not None), default=None)
        return IssueModel(generator=self._generator, options=replace(options, max_tokens=None), budget=budget)

    def judge_of_document(self, choice: JudgeChoice | None, cancel: Event | None) -> Judge | None:
        """The judge of a document that is verified, as `Judges.of_document`; its tokens count into the day's."""
        options = replace(self._options(), max_tokens=None)
        return self._judges.of_document(choice, options, cancel.is_set if cancel else lambda: False)

    def follow_up(
        self, history: Sequence[str], line: str, *, by_rule: bool = False, cancel: Event | None = None
    ) -> FollowUp:
        """Read a line of a conversation, as `refdesk.questions.Questions.follow_up` says."""
        if history and self._settings.model and not by_rule:
            cancelled = cancel.is_set if cancel else lambda: False
            question = condensed(history, line, self._generator, self._options(), cancelled=cancelled)
            return FollowUp(question=question, reading="own" if question == line else "resolved")
        today = date.fromisoformat(self._now()[:10])
        return follow_up(line, understand(history[-1], today=today) if history else None, today=today)

    def replay(self, reply_id: str) -> tuple[StoredReply, Answer]:
        """
        Check a stored reply again, against the sentences that the model saw.

        Raises:
            PaperNotFound: No stored reply has this id, or the library lacks a sentence that was shown.
        """
        stored = self._replies.find(reply_id)
        if not stored:
            raise PaperNotFound(
                f"No stored answer has the id “{reply_id[:40]}”.",
                hint="`refdesk ask --json` shows it as `generation`.",
            )
        sentences = {}
        for shown in stored.evidence:
            cited = self._citations.sentence(shown["paper_id"], quote=shown["quote"])
            if not cited:
                raise PaperNotFound(
                    f"{shown['paper_id']} no longer has a sentence that the model was shown.",
                    hint="Ask again with --fresh.",
                )
            sentences[shown["id"]] = cited
        return stored, replayed(stored, sentences, self.checker, self._judges.stored())


def _saying(part: Claim | Answer, retrieved: Retrieved) -> Claim | Answer:
    """The same part; an answer says that its papers were found by their words alone, if so."""
    if not (retrieved.words_only and isinstance(part, Answer)):
        return part
    return replace(part, degraded=words_alone(part.degraded))


def _timed(parts: Iterator[Claim | Answer]) -> Iterator[Claim | Answer]:
    """The same parts; the answer says how long it took since the first was asked for."""
    began = time.perf_counter()
    for part in parts:
        yield replace(part, took_ms=(time.perf_counter() - began) * 1000) if isinstance(part, Answer) else part
