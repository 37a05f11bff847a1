"""
Citation lookup: the sentence of a paper, in any of its revisions, that is exactly a given quote.

It looks only; whether the sentence bears out a claim is decided by `rag.checking`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from rag.checking import CitedSentence
from rag.types import Paper, Revision, Sentence
from stores.sql.catalog import SQLCatalog

MOST_PAPERS = 5_000
"""Papers whose versions are kept in memory, at some 10 KB each."""


class Citations:
    """
    Finds cited sentences in a catalog.

    Papers are read once and kept until the catalog changes.

    Args:
        catalog: The papers with their revisions.
        change_counter: The catalog's change counter: another value after every write.
    """

    def __init__(self, catalog: SQLCatalog, change_counter: Callable[[], object]) -> None:
        self._catalog, self._change_counter = catalog, change_counter
        self._cache: tuple[object, dict[str, list[Paper]]] = (None, {})

    def sentence(
        self,
        paper_id: str,
        *,
        quote: str,
        start: int | None = None,
        number: int | None = None,
        fold: Callable[[str], str] = str,
    ) -> CitedSentence | None:
        """
        The sentence of any version of a paper that is `quote`, at `start` and as `number` if given.

        `fold` takes away the differences between both that do not count.
        """
        quote = fold(quote)
        for version in self.versions(paper_id):
            for sentence in version.sentences if number is None else _only(version, number):
                if start in (None, sentence.start) and fold(sentence.text) == quote:
                    return CitedSentence(version, sentence)
        return None

    def numbered(self, paper_id: str, number: int) -> CitedSentence | None:
        """Sentence `number` of the current version of a paper."""
        current = self.versions(paper_id)[:1]
        if current and 1 <= number <= len(current[0].spans):
            return CitedSentence(current[0], current[0].sentence(number))
        return None

    def versions(self, paper_id: str) -> list[Paper]:
        """The versions of a paper, the current one first, by any of its ids; empty if there is no such paper."""
        counter = self._change_counter()
        known, papers = self._cache
        if known != counter or len(papers) >= MOST_PAPERS:
            papers = {}
            self._cache = counter, papers
        if paper_id not in papers:
            papers[paper_id] = self._read(paper_id)
        return papers[paper_id]

    def _read(self, paper_id: str) -> list[Paper]:
        found = self._catalog.papers(list(self._catalog.resolve([paper_id]).values()))
        return [
            version
            for paper in found.values()
            for version in (paper, *_earlier(paper, self._catalog.revisions(paper.paper_id)))
        ]


def _only(paper: Paper, number: int) -> tuple[Sentence, ...]:
    """Sentence `number` of a paper, if it has as many."""
    return (paper.sentence(number),) if 1 <= number <= len(paper.spans) else ()


def _earlier(paper: Paper, revisions: Sequence[Revision]) -> Iterator[Paper]:
    """A paper with each of its texts, under each set of authors, date and link that it had with that text."""
    for revision in revisions:
        version = replace(paper, title=revision.title, abstract=revision.abstract, spans=revision.spans, roles=())
        yield version
        for authors, published, url in revision.named:
            yield replace(version, authors=authors, published=published, url=url)
