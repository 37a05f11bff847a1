"""
Hybrid retrieval: from a question to ranked papers and evidence sentences.

A word ranking (BM25) and a vector ranking are fused (`fusion`). The best candidates get match features
(`late_interaction`); short linear models rank papers and sentences by them. `benchmarks/fit.py` fits the coefficients
on SciFact's training claims; docs/evaluation.md has the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from rag.errors import BadQuestion, VectorsUnavailable
from rag.ports import Catalog, Embedder, Lexical, Matrix, Reranker, Vectors
from rag.question import Understood
from rag.question.words import FAULTS, WEIGHT_OF_A_FAULT
from rag.retrieval.checks import checked
from rag.retrieval.filtered import nearest, selection_of
from rag.retrieval.found import Candidates, Retrieved, Signals
from rag.retrieval.fusion import fuse
from rag.retrieval.late_interaction import (
    MAX_TERMS,
    Array,
    Vocabulary,
    content_words,
    match_features,
)
from rag.retrieval.reranking import reranked
from rag.retrieval.spelling import corrected, corrections
from rag.retrieval.units import apart, lacking, things, units
from rag.types import Evidence, Filter, Hit, Paper
from rag.types.selection import Selection

LEXICAL_POOL, VECTOR_POOL, CANDIDATES = 50, 30, 30
UNIT_CANDIDATES = 20
"""Papers that hold a unit of the question, titles first, beside the other candidates."""
EVIDENCE = 60
"""Sentences that are returned; an answer shows five, without those that repeat another."""
UNRELATED = 0.4
"""The cosine of the static embedder below which a word that no paper holds is near none of them. Of words of medicine
asked of computer science, and the other way round, and of invented words, 90 % stay below; “foetus” finds fetal
papers at .47."""

PAPER_WEIGHTS = {
    "lexical": 4.64,
    "cosine": 4.73,
    "best": 3.63,
    "title": 3.68,
    "unit_title": 1.44,
    "unit_paper": 4.08,
}
SENTENCE_WEIGHTS = {"sentence": 9.41, "lexical": 12.829, "cosine": 7.555, "position": 1.659}


class Retriever:
    """
    Retrieval over one library.

    Args:
        catalog, lexical, vectors: The library's stores.
        embedder: The embedder of its vectors.
        word_vectors: Unit rows for words, from the static embedder whichever the library's own is.
        reranker: Orders the first papers and sentences anew; None leaves them.
    """

    def __init__(
        self,
        catalog: Catalog,
        lexical: Lexical,
        vectors: Vectors,
        embedder: Embedder,
        word_vectors: Callable[[Sequence[str]], Matrix],
        reranker: Reranker | None = None,
    ) -> None:
        self._catalog, self._lexical, self._vectors, self.embedder = catalog, lexical, vectors, embedder
        # no method: in a reference cycle the table of words would outlive the retriever
        self._stem: Callable[[str], str] = lambda word: next(iter(lexical.terms(word)), word)
        self._vocabulary = Vocabulary(self._stem, word_vectors)
        self._reranker = reranker

    def retrieve(self, asked: Understood, *, filter_: Filter, depth: int = 0, words_only: bool = False) -> Retrieved:
        """
        Papers and their sentences, ranked.

        Args:
            asked: The question, understood.
            filter_: Which papers to look at.
            depth: The number of candidates, if more than usual.
            words_only: Do not ask the vectors.

        Raises:
            BadQuestion: The question has no word to look for.
            ConfigError: The reranker fails.
        """
        asked = self._spelt(asked)
        among = selection_of(filter_, self._catalog, self._lexical)
        candidates = self.candidates(asked, among=among, depth=depth, words_only=words_only)
        if not candidates:
            return Retrieved(question=asked.question, understood=asked, words_only=words_only)
        found = self._ranked(asked, candidates)
        return reranked(found, self._reranker) if self._reranker else found

    def candidates(
        self,
        asked: Understood,
        *,
        among: Selection | None = None,
        depth: int = 0,
        without: Sequence[str] = (),
        words_only: bool = False,
    ) -> Candidates | None:
        """
        The candidates for a question with their features, not yet ranked; None if there are none.

        Args:
            asked: The question, understood.
            among: Only these papers.
            depth: As in `retrieve`.
            without: Papers to leave out.
            words_only: As in `retrieve`.

        Raises:
            BadQuestion: As `retrieve`.
        """
        question, topic = checked(asked.question), asked.topic or asked.question
        words = content_words(topic) or content_words(question)
        if not words:
            raise BadQuestion(
                f"The question “{' '.join(question.split())[:80]}” has no word to look for.",
                hint="Name the topic, a method or a finding.",
            )
        words, weights = self._weighed(words)
        stems = list(map(self._stem, words))
        with ThreadPoolExecutor(2) as beside:  # the indexes search outside of Python's lock
            near = None if words_only else beside.submit(self._nearest, asked, max(VECTOR_POOL, depth), among)
            ranked = beside.submit(self._lexical.search, stems, limit=max(LEXICAL_POOL, depth), among=among)
            parts = units(topic, self._lexical, self._stem, papers=self._catalog.count())
            holding = self._lexical.phrase_search(parts.stems, limit=max(UNIT_CANDIDATES, depth), among=among)
        bm25 = dict(ranked.result())
        held = [paper_id for paper_id, _ in holding if paper_id not in without]
        cosines: dict[str, float] = {}
        if near is not None:
            try:
                vector, cosines = near.result()
                also = dict.fromkeys([*bm25, *held])
                cosines |= self._vectors.similarities(vector, [each for each in also if each not in cosines])
            except VectorsUnavailable:  # the server went away since it was last asked
                words_only, cosines = True, {}
        for found in (bm25, cosines):
            for paper_id in without:
                found.pop(paper_id, None)
        fused = fuse(bm25, cosines, limit=max(CANDIDATES, depth))
        papers = tuple(self._catalog.papers([*fused, *held]).values())
        if not papers:
            return None
        cosine = np.clip([cosines.get(paper.paper_id, 0.0) for paper in papers], 0, 1)
        read = [paper if paper.spans else _as_its_title(paper) for paper in papers]
        features = match_features(words, weights, parts, read, self._vocabulary)
        return Candidates(
            papers=papers,
            cosine=cosine,
            features=features,
            terms=len(words),
            units=parts,
            apart=apart(asked, parts),
            words_only=words_only,
        )

    def _spelt(self, asked: Understood) -> Understood:
        """The question with its misspelt words read as words of the library."""
        if asked.language != "en" or asked.quoted:
            return asked
        found = corrections(asked.topic, self._lexical, self._catalog)
        return replace(asked, topic=corrected(asked.topic, found), corrected=found) if found else asked

    def _unknown(self, asked: Understood, candidates: Candidates) -> bool:
        words = content_words(asked.topic or asked.question)
        return (
            self.embedder.is_static
            and not candidates.words_only
            and not any(self._lexical.frequency(self._stem(word)) for word in words)
            and float(candidates.cosine.max()) < UNRELATED
        )

    def _weighed(self, words: Sequence[str]) -> tuple[list[str], Array]:
        """One word per stem, the rarest if there are too many, with inverse document frequencies that sum to 1."""
        by_stem = {self._stem(word): word for word in reversed(words)}
        papers = self._catalog.count()
        frequencies = np.array([self._lexical.frequency(stem) for stem in by_stem], dtype=float)
        idf = np.log1p((papers - np.minimum(frequencies, papers) + 0.5) / (frequencies + 0.5))
        idf *= [WEIGHT_OF_A_FAULT if word in FAULTS else 1.0 for word in by_stem.values()]
        kept = np.argsort(-idf, kind="stable")[:MAX_TERMS]
        chosen = list(by_stem.values())
        return [chosen[row] for row in kept], idf[kept] / idf[kept].sum()

    def _nearest(self, asked: Understood, limit: int, among: Selection | None) -> tuple[Matrix, dict[str, float]]:
        """The question's vector, and the nearest papers, each with the cosine of its nearest chunk."""
        vector = self.embedder.embed([asked.compared or asked.question])[0]
        cosines: dict[str, float] = {}
        for paper_id, _, similarity in nearest(vector, among, self._lexical, self._vectors, limit=limit):
            cosines[paper_id] = max(similarity, cosines.get(paper_id, -1.0))
        return vector, cosines

    def _ranked(self, asked: Understood, candidates: Candidates) -> Retrieved:
        papers, cosine, match = candidates.papers, candidates.cosine, candidates.features
        features = {
            "lexical": match.lexical,
            "best": match.best,
            "title": match.title,
            "cosine": cosine,
            "unit_title": match.unit_title,
            "unit_paper": match.unit_paper,
        }
        paper_scores = _mean(PAPER_WEIGHTS, features)
        of_sentences = {
            "sentence": match.sentence,
            "position": match.position,
            "lexical": match.lexical[match.owner],
            "cosine": cosine[match.owner],
        }
        sentence_scores = _mean(SENTENCE_WEIGHTS, of_sentences)
        by_sentence = sorted(
            (row for row in range(len(sentence_scores)) if papers[match.owner[row]].spans),
            key=lambda row: (-sentence_scores[row], papers[match.owner[row]].paper_id, match.number[row]),
        )
        best_row: dict[int, int] = {}
        for row in by_sentence:
            best_row.setdefault(int(match.owner[row]), row)
        by_paper = sorted(range(len(papers)), key=lambda row: (-paper_scores[row], papers[row].paper_id))
        found = [
            Hit(
                paper=papers[row],
                score=float(paper_scores[row]),
                lexical=float(match.lexical[row]),
                vector=float(cosine[row]),
                best_sentence=papers[row].sentence(int(match.number[best_row[row]])) if row in best_row else None,
                held=float(match.unit_paper[row]),
                named=float(match.unit_title[row]),
            )
            for row in by_paper
        ]
        needed = things(candidates.units, self._catalog.count())
        names = {row: " ".join(candidates.units.words[row]) for row in needed}
        evidence = tuple(
            Evidence(
                paper=(paper := papers[match.owner[row]]),
                sentence=paper.sentence(int(match.number[row])),
                score=float(sentence_scores[row]),
                held=float(match.unit_sentence[row]),
                lacks=lacking(names, match.named[:, row]),
                lacks_in_context=lacking(names, match.named_in_context[:, row]),
            )
            for row in by_sentence[:EVIDENCE]
        )
        signals = None
        if by_sentence:
            first = int(match.owner[by_sentence[0]])
            signals = Signals(
                lexical=float(match.lexical[first]),
                covered=float(match.covered[first]),
                cosine=float(cosine[first]) if self.embedder.is_static and not candidates.words_only else None,
                terms=candidates.terms,
                units=float(match.unit_paper[first]),
                apart=candidates.apart,
            )
        return Retrieved(
            question=asked.question,
            understood=asked,
            phrases=candidates.units.phrases,
            units=len(candidates.units.words),
            things={names[row]: share for row, share in needed.items()},
            unknown=self._unknown(asked, candidates),
            words_only=candidates.words_only,
            hits=tuple(hit for hit in found if hit.best_sentence),
            bare=tuple(hit for hit in found if not hit.best_sentence),
            evidence=evidence,
            signals=signals,
        )


def _as_its_title(paper: Paper) -> Paper:
    """A paper without an abstract as if its title were one."""
    return replace(paper, abstract=paper.title, spans=((0, len(paper.title)),))


def _mean(weights: dict[str, float], features: dict[str, Array]) -> Array:
    """The weighted mean of features; like them it lies in 0 to 1."""
    total: Array = sum((weight * features[name] for name, weight in weights.items()), np.zeros(1))
    return total / sum(weights.values())
