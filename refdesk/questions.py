"""The questions that a library answers: search, cited answers, their check, and the LangChain parts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Event
from typing import TYPE_CHECKING, Literal, Unpack

from rag.answers.stream import AnswerStream
from rag.question import FollowUp
from rag.types import WORDS_ALONE, Answer, Filter, FilterOptions, Hit, Hits, JudgeChoice, Paper, Review, choose_filter
from refdesk import wiring
from refdesk.arguments import check_count
from refdesk.filters import checked_filter
from refdesk.settings.config import Config
from stores.store import LibraryStore

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

    from rag.retrieval.found import Retrieved
    from rag.retrieval.langchain import PaperRetriever
    from refdesk.verify import Verification

Sort = Literal["score", "date"]


class Questions:
    """
    The part of `Library` that answers questions; a `Library` is the only use of it.

    Args:
        store: The open library.
        settings: Its settings.
        load: Reads the settings again, for `Library.reload`.
    """

    def __init__(self, store: LibraryStore, settings: Config, *, load: Callable[[], Config] | None = None) -> None:
        self._store = store
        self._load = load or (lambda: settings)
        self._citations = wiring.citations(store)
        self._facts = wiring.facts(store)
        self._use(settings)

    def _use(self, settings: Config) -> None:
        """Answer by these settings from now on."""
        self._settings = settings
        self._retrieval = wiring.retrieval(self._store, settings)
        self._ask = wiring.ask(
            self._store, settings, retrieval=self._retrieval, citations=self._citations, facts=self._facts
        )

    @property
    def model(self) -> str | None:
        """The name of the chat model that writes the answers; None where the answers quote the papers."""
        return self._settings.model

    def search(
        self,
        query: str,
        *,
        limit: int = 10,
        sort: Sort = "score",
        filter: Filter | None = None,  # noqa: A002 - the public name
        **filters: Unpack[FilterOptions],
    ) -> Hits:
        """
        Rank the papers that match a query, best first; none if no paper holds its words or anything near them.

        Args:
            query: Words or a question; nothing in it is syntax. Without a word, and with authors in the filter, all
                papers of the filter match, the newest first.
            limit: The most hits.
            sort: `date` orders the best `limit` hits by their papers' days, the newest first; so does a query for
                recent papers.
            filter, filters: Which papers to look at: a whole `Filter`, or its fields as keyword arguments, such as
                `since="2026-05", categories=["cs.CL"]`.

        Raises:
            BadQuestion: The query has no word to look for.
            BadFilter: `limit` is no number or below 1, a date is not valid, or both a filter and its fields are given.
            PaperNotFound: No paper has an id that the filter names.
        """
        check_count(limit, "limit")
        chosen = choose_filter(filter, filters)
        if not query.strip() and chosen.authors:
            catalog = self._store.catalog
            ids = catalog.matching(checked_filter(catalog, chosen), newest_first=True)[:limit]
            return Hits(_unranked(paper) for paper in catalog.papers(ids).values())
        retrieved = self.retrieve(query, depth=limit, filter=chosen)
        if retrieved.unknown:
            return Hits()
        newest_first = sort == "date" or bool(retrieved.understood and retrieved.understood.newest_first)
        hits = _with_bare(retrieved)[:limit]
        found = Hits(sorted(hits, key=lambda hit: hit.paper.day, reverse=True) if newest_first else hits)
        found.degraded = WORDS_ALONE if retrieved.words_only else None
        return found

    def ask(
        self,
        question: str,
        *,
        max_sentences: int | None = None,
        fresh: bool = False,
        strict: bool = False,
        keep_unsupported: bool = False,
        sort: Sort = "score",
        as_list: bool = False,
        cancel: Event | None = None,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> Answer:
        """
        Answer a question with sentences that cite, or abstain.

        With a model, the model writes and each sentence is checked; without one, the answer quotes the papers.

        Args:
            question: In natural language.
            max_sentences: The most claims, or papers of a list; None takes the number of the settings, or ten papers.
            fresh: Ask the model again, even where its reply is stored.
            strict: Raise where the model fails. Otherwise the answer is extractive and marked `degraded`.
            keep_unsupported: Keep the model's claims that fail the check, marked as unsupported.
            sort: `date` puts the newest papers of an answer in the papers' own sentences first.
            as_list: List papers with their findings, whatever the question asks for; no model is asked.
            cancel: Set it to cancel the question.
            filter, filters: As in `search`.

        Raises:
            BadQuestion, BadFilter, PaperNotFound: As `search`.
            ModelUnavailable: The model failed, with `strict`.
            concurrent.futures.CancelledError: `cancel` was set.
        """
        with self.stream(
            question,
            max_sentences=max_sentences,
            fresh=fresh,
            strict=strict,
            keep_unsupported=keep_unsupported,
            sort=sort,
            as_list=as_list,
            cancel=cancel,
            filter=filter,
            **filters,
        ) as parts:
            *_, answer = parts
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
        sort: Sort = "score",
        as_list: bool = False,
        cancel: Event | None = None,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> AnswerStream:
        """
        Yield each claim when it is checked, and the whole Answer last. Arguments and errors as in `ask`.

        The stream is a context manager; closing it, from any thread, stops the model within one chunk of its reply.
        """
        if max_sentences is not None:
            check_count(max_sentences, "max_sentences")
        return self._ask.stream(
            question,
            filter=choose_filter(filter, filters),
            max_sentences=max_sentences,
            fresh=fresh,
            strict=strict,
            keep_unsupported=keep_unsupported,
            newest_first=sort == "date",
            as_list=as_list,
            cancel=cancel,
        )

    def review(
        self,
        topic: str,
        *,
        limit: int = 100,
        fresh: bool = False,
        cancel: Event | None = None,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> Review:
        """
        Review a topic: the papers that treat it, what they find and share, and its share of the months.

        With a model, the head and the themes are written by it and checked; what a paper found is in its own words.

        Args:
            topic: Words that name it, or a question.
            limit: The most papers, the nearest first; 500 at most.
            fresh: Ask the model again, even where its reply is stored.
            cancel: Set it from another thread to stop; the model's call ends within one chunk of its reply.
            filter, filters: As in `search`.

        Raises:
            BadQuestion, BadFilter, PaperNotFound: As `search`.
            concurrent.futures.CancelledError: `cancel` was set while the model wrote.
        """
        from refdesk.reviews import Reviews

        check_count(limit, "limit")
        reviews = Reviews(self._store, self._retrieval, self._ask, model=self._settings.model)
        return reviews.make(topic, choose_filter(filter, filters), papers=limit, fresh=fresh, cancel=cancel)

    def condense(self, history: Sequence[str], question: str, *, cancel: Event | None = None) -> str:
        """
        Rewrite a follow-up so that it can be asked alone: with the model, or by rule without one.

        What no rule resolves stays as it is; `follow_up` says so.

        Args:
            history: The questions asked before, the last one last.
            question: The follow-up.
            cancel: Set it to cancel the call.

        Raises:
            ModelUnavailable: The model failed.
        """
        return self.follow_up(history, question, cancel=cancel).question

    def follow_up(
        self, history: Sequence[str], line: str, *, by_rule: bool = False, cancel: Event | None = None
    ) -> FollowUp:
        """
        Read a line of a conversation: the question that it asks, and how it was read.

        Args:
            history: The questions asked before, the last one last.
            line: What was typed.
            by_rule: Do not ask the model.
            cancel: Set it to cancel the call.

        Raises:
            ModelUnavailable: The model failed.
        """
        return self._ask.follow_up(history, line, by_rule=by_rule, cancel=cancel)

    def replay(self, generation_id: str) -> Answer:
        """Check a stored reply of a model again. Raises PaperNotFound where no reply has this id."""
        return self._ask.replay(generation_id)[1]

    def verify(self, document: str, *, judge: JudgeChoice | None = None, cancel: Event | None = None) -> Verification:
        """
        Check the claims of a document that Refdesk wrote, JSON or Markdown, in their order.

        Args:
            document: The whole text.
            judge: Who decides about claims what words alone do not; None takes what is stored with the answer, else
                an entailment model if there is one, else words. Only `model` asks a chat model.
            cancel: Set it to stop before the next claim.

        Returns:
            The claims, a list; its `judge` names the one who decided.

        Raises:
            UnreadableInput: The document holds no claim.
            ConfigError: The judge is not there.
            concurrent.futures.CancelledError: `cancel` was set.
        """
        from refdesk.verify import verify

        judged_by = self._ask.judge_of_document(judge, cancel)
        return verify(document, self._citations, self._ask.checker, self._facts, judge=judged_by, cancel=cancel)

    def retrieve(
        self,
        question: str,
        *,
        depth: int = 0,
        filter: Filter | None = None,  # noqa: A002
        **filters: Unpack[FilterOptions],
    ) -> Retrieved:
        """Rank papers and sentences for a question, as `search` and `ask` do. Raises as `search`."""
        return self._retrieval.retrieve(question, choose_filter(filter, filters), depth=depth)

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

        Raises:
            BadFilter: The number of documents is not one, or a filter is not valid.
            TypeError: An option is unknown; `search_kwargs` is one: its options are given directly.
        """
        from rag.retrieval.langchain import DEFAULT_K, PaperRetriever

        if limit is not None and k is not None:
            raise TypeError("limit and k name the same option; give one of them.")
        if "search_kwargs" in filters:
            raise TypeError("as_retriever takes no search_kwargs; give k and the filters directly: as_retriever(k=3).")
        number = k if k is not None else DEFAULT_K if limit is None else limit
        check_count(number, "limit" if k is None else "k")
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


def _unranked(paper: Paper) -> Hit:
    """A hit of a search without words."""
    return Hit(paper=paper, score=1.0, lexical=0.0, vector=0.0, best_sentence=next(iter(paper.sentences), None))


def _with_bare(retrieved: Retrieved) -> list[Hit]:
    """The hits of a search, papers without an abstract each before the first one of a lower score."""
    hits = list(retrieved.hits)
    for bare in retrieved.bare:
        hits.insert(next((at for at, hit in enumerate(hits) if hit.score < bare.score), len(hits)), bare)
    return hits
