"""Forms of answers in the papers' own sentences, by what a question asks for; how they are shown and verified."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag.answers import defining, form
from refdesk.render import answers as wording
from refdesk.render.markdown import answer as as_markdown
from tests.filled import filled

Cli = Callable[..., Any]

ROWS: list[dict[str, Any]] = [
    {
        "title": "Kelp Farming Restores Reefs",
        "date": "2025-03-02",
        "abstract": "Kelp farming is a form of marine cultivation in which kelp is grown on ropes. Reefs near farms "
        "are seldom "
        "studied. We ask whether kelp farming helps reefs. We surveyed 40 reefs for three years. Kelp "
        "farming raised the "
        "number of fish by 31 percent. It did so within one season. The code is available on request.",
    },
    {
        "title": "Limits of Kelp Farming in Warm Water",
        "date": "2025-06-11",
        "abstract": "Warm water is spreading. We grew kelp at 12 sites. Kelp farming failed above 21 degrees "
        "because blades "
        "rot. Its two main drawbacks are as follows. Ropes break in storms, and seedlings are costly. We conclude that "
        "kelp farming suits cool coasts only.",
    },
    {
        "title": "Oysters and Kelp Compared",
        "date": "2025-05-01",
        "abstract": "Farmers choose between oyster beds and kelp farming. We compared yields at 9 sites. Oyster "
        "beds earned "
        "twice as much as kelp farming, while kelp farming needed less labour. Profit depended on the price of seed.",
    },
    {
        "title": "TideBench: a Benchmark of Tidal Forecasts",
        "date": "2025-04-20",
        "abstract": "Tidal forecasts are hard to compare. We introduce TideBench, a benchmark of 1,200 tidal "
        "forecasts. "
        "Neural models beat harmonic analysis by 12 percent on it. Models with 40 million parameters were best.",
    },
    {
        "title": "Tidal Forecasts by Neural Models",
        "date": "2024-11-05",
        "abstract": "Harmonic analysis is the usual way. We train neural models for tidal forecasts. Errors fell by "
        "a third at "
        "all ports. Storm surges remain hard for tidal forecasts.",
    },
    {
        "title": "Farming Kelp Seeds in the Laboratory",
        "date": "2025-02-02",
        "abstract": "Seedlings are the costliest part. Red light improved the growth of seedlings by 18 percent. "
        "Cold water did not.",
    },
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("forms")
    rows = [{"id": f"a:{number}", **row} for number, row in enumerate(ROWS, start=1)]
    return filled(place, rows)


@pytest.fixture
def library(folder: Path) -> Iterator[refdesk.Library]:
    with refdesk.open_library(folder) as opened:
        yield opened


def texts(answer: refdesk.Answer) -> list[str]:
    return [claim.text for claim in answer.claims]


def titles(answer: refdesk.Answer) -> list[str]:
    return [source.paper.title.split()[0] for source in answer.sources]


def test_an_overview_lists_papers_with_what_they_say_of_the_topic(library: refdesk.Library) -> None:
    answer = library.ask("What do papers say about kelp farming?")
    assert (answer.answered, answer.outcome) == (True, "answered")
    assert {"Kelp", "Limits", "Oysters"} <= set(titles(answer))
    assert [paper.finding for paper in answer.papers] == list(answer.claims), "claims are the findings, in order"
    assert "Kelp farming raised the number of fish by 31 percent." in texts(answer)
    assert all(claim.support == "verbatim" for claim in answer.claims)


def test_recent_papers_come_first_and_none_is_left_out(library: refdesk.Library) -> None:
    plain, latest = library.ask("kelp farming"), library.ask("latest papers on kelp farming")
    days = [source.paper.day for source in latest.sources]
    assert days == sorted(days, reverse=True)
    assert set(titles(plain)) == set(titles(latest))
    assert wording.read_as(latest) == "Read as: the newest first."


def test_a_list_of_data_sets_holds_papers_that_offer_one(library: refdesk.Library) -> None:
    answer = library.ask("Which benchmarks exist for tidal forecasts?")
    assert titles(answer) == ["TideBench:"]
    assert texts(answer) == ["We introduce TideBench, a benchmark of 1,200 tidal forecasts."]
    none = library.ask("Is there a survey on kelp farming?")
    assert (none.answered, none.outcome, none.claims) == (False, "mentioned", ())
    assert none.abstention and "a survey" in none.abstention.reason
    assert none.papers and none.sources, "the papers on it are listed"


def test_a_definition_says_what_a_thing_is(library: refdesk.Library) -> None:
    answer = library.ask("What is kelp farming?")
    assert texts(answer)[0].startswith("Kelp farming is a form of marine cultivation")
    none = library.ask("What is harmonic analysis good for?")
    assert none.understood and none.understood.kind != "definition"


def test_a_comparison_names_both_sides_or_says_that_none_does(library: refdesk.Library) -> None:
    answer = library.ask("How do oyster beds compare to kelp farming?")
    assert any(text.startswith("Oyster beds earned twice as much as kelp") for text in texts(answer))
    none = library.ask("What is the difference between oyster beds and harmonic analysis?")
    assert (none.answered, none.outcome) == (False, "mentioned")
    assert none.abstention and "compares “oyster beds” and “harmonic analysis”" in none.abstention.reason
    assert none.confidence < 0.35


def test_a_number_stands_with_its_thing(library: refdesk.Library) -> None:
    answer = library.ask("How many parameters do the best models for tidal forecasts have?")
    assert texts(answer) == ["Models with 40 million parameters were best."]
    none = library.ask("How many farmers use kelp farming?")
    assert not none.answered and none.outcome == "mentioned"


def test_limits_are_told_with_the_sentence_that_follows(library: refdesk.Library) -> None:
    answer = library.ask("What are the drawbacks of kelp farming?")
    told = texts(answer)
    assert any("failed above 21 degrees" in text for text in told)
    assert not any("raised the number of fish" in text for text in told), "not the other side"
    if "Its two main drawbacks are as follows." in told:
        assert "Ropes break in storms, and seedlings are costly." in told
    other = library.ask("Does red light not improve seedlings?")
    assert other.answered
    assert all("not" in text for text in texts(other)) or other.missing == form.NOT_DENIED


@pytest.mark.parametrize(
    "question",
    [
        "Does kelp farming help reefs?",
        "Why does kelp farming fail?",
        "Kelp farming helps reefs.",
        "kelp farming",
        "What is kelp farming?",
    ],
)
def test_no_question_aim_or_place_of_code_is_an_answer(library: refdesk.Library, question: str) -> None:
    answer = library.ask(question)
    assert answer.answered
    for text in texts(answer):
        assert not text.endswith("?") and "code is available" not in text and not text.startswith("We ask whether"), (
            text
        )


def test_a_sentence_that_refers_back_comes_with_the_one_before(library: refdesk.Library) -> None:
    for question in (
        "Does kelp farming help within one season?",
        "How fast does kelp farming raise the number of fish?",
    ):
        told = texts(library.ask(question))
        if "It did so within one season." in told:
            assert (
                told[told.index("It did so within one season.") - 1]
                == "Kelp farming raised the number of fish by 31 percent."
            )


def test_a_question_of_words_that_no_paper_has_together_is_no_list(library: refdesk.Library) -> None:
    answer = library.ask("oyster surges")
    assert not answer.answered


def test_time_spans_filter_and_an_empty_one_names_the_newest_day(library: refdesk.Library) -> None:
    answer = library.ask("What has been published on tidal forecasts in 2024?")
    assert titles(answer) == ["Tidal"]
    assert wording.read_as(answer) == "Read as: papers listed since 2024-01-01 until 2024-12-31."
    none = library.ask("What has been published on tidal forecasts in 2019?")
    assert none.abstention and none.abstention.reason.endswith("the newest is of 2025-06-11")


def test_greetings_and_other_languages_are_told_plainly(library: refdesk.Library) -> None:
    hello = library.ask("hello")
    assert hello.abstention and "names no topic" in hello.abstention.reason and not hello.abstention.nearest
    german = library.ask("Welche Fische leben in der Nähe von Riffen und warum?")
    assert german.abstention and "it is in German" in german.abstention.reason


def test_search_for_a_word_that_nothing_holds_finds_nothing(library: refdesk.Library) -> None:
    assert library.search("xyzzyqwert") == []
    assert library.search("kelps"), "an inflected word is held"


def test_a_list_can_be_had_for_any_question(library: refdesk.Library, folder: Path, cli: Cli) -> None:
    answer = library.ask("Does kelp farming help reefs?", as_list=True)
    assert answer.papers and [paper.finding for paper in answer.papers] == list(answer.claims)
    shown = cli("--library", folder, "ask", "--list", "--max-sentences", "1", "Does kelp farming help reefs?")
    assert shown.out.startswith("1.  ") and "\n2. " not in shown.out


@pytest.mark.parametrize(
    "question",
    [
        "kelp farming",
        "latest papers on kelp farming since 2025",
        "What are the drawbacks of kelp farming?",
        "What is the difference between oyster beds and harmonic analysis?",
        "What is kelp farming?",
        "Is there a survey on kelp farming?",
    ],
)
def test_every_form_is_verified_in_markdown_and_json(library: refdesk.Library, question: str) -> None:
    answer = library.ask(question)
    for document in (as_markdown(answer), json.dumps(answer.to_dict())):
        found = library.verify(document)
        assert found and all(each.verdict.support in ("verbatim", "supported") for each in found), (document, found)
    claims = [paper.finding for paper in answer.papers if paper.finding] or list(answer.claims)
    assert len(library.verify(json.dumps(answer.to_dict()))) == len(claims), "each sentence counts once"


def test_what_somebody_wrote_into_a_form_is_found(library: refdesk.Library) -> None:
    answer = library.ask("latest papers on kelp farming")
    document = answer.to_dict() | {"missing": "Kelp farming cures reefs of all diseases."}
    assert any(found.verdict.support == "unsupported" for found in library.verify(json.dumps(document)))
    listed = json.loads(json.dumps(answer.to_dict()))
    listed["papers"][0]["finding"]["text"] = "Kelp farming raised the number of fish by 93 percent."
    assert any(found.verdict.support == "unsupported" for found in library.verify(json.dumps(listed)))
    written = as_markdown(answer).replace("Read as: the newest first.", "Read as: kelp farming cures reefs.")
    assert any(found.verdict.support == "unsupported" for found in library.verify(written))


@pytest.mark.parametrize(
    ("text", "topic", "level"),
    [
        ("Retrieval-Augmented Generation (RAG) refers to reading before writing.", "retrieval-augmented generation", 3),
        ("We introduce TideBench, a benchmark of tides.", "TideBench", 3),
        ("We introduce Fashion Retrieval-Augmented Generation, a method.", "retrieval-augmented generation", 0),
        ("Sparse autoencoders (SAEs) have shown promise.", "sparse autoencoders", 1),
        ("We study sparse autoencoders in depth.", "sparse autoencoders", 0),
    ],
)
def test_levels_of_definition(text: str, topic: str, level: int) -> None:
    assert defining.definition_level(text, topic) == level
