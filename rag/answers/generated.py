"""
Answers that a model writes and that we check, claim by claim, before anybody sees them.

queries → retrieval → prompt → reply → check → repair once → answer, composed of LangChain runnables. A claim that the
check does not let pass is given back to the model once, with the reasons; what then fails is left out, and counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda

from rag.answers.budget import MAX_OUTPUT_TOKENS, Options, allow, generation_id, schema
from rag.answers.confidence import THRESHOLD, confidence
from rag.answers.context import Context, pack
from rag.answers.extractive import NEAREST
from rag.answers.replies import DraftClaim, Reply
from rag.answers.verified import made, reasons, shown_text, verdict_of
from rag.checking import Checker, Verdict, links
from rag.errors import BadQuestion, ModelUnavailable
from rag.llm.chat import Chat, Messages, Refused
from rag.llm.prompts import Prompt
from rag.ports import Replies, StoredReply
from rag.retrieval.retriever import Retrieved, merged
from rag.types import Abstention, Answer, Claim, Source

MAX_QUERIES = 3
_LEAST_EVIDENCE = 200  # tokens; a sentence with its title
_TAG = "xxxxxxxx"  # as long as any, for counting

ALL_MODES = ("schema", "json", "plain")
_MODES: dict[str, str] = {}
"""How each model is asked, by its key: `schema`, `json` or `plain`; found out once, and kept for the process."""


@dataclass(slots=True)
class _Task:
    """One question on its way through the chain."""

    question: str
    options: Options
    retrieved: Retrieved
    chat: Chat
    shown: Context = field(default_factory=lambda: Context({}))
    prompt: str = ""
    stored: StoredReply | None = None
    replies: list[str] = field(default_factory=list)
    claims: list[Claim] = field(default_factory=list)
    failed: list[tuple[DraftClaim, Verdict]] = field(default_factory=list)
    sources: dict[str, int] = field(default_factory=dict)
    dropped: int = 0


class Generator:
    """
    Writes answers with one model over one library.

    Args:
        new_chat: A Chat with the model that was asked nothing yet.
        name: The model's name.
        key: What its manner of taking requests is remembered by: name and server.
        checker: The verifier.
        prompts: By name: answer, answer_plain, repair, queries.
        generations: Where replies are kept.
        now: The time, ISO 8601 in UTC.
    """

    def __init__(
        self,
        new_chat: Callable[[], Chat],
        *,
        name: str,
        key: str,
        checker: Checker,
        prompts: Mapping[str, Prompt],
        generations: Replies,
        now: Callable[[], str],
    ) -> None:
        self.new_chat, self.name, self._key = new_chat, name, key
        self._checker, self.prompts, self._generations, self._now = checker, prompts, generations, now

    def chain(
        self, retrieve: Callable[[str], Retrieved], options: Options, chat: Chat
    ) -> Runnable[str, Claim | Answer]:
        """
        The chain for questions; `stream` gives every Claim when it is checked, and the Answer last.

        Args:
            retrieve: Ranked evidence for a query.
            options: See there.
            chat: A new one; its usage is the question's.

        Raises when it runs:
            ModelUnavailable: The model failed, its reply could not be used, or a budget does not allow to ask it.
            BadQuestion: As `retrieve`.
        """

        def searched(question: str) -> _Task:
            return _Task(question, options, self._searched(question, retrieve, chat, options), chat)

        steps: Runnable[str, Any] = RunnableLambda(searched) | RunnableLambda(self._packed)
        return steps | RunnableGenerator(self._written) | RunnableGenerator(self._checked)

    # ---- queries and retrieval

    def _searched(self, question: str, retrieve: Callable[[str], Retrieved], chat: Chat, options: Options) -> Retrieved:
        """The evidence, also by up to three queries of the model's where the question's own words find too little."""
        found = retrieve(question)
        if confidence(found.signals) >= THRESHOLD or not found.hits:
            return found
        for query in self._queries(question, chat, options):
            with suppress(BadQuestion):  # a query of stop words
                other = retrieve(query)
                best = max((found, other), key=lambda each: confidence(each.signals))
                found = merged(found, other, signals=best.signals)
        return found

    def _queries(self, question: str, chat: Chat, options: Options) -> list[str]:
        prompt = self.prompts["queries"]
        name = generation_id(prompt.id, self.name, question, Context({}), MAX_QUERIES)
        kept = None if options.fresh else self._generations.find(name)
        said = kept.reply if kept else ""
        if not kept:
            messages = prompt.render(question=question)
            allow(chat, messages, 100, options)
            said = "".join(chat.stream(messages))
            self._keep(name, prompt.id, question, Context({}), [said], chat)
        lines = (line.strip(" -*\"'0123456789.)") for line in said.splitlines())
        return [line for line in dict.fromkeys(lines) if 3 <= len(line) <= 200][:MAX_QUERIES]

    # ---- the prompt

    def _packed(self, task: _Task) -> _Task:
        options = task.options
        frame = self.prompts["answer"].render(question=task.question, evidence="", tag=_TAG, limit=options.max_claims)
        room = options.window - MAX_OUTPUT_TOKENS
        if options.max_tokens is not None:  # a repair sends the evidence once more
            room = min(room, (options.max_tokens - task.chat.usage.tokens - 2 * MAX_OUTPUT_TOKENS) // 2)
        withheld = options.abstain and confidence(task.retrieved.signals) < THRESHOLD
        evidence = [] if withheld else task.retrieved.evidence
        task.shown = pack(evidence, max_tokens=room - task.chat.count(frame), count=task.chat.counter.count)
        if evidence and not task.shown.sentences and room < task.chat.count(frame) + _LEAST_EVIDENCE:
            raise ModelUnavailable(
                f"The question may use {options.max_tokens or options.window:,} tokens: none are left for evidence.",
                hint="Raise `max_tokens_per_question`, or `model_window`.",
                may_pass=False,
            )
        self._checker.prepare(list(task.shown.sentences.values()))
        return task

    def _messages(self, task: _Task, name: str, **values: object) -> Messages:
        return self.prompts[name].render(
            question=task.question, evidence=task.shown.text, tag=task.options.tag, **values
        )

    # ---- the reply

    def _written(self, tasks: Iterator[_Task]) -> Iterator[_Task | DraftClaim]:
        task = next(tasks)
        yield task
        if not task.shown.sentences:
            return
        for name in ("answer", "answer_plain"):
            task.prompt = self.prompts[name].id
            if not task.options.fresh and (kept := self._generations.find(self._generation_id(task))):
                task.stored = kept
                yield from _read(iter([kept.reply]), task, Reply())
                return
        yield from self._tried(task, ALL_MODES[ALL_MODES.index(_MODES.get(self._key, ALL_MODES[0])) :])

    def _tried(self, task: _Task, modes: Sequence[str]) -> Iterator[DraftClaim]:
        """Ask in one mode after another until the server takes it; once more where a reply broke off."""
        again = True
        for mode in modes:
            while True:
                try:
                    yield from self._asked(task, mode)
                except Refused as error:
                    if mode == modes[-1]:
                        raise ModelUnavailable(str(error), may_pass=False) from error
                    break
                except ModelUnavailable as error:
                    if not (again and error.may_pass):
                        raise
                    again = False
                    task.chat.pause()
                else:
                    _MODES[self._key] = mode
                    return

    def _asked(self, task: _Task, mode: str) -> Iterator[DraftClaim]:
        name = "answer_plain" if mode == "plain" else "answer"
        messages = self._messages(task, name, limit=task.options.max_claims)
        task.prompt = self.prompts[name].id
        allow(task.chat, messages, MAX_OUTPUT_TOKENS, task.options)
        reply = Reply()
        yield from _read(task.chat.stream(messages, **_bound(task, mode)), task, reply)
        if not reply.drafts and not reply.unanswerable:
            raise Refused("The model's reply holds no sentence that names its evidence.")

    # ---- the check

    def _checked(self, items: Iterator[_Task | DraftClaim]) -> Iterator[Claim | Answer]:
        task = next(items)
        assert isinstance(task, _Task)  # it goes before its drafts
        for draft in items:
            assert isinstance(draft, DraftClaim)
            if len(task.claims) + len(task.failed) < 2 * task.options.max_claims:
                yield from self._claim(task, draft, final=False)
        yield from self._repaired(task)
        answer = self._answer(task)
        if task.dropped and not task.claims:
            raise ModelUnavailable("Nothing that the model wrote passed the check.", may_pass=False)
        yield answer

    def _claim(self, task: _Task, draft: DraftClaim, *, final: bool) -> Iterator[Claim]:
        if len(task.claims) >= task.options.max_claims or any(draft.text == claim.text for claim in task.claims):
            task.dropped += final
            return
        verdict, cited = verdict_of(self._checker, draft, task.shown, task.question)
        if verdict.support != "unsupported":
            claim = made(draft, verdict, cited, task.sources)
            task.claims.append(claim)
            yield claim
        elif not final:
            task.failed.append((draft, verdict))
        elif task.options.keep_unsupported and not links(draft.text):
            claim = Claim(
                text=draft.text, support="unsupported", score=verdict.score, citations=(), problems=verdict.problems
            )
            task.claims.append(claim)
            yield claim
        else:
            task.dropped += 1

    def _repaired(self, task: _Task) -> Iterator[Claim]:
        """Ask once for the claims that failed; where that is not possible they count as failed again."""
        failed, drafts = task.failed, [draft for draft, _ in task.failed]
        if not failed or (len(task.claims) >= task.options.max_claims):
            task.dropped += len(failed)
            return
        if task.stored:
            if task.stored.repair:
                drafts = list(_until(iter([task.stored.repair]), Reply(), len(failed)))
        else:
            listed = "\n".join(
                f"- {draft.text} [{', '.join(draft.ids)}]\n  {reasons(verdict)}" for draft, verdict in failed
            )
            messages = self._messages(task, "repair", claims=listed)
            try:
                allow(task.chat, messages, MAX_OUTPUT_TOKENS, task.options)
                reply = Reply()
                bound = _bound(task, _MODES.get(self._key))
                drafts = list(_until(task.chat.stream(messages, **bound), reply, len(failed)))
                task.replies.append(reply.text)
            except (ModelUnavailable, Refused):
                pass  # what failed stays out
        task.dropped += max(0, len(failed) - len(drafts))
        for draft in drafts:
            yield from self._claim(task, draft, final=True)

    # ---- the answer

    def _answer(self, task: _Task) -> Answer:
        generation = self._kept(task)
        usage = task.chat.usage
        prices = task.options.prices
        cost = (usage.input_tokens * prices[0] + usage.output_tokens * prices[1]) / 1e6 if prices else None
        papers = {cited.paper.paper_id: cited.paper for cited in task.shown.sentences.values()}
        supported = any(claim.support != "unsupported" for claim in task.claims)
        probability = confidence(task.retrieved.signals)
        abstention = None
        if not supported:
            reason = "the sentences that come nearest leave too much of the question open"
            if task.shown.sentences:
                reason = "the model found no answer in the sentences that come nearest"
                if task.dropped or task.failed:
                    reason = "nothing that the model wrote passed the check"
            abstention = Abstention(reason=reason, nearest=task.retrieved.hits[:NEAREST])
        claims = tuple(task.claims) if supported else ()
        return Answer(
            question=task.question,
            answered=supported,
            confidence=probability,
            mode="generated",
            text=" ".join(shown_text(claim) for claim in claims),
            claims=claims,
            sources=tuple(Source(number=number, paper=papers[name]) for name, number in task.sources.items())
            if supported
            else (),
            abstention=abstention,
            model=self.name,
            prompt=task.prompt or None,
            usage={
                "calls": usage.calls,
                "input_tokens": usage.input_tokens,
                "output_tokens": usage.output_tokens,
                "estimated": usage.estimated,
                "cost": cost,
            },
            dropped=task.dropped,
            generation=generation,
        )

    def _generation_id(self, task: _Task) -> str:
        return generation_id(task.prompt, self.name, task.question, task.shown, task.options.max_claims)

    def _kept(self, task: _Task) -> str | None:
        if task.stored:
            return task.stored.id
        if not task.replies:
            return None
        name = self._generation_id(task)
        self._keep(name, task.prompt, task.question, task.shown, task.replies, task.chat)
        return name

    def _keep(self, name: str, prompt: str, question: str, shown: Context, replies: Sequence[str], chat: Chat) -> None:
        kept = StoredReply(
            id=name,
            created=self._now(),
            prompt=prompt,
            model=self.name,
            question=question,
            evidence=shown.to_list(),
            reply=replies[0],
            repair=replies[1] if len(replies) > 1 else "",
            tokens=chat.usage.tokens,
        )
        self._generations.keep(kept)


def _bound(task: _Task, mode: str | None) -> dict[str, Any]:
    """What a request is sent with beside its messages: in the mode `schema` the schema, past LangChain."""
    return {"extra_body": {"response_format": schema(list(task.shown.sentences))}} if mode == "schema" else {}


def _until(pieces: Iterator[str], reply: Reply, most: int) -> Iterator[DraftClaim]:
    """The first claims of a reply; the rest is not waited for."""
    for piece in pieces:
        yield from islice(reply.feed(piece), most - len(reply.drafts))
        if len(reply.drafts) >= most:
            return
    yield from islice(reply.finish(), max(0, most - len(reply.drafts)))


def _read(pieces: Iterator[str], task: _Task, reply: Reply) -> Iterator[DraftClaim]:
    """The claims of a reply as they are completed, and the reply kept where it is of use."""
    yield from _until(pieces, reply, 2 * task.options.max_claims)
    if reply.drafts or reply.unanswerable:
        task.replies[:] = [reply.text]
