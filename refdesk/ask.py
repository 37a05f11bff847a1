"""Answers of a library with a chat model: budgets, stored replies, and the extractive answer where the model fails."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from rag.answers import extractive
from rag.checking import Checker, CitedSentence
from rag.errors import ModelUnavailable, PaperNotFound
from rag.retrieval.retriever import Retrieved
from rag.types import Answer, Claim, Paper, Revision
from refdesk import wiring
from refdesk.settings.config import Config
from stores.store import LibraryStore

if TYPE_CHECKING:
    from rag.answers.budget import Options
    from rag.answers.generated import Generator
    from rag.ports import StoredReply

Retrieve = Callable[[str], Retrieved]


class Answering:
    """
    Writes answers, with the model that is configured or without one.

    Args:
        store: The open library.
        settings: Its settings.
    """

    def __init__(self, store: LibraryStore, settings: Config) -> None:
        self._store, self._settings = store, settings
        self._versions: dict[str, list[Paper]] = {}
        self._generations = store.catalog.generations(read_only=store.read_only)

    @cached_property
    def checker(self) -> Checker:
        """The verifier."""
        return wiring.checker()

    @cached_property
    def _generator(self) -> Generator:
        return wiring.generator(
            self._settings, checker=self.checker, generations=self._generations, now=self._store.now
        )

    def stream(
        self,
        question: str,
        retrieve: Retrieve,
        *,
        max_sentences: int | None = None,
        fresh: bool = False,
        strict: bool = False,
        keep_unsupported: bool = False,
    ) -> Iterator[Claim | Answer]:
        """Every claim when it is checked, and the answer last. Raises ModelUnavailable only when `strict`."""
        limit = max_sentences or self._settings.max_sentences
        if not self._settings.model:
            answer = extractive.answer(retrieve(question), max_sentences=limit)
            yield from answer.claims
            yield answer
            return
        day = self._store.now()[:10]
        options = self._options(limit, fresh=fresh, keep_unsupported=keep_unsupported)
        chat = self._generator.new_chat()
        try:
            yield from self._generator.chain(retrieve, options, chat).stream(question)
        except ModelUnavailable as error:
            if strict:
                raise
            answer = extractive.answer(retrieve(question), max_sentences=limit)
            yield replace(answer, degraded={"from": "generated", "reason": error.message.rstrip(".")})
        finally:
            self._generations.spend(day, chat.usage.tokens)

    def _options(self, limit: int, *, fresh: bool = False, keep_unsupported: bool = False) -> Options:
        from rag.answers.budget import Options

        settings = self._settings
        daily = settings.max_tokens_per_day
        left = daily - self._generations.spent(self._store.now()[:10]) if daily else None
        prices = (settings.price_per_million_input, settings.price_per_million_output)
        return Options(
            max_claims=limit,
            max_tokens=settings.max_tokens_per_question,
            window=settings.model_window,
            fresh=fresh,
            keep_unsupported=keep_unsupported,
            tag=secrets.token_hex(4),
            tokens_left=left,
            prices=None if None in prices else (prices[0] or 0.0, prices[1] or 0.0),
        )

    def for_issue(self, *, fresh: bool) -> tuple[Generator, Options, int | None, Callable[[int], None]]:
        """What writes an issue: the chain, options for a part, tokens for all parts, and whom to tell of each spent."""
        day, options = self._store.now()[:10], self._options(1, fresh=fresh)
        limits = [self._settings.max_tokens_per_issue or None, options.tokens_left]
        budget = min((max(0, each) for each in limits if each is not None), default=None)
        options = replace(options, max_tokens=None, tokens_left=None)  # the budget is for all parts together
        return self._generator, options, budget, lambda tokens: self._generations.spend(day, tokens)

    def condense(self, history: Sequence[str], question: str) -> str:
        """
        A follow-up as a question that stands for itself; the question as it is where there is no model or history.

        Raises:
            ModelUnavailable: The model failed, or wrote no question.
        """
        if not self._settings.model or not history:
            return question
        from rag.answers.budget import allow

        listed = "\n".join(f"- {each}" for each in history[-5:])
        chat = self._generator.new_chat()
        prompt = self._generator.prompts["condense"]
        messages = prompt.render(history=listed, question=question)
        allow(chat, messages, 100, self._options(1))
        try:
            said = "".join(chat.stream(messages))
        finally:
            self._generations.spend(self._store.now()[:10], chat.usage.tokens)
        line = next((line.strip() for line in said.splitlines() if line.strip()), "")
        if not 3 <= len(line) <= 1_000:
            raise ModelUnavailable("The model did not put the question in other words.", may_pass=False)
        return line

    def replay(self, generation_id: str) -> tuple[StoredReply, Answer]:
        """
        A stored reply, checked anew against the sentences that it was shown.

        Raises:
            PaperNotFound: No generation has this id, or a paper that it was shown is gone.
        """
        from rag.answers.verified import replayed

        found = self._generations.find(generation_id)
        if not found:
            raise PaperNotFound(
                f"No stored answer has the id “{generation_id[:40]}”.",
                hint="`refdesk ask --json` shows it as `generation`.",
            )
        shown = {}
        for each in found.evidence:
            cited = self.sentence(each["paper_id"], quote=each["quote"])
            if not cited:
                raise PaperNotFound(
                    f"{each['paper_id']} no longer has a sentence that was shown.", hint="Ask anew with --fresh."
                )
            shown[each["id"]] = cited
        return found, replayed(found, shown, self.checker)

    def sentence(
        self, paper_id: str, *, quote: str, start: int | None = None, number: int | None = None
    ) -> CitedSentence | None:
        """The sentence of any revision of a paper that is exactly `quote`, at `start` and as `number` where given."""
        for version in self.versions(paper_id):
            for sentence in version.sentences:
                at_its_place = start in (None, sentence.start) and number in (None, sentence.number)
                if sentence.text == quote and at_its_place:
                    return CitedSentence(version, sentence)
        return None

    def versions(self, paper_id: str) -> list[Paper]:
        """A paper as it is and as it was, by any of its ids; nothing where there is none."""
        if paper_id not in self._versions:
            papers = self._store.catalog.papers(list(self._store.catalog.resolve([paper_id]).values()))
            self._versions[paper_id] = [
                version
                for paper in papers.values()
                for version in (paper, *_past(paper, self._store.catalog.revisions(paper.paper_id)))
            ]
        return self._versions[paper_id]

    def numbered(self, paper_id: str, number: int) -> CitedSentence | None:
        """Sentence `number` of a paper as it now is."""
        papers = self._store.catalog.papers(list(self._store.catalog.resolve([paper_id]).values()))
        for paper in papers.values():
            if 1 <= number <= len(paper.spans):
                return CitedSentence(paper, paper.sentence(number))
        return None


def _past(paper: Paper, revisions: Sequence[Revision]) -> Iterator[Paper]:
    """A paper as it was with each of its texts, under each name that it had then."""
    for each in revisions:
        past = replace(paper, title=each.title, abstract=each.abstract, spans=each.spans)
        yield past
        for authors, published, url in each.named:
            yield replace(past, authors=authors, published=published, url=url)
