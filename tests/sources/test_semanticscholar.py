"""Semantic Scholar: searches, batches with holes, single papers; all the ids that a paper has there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from reading import ABSTRACT, titles
from test_properties import MUTATIONS, mutated
from test_xml import DAMAGE, body, one_by, read_by, survives

from rag.sources import crossref, openalex, semanticscholar
from rag.types import Paper, Reject

ID = "204e3073870fae3d05bcbc2f6a8e263d9b72e776"
PAPER: dict[str, Any] = {
    "paperId": ID,
    "externalIds": {"ArXiv": "1706.03762", "DOI": "10.1000/X", "PubMed": "38799228", "PubMedCentral": "2323736"},
    "url": f"https://www.semanticscholar.org/paper/{ID}",
    "title": "A title",
    "abstract": ABSTRACT,
    "tldr": {"model": "tldr@v2.0.0", "text": "A sentence that a model wrote and that nobody may cite."},
    "venue": "Neural Information Processing Systems",
    "year": 2017,
    "publicationDate": "2017-06-12",
    "authors": [{"authorId": "1", "name": "Ada Byron"}, {"authorId": None, "name": "Alan Hay"}],
    "fieldsOfStudy": ["Computer Science"],
}


def search(*papers: Any) -> str:
    """An answer to a search."""
    return json.dumps({"total": len(papers), "offset": 0, "next": 100, "data": papers})


def test_a_paper_is_read_with_all_its_ids() -> None:
    paper = one_by(semanticscholar, search(PAPER))
    assert paper.aliases == ("arxiv:1706.03762", "doi:10.1000/x", "pmid:38799228", f"s2:{ID}", "pmcid:PMC2323736")
    assert (paper.title, paper.abstract, paper.authors) == ("A title", ABSTRACT, ("Ada Byron", "Alan Hay"))
    assert (paper.published, paper.venue, paper.url) == ("2017-06-12", PAPER["venue"], PAPER["url"])
    assert paper.categories == ("Computer Science",)


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(PAPER),
        json.dumps(PAPER, indent=2),
        json.dumps([PAPER]),
        search(PAPER),
        json.dumps({"total": 1, "token": "x", "data": [PAPER]}),
        json.dumps({"recommendedPapers": [PAPER]}),
        json.dumps({"offset": 0, "data": [{"isInfluential": True, "citingPaper": PAPER}]}),
        json.dumps({"offset": 0, "data": [{"contexts": ["a"], "citedPaper": PAPER}]}),
        json.dumps({"data": [{**PAPER, "matchScore": 172.0}]}),
    ],
)
def test_every_kind_of_answer_is_read(content: str) -> None:
    assert one_by(semanticscholar, content).paper_id == "arxiv:1706.03762"


def test_a_hole_in_a_batch_is_a_reject_in_its_place() -> None:
    found = read_by(semanticscholar, json.dumps([PAPER, None, PAPER, 7]))
    assert titles(found) == ["A title", "- Semantic Scholar does not know the id", "A title", "- not a paper"]
    assert [record.where for record in found if isinstance(record, Reject)] == ["record 2", "record 4"]


@pytest.mark.parametrize("nothing", [None, "", "n/a"])
def test_no_abstract_is_a_reject_and_no_summary_of_a_model_takes_its_place(nothing: Any) -> None:
    (record,) = read_by(semanticscholar, search(PAPER | {"abstract": nothing}))
    assert record == Reject(where="record 1", reason="no abstract", title="A title")


def test_a_paper_without_other_ids_goes_by_its_own() -> None:
    bare = {key: PAPER[key] for key in ("paperId", "title", "abstract", "year")}
    paper = one_by(semanticscholar, search(bare))
    assert (paper.aliases, paper.published) == ((f"s2:{ID}",), "2017")
    assert paper.url == f"https://www.semanticscholar.org/paper/{ID}"


def test_the_journal_serves_where_no_venue_is_given() -> None:
    assert one_by(semanticscholar, search(PAPER | {"venue": "", "journal": {"name": "J. Tests"}})).venue == "J. Tests"


@pytest.mark.parametrize("content", [search(), '{"total": 0, "offset": 0}', '{"total": 0, "token": null, "data": []}'])
def test_a_search_that_finds_nothing_gives_nothing(content: str) -> None:
    assert read_by(semanticscholar, content) == []


def test_an_error_is_a_reject_with_its_message() -> None:
    for error in ({"error": "Title match not found"}, {"message": "Title match not found", "code": "404"}):
        said = titles(read_by(semanticscholar, json.dumps(error)))
        assert said == ["- an error of Semantic Scholar's: Title match not found"]


@pytest.mark.parametrize("key", [*PAPER, "journal", "publicationVenue"])
@pytest.mark.parametrize("odd", [None, 7, "x", [], [None], {}, [{"a": 1}], True])
def test_odd_values_never_do_more_than_cost_the_paper(key: str, odd: Any) -> None:
    assert len(read_by(semanticscholar, search(PAPER, PAPER | {key: odd}, PAPER))) == 3


def test_the_papers_before_a_break_are_read() -> None:
    content = search(PAPER, PAPER)
    found = read_by(semanticscholar, content[: content.rindex("paperId")])
    assert [isinstance(record, Paper) for record in found] == [True, False]


def test_the_parser_is_told_from_its_neighbours() -> None:
    assert not openalex.recognise(search(PAPER))
    assert not crossref.recognise(search(PAPER))
    assert not semanticscholar.recognise(json.dumps([{"title": "A", "abstract": f'"paperId": "{ID}"'}]))


@DAMAGE
@given(mutations=MUTATIONS)
def test_damaged_bytes_lose_no_record_unseen(mutations: list[tuple[str, int, bytes]]) -> None:
    survives(semanticscholar, mutated(search(PAPER, None, PAPER | {"title": "é"}).encode(), mutations))


def test_every_paper_of_recorded_answers_is_accounted_for(real_data: Path) -> None:
    paths = sorted((real_data / "formats" / "semanticscholar").glob("*.json"))
    assert len(paths) == 11
    for path in paths:  # none was asked for its abstract
        content = body(path)
        (record,) = read_by(semanticscholar, content)
        assert isinstance(record, Reject)
        missing = "Title match not found" in content
        assert semanticscholar.recognise(content) is not missing
        assert (record.reason, bool(record.title)) == ("no abstract", True) or missing
        entry = json.loads(content)
        entry = entry.get("data", [entry])[0]
        if not missing:
            paper = one_by(semanticscholar, json.dumps(entry | {"abstract": ABSTRACT}))
            assert f"s2:{entry['paperId']}" in paper.aliases
