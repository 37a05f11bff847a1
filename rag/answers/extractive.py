"""Extractive answers: the sentences that best answer a question, verbatim and grouped by paper, without a model."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from rag import identity, text
from rag.answers.confidence import THRESHOLD, confidence
from rag.checking import links
from rag.retrieval.retriever import Retrieved
from rag.types import Abstention, Answer, Citation, Claim, Evidence, Source

SAME_SENTENCE = 0.7
"""Two sentences with at least this overlap say the same; one of them is enough."""
AGAIN = 0.95
"""The factor on each further sentence of one paper. On SciFact's training claims .95 shows 2.3 papers where 1 shows
1.6, at the same evidence hit@5 (.832)."""
NEAREST = 3
NUMBER_IN_BRACKETS = re.compile(r"\[(\d+(?:\.\d+)?)\]")
"""What looks like the number of a source or of a sentence."""


def answer(retrieved: Retrieved, *, max_sentences: int, newest_first: bool = False) -> Answer:
    """
    Answer with the best sentences, or abstain and name the nearest papers.

    Every claim is a whole sentence of a stored abstract and cites itself. Papers stand in the order of their best
    sentence, or the newest first, and a paper's sentences in its own order.
    """
    probability = confidence(retrieved.signals)
    chosen = select(retrieved.evidence, limit=max_sentences)
    if probability < THRESHOLD or not chosen:
        return _abstained(retrieved, probability)
    cited = list({evidence.paper.paper_id: evidence.paper for evidence in chosen}.values())
    if newest_first:
        cited.sort(key=lambda paper: paper.day, reverse=True)
    order = {paper.paper_id: number for number, paper in enumerate(cited, start=1)}
    chosen = sorted(chosen, key=lambda evidence: (order[evidence.paper.paper_id], evidence.sentence.number))
    claims = tuple(_claim(evidence, order[evidence.paper.paper_id]) for evidence in chosen)
    papers = {evidence.paper.paper_id: evidence.paper for evidence in chosen}
    return Answer(
        question=retrieved.question,
        answered=True,
        confidence=probability,
        mode="extractive",
        text=" ".join(map(marked, claims)),
        claims=claims,
        sources=tuple(Source(number=number, paper=papers[paper_id]) for paper_id, number in order.items()),
    )


def select(evidence: Sequence[Evidence], *, limit: int) -> list[Evidence]:
    """
    Select the best sentences, the best first, without those that repeat a better one.

    Each further sentence of a paper counts a little less than the one before, so that another paper, which may agree
    or contradict, has its chance.
    """
    pool = [
        (candidate, identity.words(candidate.sentence.text))
        for candidate in evidence
        if not supports_nothing(candidate)
    ]
    chosen: list[Evidence] = []
    while pool and len(chosen) < limit:
        used = Counter(selected.paper.paper_id for selected in chosen)
        best, words = max(pool, key=lambda entry: entry[0].score * AGAIN ** used[entry[0].paper.paper_id])
        chosen.append(best)
        pool = [entry for entry in pool if identity.overlap(entry[1], words) < SAME_SENTENCE]
    return chosen


def supports_nothing(evidence: Evidence) -> bool:
    """True if the paper was withdrawn, or the sentence gives orders or holds a link. None of them reports a finding."""
    flags, sentence = evidence.paper.flags, evidence.sentence.text
    return "withdrawn" in flags or bool(flags and text.flags("", sentence)) or bool(links(sentence))


def marked(claim: Claim) -> str:
    """
    Write a claim with the numbers of its sources before its full stop.

    A bracketed number of the sentence itself, such as `[12]`, gets full-width brackets: in an answer's text every
    `[n]` is a source.
    """
    body = unbracketed(claim.text)
    marks = "".join(f"[{number}]" for number in dict.fromkeys(citation.source for citation in claim.citations))
    return f"{body[:-1]} {marks}{body[-1]}" if body[-1:] in (".", "!", "?") else f"{body} {marks}"


def unbracketed(text: str) -> str:
    """
    Give the bracketed numbers of a sentence full-width brackets, so that none looks like a source.

    >>> unbracketed("As in [12].")
    'As in ［12］.'
    """
    return NUMBER_IN_BRACKETS.sub(r"［\1］", text)


def _claim(evidence: Evidence, source: int) -> Claim:
    sentence = evidence.sentence
    citation = Citation(
        source=source,
        paper_id=evidence.paper.paper_id,
        sentence=sentence.number,
        start=sentence.start,
        end=sentence.end,
        quote=sentence.text,
    )
    return Claim(text=sentence.text, support="verbatim", score=1.0, citations=(citation,))


def _abstained(retrieved: Retrieved, probability: float) -> Answer:
    if not retrieved.hits:
        reason = "there is no paper to search: the library is empty, or the filters leave none"
    elif all(map(supports_nothing, retrieved.evidence)):
        reason = "the papers that come nearest were withdrawn, or give orders to their reader"
    else:
        reason = "the sentences that come nearest leave too much of the question open"
    return Answer(
        question=retrieved.question,
        answered=False,
        confidence=probability,
        mode="extractive",
        text="",
        claims=(),
        sources=(),
        abstention=Abstention(reason=reason, nearest=retrieved.hits[:NEAREST]),
    )
