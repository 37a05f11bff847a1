"""Retrieval over an open library: checks the filter, sees what others wrote, and ranks papers and sentences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from threading import Lock

from rag.errors import LibraryLocked, StoreError
from rag.question import Understood, understand
from rag.retrieval.found import Retrieved
from rag.retrieval.retriever import Retriever
from rag.types import Filter
from refdesk.filters import checked_filter, known_authors, narrowed
from stores.store import LibraryStore


class Retrieval:
    """
    Ranks the papers and sentences of an open library.

    Args:
        store: The library.
        make_retriever: Makes a retriever over it; called when first needed, and again when its embedder changed.
    """

    def __init__(self, store: LibraryStore, make_retriever: Callable[[LibraryStore], Retriever]) -> None:
        self._store, self._make_retriever = store, make_retriever
        self._retriever: Retriever | None = None
        self._making = Lock()

    def retrieve(self, question: str, filter_: Filter, *, depth: int = 0) -> Retrieved:
        """
        Rank papers and sentences for a question.

        Args:
            question: In natural language; nothing in it is syntax.
            filter_: Which papers to look at.
            depth: How many candidates to read, if more than usual.

        Raises:
            BadQuestion: The question has no word to look for.
            BadFilter, PaperNotFound: A date is not valid, or the library lacks a paper that the filter names.
        """
        asked, checked = self._understood(question, checked_filter(self._store.catalog, filter_))
        before = self._store.reopened
        self._store.refresh()
        problem = self._store.health.require()
        retriever = self._of_the_embedder()
        try:
            retrieved = retriever.retrieve(asked, filter_=checked, depth=depth, words_only=bool(problem))
            # a server's collection that ended under the question is there again if it was replaced; else this says so
            replaced = retrieved.words_only and not problem and not self._store.health.require()
            if self._store.reopened == before and not replaced:
                return retrieved if retrieved.hits else self._with_reason(retrieved, asked, checked)
            self._store.refresh(wait=True)
            if self._store.embedder is retriever.embedder and not replaced:
                return retrieved
        except LibraryLocked:  # the catalog was written while it was read, in a place that cannot be written
            self._store.refresh(wait=True)
        except StoreError:
            if self._store.reopened == before and not self._store.written_since_refresh():
                raise
            self._store.refresh(wait=True)
        # the indexes were rebuilt under the question
        problem = self._store.health.require()
        return self._of_the_embedder().retrieve(asked, filter_=checked, depth=depth, words_only=bool(problem))

    def _understood(self, question: str, filter_: Filter) -> tuple[Understood, Filter]:
        """The question, and the filter narrowed to the authors and the span that it names."""
        today = date.fromisoformat(self._store.now()[:10])
        text = question.encode(errors="replace").decode()  # what a terminal could not decode is no word
        asked = understand(text, today=today)
        if asked.authors:
            if authors := known_authors(self._store.catalog, asked.authors):
                filter_ = replace(filter_, authors=(*filter_.authors, *authors))
            else:
                asked = understand(text, today=today, authors=False)
        return asked, narrowed(filter_, asked)

    def _with_reason(self, retrieved: Retrieved, asked: Understood, filter_: Filter) -> Retrieved:
        """Why a span holds nothing: the newest day of the papers without it."""
        if not (asked.since or asked.until):
            return retrieved
        newest = self._store.catalog.matching(replace(filter_, since=None, until=None), newest_first=True)[:1]
        if not newest:
            return retrieved
        day = self._store.catalog.papers(newest)[newest[0]].day
        span = " ".join(f"{word} {value}" for word, value in (("since", asked.since), ("until", asked.until)) if value)
        return replace(retrieved, nothing=f"no paper is listed {span}; the newest is of {day}")

    def _of_the_embedder(self) -> Retriever:
        """The retriever of the library's embedder; another process may have reindexed with another embedder."""
        with self._making:
            if self._retriever is None or self._retriever.embedder is not self._store.embedder:
                self._retriever = self._make_retriever(self._store)
            return self._retriever
