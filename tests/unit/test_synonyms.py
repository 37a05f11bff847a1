"""One word of a real sentence replaced: a synonym is accepted, another thing of the kind is caught."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.synonyms import OTHERS, SUPPORTS, SYNONYMS, plain_sentences, replaced
from benchmarks.verifier import Rows, checker, real_sentences
from rag.checking.contrasts import contrasted, denies, opposite
from rag.checking.synonyms import synonymous
from rag.checking.words import stems


@pytest.fixture(scope="module")
def rows(real_data: Path) -> Rows:
    return plain_sentences(real_sentences(real_data, every=21, abstracts=60))


def test_the_tables_are_large_enough() -> None:
    assert len(SYNONYMS) >= 60
    assert len(OTHERS) >= 60


def test_nine_of_ten_synonyms_are_accepted(rows: Rows) -> None:
    counts = replaced(rows, SYNONYMS, SUPPORTS["synonym"], checker(), limit=3)
    assert sum(of > 0 for _, of in counts.values()) >= 60
    assert sum(hits for hits, _ in counts.values()) >= 0.95 * sum(of for _, of in counts.values())


def test_words_that_are_no_synonyms_are_caught(rows: Rows) -> None:
    counts = replaced(rows, OTHERS, SUPPORTS["another word"], checker(), limit=3)
    assert sum(of > 0 for _, of in counts.values()) >= 60
    assert sum(hits for hits, _ in counts.values()) >= 0.98 * sum(of for _, of in counts.values())


@pytest.mark.parametrize("pair", OTHERS, ids=" ".join)
def test_another_word_is_no_synonym(pair: tuple[str, str]) -> None:
    assert not synonymous(*stems(pair))


@pytest.mark.parametrize(
    ("one", "other"),
    [("tumour", "tumor"), ("optimise", "optimizes"), ("reduce", "reduction"), ("accurate", "accuracy")],
)
def test_spellings_and_forms_of_a_word_are_synonyms(one: str, other: str) -> None:
    assert synonymous(*stems([one, other]))


@pytest.mark.parametrize(
    ("one", "other"), [("dependent", "independent"), ("common", "uncommon"), ("relevant", "irrelevant")]
)
def test_a_negative_prefix_denies(one: str, other: str) -> None:
    assert denies(one, other)
    assert denies(other, one)
    assert not denies(one, one)


def test_contrasts_and_opposites_are_no_synonyms() -> None:
    assert contrasted(*stems(["precision", "recall"]))
    assert opposite("higher", "lower")
    assert not contrasted(*stems(["mice", "mouse"]))
