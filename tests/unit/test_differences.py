"""The sentence diff of two texts of a paper."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from refdesk.serve.differences import ChangedSentence, differences

SENTENCES = st.lists(
    st.lists(st.sampled_from(["It", "halves", "the", "error", "12%", "x²", "—"]), min_size=1, max_size=6).map(" ".join),
    max_size=6,
)


def side(found: list[ChangedSentence], left_out: str) -> list[str]:
    """One of the texts again: the sentences without what is only in the other one."""
    kept = ["".join(text for kind, text in each.pieces if kind != left_out) for each in found]
    return [text for text, each in zip(kept, found, strict=True) if each.kind != left_out]


@given(SENTENCES, SENTENCES)
def test_both_texts_can_be_read_from_their_differences(old: list[str], new: list[str]) -> None:
    found = differences(old, new)
    assert side(found, "removed") == new
    assert side(found, "added") == old


def test_equal_texts_have_no_difference() -> None:
    assert {each.kind for each in differences(["One.", "Two."], ["One.", "Two."])} == {"same"}


def test_a_changed_number_is_the_only_word_that_is_marked() -> None:
    (only,) = differences(["It halves the error by 4%."], ["It halves the error by 12%."])
    assert only.kind == "changed"
    assert [piece for piece in only.pieces if piece[0] != "same"] == [("removed", "4"), ("added", "12")]


def test_sentences_that_have_little_in_common_went_and_came() -> None:
    found = differences(["Moths fly by the moon."], ["We release code, data and a leaderboard."])
    assert [each.kind for each in found] == ["added", "removed"]


def test_an_inserted_sentence_leaves_the_others_as_they_are() -> None:
    found = differences(["One thing.", "Another."], ["One thing.", "We also release the code.", "Another."])
    assert [each.kind for each in found] == ["same", "added", "same"]
