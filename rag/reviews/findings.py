"""
The sentence of each paper of a review, and the few that stand at its head.

A paper whose title names the topic is told as on a card of an issue (`rag.digests.telling`). Another one, which treats
the topic beside other things, is told by the result or conclusion that names it, if that can be read alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.answers import sentences
from rag.digests import salience
from rag.digests.telling import told
from rag.ports import Matrix
from rag.reviews.figures import figure
from rag.reviews.treating import Treated
from rag.types import Evidence, Paper, Sentence

MAIN_FINDINGS = 5
PLAIN = 10
"""So many papers that name the topic in their titles and tell a specific result are enough for the head."""
WITHOUT_NUMBER = 0.6
"""The weight of a finding without a number beside one with a number, for the head."""

Sentences = list[tuple[Paper, Sentence]]
"""Papers, each with its sentence."""


def findings(treated: Sequence[Treated]) -> Sentences:
    """The sentence of each paper, in the order of the papers; raises IndexError for a paper without sentences."""
    return [(each.paper, (None if each.in_title else _on_topic(each)) or told(each.paper).serves) for each in treated]


def _on_topic(treated: Treated) -> Sentence | None:
    """The last result or conclusion that names the topic and can be read alone."""
    for number in reversed(treated.sentences):
        evidence = Evidence(paper=treated.paper, sentence=treated.paper.sentence(number), score=0.0)
        if treated.paper.roles[number - 1].name in ("result", "conclusion") and _reads_alone(evidence):
            return evidence.sentence
    return None


def headline(treated: Sequence[Treated], lines: Sentences, vectors: Matrix, *, limit: int = MAIN_FINDINGS) -> Sentences:
    """
    The few findings that together cover the papers best, each of another paper.

    Args:
        treated: The papers of the review.
        lines: Their sentences, in the same order.
        vectors: A unit row for each, shape (len(treated), dimension).
        limit: The most findings.
    """
    specific = [row for row, (paper, sentence) in enumerate(lines) if _is_specific(paper, sentence)]
    named = [row for row in specific if treated[row].in_title]
    rows = named if len(named) >= PLAIN else specific or list(range(len(lines)))
    weights = [treated[row].score * (1.0 if figure(lines[row][1].text) else WITHOUT_NUMBER) for row in rows]
    sentence_of = {lines[row][0].paper_id: lines[row][1] for row in rows}
    chosen = salience.cover([lines[row][0] for row in rows], vectors[rows], weights, limit=limit)
    return [(paper, sentence_of[paper.paper_id]) for paper, _ in chosen]


def _is_specific(paper: Paper, sentence: Sentence) -> bool:
    """True if a sentence says what was found, and can be read alone."""
    said = told(paper)
    if sentence == said.finding:
        return said.specific
    evidence = Evidence(paper=paper, sentence=sentence, score=0.0)
    return sentences.tells(evidence) and _reads_alone(evidence) and sentences.is_plain(sentence.text)


def _reads_alone(evidence: Evidence) -> bool:
    return not (
        sentences.is_hollow(evidence.sentence.text)
        or sentences.needs_the_sentence_before(evidence.sentence.text)
        or sentences.supports_nothing(evidence)
        or sentences.states_nothing(evidence)
    )
