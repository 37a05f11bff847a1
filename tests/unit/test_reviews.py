"""Reviews: which papers treat a topic, the number of a finding, months, themes."""

from __future__ import annotations

from itertools import pairwise

import pytest

from rag.reviews.agreements import agreements, differences
from rag.reviews.effects import effects
from rag.reviews.figures import figure
from rag.reviews.groups import FEWEST, themes
from rag.reviews.months import MOST, months
from rag.reviews.naming import Topic, acronyms
from rag.reviews.treating import ENOUGH, find
from rag.types import Hit, Paper, Role, Roles, Sentence

DIFFUSION = Topic({("diffusion", "language", "models"): 1.0}, {})
INJECTION = Topic(
    {("prompt", "injection", "attacks"): 0.8, ("agents",): 0.2},
    {("prompt", "injection", "attacks"): {("prompt", "injection"): 0.9, ("injection", "attacks"): 0.8}},
)
HALLUCINATION = Topic({("hallucination", "detection"): 1.0}, {})


@pytest.mark.parametrize(
    ("topic", "text", "named"),
    [
        (DIFFUSION, "Dream: Diffusion Large Language Models", True),
        (DIFFUSION, "LLaDA-V: Large Language Diffusion Models", True),
        (DIFFUSION, "Deep Fusion of Large Language Models and Diffusion Transformers", False),
        (DIFFUSION, "Diffusion for images. Language models are other things.", False),
        (HALLUCINATION, "Detecting object hallucinations in images", True),
        (HALLUCINATION, "Fine-Grained Detection of Context-Grounded Hallucinations", True),
        (HALLUCINATION, "Hallucinations, and how edges are detected", False),
    ],
)
def test_a_topic_is_named_with_small_gaps_and_turned_round(topic: Topic, text: str, named: bool) -> None:
    assert topic.named(text) == (named,)


def test_an_acronym_names_what_the_papers_define_it_by() -> None:
    meanings = acronyms(["Large language models (LLMs) are many."] * 3 + ["A low-level module (LLM) is one."])
    assert meanings == dict.fromkeys(("llm", "llms"), ("larg", "languag", "model"))
    topic = Topic({("diffusion", "language", "models"): 1.0}, {}, meanings)
    assert topic.named("Long Context in Diffusion LLMs") == (True,)
    assert topic.named("LLMs and diffusion transformers") == (False,)
    assert Topic({("LLM", "agents"): 1.0}, {}, meanings).named("Agents of large language models; language models") == (
        False,
    )
    assert Topic({("llm", "agents"): 1.0}, {}, meanings).named("Large language model agents") == (True,)
    assert acronyms(["Large language models (LLMs) are many."] * 2) == {}


def test_a_phrase_without_its_first_word_must_be_worth_more() -> None:
    assert INJECTION.named("Prompt injection against agents") == (True, True)
    assert INJECTION.named("Separator injection attacks") == (False, False)


def paper(number: int, title: str, *sentences: tuple[str, str], listed: str | None = "2026-03-01") -> Paper:
    """A paper of sentences, each with its role."""
    text, spans = "", []
    for sentence, _ in sentences or (("Nothing is said.", "other"),):
        spans.append((len(text), len(text) + len(sentence)))
        text += f"{sentence} "
    roles: Roles = tuple(
        Role(name=role, probability=0.9)  # type: ignore[arg-type]
        for _, role in sentences or (("", "other"),)
    )
    return Paper(
        paper_id=f"doi:10.5555/{number:03}",
        title=title,
        abstract=text.rstrip(),
        spans=tuple(spans),
        roles=roles,
        listed=listed,
    )


def hit(found: Paper, score: float = 0.8) -> Hit:
    """A paper as a search found it."""
    first: Sentence = found.sentence(1)
    return Hit(paper=found, score=score, lexical=0.5, vector=0.5, best_sentence=first)


def test_a_paper_treats_what_its_title_names_or_its_results_and_not_what_it_only_mentions() -> None:
    title = paper(1, "Hallucination detection by probes")
    result = paper(2, "Probes", ("We train probes.", "method"), ("They detect hallucinations well.", "result"))
    mention = paper(3, "Routing", ("Much work detects hallucinations.", "background"), ("We route.", "method"))
    other = paper(4, "Edge detection")
    found = find(HALLUCINATION, [hit(title), hit(result, 0.7), hit(mention, 0.5), hit(other, 0.3)])
    assert [each.paper for each in found.papers] == [title, result]
    assert [each.in_title for each in found.papers] == [True, False]
    assert found.papers[1].sentences == (2,)
    assert found.mentioning == 1
    assert [near.paper for near in found.nearest] == [mention, other]


def test_papers_that_name_all_of_a_topic_are_enough_only_where_there_are_some() -> None:
    both = [paper(at, f"Prompt injection against agents {at}") for at in range(ENOUGH)]
    one = [paper(100 + at, f"Prompt injection {at}") for at in range(3)]
    narrow = find(INJECTION, [hit(each) for each in (*both, *one)])
    assert len(narrow.papers) == ENOUGH
    assert narrow.without == ()
    wide = find(INJECTION, [hit(each) for each in (*both[:2], *one)])
    assert len(wide.papers) == 5
    assert wide.without == ("prompt injection attacks", "agents")


def test_a_withdrawn_paper_is_no_paper_of_a_review() -> None:
    gone = paper(1, "Hallucination detection")
    gone = Paper(**{name: getattr(gone, name) for name in gone.__slots__} | {"flags": ("withdrawn",)})
    assert find(HALLUCINATION, [hit(gone)]).papers == ()


def test_a_topic_without_a_unit_is_treated_by_no_paper() -> None:
    assert find(Topic({}, {}), [hit(paper(1, "Anything"))]).papers == ()


@pytest.mark.parametrize(
    ("sentence", "number"),
    [
        ("It raises accuracy by 4.2% over the baseline.", "4.2%"),
        (r"It is $2.3\times$ faster than before.", r"$2.3\times$ faster"),
        ("Trained with only 5% of the data, it reaches 91% accuracy.", "91% accuracy"),
        ("It reaches a Dice score of 0.91 on organs.", "Dice score of 0.91"),
        ("Speed rises 10-fold.", "10-fold"),
        ("It gains +4.83 BLEU points and an estimated 70%.", "+4.83 BLEU points"),
        ("We test GPT-4 on 12 tasks in 2025.", None),
        ("It works well.", None),
    ],
)
def test_the_number_of_a_finding_is_the_one_that_tells_most(sentence: str, number: str | None) -> None:
    found = figure(sentence)
    assert found == number
    assert found is None or found in sentence


def test_months_have_no_gaps_and_become_years_where_they_are_many() -> None:
    papers = [paper(at, "x", listed=day) for at, day in enumerate(("2026-01-05", "2026-01-09", "2026-04-01"))]
    found = months(papers, {"2026-01": 10, "2026-04": 5, "2026": 1})
    assert [(month.name, month.papers, month.listed) for month in found] == [
        ("2026-01", 2, 10),
        ("2026-02", 0, 0),
        ("2026-03", 0, 0),
        ("2026-04", 1, 5),
    ]
    years = months(papers, {f"{2026 - at // 12}-{at % 12 + 1:02}": 2 for at in range(MOST + 12)})
    assert [(month.name, month.papers, month.listed) for month in years] == [
        ("2024", 0, 24),
        ("2025", 0, 24),
        ("2026", 3, 24),
    ]
    assert all(one.name < two.name for one, two in pairwise(years))


def test_too_few_dated_papers_have_no_months() -> None:
    assert months([paper(at, "x", listed=None) for at in range(9)], {"2026-01": 9}) == ()


def test_a_theme_is_a_phrase_that_all_its_papers_have_and_no_paper_is_in_two() -> None:
    about = ["weight decay"] * 5 + ["sparse circuits"] * 4 + ["other matters"] * 5
    papers = [
        paper(at, f"Grokking and {words}", (f"We study {words} in networks number {at}.", "result"))
        for at, words in enumerate(about)
    ]
    found = themes(papers, "grokking")
    assert {"Weight decay", "Sparse circuits"} <= {theme.name for theme in found}
    ids = [paper_id for theme in found for paper_id in theme.paper_ids]
    assert len(ids) == len(set(ids))
    by_id = {each.paper_id: each for each in papers}
    for theme in found:
        assert theme.size == len(theme.paper_ids)
        assert all(theme.name.lower() in by_id[paper_id].title.lower() for paper_id in theme.paper_ids)


def test_few_papers_have_no_themes() -> None:
    assert themes([paper(at, "Weight decay") for at in range(FEWEST - 1)], "grokking") == ()


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        (
            "It reduces inference latency and memory usage by 40%.",
            [("inference latency", "down"), ("memory usage", "down")],
        ),
        ("It is up to 2.3x faster than before.", [("speed", "up")]),
        ("It yields a 2.3x speedup.", [("speed", "up")]),
        ("It gives a 20% reduction in training time.", [("training time", "down")]),
        ("It achieves higher Dice scores on organs.", [("dice scores", "up")]),
        ("It does not reduce latency.", []),
        ("It is fast without reducing accuracy.", []),
        ("Whereas others reduce throughput, ours is stable.", []),
        ("Latency may improve throughput.", []),
        ("Speedups are discussed.", []),
    ],
)
def test_what_a_result_says_rises_or_falls(sentence: str, found: list[tuple[str, str]]) -> None:
    assert [(each.thing, each.direction) for each in effects(sentence)] == found


def test_papers_agree_where_results_give_numbers_of_one_thing() -> None:
    papers = [
        paper(1, "A", ("Our method reduces inference latency by 40%.", "result")),
        paper(2, "B", ("Our method lowers latency.", "background"), ("It halves nothing.", "result")),
        paper(3, "C", ("We reduce inference latency by 2.1x on long inputs.", "conclusion")),
        paper(4, "D", ("We improve performance by 3%.", "result")),
        paper(5, "E", ("We improve performance by 4%.", "result")),
        paper(6, "F", ("Inference latency is never reduced, by 10%.", "result")),
    ]
    [common] = agreements(papers, "speculative decoding")
    assert (common.about, common.direction) == ("inference latency", "down")
    assert [each.paper_id for each, _ in common.said] == [papers[0].paper_id, papers[2].paper_id]


def test_a_thing_that_the_topic_names_is_no_agreement() -> None:
    papers = [paper(at, "A", (f"We reduce hallucinations by {at}%.", "result")) for at in (10, 20, 30)]
    assert agreements(papers, "hallucinations") == []
    assert len(agreements(papers, "retrieval")) == 1


def test_papers_differ_only_where_one_subject_does_opposite_things() -> None:
    helps = paper(1, "A", ("We find that self-correction improves reasoning accuracy by 4%.", "result"))
    hurts = paper(2, "B", ("Self-correction significantly degrades reasoning accuracy.", "result"))
    other = paper(3, "C", ("Noise degrades reasoning accuracy.", "result"))
    [found] = differences([helps, hurts, other], ["self-correction"])
    assert found.about == "self-correction and reasoning accuracy"
    assert [[each.paper_id for each, _ in side] for side in (found.up, found.down)] == [
        [helps.paper_id],
        [hurts.paper_id],
    ]
    assert differences([helps, other], ["self-correction"]) == []
    assert differences([helps, hurts], ["something else"]) == []
    denied = paper(4, "D", ("Self-correction does not improve reasoning accuracy.", "result"))
    assert differences([helps, denied], ["self-correction"]) == []
