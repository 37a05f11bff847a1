"""Useful answers without a model: causes, ways, comparisons, definitions and lists, and how sure each form is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

import refdesk
from rag.answers import form, sentences, telling, wanted
from rag.answers.comparing import is_of_both
from rag.answers.coverage import is_in
from rag.answers.defining import definition_level
from rag.question import understand
from rag.types import Paper
from tests.filled import filled

ROWS = [
    (
        "Glaze Crazing in Stoneware",
        "Crazing is a network of fine cracks in a glaze. We fired 300 bowls. Crazing is caused by a glaze that "
        "shrinks more than its body. Adding 4 percent of silica reduced crazing in 9 of 10 bowls. We evaluate it on "
        "three clays. This work lays a foundation for better glazes.",
    ),
    (
        "Silica Washes Against Glaze Crazing",
        "Potters lose many bowls to cracks. We propose a silica wash that is brushed on before firing. Extensive "
        "experiments show that our method outperforms all baselines.",
    ),
    (
        "Slow Cooling Against Glaze Crazing",
        "Kilns cool fast. We introduce a cooling plan with two holds. Glaze crazing fell by half in 40 kilns.",
    ),
    (
        "Gas or Electric Kilns for Porcelain?",
        "Potters choose by price. We fired 80 loads. Loads from electric kilns were whiter by 3 points. Breakage was "
        "the same.",
    ),
    (
        "A Hybrid Dryer",
        "Drying is slow. Our dryer combines a solar panel and a wood stove. It outperforms the solar panel and the "
        "wood stove by 20 percent.",
    ),
    (
        "Solar Panels in Potteries",
        "Power is dear. A solar panel saved a third of the power in 12 potteries.",
    ),
    (
        "Wood Stoves in Potteries",
        "Wood is cheap. A wood stove dried 50 pots a day.",
    ),
    (
        "ClaySet: Photographs of Pots",
        "Photographs of pots are rare. We introduce ClaySet, a dataset of 4,200 photographs of pots. The dataset "
        "covers many styles and shapes. Models that saw it named the clay in 81 percent.",
    ),
    ("Wheels and Wrists", "Throwing hurts wrists. We asked 60 potters. Low wheels hurt the wrists of 4 in 10 potters."),
    ("Foot Rings", "Foot rings hold bowls. We turned 90 foot rings. Thin foot rings broke twice as often."),
    ("Ash in the Kiln", "Ash melts. Wood ash coloured 30 vases green."),
    ("Shards as Grog", "Shards are waste. Ground shards cut shrinkage by 2 percent."),
]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("useful")
    rows = [
        {"id": f"u:{number}", "title": title, "abstract": abstract, "date": f"2025-03-{number:02}"}
        for number, (title, abstract) in enumerate(ROWS, start=1)
    ]
    return filled(place, rows)


@pytest.fixture
def library(folder: Path) -> Iterator[refdesk.Library]:
    with refdesk.open_library(folder) as opened:
        yield opened


def texts(answer: refdesk.Answer) -> list[str]:
    return [claim.text for claim in answer.claims]


@pytest.mark.parametrize(
    ("text", "announces"),
    [
        ("We evaluate it on three clays.", True),
        ("Extensive experiments are conducted on ten benchmarks.", True),
        ("To achieve this, we analyzed 16,986 turns of 261 learners.", True),
        ("This survey categorizes methods of glazing.", True),
        ("These results provide a foundation for future work.", True),
        ("We hope that potters will use it.", True),
        ("We will release our code and models.", True),
        ("The dataset covers many styles.", True),
        ("The dataset contains 4,200 photographs.", False),
        ("We study kelp and find that it grows.", False),
        ("We evaluate it on three clays, and it reduces cracks by 12%.", False),
        ("Our findings highlight that small models can be enough.", False),
        ("Crazing fell by half.", False),
    ],
)
def test_a_sentence_that_announces_is_told_from_one_that_tells(text: str, announces: bool) -> None:
    assert telling.announces(text) is announces


@pytest.mark.parametrize(
    ("text", "praises"),
    [
        ("Extensive experiments show that our method outperforms all baselines.", True),
        ("Experiments demonstrate that PotNet achieves state-of-the-art results.", True),
        ("Larger models hallucinate less than smaller ones.", False),
        ("LLMs outperform humans in 3 of 5 tasks.", False),
    ],
)
def test_the_success_of_what_the_authors_made(text: str, praises: bool) -> None:
    assert telling.praises_its_own(text) is praises


@pytest.mark.parametrize(
    ("text", "things", "gives"),
    [
        ("Crazing is caused by a glaze that shrinks.", ["crazing"], True),
        ("Drift toward priors results in object hallucinations.", ["hallucinate objects"], True),
        ("We attribute this loss of diversity to the reward.", ["diversity"], True),
        ("Crazing leads to leaks.", ["crazing"], False),
        ("Glazes shrink because kilns cool.", ["crazing"], False),
    ],
)
def test_a_cause_is_a_cause_of_what_is_asked_about(text: str, things: list[str], gives: bool) -> None:
    assert telling.tells_a_cause_of(text, things) is gives


def test_a_question_why_is_answered_by_a_cause(library: refdesk.Library) -> None:
    answer = library.ask("What causes crazing?")
    assert "Crazing is caused by a glaze that shrinks more than its body." in texts(answer)
    assert answer.missing is None
    assert not any("outperforms" in text or "foundation" in text or "evaluate" in text for text in texts(answer))


def test_where_no_sentence_gives_a_cause_that_is_said(library: refdesk.Library) -> None:
    answer = library.ask("Why do low wheels hurt wrists?")
    assert answer.missing == form.NO_CAUSE or not answer.answered
    assert answer.confidence <= 0.5


@pytest.mark.parametrize(
    ("question", "asks"),
    [
        ("How can one reduce crazing?", True),
        ("How to prevent crazing", True),
        ("How can crazing be prevented?", True),
        ("Which methods reduce crazing?", True),
        ("How does silica affect crazing?", False),
        ("How do potters choose kilns?", False),
    ],
)
def test_what_asks_for_ways(question: str, asks: bool) -> None:
    assert bool(wanted.WAYS.match(question)) is asks


def test_ways_are_papers_with_what_they_propose(library: refdesk.Library) -> None:
    answer = library.ask("How can one reduce glaze crazing?")
    told = [paper.finding.text for paper in answer.papers if paper.finding]
    assert "We propose a silica wash that is brushed on before firing." in told
    assert "We introduce a cooling plan with two holds." in told
    assert [paper.finding for paper in answer.papers] == list(answer.claims)


def test_where_no_paper_compares_each_side_is_told(library: refdesk.Library) -> None:
    answer = library.ask("Which works better, a solar panel or a wood stove?")
    assert (answer.answered, answer.outcome) == (False, "mentioned")
    told = " ".join(paper.finding.text for paper in answer.papers if paper.finding)
    assert "saved a third of the power" in told and "dried 50 pots a day" in told


def test_a_paper_whose_title_compares_answers_a_comparison(library: refdesk.Library) -> None:
    assert is_of_both("Gas or Electric Kilns for Porcelain?", ("gas kilns", "electric kilns"))
    answer = library.ask("gas kilns vs electric kilns")
    assert "Loads from electric kilns were whiter by 3 points." in texts(answer)


@pytest.mark.parametrize(
    ("text", "topic", "level"),
    [
        ("Crazing is a network of fine cracks.", "crazing", 3),
        ("Theory of Mind (ToM) -- the ability to attribute beliefs -- is basic.", "theory of mind", 3),
        ("Potters lose bowls to fine cracks in the glaze, known as crazing.", "crazing", 3),
        ("Group Relative Policy Optimization (GRPO) is a method.", "GRPO", 3),
        ("Process reward models (PRMs) address this gap.", "process reward model", 2),
        ("Crazing poses a threat to glazes, where fine cracks let water in.", "crazing", 3),
        ("Crazing has become a common fault of cheap glazes.", "crazing", 2),
        ("Crazing came late.", "crazing", 1),
        ("We study crazing.", "crazing", 0),
    ],
)
def test_how_far_a_sentence_defines(text: str, topic: str, level: int) -> None:
    assert definition_level(text, topic) == level


def test_a_definition_defines_or_says_that_none_does(library: refdesk.Library) -> None:
    assert texts(library.ask("What is crazing?")) == ["Crazing is a network of fine cracks in a glaze."]
    none = library.ask("What is a cooling plan?")
    assert not none.answered and none.abstention and "what “cooling plan” is" in none.abstention.reason
    assert none.papers[0].finding and "cooling plan" in none.papers[0].finding.text, "the sentence that names it"


def test_a_number_of_another_name_is_no_answer(library: refdesk.Library) -> None:
    assert wanted.own_names("How large is ClaySet for LLMs?") == ["clayset"]
    assert any("4,200 photographs" in text for text in texts(library.ask("How many photographs does ClaySet have?")))
    assert not library.ask("How many photographs does PotSet have?").answered


def test_the_confidence_depends_on_the_form(library: refdesk.Library) -> None:
    listed, why = library.ask("Which papers are on glaze crazing?"), library.ask("What causes crazing?")
    assert len(listed.papers) > 2 and listed.confidence > why.confidence
    assert form.Form(sort="list").useful == form.USEFUL["list"]
    short = form.Form(papers=tuple((source.paper, None) for source in listed.sources[:1]), sort="list")
    assert short.useful == form.USEFUL["list"] * form.SHORT_LIST[1]


def test_what_an_answer_leaves_open_is_one_of_a_few_sentences() -> None:
    assert form.is_left_open(form.NO_CAUSE, "Why?")
    named = form.NOT_NAMED.format(form.all_of(["pilots", "night shifts"]))
    assert form.is_left_open(named, "Do naps help pilots on night shifts?")
    assert not form.is_left_open(named, "Do naps help nurses?")
    assert not form.is_left_open("Crazing cures colds.", "Why?")


def test_a_comparison_with_an_open_setting_is_verified_in_json(library: refdesk.Library) -> None:
    answer = library.ask("gas kilns vs electric kilns for porcelain")
    document = json.dumps(answer.to_dict())
    assert all(each.verdict.support == "verbatim" for each in library.verify(document))


@pytest.mark.parametrize(
    ("question", "kind", "topic"),
    [
        ("What is score distillation?", "definition", "score distillation"),
        ("What is the accuracy of glazes?", "number", "accuracy of glazes"),
        ("autonomous driving benchmarks", "list", "autonomous driving benchmarks"),
        ("remote sensing change detection", "overview", "remote sensing change detection"),
        ("Which open problems remain for video generation?", "overview", "video generation"),
        (
            "What are the drawbacks of current deepfake detectors?",
            "findings",
            "drawbacks of current deepfake detectors",
        ),
        ("Why does grokking happen?", "findings", "grokking"),
        ("How many papers deal with federated learning?", "metadata", "federated learning"),
        ("How do attention heads differ in their function?", "findings", "attention heads differ in their function"),
    ],
)
def test_what_a_question_is_about(question: str, kind: str, topic: str) -> None:
    read = understand(question, today=date(2026, 11, 27))
    assert (read.kind, read.topic) == (kind, topic)


def test_the_question_at_the_end_of_its_context_is_the_topic() -> None:
    context = "We fire stoneware in an old kiln that nobody understands, and every second bowl cracks after some days. "
    context += "We have tried three clays and two glazes, all of them dear, and our helper wants to know: "
    read = understand(context + "which methods reduce glaze crazing in stoneware?", today=date(2026, 11, 27))
    assert (read.kind, read.topic) == ("list", "methods reduce glaze crazing in stoneware")
    assert read.compared == read.topic
    pointing = understand(context + "is it known what helps against this?", today=date(2026, 11, 27))
    assert "stoneware" in pointing.topic, "“it” is in the context"


def test_what_a_thing_has_is_said_of_the_thing(library: refdesk.Library) -> None:
    assert wanted.of_what("What is the colour of shards?") == ("colour of shards", "shards colour", "shards s colour")
    assert not library.ask("What is the colour of shards?").answered


def test_a_paper_must_have_each_word_of_a_thing_or_what_it_abbreviates() -> None:
    paper = Paper(paper_id="t:1", title="Large Language Models", abstract="They hallucinate objects.", spans=((0, 25),))
    assert is_in(paper, "llms") and is_in(paper, "object hallucinations")
    assert not is_in(paper, "speech")


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        ("Models fail on long texts.", True),
        ("It is faster without degrading quality.", False),
        ("The word error rate is 3 percent.", False),
        ("We overcome the limits of kilns.", False),
    ],
)
def test_what_is_without_a_limit_tells_of_none(text: str, tells: bool) -> None:
    assert sentences.tells_limits(text) is tells


def test_what_a_number_measures() -> None:
    dice, fast = wanted.measured("What Dice score is reached?"), wanted.measured("How much faster is the kiln?")
    assert dice and dice.search("a Dice of .9") and not dice.search("an accuracy of .9")
    assert fast and fast.search("in 3 seconds") and not fast.search("3 bowls")
    assert wanted.measured("How many bowls broke?") is None


def test_a_list_of_one_thing_or_another_holds_papers_on_either(library: refdesk.Library) -> None:
    answer = library.ask("Which papers are about foot rings or wood stoves?")
    assert answer.answered
    titles = {source.paper.title for source in answer.sources}
    assert {"Foot Rings", "Wood Stoves in Potteries"} <= titles


def test_a_fact_of_the_world_is_not_told_by_a_paper_that_has_its_words(library: refdesk.Library) -> None:
    answer = library.ask("What is the speed of wheels?")
    assert not answer.answered
