"""Reviews of topics over an open library: reads the inputs, and has `rag.reviews` build the review."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from rag.errors import BadFilter
from rag.ports import Matrix
from rag.question import Understood
from rag.question.words import FUNCTION_WORDS
from rag.retrieval.filtered import selection_of
from rag.retrieval.found import Retrieved
from rag.retrieval.units import Units, units
from rag.reviews.build import ReviewInputs, build
from rag.reviews.naming import Topic, acronyms
from rag.reviews.treating import Found, find, topic_of
from rag.types import Filter, Hit, Paper, Review
from refdesk._version import __version__
from refdesk.ask import Ask
from refdesk.filters import checked_filter, narrowed
from refdesk.retrieval import Retrieval
from stores.embedding import embedding_text
from stores.store import LibraryStore

if TYPE_CHECKING:
    from rag.digests.generation import Writer

PAPERS = 100
"""The most papers of a review, unless told otherwise."""
MOST = 500
"""The most papers that a review may be asked to have: `verify` reads the JSON of so many."""
DEPTH, DEEPER = 600, 2_000
"""Candidates that are read; and how many where the first ones nearly all hold the topic."""
LONGEST_PHRASE = 5
"""Words of a topic that may be one phrase."""
FULL = 0.7
"""The share of the candidates that hold the topic from which on more are read."""


class Reviews:
    """
    Makes reviews of an open library.

    Args:
        store: The library.
        retrieval: Finds the candidates.
        answering: Writes with the model.
        model: The model's name; None leaves reviews in the papers' own sentences.
    """

    def __init__(self, store: LibraryStore, retrieval: Retrieval, answering: Ask, *, model: str | None) -> None:
        self._store, self._retrieval, self._answering, self._model = store, retrieval, answering, model

    def make(
        self, topic: str, filter_: Filter, *, papers: int = PAPERS, fresh: bool = False, cancel: Event | None = None
    ) -> Review:
        """
        Make the review of a topic; arguments and errors as `Library.review`.

        Raises:
            BadFilter: `papers` is greater than `MOST`.
            CancelledError: `cancel` was set while the model wrote.
        """
        if papers > MOST:
            raise BadFilter(
                f"A review has at most {MOST} papers, not {papers:,}.",
                hint="Take a narrower topic, or part it by filters, such as since and until.",
            )
        retrieved, found, partial = self._found(topic, filter_, papers)
        understood = retrieved.understood or Understood(question=topic)
        catalog = self._store.catalog
        filter_ = checked_filter(catalog, filter_)
        filter_ = narrowed(replace(filter_, authors=(*filter_.authors, *understood.authors)), understood)
        inputs = ReviewInputs(
            topic=topic,
            understood=understood,
            filter=filter_,
            found=found,
            limit=papers,
            partial=partial,
            vectors=self._vectors([each.paper for each in found.papers[:papers]]),
            library=catalog.months(catalog.matching(filter_) if filter_ else None) if found.papers else {},
            nothing=_nothing(retrieved, understood),
            words_only=retrieved.words_only,
            embedder=self._store.embedder_name,
            version=__version__,
        )
        return build(inputs, self._writer(fresh=fresh, cancel=cancel))

    def _found(self, topic: str, filter_: Filter, papers: int) -> tuple[Retrieved, Found, bool]:
        """What the library has on a topic; and whether more of it may be there than was read."""
        depth = max(DEPTH, 3 * papers)
        while True:
            retrieved = self._retrieval.retrieve(topic, filter_, depth=depth)
            if whole := self._as_one_phrase(retrieved):
                return retrieved, *self._naming(whole, retrieved, filter_)
            named = Topic({}, {}) if retrieved.unknown else topic_of(self._units(retrieved), retrieved)
            found = find(named, retrieved.hits)
            full = len(found.papers) + found.mentioning >= FULL * depth
            if not full or depth >= DEEPER:
                return retrieved, found, full
            depth = DEEPER

    def _as_one_phrase(self, retrieved: Retrieved) -> tuple[str, ...] | None:
        """
        The words of a topic that are not all units of it, though papers hold them; else None.

        As a question “change detection” has a verb in it. As a topic it is one thing.
        """
        asked = retrieved.understood or Understood(question=retrieved.question)
        if asked.kind not in ("overview", "none") or asked.language != "en" or "?" in asked.question:
            return None
        words = tuple(re.findall(r"[^\W_]+", (asked.topic or asked.question).lower()))
        within = {word for unit in self._units(retrieved).words for word in unit}
        is_short = 1 <= len(words) <= LONGEST_PHRASE and FUNCTION_WORDS.isdisjoint(words)
        if not is_short or within.issuperset(words):
            return None
        lexical = self._store.lexical
        stems = lexical.terms(" ".join(words))
        return words if all(map(lexical.frequency, stems)) else None

    def _naming(self, words: tuple[str, ...], retrieved: Retrieved, filter_: Filter) -> tuple[Found, bool]:
        """
        What the library has on a topic that is one phrase, and whether more of it may be there than was read.

        Papers that hold the phrase are read beside the candidates, which were found by the other words alone.
        """
        catalog, lexical = self._store.catalog, self._store.lexical
        among = selection_of(checked_filter(catalog, filter_), catalog, lexical)
        phrase = lexical.terms(" ".join(words))
        holding = [paper_id for paper_id, _ in lexical.phrase_search([phrase], limit=DEPTH, among=among)]
        first: tuple[Hit, ...] = ()
        if holding:
            first = self._retrieval.retrieve(retrieved.question, Filter(papers=tuple(holding)), depth=DEPTH).hits
        known = {hit.paper_id for hit in first}
        hits = [*first, *(hit for hit in retrieved.hits if hit.paper_id not in known)]
        hits.sort(key=lambda hit: (-hit.score, hit.paper_id))
        meanings = acronyms(hit.paper.abstract for hit in hits)
        return find(Topic({words: 1.0}, {}, meanings), hits), len(holding) >= DEPTH

    def _units(self, retrieved: Retrieved) -> Units:
        lexical = self._store.lexical
        topic = retrieved.understood.topic if retrieved.understood else ""

        def stem(word: str) -> str:
            return next(iter(lexical.terms(word)), word)

        return units(topic or retrieved.question, lexical, stem, papers=self._store.catalog.count())

    def _vectors(self, papers: Sequence[Paper]) -> Matrix:
        """A unit row for each paper; those that the index lacks are embedded."""
        rows = self._store.indexes.rows([paper.paper_id for paper in papers]) if papers else {}
        if missing := [paper for paper in papers if paper.paper_id not in rows]:
            texts = [embedding_text(paper, self._store.cut(paper)[0]) for paper in missing]
            embedded = self._store.embedder.embed(texts)
            rows |= {paper.paper_id: row for paper, row in zip(missing, embedded, strict=True)}
        none = np.zeros((0, int(self._store.catalog.setting("dimension") or 0)), dtype=np.float32)
        return np.stack([rows[paper.paper_id] for paper in papers]) if papers else none

    def _writer(self, *, fresh: bool, cancel: Event | None) -> Writer | None:
        if not self._model:
            return None
        from rag.digests.generation import Writer

        chosen = self._answering.for_issue(fresh=fresh)
        return Writer(
            model=self._model,
            generator=chosen.generator,
            options=chosen.options,
            budget=chosen.budget,
            notify=self._store.notify,
            cancel=cancel,
            document="review",
        )


def _nothing(retrieved: Retrieved, understood: Understood) -> str | None:
    """Why no paper treats a topic, where more is known than that."""
    if retrieved.nothing:
        return retrieved.nothing
    if understood.language != "en":
        return "no paper here treats this topic in these words; a topic is looked up in English"
    if retrieved.unknown:
        return "no paper here holds a word of this topic"
    return None
