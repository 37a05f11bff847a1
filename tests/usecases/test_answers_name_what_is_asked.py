"""Answers without a model name all things of the question, or say what no sentence names, with a lower confidence."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

import refdesk
from rag.answers import coverage, extractive, form, sentences
from rag.answers.comparing import compares
from rag.types import Evidence, Paper
from refdesk.render import answers as wording
from refdesk.render import terminal
from refdesk.render.markdown import answer as as_markdown
from tests.filled import filled

ROWS = [
    (
        "Light and the Sleep of Nurses",
        "Nurses work at night. We followed 80 nurses for a year. Bright light improved the sleep of nurses "
        "by 12 percent.",
    ),
    (
        "Melatonin in Shift Work",
        "Shift work disturbs rest. We gave melatonin to 120 drivers. Melatonin shortened the time to fall asleep by "
        "9 minutes.",
    ),
    (
        "Hypnotics Compared",
        "Hypnotics are many. We tested zolpidem and trazodone in 90 adults. Zolpidem acted faster than trazodone, and "
        "trazodone caused fewer falls.",
    ),
    (
        "A Survey of Sedatives",
        "Sedatives differ in price. The ward stocks zolpidem, suvorexant and temazepam. Our protocol costs less than "
        "suvorexant and temazepam. Nurses preferred tablets.",
    ),
    (
        "Caffeine and Memory",
        "Students drink coffee. Content warning: this paper may contain harmful words on caffeine. Caffeine improved "
        "memory of word lists by 8 percent.",
    ),
    (
        "Naps at Work",
        "Naps are rare at work. We observed 30 pilots. Short naps raised alertness by a fifth.",
    ),
    (
        "DreamSet-12K: Recordings of Dreams",
        "Dreams are hard to record. We introduce DreamSet-12K, a dataset of dream reports. It has 12,000 reports by "
        "340 volunteers. Models that read it name the mood in 71 percent.",
    ),
    (
        "Moods of Dream Reports",
        "Dream reports tell moods. We present results on two datasets of dream reports. Sad moods were named best.",
    ),
    (
        "Normal Breathing in Sleep",
        "Breathing slows at night. In 50 sleepers normal breathing returned after 4 minutes of spirometry.",
    ),
    ("Snoring in Valleys", "Snoring is loud. In 70 valleys snoring fell by a tenth."),
    ("Pillows of Foam", "Pillows age. Foam pillows lost a third of their height in 2 years."),
    ("Sleepwalking at Sea", "Sailors walk asleep. Of 400 sailors 3 percent walked asleep."),
    ("Alarm Clocks", "Clocks ring. Loud clocks woke 95 percent of 60 sleepers."),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("named")
    rows = [
        {"id": f"s:{number}", "title": title, "abstract": abstract, "date": "2025-03-02"}
        for number, (title, abstract) in enumerate(ROWS, start=1)
    ]
    return filled(place, rows)


@pytest.fixture
def library(folder: Path) -> Iterator[refdesk.Library]:
    with refdesk.open_library(folder) as opened:
        yield opened


def texts(answer: refdesk.Answer) -> list[str]:
    return [claim.text for claim in answer.claims]


def test_an_effect_on_a_thing_that_no_sentence_names_is_no_answer(library: refdesk.Library) -> None:
    answer = library.ask("How does melatonin affect snoring?")
    assert not answer.answered and answer.confidence <= extractive.MENTIONED
    assert answer.abstention and answer.abstention.reason == (
        "no sentence here names “melatonin” and “snoring” together; it may be said in other words"
    )
    held = library.ask("How does caffeine affect memory?")
    assert texts(held) == ["Caffeine improved memory of word lists by 8 percent."], "no tail of other papers"
    assert held.missing is None and held.confidence > extractive.LEFT_OPEN


@pytest.mark.parametrize(
    ("text", "sides", "said"),
    [
        ("Zolpidem acted faster than trazodone.", ("zolpidem", "trazodone"), True),
        ("While zolpidem acts fast, trazodone lasts.", ("zolpidem", "trazodone"), True),
        ("The choice between zolpidem and trazodone depends on age.", ("zolpidem", "trazodone"), True),
        ("Our protocol costs less than zolpidem and trazodone.", ("zolpidem", "trazodone"), False),
        ("Our protocol, compared with zolpidem and trazodone, is cheap.", ("zolpidem", "trazodone"), False),
        ("The ward stocks zolpidem, suvorexant and trazodone.", ("zolpidem", "trazodone"), False),
        ("Zolpidem acted faster than placebo.", ("zolpidem", "trazodone"), False),
        ("It outperforms the solar panel and the wood stove.", ("solar panel", "wood stove"), False),
        ("It gains +0.83 over the solar panel; +0.33 over the wood stove.", ("solar panel", "wood stove"), False),
        ("We use a solar panel for heat while integrating a wood stove.", ("solar panel", "wood stove"), False),
        ("A hybrid of solar panel and wood stove.", ("solar panel", "wood stove"), False),
        ("The solar panel is cheaper than the wood stove.", ("solar panel", "wood stove"), True),
    ],
)
def test_a_comparison_sets_two_things_against_each_other(text: str, sides: tuple[str, str], said: bool) -> None:
    assert compares(text, sides) is said


def test_things_beside_each_other_in_a_list_are_not_compared(library: refdesk.Library) -> None:
    assert texts(library.ask("Is zolpidem better than trazodone?")) == [
        "Zolpidem acted faster than trazodone, and trazodone caused fewer falls."
    ]
    answer = library.ask("Is suvorexant better than temazepam?")
    assert (answer.answered, answer.outcome) == (False, "mentioned")
    assert answer.abstention and "compares “suvorexant” and “temazepam”" in answer.abstention.reason
    shown = [paper.finding.text for paper in answer.papers if paper.finding]
    assert shown and "suvorexant" in shown[0] and "temazepam" in shown[0], "the sentence that names both"


def test_a_setting_of_a_comparison_that_no_sentence_names_is_told(library: refdesk.Library) -> None:
    answer = library.ask("zolpidem versus trazodone for pilots")
    assert answer.answered and answer.missing == "no sentence found here names “pilots”"
    assert answer.confidence <= extractive.LEFT_OPEN
    assert wording.left_open(answer) == f"Left open: {answer.missing}."
    found = library.verify(as_markdown(answer))
    assert found and all(each.verdict.support == "verbatim" for each in found), "the note is not taken for a claim"


def test_the_sides_of_a_comparison_are_no_phrase_together(library: refdesk.Library) -> None:
    assert library.retrieve("zolpidem vs trazodone in adults").phrases == ()


def test_a_negative_question_shows_no_warning_and_says_that_nothing_denies(library: refdesk.Library) -> None:
    answer = library.ask("Does caffeine not improve memory?")
    assert texts(answer) == ["Caffeine improved memory of word lists by 8 percent."]
    assert answer.missing == form.NOT_DENIED and answer.confidence <= extractive.LEFT_OPEN


@pytest.mark.parametrize(
    "text",
    [
        "Content Warning: This paper discusses harmful prompts.",
        "Warning: this paper contains examples that hurt.",
        "It may contain language that is offensive.",
    ],
)
def test_a_warning_of_content_states_nothing(text: str) -> None:
    paper = Paper(paper_id="t:1", title="T", abstract=text, spans=((0, len(text)),))
    assert sentences.states_nothing(Evidence(paper=paper, sentence=paper.sentence(1), score=1.0))


@pytest.mark.parametrize(
    ("text", "denies"),
    [
        ("Cold water did not help.", True),
        ("It helps without loss of sleep.", False),
        ("It lowers harm, with no loss of sleep.", False),
        ("It helps not only nurses.", False),
    ],
)
def test_what_denies(text: str, denies: bool) -> None:
    assert sentences.denies(text) is denies


def test_a_number_of_another_thing_is_no_answer(library: refdesk.Library) -> None:
    assert texts(library.ask("How many drivers were given melatonin?")) == ["We gave melatonin to 120 drivers."]
    other = library.ask("How many drivers took naps?")
    assert not other.answered and other.abstention and "how many drivers" in other.abstention.reason
    version = library.ask("How many reports does DreamSet-15K have?")
    assert not version.answered, "another version's number"


def test_a_list_of_data_sets_holds_no_paper_that_only_used_one(library: refdesk.Library) -> None:
    answer = library.ask("Which datasets exist for dream reports?")
    assert [source.paper.title.split(":")[0] for source in answer.sources] == ["DreamSet-12K"]


def test_a_derived_word_is_not_said_of_what_has_the_same_stem() -> None:
    text = "In 50 sleepers normal breathing returned."
    paper = Paper(paper_id="t:1", title="Breathing", abstract=text, spans=((0, len(text)),))
    found = Evidence(paper=paper, sentence=paper.sentence(1), score=1.0)
    assert coverage.as_meant(found, ["normalization"]).lacks == ("normalization",)
    assert coverage.as_meant(found, ["breathing"]) == found


def test_sentences_that_name_a_thing_only_with_the_one_before_come_with_it() -> None:
    text = "Naps were short. They raised alertness. Pilots slept."
    paper = Paper(paper_id="t:1", title="Work", abstract=text, spans=((0, 16), (17, 39), (40, 53)))
    found = Evidence(paper=paper, sentence=paper.sentence(2), score=1.0, lacks=("naps",))
    chosen = coverage.covering([found], {"naps": 0.5, "alertness": 0.5})
    assert chosen.is_enough and chosen.held == 1.0
    lost = coverage.covering(
        [Evidence(paper=paper, sentence=paper.sentence(3), score=1.0, lacks=("naps",), lacks_in_context=("naps",))],
        {"naps": 0.5, "alertness": 0.5},
    )
    assert (lost.held, lost.without) == (0.5, ("naps",))


def test_the_heading_of_papers_that_do_not_answer_claims_no_more_than_is_so(library: refdesk.Library) -> None:
    screen = StringIO()
    console = Console(file=screen, width=200, no_color=True)
    console.print(terminal.answer(library.ask("Is suvorexant better than temazepam?")))
    assert "Papers that mention it or a part of it:" in screen.getvalue()
