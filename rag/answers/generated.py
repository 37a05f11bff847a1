"""
Generated answers: a model writes claims over numbered evidence, and each is checked before anybody sees it.

The chain of LangChain runnables: queries → retrieval → prompt → reply → check → one repair → answer. A claim that
fails the check goes back to the model once, with the reasons and the abstracts that were cited, and what comes back
stands in its place. A claim that fails again is left out and counted.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from typing import Any

from langchain_core.runnables import Runnable, RunnableGenerator, RunnableLambda

from rag.answers.breadth import breadth_of, gathered, relative
from rag.answers.budget import TAG_FOR_COUNTING, Options, within_budget
from rag.answers.confidence import THRESHOLD, confidence
from rag.answers.context import pack
from rag.answers.judged import MakeJudge, batches, judged_batch
from rag.answers.missing import is_about_evidence
from rag.answers.modes import MODES, LearnedMode, bound
from rag.answers.queries import search_queries, wants_queries
from rag.answers.repair import Checked, chosen, evidence_for, placed, reasons
from rag.answers.replies import DraftClaim, Reply, until
from rag.answers.stored import ReplyStore, Request
from rag.answers.task import Task, answer_of
from rag.answers.verified import checked, made
from rag.checking import Checker, links
from rag.errors import BadQuestion, ModelUnavailable
from rag.llm.chat import Chat, Refused
from rag.llm.prompts import Prompt
from rag.retrieval.found import Retrieved, merged
from rag.types import Answer, Claim

Retrieve = Callable[[str], Retrieved]

MOST_CALLS = 3
"""Requests for one answer from which on no other mode is tried."""
_LEAST_EVIDENCE = 200  # tokens; a sentence with its title


class Generator:
    """
    Writes answers with one model over one library.

    Args:
        make_chat: Makes a new Chat from a function that returns True once it is cancelled.
        name: The model's name.
        checker: Checks claims against the sentences that they cite.
        prompts: By name: answer, answer_plain, repair, queries, condense.
        replies: Where replies are stored.
        make_judge: Makes the judge of a question, from its chat and options; None leaves its claims to the words.
        clock: A monotonic clock in seconds; the learned request mode expires by it.
    """

    def __init__(
        self,
        make_chat: Callable[[Callable[[], bool]], Chat],
        *,
        name: str,
        checker: Checker,
        prompts: Mapping[str, Prompt],
        replies: ReplyStore,
        make_judge: MakeJudge = lambda _chat, _options: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make_chat, self.name = make_chat, name
        self._checker, self.prompts, self.replies = checker, prompts, replies
        self.make_judge, self._modes = make_judge, LearnedMode(clock)

    def new_chat(self, cancelled: Callable[[], bool] = lambda: False) -> Chat:
        """Make a chat for one question; it calls `cancelled` at every chunk of a reply."""
        return self._make_chat(cancelled)

    def chain(self, retrieve: Retrieve, options: Options, chat: Chat) -> Runnable[str, Claim | Answer]:
        """
        Build the chain from a question to an answer; its `stream` yields each checked Claim, and the Answer last.

        Args:
            retrieve: Ranked evidence for a query.
            options: How the question is answered.
            chat: A new one; its usage is the question's.

        Raises when it runs:
            ModelUnavailable: The model failed, its reply could not be used, or a budget does not allow to ask it.
            BadQuestion: As `retrieve`.
            CancelledError: The chat was cancelled.
        """

        def searched(question: str) -> Task:
            retrieved, pool = self._searched(question, retrieve, chat, options)
            breadth = breadth_of(retrieved)
            claims = max(options.max_claims, breadth.claims) if options.by_kind else options.max_claims
            return Task(retrieved, replace(options, max_claims=claims), chat, pool, breadth)

        steps: Runnable[str, Any] = RunnableLambda(searched) | RunnableLambda(self._packed)
        return steps | RunnableGenerator(self._written) | RunnableGenerator(self._checked)

    # ---- queries and retrieval

    def _searched(self, question: str, retrieve: Retrieve, chat: Chat, options: Options) -> tuple[Retrieved, Retrieved]:
        """
        Retrieve evidence; unless the question is short and finds enough, search also with the model's queries.

        Returns:
            What was found, and the same with scores relative to the best of each query: a query of two words scores
            higher than a long question, and its papers would crowd out the others.
        """
        found = retrieve(question)
        if not wants_queries(found):
            return found, found
        asked = found.understood
        queries = search_queries(question, self.prompts["queries"], self.name, self.replies, chat, options)
        if asked and asked.language != "en" and queries:  # the first one is the question in English
            with suppress(BadQuestion):
                english = retrieve(queries[0])
                understood = replace(english.understood or asked, question=question, language=asked.language)
                found = replace(english, question=question, understood=understood)
            queries = queries[1:]
        pool, sure = relative(found), confidence(found.signals) >= THRESHOLD
        span = found.understood.span_words if found.understood else ""
        for query in queries:
            chat.stop_if_cancelled()
            with suppress(BadQuestion):  # the query holds only stop words
                other = retrieve(f"{query} {span}".strip())
                best = found if sure else max((found, other), key=lambda retrieved: confidence(retrieved.signals))
                found = merged(found, other, signals=best.signals)
                pool = merged(pool, relative(other), signals=best.signals)
        return found, pool

    # ---- the prompt

    def _packed(self, task: Task) -> Task:
        """Add the best sentences that fit into the model's window and the question's budget."""
        options = task.options
        frame = self.prompts["answer"].render(
            question=task.question, evidence="", tag=TAG_FOR_COUNTING, limit=options.max_claims
        )
        room = options.window - options.max_output
        if options.max_tokens is not None:  # a repair sends the evidence once more
            room = min(room, (options.max_tokens - task.chat.usage.tokens - 2 * options.max_output) // 2)
        asked, breadth = task.retrieved.understood, task.breadth
        without_topic = asked is not None and asked.kind == "none"
        withheld = options.abstain and (without_topic or confidence(task.retrieved.signals) < THRESHOLD)
        evidence = [] if withheld else gathered(task.pool, breadth)
        task.context = pack(
            evidence,
            max_tokens=min(room - task.chat.count(frame), breadth.tokens),
            count=task.chat.counter.count,
            max_sentences=breadth.sentences,
        )
        if evidence and not task.context.sentences and room < task.chat.count(frame) + _LEAST_EVIDENCE:
            raise ModelUnavailable(
                f"The question may use {options.max_tokens or options.window:,} tokens: none are left for evidence.",
                hint="Raise `max_tokens_per_question`, or `model_window`.",
                may_pass=False,
            )
        self._checker.prepare(list(task.context.sentences.values()))
        return task

    def _request(self, task: Task) -> Request:
        return Request(
            prompt=task.prompt,
            model=self.name,
            question=task.question,
            context=task.context,
            limit=task.options.max_claims,
        )

    # ---- the reply

    def _written(self, tasks: Iterator[Task]) -> Iterator[Task | DraftClaim]:
        """Yield the task, then the claims as the model writes them, or those of its stored reply."""
        task = next(tasks)
        yield task
        if not task.context.sentences:
            return
        for name in ("answer", "answer_plain"):
            task.prompt = self.prompts[name].id
            if not task.options.fresh and (stored := self.replies.find(self._request(task))):
                task.stored = stored
                yield from _read(iter([stored.reply]), task, Reply())
                return
        yield from self._tried(task)

    def _tried(self, task: Task) -> Iterator[DraftClaim]:
        """Ask in one mode after another until the server accepts one; ask once more if a reply broke off."""
        may_retry, before = True, task.chat.usage.calls
        for mode in self._modes.to_try():
            if mode == "json" and task.chat.usage.calls > before and not task.chat.formed:
                continue  # the server took no schema, so the last request was the same
            while True:
                try:
                    yield from self._asked(task, mode)
                except Refused as error:
                    if mode == MODES[-1] or task.chat.usage.calls - before >= MOST_CALLS:
                        raise ModelUnavailable(str(error), may_pass=False) from error
                    break
                except ModelUnavailable as error:
                    if not (may_retry and error.may_pass):
                        raise
                    may_retry = False
                    task.chat.pause()
                else:
                    self._modes.learn(mode)
                    return

    def _asked(self, task: Task, mode: str) -> Iterator[DraftClaim]:
        name = "answer_plain" if mode == "plain" else "answer"
        messages = self.prompts[name].render(
            question=task.question, evidence=task.context.text, tag=task.options.tag, limit=task.options.max_claims
        )
        task.prompt = self.prompts[name].id
        form = bound(mode, list(task.context.sentences))
        reply = Reply()
        with closing(within_budget(task.chat, messages, task.options.max_output, task.options, **form)) as texts:
            yield from _read(texts, task, reply)
        task.was_cut = task.chat.was_cut
        if not reply.drafts and not reply.unanswerable:
            if task.chat.was_cut:  # the same would be cut again
                raise task.chat.cut()
            raise Refused("The model's reply holds no sentence that names its evidence.")

    # ---- the check

    def _checked(self, items: Iterator[Task | DraftClaim]) -> Iterator[Claim | Answer]:
        """Yield the claims that pass the check, then those that pass it after repair, then the answer."""
        task = next(items)
        assert isinstance(task, Task)  # the task comes before its drafts
        task.judge = self.make_judge(task.chat, task.options)
        for batch in batches(self._drafts(task, items), task.judge, early=task.options.early):
            for one in judged_batch(task.judge, batch, task.question):
                if task.held or one.wanting:  # claims stay in the model's order: this one waits for the repair
                    task.held.append(one)
                else:
                    yield from _shown(task, [one])
        yield from self._repaired(task)
        answer = answer_of(task, model=self.name, reply_id=self._kept(task))
        if task.dropped and not task.claims:
            raise ModelUnavailable("Nothing that the model wrote passed the check.", may_pass=False)
        yield answer

    def _drafts(self, task: Task, items: Iterator[Task | DraftClaim]) -> Iterator[Checked]:
        """Check each draft once, of twice as many as the answer may have; those about the evidence are no claims."""
        read, known = 0, set[DraftClaim]()
        for draft in items:
            assert isinstance(draft, DraftClaim)
            task.chat.stop_if_cancelled()
            if is_about_evidence(draft.text):
                task.told.insert(0, draft.text)
            elif (read := read + 1) <= 2 * task.options.max_claims and draft not in known:
                known.add(draft)
                yield checked(self._checker, draft, task.context, task.question)

    def _repaired(self, task: Task) -> Iterator[Claim]:
        """Yield the claims that were held; those that failed stand as they were written anew, in the same places."""
        failed = [one for one in task.held if one.wanting]
        room = task.options.max_claims - len(task.claims) - (len(task.held) - len(failed))
        repair = self._repair(task, failed) if failed and room > 0 else []
        rewritten = [checked(self._checker, draft, task.context, task.question) for draft in repair]
        by_draft = {one.draft: one for one in judged_batch(task.judge, rewritten, task.question)}
        places = iter(placed([one.draft for one in failed], repair))
        for one in task.held:
            task.chat.stop_if_cancelled()
            others = [by_draft[draft] for draft in next(places)] if one.wanting else []
            before = len(task.claims)
            yield from _shown(task, chosen(one, others))
            if one.wanting and len(task.claims) == before:
                yield from _shown_as_unsupported(task, others)
                task.dropped += len(task.claims) == before

    def _repair(self, task: Task, failed: Sequence[Checked]) -> Sequence[DraftClaim]:
        """Ask the model to rewrite the claims that failed; return them unchanged if it cannot be asked."""
        unchanged = [one.draft for one in failed]
        reply = Reply()
        if task.stored:
            stored = task.stored.repair
            return list(until(iter([stored]), reply, len(failed))) if stored else unchanged
        evidence = evidence_for(task.context, failed)
        listed = "\n".join(
            f"- {one.draft.text} [{', '.join(one.draft.ids)}]\n  {reasons(one.verdict)}" for one in failed
        )
        messages = self.prompts["repair"].render(
            question=task.question, evidence=evidence.text, tag=task.options.tag, claims=listed
        )
        form = bound(self._modes.mode, list(evidence.sentences))
        try:
            with closing(within_budget(task.chat, messages, task.options.max_output, task.options, **form)) as texts:
                drafts = list(until(texts, reply, len(failed)))
        except (ModelUnavailable, Refused):
            return unchanged  # they fail again, and stay out
        task.replies.append(reply.text)
        return drafts

    def _kept(self, task: Task) -> str | None:
        """Store the reply and return its id; None if the model was not asked, or its reply was cut."""
        if task.stored:
            return task.stored.id
        if not task.replies or task.was_cut:
            return None
        return self.replies.keep(self._request(task), task.replies, tokens=task.chat.usage.tokens)


def _shown(task: Task, ones: Sequence[Checked]) -> Iterator[Claim]:
    """Yield the claims of drafts that pass, unless the answer has them or is full."""
    for one in ones:
        if not task.full and all(one.draft.text != claim.text for claim in task.claims):
            task.claims.append(made(one, task.sources))
            yield task.claims[-1]


def _shown_as_unsupported(task: Task, ones: Sequence[Checked]) -> Iterator[Claim]:
    """Yield the claims of drafts that fail, if the reader asked for them; none with a link."""
    for one in ones:
        if task.options.keep_unsupported and not task.full and not one.passes and not links(one.draft.text):
            task.claims.append(replace(made(one, {}), citations=()))
            yield task.claims[-1]


def _read(texts: Iterator[str], task: Task, reply: Reply) -> Iterator[DraftClaim]:
    """Yield the claims of a reply as they are completed; keep the reply if it can be used."""
    yield from until(texts, reply, 2 * task.options.max_claims)
    if reply.drafts or reply.unanswerable:
        task.told.append("" if reply.stop_after(2 * task.options.max_claims) else reply.missing)
        task.replies[:] = [reply.text]
