"""Sentence splitting and chunking: offsets of whole sentences, each in one chunk."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice, pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag import text
from rag.types import Paper

PROSE = st.lists(
    st.sampled_from(
        ["We", "test", "it.", "5.2", "%", "e.g.", "Fig.", "(see", "Ref.", "3).", "et", "al.", "?!", "“A.”", "…"]
    )
    | st.text(max_size=8),
    max_size=60,
).map(" ".join)


def sentences(abstract: str) -> list[str]:
    """The sentences that the offsets cut."""
    return [abstract[start:end] for start, end in text.split(abstract)]


def paper(abstract: str, title: str = "A title") -> Paper:
    """A paper with its spans."""
    return Paper(paper_id="arxiv:2406.11741", title=title, abstract=abstract, spans=text.split(abstract))


def words(given_: str) -> int:
    """A count of tokens: one a word."""
    return len(given_.split())


COUNTS: list[Callable[[str], int]] = [words, len, lambda given_: len(given_.encode())]


@given(PROSE)
@example("")
@example("( ) .")
@example("...A")
def test_offsets_cut_ordered_pieces_that_leave_only_spaces_between(abstract: str) -> None:
    spans = text.split(abstract)
    assert all(start < end for start, end in spans)
    assert all(abstract[start:end] == abstract[start:end].strip() for start, end in spans)
    edges = [0, *(place for span in spans for place in span), len(abstract)]
    assert all(
        start <= end and not abstract[start:end].strip() for start, end in zip(edges[::2], edges[1::2], strict=True)
    )


@given(PROSE | st.lists(st.sampled_from(["It works.", "Why?", ")", "...", "—", "*", "!"]), max_size=20).map(" ".join))
def test_no_sentence_but_a_first_one_is_without_letters_and_digits(abstract: str) -> None:
    assert all(any(char.isalnum() for char in sentence) for sentence in sentences(abstract)[1:])


@pytest.mark.parametrize(
    "abstract",
    [
        "The approach of Smith et al. is fast.",
        "It rose by 5.2 percent, i.e. by half.",
        "See Fig. 3 and Eq. 4 for more.",
        "The effect was clear (p < 0.05).",
        "Code is at https://example.org/a.b?c=d.e and free.",
        "We used E. coli and S. aureus.",
        "Sizes were 1.5 vs. 2.5 mm, resp. 3 mm.",
        "An unclosed bracket (as here is no end.",
        "Version 2.0.1 was used.",
    ],
)
def test_one_sentence_is_not_cut(abstract: str) -> None:
    assert sentences(abstract) == [abstract]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("We test it.", "It works."),
        ("The effect was small, p < 0.05.", "We repeat it."),
        ("It grew to 5.2.", "Then it fell."),
        ("Does it work?", "It does!"),
        ("We follow Smith et al. (2020).", "The rest is new."),
        ("Code is at https://example.org/a.", "Data are too."),
        ("An unclosed bracket (as here has no end.", "The next begins."),
    ],
)
def test_two_sentences_are_cut_between_them(first: str, second: str) -> None:
    assert sentences(f"{first} {second}") == [first, second]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit",
    [
        "word ",
        "x",
        ".",
        ". ",
        "a.",
        "e.g. ",
        "(",
        "(x. ",
        '"x." ',
        "!? ",
        "1.2.",
        "A. ",
        "我们研究。",
        "http://a.b/c. ",
        "… ",
    ],
)
def test_fifty_thousand_characters_of_anything_are_split_quickly(unit: str) -> None:
    abstract = (unit * 50_000)[:50_000].strip()
    assert "".join("".join(sentences(abstract)).split()) == "".join(abstract.split())


def test_boundaries_agree_with_those_that_scifact_gives(real_data: Path) -> None:
    found = given_ = shared = 0
    with gzip.open(real_data / "scifact" / "corpus_sentences.jsonl.gz", "rt") as lines:
        for entry in map(json.loads, islice(lines, 500)):
            pieces = [" ".join(piece.split()) for piece in entry["abstract"]]
            ends = {len(" ".join(pieces[:number])) for number in range(1, len(pieces))}
            ours = {end for _, end in text.split(" ".join(pieces))[:-1]}
            found, given_, shared = found + len(ours), given_ + len(ends), shared + len(ours & ends)
    assert 2 * shared / (found + given_) >= 0.98


@pytest.mark.parametrize("count", COUNTS, ids=["words", "characters", "bytes"])
@given(abstract=PROSE, limit=st.integers(1, 80))
def test_chunks_are_runs_of_whole_sentences_that_hold_each_once(
    count: Callable[[str], int], abstract: str, limit: int
) -> None:
    whole = paper(abstract)
    if not whole.spans:
        return
    cut = text.chunks(whole, max_tokens=limit, count=count)
    starts, ends = ([span[side] for span in whole.spans] for side in (0, 1))
    assert [chunk.number for chunk in cut] == list(range(len(cut)))
    assert all(chunk.text == abstract[chunk.start : chunk.end] for chunk in cut)
    if len(cut) > 1:
        assert cut[0].start == starts[0]
        assert cut[-1].end == ends[-1]
        assert all(ends.index(one.end) + 1 == starts.index(other.start) for one, other in pairwise(cut))


@pytest.mark.parametrize("count", COUNTS, ids=["words", "characters", "bytes"])
@given(abstract=PROSE, limit=st.integers(1, 80))
@example(abstract="𒀀𒀀 𒀀𒀀. We test. " * 3, limit=40)
def test_a_chunk_and_its_title_fit_unless_it_is_one_sentence(
    count: Callable[[str], int], abstract: str, limit: int
) -> None:
    whole = paper(abstract)
    for chunk in text.chunks(whole, max_tokens=limit, count=count):
        alone = (chunk.start, chunk.end) in whole.spans or len(whole.spans) < 2
        assert alone or count(f"{whole.title}\n{chunk.text}") <= limit


def test_a_sentence_longer_than_a_chunk_stands_alone() -> None:
    long = "Very " * 50 + "long."
    cut = text.chunks(paper(f"Short one. {long} Short two."), max_tokens=10, count=words)
    assert [chunk.text for chunk in cut] == ["Short one.", long, "Short two."]


def test_a_title_longer_than_a_chunk_leaves_every_sentence_alone() -> None:
    cut = text.chunks(paper("One here. Two here.", title="T " * 20), max_tokens=10, count=words)
    assert [chunk.text for chunk in cut] == ["One here.", "Two here."]


def test_a_chunk_takes_as_many_sentences_as_fit() -> None:
    cut = text.chunks(paper("One two. Three four. Five six. Seven."), max_tokens=6, count=words)
    assert [chunk.text for chunk in cut] == ["One two. Three four.", "Five six. Seven."]


def test_a_long_abstract_is_cut_with_few_counts_of_its_words() -> None:
    counted: list[int] = []

    def count(given: str) -> int:
        counted.append(words(given))
        return counted[-1]

    cut = text.chunks(paper("Some words stand here. " * 600), max_tokens=1_000, count=count)
    assert len(cut) == 3
    assert sum(counted) < 15 * 2_400  # after each sentence it would be 600 counts of some 500 words


def test_the_chunk_id_names_paper_and_number() -> None:
    cut = text.chunks(replace(paper("One."), paper_id="doi:10.1/x"), max_tokens=100, count=words)
    assert [chunk.chunk_id for chunk in cut] == ["doi:10.1/x#0"]


def test_a_full_stop_of_chinese_or_japanese_ends_a_sentence() -> None:
    mixed = "English one. 我们研究了泛化。结果表明（见图）。 它提高了5.2%！Then two."
    assert [mixed[start:end] for start, end in text.split(mixed)] == [
        "English one.",
        "我们研究了泛化。",
        "结果表明（见图）。",
        "它提高了5.2%！",
        "Then two.",
    ]
