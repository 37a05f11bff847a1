"""When the answerer abstains: the threshold of confidence, and the share that a title lends to its sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import log

import numpy as np
import pytest

from rag.answers import extractive
from rag.answers.confidence import THRESHOLD, confidence
from rag.answers.form import USEFUL
from rag.ports import Matrix
from rag.retrieval import late_interaction
from rag.retrieval.found import Retrieved, Signals
from rag.retrieval.late_interaction import Vocabulary, match_features
from rag.retrieval.units import Units
from rag.types import Evidence, Hit, Paper

SENTENCE = "Pears raise the yield of orchards."
PAPER = Paper(paper_id="test:1", title="Pears", abstract=SENTENCE, spans=((0, len(SENTENCE)),))


def signals(probability: float) -> Signals:
    """Signals of which the confidence is this."""
    logit = log(probability / (1 - probability))
    covered = (logit + 6.818 - 5.291 * 0.5 - 2.547 * 0.5) / 5.172
    return Signals(lexical=0.5, covered=covered, cosine=None, terms=5, units=0.5, apart=0.0)


def retrieved(probability: float) -> Retrieved:
    evidence = Evidence(paper=PAPER, sentence=PAPER.sentence(1), score=0.9)
    hit = Hit(paper=PAPER, score=0.9, lexical=0.5, vector=0.5, best_sentence=PAPER.sentence(1))
    return Retrieved(question="Do pears help?", hits=(hit,), evidence=(evidence,), signals=signals(probability))


@pytest.mark.parametrize(("probability", "answered"), [(0.36, True), (0.34, False)])
def test_the_answerer_abstains_below_a_confidence_of_thirty_five_percent(probability: float, answered: bool) -> None:
    answer = extractive.answer(retrieved(probability), max_sentences=5)
    assert answer.confidence == pytest.approx(probability * (USEFUL["findings"] if answered else 1))
    assert (answer.answered, bool(answer.claims), bool(answer.abstention)) == (answered, answered, not answered)


def test_the_threshold_is_the_one_that_the_evaluation_chose() -> None:
    assert THRESHOLD == 0.35


def test_a_short_question_whose_phrase_no_paper_holds_is_not_answered() -> None:
    sure = replace(signals(0.95), terms=2)
    assert confidence(sure) == pytest.approx(0.95), "its phrase is held"
    assert confidence(replace(sure, apart=1.0)) < THRESHOLD
    assert confidence(replace(sure, apart=1.0, terms=5)) == pytest.approx(0.95), "a longer one is put in other words"
    assert confidence(None) == 0.0


def one_hot(words: Sequence[str]) -> Matrix:
    """Vectors of words that are alike only where they are the same."""
    rows = np.zeros((len(words), 4096), dtype=np.float32)
    for row, word in enumerate(words):
        rows[row, sum(map(ord, word)) % 4096] = 1
    return rows


def test_a_term_that_only_the_title_has_counts_half_for_a_sentence() -> None:
    abstract = "They raise yield. Pears do."
    paper = Paper(paper_id="test:2", title="Pears", abstract=abstract, spans=((0, 17), (18, 27)))
    vocabulary = Vocabulary(lambda word: word, one_hot)
    none = Units(words=(), stems=(), frequencies=(), weights=np.zeros(0), parts=())
    found = match_features(["pears", "yield"], np.array([0.6, 0.4]), none, [paper], vocabulary)
    assert found.title.tolist() == pytest.approx([0.6])
    assert found.sentence.tolist() == pytest.approx([0.4 + 0.6 * 0.5, 0.6]), "the second names it, the first does not"
    assert late_interaction.TITLE_SHARE == 0.5
