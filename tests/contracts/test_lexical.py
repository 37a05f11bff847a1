"""The lexical port over tantivy, its ranking against BM25 computed by hand."""

from __future__ import annotations

import math
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small import paper

from rag.errors import StoreDamaged, StoreError
from rag.types import Paper
from rag.types.selection import Selection
from stores.lexical.tantivy import TantivyLexical
from tests.commands import environment

TEXTS = (
    "grokking delayed generalization",
    "grokking grokking grokking weight norm of transformers",
    "the delay of grokking falls with weight decay and with the learning rate and with nothing else we tried",
    "protein folding with diffusion",
    "weight decay shrinks the weight norm",
)


@pytest.fixture
def lexical(tmp_path: Path) -> TantivyLexical:
    return TantivyLexical(tmp_path / "lexical")


@pytest.fixture
def filled(lexical: TantivyLexical) -> TantivyLexical:
    lexical.upsert(corpus())
    return lexical


def corpus() -> list[Paper]:
    return [paper(number, title=f"t{number}", text=text) for number, text in enumerate(TEXTS)]


def bm25(lexical: TantivyLexical, papers: list[Paper], terms: list[str]) -> dict[str, float]:
    """Okapi BM25 with k1 = 1.2 and b = 0.75, Lucene's idf. Source: Robertson and Zaragoza, 2009."""
    words = {each.paper_id: lexical.terms(f"{each.title} {each.abstract}") for each in papers}
    mean = sum(map(len, words.values())) / len(words)
    scores: dict[str, float] = {}
    for paper_id, own in words.items():
        counts = Counter(own)
        for term in terms:
            holding = sum(term in other for other in words.values())
            idf = math.log(1 + (len(words) - holding + 0.5) / (holding + 0.5))
            share = counts[term] * 2.2 / (counts[term] + 1.2 * (0.25 + 0.75 * len(own) / mean))
            if counts[term]:
                scores[paper_id] = scores.get(paper_id, 0.0) + idf * share
    return scores


def of(paper_ids: list[str]) -> Selection:
    return Selection(papers=tuple(paper_ids))


def ids(found: list[tuple[str, float]]) -> list[str]:
    return [paper_id for paper_id, _ in found]


def test_how_many_papers_hold_a_phrase_is_counted_anew_after_each_write(filled: TantivyLexical, tmp_path: Path) -> None:
    phrase = filled.terms("weight norm")
    assert filled.phrase_frequency(phrase) == filled.phrase_frequency(phrase) == 2
    filled.upsert([paper(7, title="t7", text="the norm of a weight norm")])
    assert filled.phrase_frequency(phrase) == 3
    TantivyLexical(tmp_path / "lexical").upsert([], [paper(7).paper_id])
    filled.reopen()
    assert filled.phrase_frequency(phrase) == 2


def test_a_new_index_is_empty_and_finds_nothing(lexical: TantivyLexical) -> None:
    assert lexical.count() == 0
    assert lexical.hashes() == {}
    assert lexical.search(["grokk"], limit=5) == []
    assert lexical.frequency("grokk") == 0


@pytest.mark.parametrize(
    "question", ["grokking", "weight decay", "delayed grokking with weights", "protein norm", "with"]
)
def test_scores_are_bm25_as_computed_by_hand(filled: TantivyLexical, question: str) -> None:
    terms = filled.terms(question)
    expected = bm25(filled, corpus(), terms)
    found = filled.search(terms, limit=10)
    assert ids(found) == sorted(expected, key=lambda each: (-expected[each], each))
    assert [score for _, score in found] == pytest.approx([expected[paper_id] for paper_id, _ in found], rel=1e-4)


def test_a_repeated_term_counts_as_often_as_it_stands(filled: TantivyLexical) -> None:
    once, twice = (dict(filled.search(["protein"] * times, limit=5)) for times in (1, 2))
    assert twice["p:3"] == pytest.approx(2 * once["p:3"], rel=1e-5)


def test_words_meet_in_their_stems_without_case_and_accents(lexical: TantivyLexical) -> None:
    lexical.upsert([paper(1, text="Networks generalized; Gödel naïvely"), paper(2, text="Nothing of the kind")])
    for question in ("NETWORK", "generalizing", "godel", "naively", "Naïve"):
        assert ids(lexical.search(lexical.terms(question), limit=5)) == ["p:1"], question


def test_terms_come_in_order_and_nothing_in_them_is_syntax(lexical: TantivyLexical) -> None:
    assert lexical.terms('title:"x AND (y OR -z^2 [a TO b] *') == "titl x and y or z 2 a to b".split()
    assert lexical.terms(" \t… — !") == []


@pytest.mark.parametrize(
    "question", ['"', "paper_id:p:1", "a AND NOT (", "*", "\\", "text:[a TO z]", "grok~2", "+-", "ſ" * 100]
)
def test_query_syntax_of_any_kind_is_only_words(filled: TantivyLexical, question: str) -> None:
    filled.search(filled.terms(question), limit=5)
    assert "p:1" not in ids(filled.search(filled.terms("paper_id:p:1 hash:*"), limit=5))


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(question=st.text(max_size=60))
def test_any_text_can_be_searched_for(filled: TantivyLexical, question: str) -> None:
    assert all(score > 0 for _, score in filled.search(filled.terms(question), limit=5))


def test_frequency_counts_papers_not_occurrences(filled: TantivyLexical) -> None:
    assert filled.frequency("grokk") == 3
    assert filled.frequency("weight") == 3
    assert filled.frequency("absent") == 0


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_asks_for_nothing(filled: TantivyLexical, limit: int) -> None:
    assert filled.search(["grokk"], limit=limit) == []


def test_a_search_among_papers_ranks_those_only_with_the_scores_of_all(filled: TantivyLexical) -> None:
    everywhere = dict(filled.search(["grokk"], limit=5))
    among = filled.search(["grokk"], limit=5, among=of(["p:2", "p:0", "p:3", "p:unknown"]))
    assert sorted(ids(among)) == ["p:0", "p:2"]
    assert dict(among) == pytest.approx({paper_id: everywhere[paper_id] for paper_id in ("p:0", "p:2")}, rel=1e-5)
    assert filled.search(["grokk"], limit=5, among=of([])) == []
    assert filled.search(["grokk"], limit=5, among=of(["p:unknown"])) == []
    many = [f"p:{number}" for number in range(2, 40_000)]
    assert ids(filled.search(["grokk"], limit=5, among=of(many))) == ["p:2"]


def test_equal_scores_stand_in_the_order_of_ids(lexical: TantivyLexical) -> None:
    lexical.upsert([paper(number, title="T", text="the same words") for number in (5, 2, 9, 1)])
    assert ids(lexical.search(lexical.terms("same"), limit=4)) == ["p:1", "p:2", "p:5", "p:9"]


def test_an_upsert_of_a_known_paper_replaces_its_words(filled: TantivyLexical) -> None:
    filled.upsert([paper(0, text="quantum error correction")])
    assert filled.count() == len(TEXTS)
    assert "p:0" not in ids(filled.search(["grokk"], limit=10))
    assert ids(filled.search(["quantum"], limit=10)) == ["p:0"]


def test_one_upsert_with_the_same_paper_twice_keeps_the_last(lexical: TantivyLexical) -> None:
    lexical.upsert([paper(1, text="first words"), paper(1, text="second words")])
    assert lexical.count() == 1
    assert ids(lexical.search(["second"], limit=2)) == ["p:1"]


def test_writing_nothing_and_forgetting_an_unknown_paper_are_no_errors(filled: TantivyLexical) -> None:
    filled.upsert([])
    filled.upsert([], ["p:unknown"])
    assert filled.count() == len(TEXTS)


def test_a_merged_paper_is_forgotten_by_its_whole_id(lexical: TantivyLexical) -> None:
    lexical.upsert([paper(1), paper(11), paper(111)])
    lexical.upsert([], ["p:1"])
    assert sorted(lexical.hashes()) == ["p:11", "p:111"]
    assert lexical.count() == 2


_WRITE = """
import os, sys
from pathlib import Path
from small import paper
from stores.lexical.tantivy import TantivyLexical
lexical = TantivyLexical(Path(sys.argv[1]))
lexical.upsert([paper(77, text="written elsewhere")])
os._exit(0)
"""


def test_a_write_is_durable_on_return_and_another_process_sees_it_after_reopening(
    tmp_path: Path, filled: TantivyLexical
) -> None:
    assert filled.search(["elsewher"], limit=2) == []
    folder = Path(__file__).parent
    env = environment(PYTHONPATH=f"{folder}:{folder.parent.parent}")
    subprocess.run([sys.executable, "-c", _WRITE, str(tmp_path / "lexical")], check=True, env=env, timeout=60)
    filled.reopen()
    assert ids(filled.search(["elsewher"], limit=2)) == ["p:77"]
    assert filled.count() == len(TEXTS) + 1


def test_many_papers_in_one_write_are_all_there(lexical: TantivyLexical) -> None:
    lexical.upsert([paper(number) for number in range(2_500)])
    assert lexical.count() == 2_500
    assert len(lexical.hashes()) == 2_500


def test_an_index_that_is_no_index_is_damaged_and_the_hint_mends_it(tmp_path: Path, filled: TantivyLexical) -> None:
    (tmp_path / "lexical" / "meta.json").write_text("{ not json")
    with pytest.raises(StoreDamaged) as caught:
        TantivyLexical(tmp_path / "lexical")
    assert "refdesk reindex" in str(caught.value.hint)


def test_a_segment_that_is_gone_is_our_error(tmp_path: Path, filled: TantivyLexical) -> None:
    for path in (tmp_path / "lexical").iterdir():
        if path.suffix in (".store", ".idx", ".term", ".pos", ".fieldnorm", ".fast"):
            path.unlink()
    with pytest.raises(StoreError):
        TantivyLexical(tmp_path / "lexical").search(["grokk"], limit=1)


def test_a_write_that_was_killed_while_it_committed_is_written_again(tmp_path: Path, filled: TantivyLexical) -> None:
    folder, before = tmp_path / "lexical", tmp_path / "before"
    shutil.copytree(folder, before)
    filled.upsert([paper(1, text="first words")])
    deletions = {path for path in folder.iterdir() if path.suffix == ".del"}
    assert deletions
    for path in {*deletions, folder / ".managed.json"}:  # what is there before the new `meta.json` takes its place
        shutil.copy(path, before)
    killed = TantivyLexical(before)
    killed.upsert([paper(1, text="first words")])
    assert killed.count() == len(TEXTS)
    assert ids(killed.search(["first"], limit=2)) == ["p:1"]
