"""Themes: the same papers give the same ones in any order, they go on from period to period, and have telling names."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.digests import themes as theming
from rag.digests.tracking import ALIKE, TrackedTheme, status
from rag.embedders.static import StaticEmbedder
from rag.ports import Matrix
from rag.types import Paper, Theme

TOPICS = {
    "beetle": "forest beetles in dead wood|bark beetles and their larvae|beetle diversity in old forests",
    "glacier": "retreat of alpine glaciers|glacier melt and its runoff|ice flow of tidewater glaciers",
    "violin": "bow pressure on violin strings|varnish of old violins|violin tone and plate thickness",
}
EMBEDDER = StaticEmbedder()


def papers(count: int, *, first: int = 0, topics: Sequence[str] = tuple(TOPICS)) -> list[Paper]:
    """Invented papers, the topics in turn."""
    made = []
    for number in range(first, first + count):
        topic = topics[number % len(topics)]
        subject = TOPICS[topic].split("|")[number // len(topics) % 3]
        abstract = (
            f"We study {subject} over {number % 9 + 2} years. Our measurements show that {subject} vary with the site. "
            f"The {topic} data are compared with models of {subject}."
        )
        paper = Paper(paper_id=f"arxiv:2607.{number:05d}", title=f"On {subject}, part {number}", abstract=abstract)
        made.append(paper)
    return made


def rows(some: Sequence[Paper]) -> Matrix:
    return EMBEDDER.embed([f"{paper.title}\n{paper.abstract}" for paper in some])


def found(
    some: Sequence[Paper], previous: Sequence[TrackedTheme] | None = None, name: str = "2026-W27"
) -> tuple[tuple[Theme, ...], tuple[TrackedTheme, ...]]:
    return theming.themes(some, rows(some), period_name=name, previous=previous)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.integers(38, 90))
def test_the_same_papers_give_the_same_themes_in_any_order(seed: int, count: int) -> None:
    some = papers(count)
    mixed = Random(seed).sample(some, count)
    assert found(some) == found(mixed)


def test_a_difference_in_the_last_bits_of_a_vector_makes_no_other_theme() -> None:
    some = papers(90)
    noise = np.random.default_rng(1).normal(0, 1e-7, (90, 256)).astype(np.float32)
    one = [theme.paper_ids for theme in theming.themes(some, rows(some), period_name="x", previous=None)[0]]
    other = [theme.paper_ids for theme in theming.themes(some, rows(some) + noise, period_name="x", previous=None)[0]]
    assert [sorted(ids) for ids in one] == [sorted(ids) for ids in other]


def test_topics_are_found_and_named_by_their_words() -> None:
    themes, _ = found(papers(180))
    for theme in themes:
        topics = {int(paper_id[-5:]) % 3 for paper_id in theme.paper_ids}
        assert len(topics) == 1
        name = list(TOPICS)[topics.pop()]
        assert any(name in each.lower() for each in (theme.name, *theme.keywords))
        assert 2 <= len(theme.name.replace(",", " ").split()) <= 6
    assert sum(theme.size for theme in themes) >= 160
    assert len({theme.name for theme in themes}) == len(themes)
    assert [theme.size for theme in themes] == sorted((theme.size for theme in themes), reverse=True)


@pytest.mark.parametrize("count", [0, 1, 5, theming.FEWEST - 1])
def test_a_slow_period_has_no_themes(count: int) -> None:
    some = papers(count)
    assert theming.themes(some, rows(some).reshape(count, 256), period_name="x", previous=None) == ((), ())


def test_papers_that_are_all_alike_and_hostile_titles_break_nothing() -> None:
    same = [Paper(paper_id=f"title:{n:016x}", title="Same", abstract="The same words.") for n in range(40)]
    assert sum(theme.size for theme in found(same)[0]) <= 40
    odd = ["<b>", "](x)", "$\\frac{a}{b}$", "\u0301", "a" * 5_000, "1 2 3", "…", "#"]
    hostile = [Paper(paper_id=f"title:{n:016x}", title=odd[n % 8], abstract=odd[-n % 8] * 3) for n in range(64)]
    for theme in found(hostile)[0]:
        assert theme.name.strip() and not set(theme.name) & set("<>[]()$\\{}#")


def test_one_author_cannot_name_a_theme() -> None:
    some = papers(60)
    shout = "Zorblax engine " * 60
    some.append(Paper(paper_id="arxiv:2607.99999", title="Zorblax engine", abstract=f"We study bark beetles. {shout}."))
    assert not any("zorblax" in f"{theme.name} {theme.keywords}".lower() for theme in found(some)[0])


def test_a_theme_that_goes_on_keeps_id_and_name_and_a_new_one_gets_a_number_of_its_own() -> None:
    first, kept = found(papers(160, topics=["beetle", "glacier"]), name="2026-W26")
    second, _ = found(papers(160, first=500, topics=["glacier", "violin"]), kept, name="2026-W27")
    names = {theme.id: theme for theme in first}
    going = [theme for theme in second if theme.status != "new"]
    assert going
    for theme in going:
        assert (theme.name, theme.previous_size) == (names[theme.id].name, names[theme.id].size)
        assert theme.history == (("2026-W26", theme.previous_size), ("2026-W27", theme.size))
    fresh = [theme for theme in second if theme.status == "new"]
    assert fresh and not {theme.id for theme in fresh} & names.keys()
    assert all(theme.previous_size is None for theme in fresh)


def test_what_is_remembered_comes_back_from_json() -> None:
    _, kept = found(papers(60))
    assert [TrackedTheme.from_dict(each.to_dict()) for each in kept] == list(kept)
    assert ALIKE < 1


@pytest.mark.parametrize(
    ("size", "before", "said"),
    [(140, 100, "growing"), (100, 140, "fading"), (14, 10, "steady"), (101, 100, "steady"), (3, 30, "fading")],
)
def test_growth_is_more_than_chance_explains(size: int, before: int, said: str) -> None:
    old = TrackedTheme(id="t1", name="x", keywords=(), size=before, papers=1_000, centroid=(1.0,), history=())
    assert status(size, 1_000, old) == said
    assert status(size, 1_000, None) == "new"
