"""
The sentence of each paper of a review, and the few that stand at its head.

A paper whose title names the topic is told as on a card of an issue (`rag.digests.telling`). Another one, which treats
the topic beside other things, is told by the result or conclusion that names it, if that can be read alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rag.answers import sentences
from rag.digests import salience
from rag.digests.telling import told
from rag.ports import Matrix
from rag.reviews.effects import effects
from rag.reviews.figures import figure
from rag.reviews.treating import Treated
from rag.types import Evidence, Paper, Sentence

MAIN_FINDINGS = 5
PLAIN = 10
"""So many papers that name the topic in their titles and tell a specific result are enough for the head."""
TRIED = 15
"""Findings that cover the papers best, of which those of the head are chosen."""
SAME_THING = 2
"""Findings of the head that tell of one thing, such as speed, at most."""
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
    specific = [row for row, (paper, sentence) in enumerate(lines) if is_specific(paper, sentence)]
    named = [row for row in specific if treated[row].in_title]
    rows = named if len(named) >= PLAIN else specific or list(range(len(lines)))
    numbered = [row for row in rows if figure(lines[row][1].text)]
    rows = numbered if len(numbered) >= PLAIN else rows
    weights = [treated[row].score * (1.0 if row in numbered else WITHOUT_NUMBER) for row in rows]
    sentence_of = {lines[row][0].paper_id: lines[row][1] for row in rows}
    covering = salience.cover([lines[row][0] for row in rows], vectors[rows], weights, limit=TRIED)
    return _varied([(paper, sentence_of[paper.paper_id]) for paper, _ in covering], limit)


def _varied(covering: Sentences, limit: int) -> Sentences:
    """The first sentences, of which at most two tell that the same thing rises or falls, while there are others."""
    told_of: Counter[tuple[str, ...]] = Counter()
    chosen: Sentences = []
    again: Sentences = []
    for paper, sentence in covering:
        things = {effect.key for effect in effects(sentence.text) if not effect.is_vague}
        (again if any(told_of[thing] >= SAME_THING for thing in things) else chosen).append((paper, sentence))
        told_of.update(things)
    return [*chosen, *again][:limit]


def is_specific(paper: Paper, sentence: Sentence) -> bool:
    """True if a sentence says what was found, and can be read alone."""
    said = told(paper)
    if sentence.text.startswith("("):  # one item of a list
        return False
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
