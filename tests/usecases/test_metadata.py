"""Questions that the catalog itself answers: papers of an author, authors and dates of a paper, counts; their check."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag.types import Filter
from refdesk import errors
from refdesk.filters import known_authors
from refdesk.render.markdown import answer as as_markdown
from tests.filled import filled

Cli = Callable[..., Any]
ROWS: list[dict[str, Any]] = [
    {"id": "a:1", "title": "BabelJudge: Judging in Languages", "authors": ["Ada King", "Wei Li"], "date": "2025-03-02"},
    {"id": "a:2", "title": "Tokenizers of Whales", "authors": ["Wen Li", "A. King"], "date": "2025-05-01"},
    {"id": "a:3", "title": "Songs of Whales", "authors": ["King, Ada"], "date": "2025-06-11"},
    {"id": "a:4", "title": "Token Pruning", "authors": ["Aaron van den Oord"], "date": "2025-07"},
    {"id": "a:5", "title": "Mixture-of-Experts at Sea", "categories": ["cs.CL"], "tags": ["Sea"]},
    {"id": "a:6", "title": "Songs of Whales, Again", "authors": ["Bo An"], "date": "2024", "categories": ["cs.LG"]},
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("metadata")
    abstract = "We study paper {} with care. It finds that number {} is well sung."
    rows = [{**row, "abstract": abstract.format(row["id"], number)} for number, row in enumerate(ROWS)]
    return filled(place, rows)


@pytest.fixture
def library(folder: Path) -> Iterator[refdesk.Library]:
    with refdesk.open_library(folder) as opened:
        yield opened


def cited(answer: refdesk.Answer) -> list[str]:
    return [source.paper.paper_id[-1] for source in answer.sources]


@pytest.mark.parametrize(
    ("question", "text", "papers"),
    [
        ("What did Ada King publish?", "3 papers by Ada King, the newest of 2025-06-11.", "321"),
        ("papers by A. King", "3 papers by A. King, the newest of 2025-06-11.", "321"),
        ("publications of King, Ada", "3 papers by Ada King, the newest of 2025-06-11.", "321"),
        ("King Ada's papers", "3 papers by Ada King, the newest of 2025-06-11.", "321"),
        ("papers by van den Oord", "1 paper by van den Oord, it is of 2025-07.", "4"),
        ("papers by W. Li", "2 papers by W. Li, the newest of 2025-05-01.", "21"),
        ("papers by Ada King and Wei Li", "1 paper by Ada King and Wei Li, it is of 2025-03-02.", "1"),
        ("papers by Bo An and Wei Li", "2 papers by Bo An or Wei Li, the newest of 2025-03-02.", "16"),
        (
            "papers by Ada King since June 2025",
            "1 paper by Ada King listed since 2025-06-01, it is of 2025-06-11.",
            "3",
        ),
        ("How many papers did Ada King publish?", "3 papers by Ada King, the newest of 2025-06-11.", "321"),
        ("Who wrote BabelJudge?", "“BabelJudge: Judging in Languages” is by Ada King and Wei Li.", "1"),
        ("Who are the authors of Songs of Whales?", "“Songs of Whales” is by King, Ada.", "3"),
        (
            "Who wrote Mixture-of-Experts at Sea?",
            "The library does not know who wrote “Mixture-of-Experts at Sea”.",
            "5",
        ),
        ("When was Token Pruning published?", "“Token Pruning” was published in 2025-07.", "4"),
        ("How many papers on tokenizers?", "1 paper with “tokenizers” in the title or abstract.", "2"),
        (
            "How many papers about mixture of experts?",
            "1 paper with “mixture of experts” in the title or abstract.",
            "5",
        ),
        ("How many papers are there in 2024?", "1 paper in the library listed from 2024-01-01 to 2024-12-31.", "6"),
    ],
)
def test_the_catalog_answers(library: refdesk.Library, question: str, text: str, papers: str) -> None:
    answer = library.ask(question)
    assert answer.text == text
    assert cited(answer) == list(papers)
    assert (answer.mode, answer.answered, answer.outcome, answer.claims) == ("metadata", True, "answered", ())
    assert [listed.source for listed in answer.papers] in ([], [source.number for source in answer.sources])
    assert [each.verdict.support for each in library.verify(json.dumps(answer.to_dict()))] == ["supported"]
    assert [each.verdict.support for each in library.verify(as_markdown(answer))] == ["supported"]


def test_a_title_that_several_papers_begin_with_gives_a_fact_for_each(library: refdesk.Library) -> None:
    answer = library.ask("Who wrote songs whales?")
    assert answer.text.splitlines() == ["“Songs of Whales” is by King, Ada.", "“Songs of Whales, Again” is by Bo An."]
    assert len(library.verify(as_markdown(answer))) == len(library.verify(json.dumps(answer.to_dict()))) == 2


@pytest.mark.parametrize(
    "question", ["papers by Nobody Else", "Who wrote Zorblax?", "How many papers on whales that sing to tokens?"]
)
def test_what_the_catalog_does_not_know_is_asked_as_a_topic(library: refdesk.Library, question: str) -> None:
    assert library.ask(question).mode == "extractive"


@pytest.mark.parametrize(
    ("question", "text"),
    [
        ("How many papers on zorblax?", "No paper with “zorblax” in the title or abstract."),
        ("papers by Ada King in 2023", "No paper by Ada King listed from 2023-01-01 to 2023-12-31; the newest without "
         "these limits is of 2025-06-11."),
    ],
)  # fmt: skip
def test_none_is_an_abstention_that_says_so(library: refdesk.Library, question: str, text: str) -> None:
    answer = library.ask(question)
    assert (answer.text, answer.answered, answer.outcome, answer.confidence) == (text, False, "absent", 0.0)
    assert answer.abstention and answer.abstention.reason in text[:1].lower() + text[1:]
    assert [each.verdict.support for each in library.verify(json.dumps(answer.to_dict()))] == ["supported"]
    assert [each.verdict.support for each in library.verify(as_markdown(answer))] == ["supported"]


def test_a_filter_holds_for_facts_too(library: refdesk.Library) -> None:
    assert library.ask("How many papers are there?", categories="cs.CL").text == (
        "1 paper in the library in the category “cs.CL”."
    )
    assert cited(library.ask("papers by Ada King", authors="Wei Li")) == ["1"]
    assert library.ask("What did Ada King publish?", until="2025-04").facts[0].filter == {
        "until": "2025-04",
        "authors": ["Ada King"],
    }


def test_so_many_papers_are_listed_as_asked_for(library: refdesk.Library) -> None:
    answer = library.ask("papers by Ada King", max_sentences=2)
    assert cited(answer) == ["3", "2"]
    assert len(answer.facts[0].paper_ids) == 3


@pytest.mark.parametrize("change", ["text", "paper_ids", "filter", "kind", "source", "odd"])
def test_a_changed_fact_fails_the_check_with_the_reason(library: refdesk.Library, change: str) -> None:
    document = library.ask("papers by Ada King").to_dict()
    [fact] = document["facts"]
    if change == "text":
        fact["text"] = document["text"] = "4 papers by Ada King, the newest of 2025-06-11."
    elif change == "paper_ids":
        fact["paper_ids"] = fact["paper_ids"][:2]
    elif change == "filter":
        fact["filter"] = {"authors": ["Wei Li"]}
    elif change == "kind":
        fact["kind"] = "count"
    elif change == "odd":
        fact["filter"] = {"authors": [3], "since": {}}
    else:
        document["sources"].append({**document["sources"][0], "number": 4, "paper_id": "file:papers:a:6"})
    found = [each for each in library.verify(json.dumps(document)) if each.verdict.support == "unsupported"]
    assert found
    details = " ".join(problem.detail for each in found for problem in each.verdict.problems)
    assert {
        "text": "the library now says: 3 papers by Ada King",
        "paper_ids": "the library now has other papers for this",
        "filter": "the library now says: 1 paper by Wei Li",
        "kind": "the library now says: ",
        "source": "no fact of the answer names it",
        "odd": "the library does not say this",
    }[change] in details


def test_a_sentence_that_was_added_to_facts_fails_the_check(library: refdesk.Library) -> None:
    document = library.ask("papers by Ada King").to_dict()
    document["text"] += " She sings best."
    assert "unsupported" in {each.verdict.support for each in library.verify(json.dumps(document))}
    edited = as_markdown(library.ask("papers by Ada King")).replace("3 papers", "9 papers")
    assert [each.verdict.support for each in library.verify(edited)] == ["unsupported"]


def test_a_fact_that_the_library_outgrew_fails_the_check(folder: Path, tmp_path: Path) -> None:
    with refdesk.open_library(tmp_path / "growing") as library:
        library.add(folder.parent / "papers.jsonl")
        document = json.dumps(library.ask("papers by Ada King").to_dict())
        new = tmp_path / "new.jsonl"
        new.write_text(json.dumps({"title": "New Songs", "abstract": "We sing anew.", "authors": ["Ada King"]}))
        library.add(new)
        [found] = library.verify(document)
        assert "the library now says: 4 papers by Ada King" in found.verdict.problems[0].detail


# ---- filters, orders and the command line


def test_an_author_is_a_filter_of_every_question(library: refdesk.Library) -> None:
    assert {hit.paper_id[-1] for hit in library.search("songs", authors="Ada King")} == {"1", "2", "3"}
    assert [paper.paper_id[-1] for paper in library.papers(filter=Filter(authors=("Li",)), sort="date")] == ["2", "1"]
    assert known_authors(library._store.catalog, ("A. King", "Nobody", "li, w")) == ("A. King", "li, w")


@pytest.mark.parametrize(
    ("filters", "message", "hint"),
    [
        ({"authors": "Ada Kingg"}, "is by “Ada Kingg”", "Ada King, A. King"),
        ({"authors": "Zzz Qqq"}, "is by “Zzz Qqq”", "Give the name"),
        ({"categories": ["cs.CL", "cs.GL"]}, "has the category “cs.GL”", "cs.CL, cs.LG"),
        ({"categories": "cs"}, "has the category “cs”", "cs.CL, cs.LG"),
        ({"tags": "seas"}, "has the tag “seas”", "Sea"),
        ({"sources": "json"}, "has the source “json”", "jsonl"),
    ],
)
def test_a_filter_by_what_no_paper_has_names_what_is_near(
    library: refdesk.Library, filters: dict[str, Any], message: str, hint: str
) -> None:
    with pytest.raises(errors.BadFilter, match=message) as caught:
        library.search("songs", **filters)
    assert hint in str(caught.value.hint)


def test_search_by_date_orders_the_best_hits_by_their_days(library: refdesk.Library) -> None:
    hits = library.search("songs of whales", limit=3, sort="date")
    assert {hit.paper_id for hit in hits} == {hit.paper_id for hit in library.search("songs of whales", limit=3)}
    days = [hit.paper.day for hit in hits]
    assert days == sorted(days, reverse=True)


def test_an_answer_by_date_begins_with_its_newest_paper(sample_library: Path) -> None:
    question = "Norm decay explains the delay of generalization."
    with refdesk.open_library(sample_library) as library:
        by_score, by_date = library.ask(question), library.ask(question, sort="date")
    assert {claim.text for claim in by_date.claims} == {claim.text for claim in by_score.claims}
    days = [source.paper.day for source in by_date.sources]
    assert days == sorted(days, reverse=True)
    assert days != [source.paper.day for source in by_score.sources]


def test_the_command_line_takes_authors_and_orders(folder: Path, cli: Cli) -> None:
    def ids(*arguments: str) -> list[str]:
        ran = cli("--library", folder, *arguments)
        assert ran.status == 0, ran.err
        return [hit["paper_id"][-1] for hit in json.loads(ran.out)["hits"]]

    assert ids("search", "--author", "King", "--json") == ["3", "2", "1"]
    assert ids("search", "--author", "king, ada", "--author", "Bo An", "--limit", "3", "--json") == ["3", "2", "1"]
    assert set(ids("search", "songs", "--author", "wei li", "--json")) == {"1"}
    assert ids("search", "songs", "--author", "king", "--sort", "date", "--json") == ["3", "2", "1"]
    exported = cli("--library", folder, "export", "--author", "A. King", "--sort", "date").out.splitlines()
    assert [json.loads(line)["id"][-1] for line in exported] == ["3", "2", "1"]
    assert cli("--library", folder, "search").status == 2
    unknown = cli("--library", folder, "search", "--author", "Ada Kingg")
    assert unknown.status == 4
    assert "Ada King" in unknown.err


def test_facts_are_printed_with_their_papers(folder: Path, cli: Cli) -> None:
    shown = cli("--library", folder, "ask", "papers by Ada King", "--max-sentences", "2").out
    assert shown.startswith("3 papers by Ada King, the newest of 2025-06-11.\n")
    assert "shown; --max-sentences shows up to 50" in shown
    assert "[1] Songs of Whales\n" in shown
    assert "confidence" not in shown
    none = cli("--library", folder, "ask", "How many papers on zorblax?", "--exit-code")
    assert (none.status, none.out) == (8, "No paper with “zorblax” in the title or abstract.\n")
