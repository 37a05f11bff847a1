"""
The sentence of each paper of a review, and the few that stand at its head.

A paper whose title names the topic is told by its finding. Another one, which treats the topic beside other things, is
told by the result or conclusion that names it, if that can be read alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answers import sentences
from rag.digests import salience
from rag.ports import Matrix
from rag.reviews.figures import figure
from rag.reviews.treating import Treated
from rag.types import Evidence, Paper, Sentence

MAIN_FINDINGS = 5
PLAIN = 10
"""So many papers with a result that can stand at the head are enough; else any paper may."""

Told = list[tuple[Paper, Sentence]]
"""Papers, each with its sentence."""


def findings(treated: Sequence[Treated]) -> Told:
    """The sentence of each paper, in the order of the papers; raises IndexError for a paper without sentences."""
    papers = [each.paper for each in treated]
    salient = salience.salient_sentences(papers)
    return [
        (each.paper, (None if each.in_title else _on_topic(each)) or sentence)
        for each, sentence in zip(treated, salient, strict=True)
    ]


def _on_topic(treated: Treated) -> Sentence | None:
    """The last result or conclusion that names the topic and can be read alone."""
    for number in reversed(treated.sentences):
        if treated.paper.roles[number - 1].name not in ("result", "conclusion"):
            continue
        sentence = treated.paper.sentence(number)
        evidence = Evidence(paper=treated.paper, sentence=sentence, score=0.0)
        if (
            not sentences.is_hollow(sentence.text)
            and not sentences.needs_the_sentence_before(sentence.text)
            and not sentences.supports_nothing(evidence)
            and not sentences.states_nothing(evidence)
        ):
            return sentence
    return None


def headline(treated: Sequence[Treated], told: Told, vectors: Matrix, *, limit: int = MAIN_FINDINGS) -> Told:
    """
    The few findings that together cover the papers best, each of another paper.

    Args:
        treated: The papers of the review.
        told: Their sentences, in the same order.
        vectors: A unit row for each, shape (len(treated), dimension).
        limit: The most findings.
    """
    rows = [row for row, (paper, sentence) in enumerate(told) if treated[row].in_title and _is_result(paper, sentence)]
    if len(rows) < PLAIN:
        rows = [row for row, (paper, sentence) in enumerate(told) if _is_result(paper, sentence)]
    weights = [
        treated[row].score * (1.0 if figure(told[row][1].text) else 0.6) for row in rows
    ]  # a number tells a reader more
    by_id = {told[row][0].paper_id: told[row][1] for row in rows}
    papers = [told[row][0] for row in rows]
    chosen = salience.cover(papers, vectors[rows], weights, limit=limit)
    return [(paper, by_id[paper.paper_id]) for paper, _ in chosen]


def _is_result(paper: Paper, sentence: Sentence) -> bool:
    """True if a sentence tells a result, and can be read without the one before."""
    evidence = Evidence(paper=paper, sentence=sentence, score=0.0)
    return (
        sentences.tells(evidence)
        and not sentences.is_hollow(sentence.text)
        and not sentences.needs_the_sentence_before(sentence.text)
        and not sentences.supports_nothing(evidence)
        and not sentences.states_nothing(evidence)
    )
