"""Refdesk as a part of other people's chains: a LangChain retriever. Imported only when one is asked for."""

from __future__ import annotations

from collections.abc import Callable

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from rag.types import Hit


class PaperRetriever(BaseRetriever):
    """
    Papers for a question, as Documents: the abstract is the content.

    The metadata holds `paper_id`, `title`, `url`, `published`, `score`, and the best sentence with its number and
    offsets in the abstract.
    """

    search: Callable[[str], list[Hit]]

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        return [_document(hit) for hit in self.search(query)]


def _document(hit: Hit) -> Document:
    metadata = {
        "paper_id": hit.paper_id,
        "title": hit.title,
        "url": hit.paper.url,
        "published": hit.paper.published,
        "score": hit.score,
        "sentence": hit.best_sentence.number,
        "start": hit.best_sentence.start,
        "end": hit.best_sentence.end,
        "best_sentence": hit.best_sentence.text,
    }
    return Document(page_content=hit.paper.abstract, metadata=metadata, id=hit.paper_id)
