"""OpenAlex: the inverted index put in order, the ids, retractions; lists, single works and snapshots."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading import ABSTRACT, titles
from test_properties import MUTATIONS, mutated
from test_xml import DAMAGE, body, one_by, read_by, survives

from rag.sources import crossref, openalex, semanticscholar
from rag.types import Paper, Reject


def index(text: str) -> dict[str, list[int]]:
    """The inverted index of a text, its words in no order of the text."""
    found: dict[str, list[int]] = {}
    for place, word in enumerate(text.split()):
        found.setdefault(word, []).append(place)
    return dict(sorted(found.items()))


WORK: dict[str, Any] = {
    "id": "https://openalex.org/W2560438049",
    "doi": "https://doi.org/10.1186/S13643-016-0384-4",
    "title": "A title",
    "display_name": "A title",
    "publication_year": 2016,
    "publication_date": "2016-12-05",
    "ids": {"openalex": "https://openalex.org/W2560438049", "pmid": "https://pubmed.ncbi.nlm.nih.gov/27919275"},
    "primary_location": {"landing_page_url": "https://j.example/1", "source": {"display_name": "J. Tests"}},
    "authorships": [{"author": {"display_name": "Ada Byron"}}, {"author": {}, "raw_author_name": "Alan Hay"}],
    "is_retracted": False,
    "locations": [{"landing_page_url": "https://j.example/1"}, {"pdf_url": "https://arxiv.org/pdf/2406.11741"}],
    "abstract_inverted_index": index(ABSTRACT),
}


def answer(*works: Any) -> str:
    """An answer that lists works."""
    return json.dumps({"meta": {"count": len(works), "page": 1}, "results": works, "group_by": []})


def test_a_work_is_read_with_all_its_ids() -> None:
    paper = one_by(openalex, answer(WORK))
    assert paper.aliases == (
        "arxiv:2406.11741",
        "doi:10.1186/s13643-016-0384-4",
        "pmid:27919275",
        "openalex:W2560438049",
    )
    assert (paper.title, paper.abstract, paper.authors) == ("A title", ABSTRACT, ("Ada Byron", "Alan Hay"))
    assert (paper.published, paper.venue, paper.url) == ("2016-12-05", "J. Tests", "https://j.example/1")


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(WORK),
        json.dumps(WORK, indent=2),
        json.dumps([WORK]),
        answer(WORK),
        json.dumps(WORK) + "\n",
        json.dumps({key: WORK[key] for key in reversed(WORK)}),
    ],
)
def test_a_work_alone_in_a_list_or_in_an_answer_is_one_paper(content: str) -> None:
    assert one_by(openalex, content).abstract == ABSTRACT


def test_a_snapshot_of_lines_is_read_whole() -> None:
    content = "\n".join(json.dumps(WORK | {"title": f"T{number}"}) for number in range(3))
    assert titles(read_by(openalex, content)) == ["T0", "T1", "T2"]


@given(words=st.lists(st.text(st.characters(categories=["L", "P"]), min_size=1, max_size=8), max_size=40))
def test_an_index_gives_back_the_words_in_order(words: list[str]) -> None:
    text = " ".join(words)
    assert openalex.text_of_index(index(text)) == (
        text if not text.startswith("Abstract") else openalex.text_of_index(index(text))
    )


@pytest.mark.parametrize(
    ("given_", "taken"),
    [
        ({"b": [7], "a": [0]}, "a b"),
        ({"a": [1, 0], "b": [3]}, "a a b"),
        ({"a": None, "b": ["1"], "c": [True, 2.5, 10**30], "d": [-1]}, "d c"),
        ({"a": 3}, ""),
        (None, ""),
        ([], ""),
        ("text", ""),
        (index("Abstract Background: We test this."), "Background: We test this."),
        (index("Abstract The aim is this."), "The aim is this."),
        (index("Abstract interpretation is a theory."), "Abstract interpretation is a theory."),
        (index("Abstract Algebra is hard."), "Abstract Algebra is hard."),
        (index("<jats:title>Abstract</jats:title><jats:p>We test.</jats:p>"), "<jats:p>We test.</jats:p>"),
    ],
)
def test_an_odd_index_gives_what_text_it_holds(given_: Any, taken: str) -> None:
    assert openalex.text_of_index(given_) == taken


@pytest.mark.parametrize("nothing", [None, {}, [], "x", {"a": []}])
def test_a_work_without_an_index_is_a_reject_with_its_title(nothing: Any) -> None:
    (record,) = read_by(openalex, answer(WORK | {"abstract_inverted_index": nothing}))
    assert record == Reject(where="record 1", reason="no abstract", title="A title")


def test_a_retracted_work_is_flagged_and_keeps_its_title() -> None:
    paper = one_by(openalex, answer(WORK | {"is_retracted": True}))
    assert (paper.title, paper.flags) == ("A title", ("withdrawn",))
    assert one_by(openalex, answer(WORK)).flags == ()
    assert one_by(openalex, answer(WORK | {"is_retracted": True, "type": "retraction"})).flags == ()  # the notice


@pytest.mark.parametrize("given_", ["https://www.ncbi.nlm.nih.gov/pmc/articles/4302049", "PMC4302049"])
def test_the_id_in_pubmed_central_is_taken(given_: str) -> None:
    assert "pmcid:PMC4302049" in one_by(openalex, answer(WORK | {"ids": {"pmcid": given_}})).aliases


def test_the_source_of_older_answers_is_read() -> None:
    old = WORK | {"primary_location": None, "host_venue": {"display_name": "Old J."}, "locations": None}
    paper = one_by(openalex, answer(old))
    assert (paper.venue, paper.url) == ("Old J.", "https://doi.org/10.1186/S13643-016-0384-4")


@pytest.mark.parametrize("key", [*WORK, "host_venue"])
@pytest.mark.parametrize("odd", [None, 7, "x", [], [None], {}, [{"a": 1}], True])
def test_odd_values_never_do_more_than_cost_the_work(key: str, odd: Any) -> None:
    assert len(read_by(openalex, answer(WORK, WORK | {key: odd}, WORK))) == 3


def test_an_empty_answer_gives_nothing_and_an_error_its_message() -> None:
    assert openalex.recognise(answer())
    assert read_by(openalex, answer()) == []
    error = json.dumps({"error": "Invalid query parameters error.", "message": "x is not a valid field."})
    assert titles(read_by(openalex, error)) == ["- an error of OpenAlex's: x is not a valid field."]


def test_every_cut_gives_the_works_before_and_one_reject() -> None:
    content = answer(WORK, WORK)
    for end in range(content.index('{"id"', 100), len(content) - 1, 13):
        found = read_by(openalex, content[:end])
        assert isinstance(found[-1], Reject)
        assert "not read further" in found[-1].reason
        assert all(isinstance(record, Paper) for record in found[:-1])


def test_the_parser_is_told_from_its_neighbours() -> None:
    content = answer(WORK)
    assert not crossref.recognise(content)
    assert not semanticscholar.recognise(content)
    own = {"id": "https://openalex.org/W1", "title": "A", "abstract": ABSTRACT}
    assert not openalex.recognise(json.dumps([own]))
    assert not openalex.recognise(json.dumps({"title": '"abstract_inverted_index": {'}))


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    survives(openalex, mutated(answer(WORK, WORK | {"title": "é"}).encode(), mutations))


def test_every_work_of_recorded_answers_is_a_paper(real_data: Path) -> None:
    counts = []
    for path in sorted((real_data / "formats" / "openalex").glob("*.json")):
        content = body(path)
        assert openalex.recognise(content[: 1 << 16])
        papers = [record for record in read_by(openalex, content) if isinstance(record, Paper)]
        assert all(paper.published and paper.authors and not paper.abstract.startswith("{") for paper in papers)
        assert all({alias.partition(":")[0] for alias in paper.aliases} >= {"doi", "openalex"} for paper in papers)
        counts.append(len(papers))
    assert counts == [1, 25]
