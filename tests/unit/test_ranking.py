"""Ranking by interest: what it must find, what it says, and that nothing about the order of its input matters."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.digests.popularity import trending
from rag.digests.ranking import Interests, Ranked, rank
from rag.embedders.static import StaticEmbedder
from rag.evaluation import metrics
from rag.types import Attention, Paper

EMBEDDER = StaticEmbedder()
TEXT = st.text(max_size=60) | st.sampled_from(
    [
        "",
        " ",
        "the of and",
        "<b>x</b> Subject: \r\n\r\n.",
        "word " * 2_000,
        "\u202egnp.exe",
        "e\u0301" * 40,
        "数据 数据",
    ]
)


def paper(paper_id: str, title: str, abstract: str = "", listed: str | None = "2026-06-30") -> Paper:
    return Paper(paper_id=paper_id, title=title, abstract=abstract, listed=listed)


def vectors_of(papers: Sequence[Paper]) -> np.ndarray:
    return EMBEDDER.embed([f"{each.title}\n{each.abstract}" for each in papers])


def ranked(
    papers: Sequence[Paper],
    *,
    topics: Sequence[str] = (),
    liked: Sequence[Paper] = (),
    disliked: Sequence[Paper] = (),
    background: Sequence[Paper] = (),
) -> list[Ranked]:
    return rank(
        papers,
        vectors_of(papers),
        Interests(topics=tuple(topics), liked=tuple(liked), disliked=tuple(disliked)),
        topic_vectors=EMBEDDER.embed(list(topics)),
        liked_vectors=vectors_of(liked),
        disliked_vectors=vectors_of(disliked),
        background=background,
        background_vectors=vectors_of(background),
    )


SUBJECTS = {
    "whale": "Humpback whales sing songs of several themes. The songs of whales change as they migrate far.",
    "decoding": "Speculative decoding drafts tokens with a small model. Decoding is faster when drafts are accepted.",
    "bone": "Estrogen slows the loss of bone after the menopause. Fractures of the hip were fewer in treated women.",
    "glacier": "Glaciers of the Alps lose ice in warm summers. Meltwater runs beneath the ice and lifts the glacier.",
}


def period(each: int = 6) -> list[Paper]:
    """Some papers on each of four subjects, which differ in a word."""
    numbers = "first second third fourth fifth sixth".split()
    return [
        paper(f"{subject}-{at}", f"The {numbers[at % 6]} Inquiry {at} into {subject.title()}", text)
        for subject, text in SUBJECTS.items()
        for at in range(each)
    ]


@pytest.mark.parametrize("count", [1, 5, 20])
def test_papers_like_the_liked_ones_come_first(count: int) -> None:
    liked = [paper(f"liked-{at}", f"Songs {at} of a humpback whale", SUBJECTS["whale"]) for at in range(count)]
    order = [each.paper_id for each in ranked(period(), liked=liked)]
    assert {each.partition("-")[0] for each in order[:6]} == {"whale"}


def test_a_topic_in_words_brings_up_its_papers_and_is_named_with_two_telling_words() -> None:
    first = ranked(period(), topics=["how glaciers melt", "speculatively decoded text"])[0]
    assert first.why.startswith(("your topic “how glaciers melt”: ", "your topic “speculatively decoded text”: "))
    order = ranked(period(40), topics=["speculatively decoded text"])
    assert order[0].paper_id.startswith("decoding")
    words = order[0].why.rpartition(": ")[2].split(", ")
    assert len(words) == 2
    assert all(word in SUBJECTS["decoding"] for word in words)  # as the paper writes them
    assert not {"speculative", "decoding"} & {word.lower() for word in words}  # the topic has them already


def test_a_why_names_the_nearest_liked_paper() -> None:
    liked = [paper("a", "On whales", SUBJECTS["whale"]), paper("b", "On bones", SUBJECTS["bone"])]
    for each in ranked(period(), liked=liked):
        subject = each.paper_id.partition("-")[0]
        if subject in ("whale", "bone"):
            assert each.why == f"like “On {subject}s”"


def test_words_of_a_third_of_the_papers_are_no_reason() -> None:
    common = "Our models of risk are large. "
    papers = [replace(each, abstract=common + each.abstract) for each in period(20)]
    for each in ranked(papers, topics=["models of risk for glaciers"])[:20]:
        assert not {"models", "risk", "large"} & set(each.why.rpartition(": ")[2].lower().split(", "))


def test_one_liked_paper_of_another_field_does_not_take_over_a_subscription_with_topics() -> None:
    papers = [each for each in period(12) if each.paper_id.startswith(("whale", "bone", "decoding"))]
    papers += [paper("glacier-0", "Glaciers", SUBJECTS["glacier"]), paper("glacier-1", "Ice", SUBJECTS["glacier"])]
    liked = [paper("x", "Estrogen and fractures", SUBJECTS["bone"])]
    order = ranked(papers, topics=["glaciers melt"], liked=liked)
    assert {each.paper_id for each in order[:2]} == {"glacier-0", "glacier-1"}
    alone = {each.paper_id: each.score for each in ranked(papers, liked=liked)}
    beside = {each.paper_id: each.score for each in order}
    assert all(beside[f"bone-{at}"] < 0.1 < alone[f"bone-{at}"] for at in range(12))
    same = [paper("y", "Meltwater", SUBJECTS["glacier"])]
    assert ranked(papers, topics=["glaciers melt"], liked=same)[0].why  # of the topics' field it counts in full


def test_a_long_title_is_named_in_short() -> None:
    liked = [paper("a", "whale " * 60, SUBJECTS["whale"])]
    assert all(len(each.why) < 200 for each in ranked(period(), liked=liked))


def test_disliked_papers_push_down_what_is_like_them() -> None:
    liked = [paper("a", "On whales", SUBJECTS["whale"]), paper("b", "On bones", SUBJECTS["bone"])]
    before = {each.paper_id: each.score for each in ranked(period(), liked=liked)}
    unwanted = paper("no", "Hormones", SUBJECTS["bone"])
    after = {each.paper_id: each.score for each in ranked(period(), liked=liked, disliked=[unwanted])}
    assert after["bone-1"] < before["bone-1"] - 0.05
    assert after["whale-1"] > after["bone-1"]


def test_judged_papers_of_the_period_say_so_and_one_who_is_both_is_disliked() -> None:
    papers = period()
    found = {each.paper_id: each for each in ranked(papers, liked=papers[:2], disliked=papers[1:3])}
    assert (found["whale-0"].score, found["whale-0"].why) == (1.0, "you liked it")
    assert (found["whale-1"].score, found["whale-1"].why) == (0.0, "you disliked it")
    assert (found["whale-2"].score, found["whale-2"].why) == (0.0, "you disliked it")


def test_disliked_papers_alone_push_down_too() -> None:
    papers = [*period(), paper("odd", "Glacier glacier", SUBJECTS["glacier"])]
    order = ranked(papers, disliked=[paper("no", "The inquiry into glacier", SUBJECTS["glacier"])])
    assert {each.paper_id.partition("-")[0] for each in order[-6:]} <= {"glacier", "odd"}


def test_without_interests_central_papers_come_first_whatever_their_day() -> None:
    papers = [paper(f"w{at}", f"Whales {at}", SUBJECTS["whale"], listed=f"2026-06-{29 - at}") for at in range(5)]
    papers += [paper("odd", "Accounting", "Taxes of medieval guilds were kept in ledgers.")]
    order = ranked(papers)
    assert order[-1].paper_id == "odd"
    assert [each.score for each in order[:5]] == [
        each.score for each in ranked([replace(each, listed="2026-06-30") for each in papers])[:5]
    ]
    assert order[0].why.startswith("central to the period: ")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=12), st.randoms(use_true_random=False), st.booleans())
def test_any_texts_are_ranked_the_same_in_every_order(
    texts: list[tuple[str, str]], random: object, wanted: bool
) -> None:
    papers = [paper(f"p{at}", title, abstract) for at, (title, abstract) in enumerate(texts)]
    liked = papers[: len(papers) // 3] if wanted else []
    topics = [texts[0][0]] if wanted else []
    one = ranked(papers, liked=liked, topics=topics)
    shuffled, others = list(papers), list(liked)
    random.shuffle(shuffled), random.shuffle(others)  # type: ignore[attr-defined]
    assert ranked(shuffled, liked=others, topics=topics) == one
    assert {each.paper_id for each in one} == {each.paper_id for each in papers}
    assert all(0 <= each.score <= 1 and "\n" not in each.why for each in one)
    assert one == sorted(one, key=lambda each: (-each.score, each.paper_id))


def test_papers_that_tie_for_the_feedback_are_chosen_by_id() -> None:
    letters = "abcdefghijklmnopqrstuvwx"
    papers = [paper(f"p{at:02}", "Whales", f"Whales xx{letters[at // 2]}") for at in range(48)]
    liked = (paper("liked", "Whales", "Whales sing songs."),)
    same, none = np.ones((48, 4), dtype=np.float32) / 2, np.zeros((0, 4), dtype=np.float32)
    both = [
        rank(
            some, same, Interests(liked=liked), topic_vectors=none, liked_vectors=same[:1], disliked_vectors=none
        )
        for some in (papers, papers[::-1])
    ]  # fmt: skip
    assert both[0] == both[1]
    assert len({each.score for each in both[0]}) > 1


@pytest.mark.parametrize("interests", [{}, {"topics": ["whales"]}, {"liked": [paper("x", "Whales", "Whales sing.")]}])
def test_papers_of_one_text_are_ranked_by_id(interests: dict[str, list[str]]) -> None:
    papers = [paper(f"p{at}", "Whales", "Whales sing.") for at in range(5)]
    assert [each.paper_id for each in ranked(papers[::-1], **interests)] == [f"p{at}" for at in range(5)]  # type: ignore[arg-type]


def test_no_papers_are_no_ranking() -> None:
    assert ranked([], topics=["whales"]) == []


def test_a_background_gives_a_slow_week_the_scores_of_a_full_one() -> None:
    liked = [paper(f"liked-{at}", f"The voices {at} of animals", "Songs of birds and whales.") for at in range(5)]
    full = period(60)
    slow = [each for each in full if each.paper_id in ("whale-0", "whale-1", "bone-0")]
    rest = [each for each in full if each not in slow]
    scores = {each.paper_id: each.score for each in ranked(full, liked=liked)}
    behind = {each.paper_id: each.score for each in ranked(slow, liked=liked, background=rest)}
    alone = {each.paper_id: each.score for each in ranked(slow, liked=liked)}
    assert set(behind) == {"whale-0", "whale-1", "bone-0"}
    assert behind == pytest.approx({name: scores[name] for name in behind}, abs=0.02)
    assert abs(alone["whale-0"] - scores["whale-0"]) > 0.1, (alone, scores["whale-0"])


def test_real_reviews_are_ranked_better_than_by_vectors(real_data: Path) -> None:
    with gzip.open(real_data / "screening" / "synergy_Donners_2021.jsonl.gz", "rt", encoding="utf-8") as stream:
        records = [json.loads(line) for line in stream]
    papers = [paper(each["id"], each["title"] or "", each["abstract"] or "") for each in records]
    wanted = {each["id"] for each in records if each["label_included"]}
    liked = [each for each in papers if each.paper_id in wanted][:5]
    rest = [each for each in papers if each not in liked]
    order = [each.paper_id in wanted for each in ranked(rest, liked=liked)]
    plain = vectors_of(rest) @ vectors_of(liked).mean(axis=0)
    by_vectors = [rest[at].paper_id in wanted for at in np.argsort(-plain)]
    assert metrics.average_precision(order) > metrics.average_precision(by_vectors) + 0.1


def test_trending_damps_popularity_by_age_and_leaves_what_has_none_to_the_end_by_id() -> None:
    counts = {"old": 60, "new": 20, "undated": 60, "vague": 60, "b-none": 0}
    days = {"old": "2026-06-01", "new": "2026-06-30", "vague": "2026-06", "b-none": "2026-06-17"}
    papers = [
        replace(
            paper(name, "t", listed=days.get(name)),
            attention=(Attention(name="upvotes", count=counts[name], seen="2026-07-01"),) if name in counts else (),
        )
        for name in ("b-none", "a-none", "old", "new", "undated", "vague")
    ]
    order = trending(papers, on=date(2026, 7, 1))
    assert [each.paper_id for each in order] == ["new", "old", "undated", "vague", "a-none", "b-none"]
    assert order[0].why == "popularity 20 at 1 day"
    assert order[-1].why == "no popularity signals yet"
    assert order[0].score == pytest.approx((20 / 3**1.8) / (1 + 20 / 3**1.8), abs=1e-6)
    assert trending(papers[::-1], on=date(2026, 7, 1)) == order


def test_ones_own_library_is_divided_into_subjects_and_newer_papers_weigh_more() -> None:
    papers = period(12)
    on = {
        subject: [paper(f"own-{subject}-{at}", f"Notes {at} on {subject}", SUBJECTS[subject]) for at in range(20)]
        for subject in ("whale", "bone")
    }

    def first(own: list[Paper], many: int) -> set[str]:
        order = rank(
            papers,
            vectors_of(papers),
            Interests(own=tuple(own)),
            topic_vectors=EMBEDDER.embed([]),
            liked_vectors=vectors_of([]),
            disliked_vectors=vectors_of([]),
            own_vectors=vectors_of(own),
        )
        assert order[0].why.startswith("like “Notes ")
        return {each.paper_id.partition("-")[0] for each in order[:many]}

    assert first([*on["whale"], *on["bone"]], 24) == {"whale", "bone"}
    few = [*on["whale"][:3], *on["bone"][:3]]  # one subject: the newest papers come first
    assert first(few, 12) == {"whale"}
    assert first(few[::-1], 12) == {"bone"}
