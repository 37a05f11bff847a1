"""LangChain retriever over a library's search. Imported only when one is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Unpack

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import run_in_executor
from pydantic import ConfigDict, Field

from rag.types import EVERY_PAPER, Filter, FilterOptions, Hit, Sentence, choose_filter

DEFAULT_K = 8


class PaperRetriever(BaseRetriever):
    """
    LangChain retriever: a question to Documents, one a paper, the abstract as the content.

    The metadata holds `paper_id`, `title`, `url`, `published`, `score`, and the best sentence with its number and
    offsets in the abstract. `invoke` takes `k` and filters for one call: `retriever.invoke("…", k=3, since="2026")`.

    Args:
        search: `Library.search`, or a function that takes the same arguments.
        k: The number of documents.
        filter: Which papers to look at. A filter of a call replaces the same field of this one.

    Raises:
        ValueError: An argument has no such name or value; from `invoke`, `k` is below 1.
        TypeError: From `invoke`: an option is neither `k` nor a filter.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True, extra="forbid")

    search: Callable[..., list[Hit]]
    k: int = Field(default=DEFAULT_K, ge=1)
    filter: Filter = EVERY_PAPER

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun | None = None,
        k: int | None = None,
        filter: Filter | None = None,  # noqa: A002 - the public name
        **filters: Unpack[FilterOptions],
    ) -> list[Document]:
        limit = self.k if k is None else k
        if not isinstance(limit, int) or limit < 1:
            raise ValueError(f"k is {limit!r}; it must be a whole number of at least 1.")
        chosen = choose_filter(filter, filters, default=self.filter)
        hits = self.search(query, limit=limit, filter=chosen)
        if bare := sum(not hit.best_sentence for hit in hits):  # a paper without an abstract is no document
            hits = self.search(query, limit=limit + 2 * bare, filter=chosen)
        return [_document(hit, hit.best_sentence) for hit in hits if hit.best_sentence][:limit]

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        filter: Filter | None = None,  # noqa: A002 - the public name
        **filters: Unpack[FilterOptions],
    ) -> list[Document]:
        return await run_in_executor(None, lambda: self._get_relevant_documents(query, k=k, filter=filter, **filters))


def _document(hit: Hit, best: Sentence) -> Document:
    metadata = {
        "paper_id": hit.paper_id,
        "title": hit.title,
        "url": hit.paper.url,
        "published": hit.paper.published,
        "score": hit.score,
        "sentence": best.number,
        "start": best.start,
        "end": best.end,
        "best_sentence": best.text,
    }
    return Document(page_content=hit.paper.abstract, metadata=metadata, id=hit.paper_id)
