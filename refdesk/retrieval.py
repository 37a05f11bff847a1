"""Retrieval over an open library: checks the filter, sees what others wrote, and ranks papers and sentences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from threading import Lock

from rag.errors import LibraryLocked, StoreError
from rag.question import understand
from rag.retrieval.retriever import Retrieved, Retriever
from rag.types import Filter
from refdesk.filters import checked_filter
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
        checked = checked_filter(self._store.catalog, filter_)
        asked = understand(  # what a terminal could not decode is no word
            question.encode(errors="replace").decode(), today=date.fromisoformat(self._store.now()[:10])
        )
        before = self._store.reopened
        self._store.refresh()
        self._store.health.require()
        retriever = self._of_the_embedder()
        try:
            retrieved = retriever.retrieve(asked, filter_=checked, depth=depth)
            if self._store.reopened == before:
                return retrieved
            self._store.refresh(wait=True)
            if self._store.embedder is retriever.embedder:
                return retrieved
        except LibraryLocked:  # the catalog was written while it was read, in a place that cannot be written
            self._store.refresh(wait=True)
        except StoreError:
            if self._store.reopened == before and not self._store.written_since_refresh():
                raise
            self._store.refresh(wait=True)
        # the indexes were rebuilt under the question
        return self._of_the_embedder().retrieve(asked, filter_=checked, depth=depth)

    def _of_the_embedder(self) -> Retriever:
        """The retriever of the library's embedder; another process may have reindexed with another embedder."""
        with self._making:
            if self._retriever is None or self._retriever.embedder is not self._store.embedder:
                self._retriever = self._make_retriever(self._store)
            return self._retriever
