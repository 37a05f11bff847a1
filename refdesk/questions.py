"""The questions that a library answers: search, cited answers, their check, and the LangChain parts."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Unpack

from rag.types import Answer, Claim, Filter, FilterOptions, Hit, choose_filter
from refdesk import wiring
from refdesk.ask import Answering
from refdesk.filters import checked_filter
from refdesk.settings.config import Config
from stores.store import LibraryStore

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from rag.retrieval.langchain import PaperRetriever
    from rag.retrieval.retriever import Retrieved, Retriever
    from refdesk.verify import Verified


class Questions:
    """
    The part of `Library` that answers questions; a `Library` is the only use of it.

    Args:
        store: The open library.
        settings: Its settings.
    """

    def __init__(self, store: LibraryStore, settings: Config) -> None:
        self._store = store
        self._settings = settings
        self._answering = Answering(store, settings)

    @property
    def model(self) -> str | None:
        """The name of the chat model that writes the answers; None where the answers quote the papers."""
        return self._settings.model

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        filter: Filter | None = None,  # noqa: A002 - the public name
        **filters: Unpack[FilterOptions],
    ) -> list[Hit]:
        """
        Rank the papers that match a query, best first.

        Args:
            query: Words or a question; nothing in it is syntax.
            limit: The most hits.
            filter, filters: Which papers to look at: a whole `Filter`, or its fields as keyword arguments, such as
                `since="2026-05", categories=["cs.CL"]`.

        Raises:
            BadQuestion: The query has no word to look for.
            BadFilter: A date is not valid, or both a filter and its fields are given.
            PaperNotFound: No paper has an id that the filter names.
        """
        return list(self.retrieve(query, depth=limit, filter=filter, **filters).hits[:limit])

    def ask(
        self,
        question: str,
        *,
        max_sentences: int | None = None,
        fresh: bool = False,
        strict: bool = False,
        keep_unsupported: bool = False,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> Answer:
        """
        Answer a question with sentences that cite, or abstain.

        With a model, the model writes and each sentence is checked; without one, the answer quotes the papers.

        Args:
            question: In natural language.
            max_sentences: The most claims; None takes the number of the settings.
            fresh: Ask the model again, even where its reply is stored.
            strict: Raise where the model fails. Otherwise the answer is extractive and marked `degraded`.
            keep_unsupported: Keep the model's claims that fail the check, marked as unsupported.
            filter, filters: As in `search`.

        Raises:
            BadQuestion, BadFilter, PaperNotFound: As `search`.
            ModelUnavailable: The model failed, with `strict`.
        """
        *_, answer = self.stream(
            question,
            max_sentences=max_sentences,
            fresh=fresh,
            strict=strict,
            keep_unsupported=keep_unsupported,
            filter=filter,
            **filters,
        )
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self,
        question: str,
        *,
        max_sentences: int | None = None,
        fresh: bool = False,
        strict: bool = False,
        keep_unsupported: bool = False,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> Iterator[Claim | Answer]:
        """Yield each claim when it is checked, and the whole Answer last. Arguments and errors as in `ask`."""
        began = time.perf_counter()
        chosen = choose_filter(filter, filters)
        for part in self._answering.stream(
            question,
            lambda query: self.retrieve(query, filter=chosen),
            max_sentences=max_sentences,
            fresh=fresh,
            strict=strict,
            keep_unsupported=keep_unsupported,
        ):
            yield replace(part, took_ms=(time.perf_counter() - began) * 1000) if isinstance(part, Answer) else part

    def condense(self, history: Sequence[str], question: str) -> str:
        """
        Rewrite a follow-up with the model so that it can be asked alone; without a model it stays as it is.

        Args:
            history: The questions asked before, the last one last.
            question: The follow-up.

        Raises:
            ModelUnavailable: The model failed.
        """
        return self._answering.condense(history, question)

    def replay(self, generation_id: str) -> Answer:
        """Check a stored reply of a model again. Raises PaperNotFound where no reply has this id."""
        return self._answering.replay(generation_id)[1]

    def verify(self, document: str) -> list[Verified]:
        """
        Check the claims of a document that Refdesk wrote, JSON or Markdown, in their order.

        Raises:
            UnreadableInput: The document holds no claim.
        """
        from refdesk.verify import verify

        return verify(document, Answering(self._store, self._settings))

    def retrieve(
        self,
        question: str,
        *,
        depth: int = 0,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> Retrieved:
        """Rank papers and sentences for a question, as `search` and `ask` do. Raises as `search`."""
        checked = checked_filter(self._store.catalog, choose_filter(filter, filters))
        question = question.encode(errors="replace").decode()  # what a terminal could not decode is no word
        with self._store.indexes.guard:  # stores reopen, and the retriever's vocabulary grows, under a reading
            self._store.refresh()
            if self._retriever.embedder is not self._store.embedder:  # somebody reindexed with another one
                del self._retriever
            return self._retriever.retrieve(question, filter_=checked, depth=depth)

    @cached_property
    def _retriever(self) -> Retriever:
        return wiring.retriever(self._store)

    def as_retriever(
        self,
        *,
        limit: int | None = None,
        k: int | None = None,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> PaperRetriever:
        """
        Make a LangChain retriever: a question to Documents, one a paper, with its best sentence in the metadata.

        Args:
            limit, k: The number of documents (8); two names of one option, the second is LangChain's.
            filter, filters: As in `search`. `retriever.invoke` takes `k` and filters too, for one call.
        """
        from rag.retrieval.langchain import DEFAULT_K, PaperRetriever

        if limit is not None and k is not None:
            raise TypeError("limit and k name the same option; give one of them.")
        number = k if k is not None else DEFAULT_K if limit is None else limit
        return PaperRetriever(search=self.search, k=number, filter=choose_filter(filter, filters))

    def as_runnable(
        self,
        *,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> Runnable[str, Answer]:
        """Make a LangChain Runnable from a question to an Answer. Filters as in `search`."""
        from langchain_core.runnables import RunnableLambda

        chosen = choose_filter(filter, filters)
        return RunnableLambda(lambda question: self.ask(question, filter=chosen), name="refdesk")
