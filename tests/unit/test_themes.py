"""Themes: phrases with their papers, in any order the same; they keep ids and names; trends are more than chance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.digests import clusters, phrase_tokens, themes, trends
from rag.digests.keyphrases import NOT, ONCE, TITLE, Phrases, tokens_of
from rag.digests.tracking import TrackedTheme
from rag.embedders.static import StaticEmbedder
from rag.types import Paper, Theme

TOPICS = {
    "bark beetles": "larvae, fungi and dead spruce wood",
    "alpine glaciers": "melt, runoff and moving ice",
    "violin varnish": "wood, resin and the tone of strings",
    "stone bridges": "arches, piers and the load of trucks",
    "honey bees": "hives, pollen and dancing workers",
    "tidal energy": "turbines, currents and the coast",
    "lunar dust": "grains, craters and the suits of astronauts",
    "sourdough bread": "yeast, flour and the oven",
}
EMBEDDER = StaticEmbedder()


def papers(count: int, *, first: int = 0, topics: Sequence[str] = tuple(TOPICS)) -> list[Paper]:
    """Invented papers, the topics in turn; one of three has its topic in its title."""
    made = []
    for number in range(first, first + count):
        topic = topics[number % len(topics)]
        title = f"On {topic}, part {number}" if number // len(topics) % 3 == 0 else f"What year {number} brought"
        abstract = (
            f"We study {topic} over {number % 9 + 2} years. Our measurements of {topic} vary with the site. "
            f"They concern {TOPICS[topic]}."
        )
        made.append(Paper(paper_id=f"arxiv:2607.{number:05d}", title=title, abstract=abstract))
    return made


def period(some: Sequence[Paper], name: str = "2026-W27") -> themes.PaperSet:
    vectors = EMBEDDER.embed([f"{paper.title}\n{paper.abstract}" for paper in some]).reshape(len(some), 256)
    return themes.PaperSet(name, some, vectors)


def found(some: Sequence[Paper]) -> tuple[Theme, ...]:
    return themes.themes(period(some))[0]


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1_000), st.integers(38, 90))
def test_the_same_papers_give_the_same_themes_in_any_order(seed: int, count: int) -> None:
    some = papers(count)
    mixed = Random(seed).sample(some, count)
    assert themes.themes(period(some)) == themes.themes(period(mixed))


def test_a_difference_in_the_last_bits_of_a_vector_makes_no_other_theme() -> None:
    given = period(papers(90))
    noise = np.random.default_rng(1).normal(0, 1e-7, given.vectors.shape).astype(np.float32)
    noisy = themes.PaperSet(given.name, given.papers, given.vectors + noise)
    one, other = (themes.themes(each)[0] for each in (given, noisy))
    assert [sorted(theme.paper_ids) for theme in one] == [sorted(theme.paper_ids) for theme in other]


def test_a_theme_is_a_phrase_and_its_papers_treat_it() -> None:
    some = found(papers(160))
    assert {theme.name.lower() for theme in some} == set(TOPICS)
    for theme in some:
        topics = {int(paper_id[-5:]) % len(TOPICS) for paper_id in theme.paper_ids}
        assert [list(TOPICS)[topic] for topic in topics] == [theme.name.lower()]
        assert theme.keywords[0] == theme.name.lower()
        assert theme.share == theme.size / 160
    assert [theme.size for theme in some] == sorted((theme.size for theme in some), reverse=True)
    assert sum(theme.size for theme in some) == 160


@pytest.mark.parametrize("count", [0, 1, 5, clusters.FEWEST - 1])
def test_a_slow_period_has_no_themes(count: int) -> None:
    assert themes.themes(period(papers(count))) == ((), ())


def test_a_phrase_that_more_than_a_tenth_of_the_papers_hold_is_no_theme() -> None:
    some = found(papers(400, topics=[*list(TOPICS), *list(TOPICS)[:5]]))  # five topics have two thirteenths
    assert {theme.name.lower() for theme in some} == set(list(TOPICS)[5:])
    assert max(theme.size for theme in some) <= 40


def test_papers_that_are_all_alike_and_hostile_titles_break_nothing() -> None:
    same = [Paper(paper_id=f"title:{n:016x}", title="Same", abstract="The same words.") for n in range(40)]
    assert sum(theme.size for theme in found(same)) <= 40
    odd = ["<b>", "](x)", "$\\frac{a}{b}$", "\u0301", "a" * 5_000, "1 2 3", "…", "#"]
    hostile = [Paper(paper_id=f"title:{n:016x}", title=odd[n % 8], abstract=odd[-n % 8] * 3) for n in range(64)]
    for theme in found(hostile):
        assert theme.name.strip() and not set(theme.name) & set("<>[]()$\\{}#")


def test_one_author_cannot_name_a_theme() -> None:
    shout = "Zorblax engine " * 60
    some = papers(80)
    some.append(Paper(paper_id="arxiv:2607.99999", title="Zorblax engine", abstract=f"We study bark beetles. {shout}."))
    assert not any("zorblax" in f"{theme.name} {theme.keywords}".lower() for theme in found(some))


@pytest.mark.parametrize(
    "phrase",
    ["new methods", "experimental results", "see text", "outcome measures", "control groups", "training samples",
     "language models", "latent space", "using beetles", "data-driven", "confidence intervals"],
)  # fmt: skip
def test_label_words_stubs_and_generic_heads_name_nothing(phrase: str) -> None:
    some = [
        Paper(paper_id=f"p:{number}", title=f"On {phrase}", abstract=f"The {phrase}: of {phrase}, {number}.")
        for number in range(9)
    ]
    assert not Phrases(tokens_of(some)).candidates(least=3, most=9)


def test_hyphens_are_spaces_and_an_acronym_is_what_the_papers_define_it_by() -> None:
    texts = [
        "Retrieval-augmented generation (RAG) helps.",
        "Retrieval augmented generation (RAG) helps.",
        "We use Retrieval-Augmented Generation (RAG).",
        "RAG is slow.",
        "We cut the rag.",
    ]
    abstracts = [Paper(paper_id=f"p:{n}", title="x", abstract=text) for n, text in enumerate(texts)]
    titles = [Paper(paper_id=f"p:{n}", title=text, abstract="") for n, text in enumerate(texts)]
    some = Phrases(tokens_of(abstracts))
    (phrase,) = Phrases(tokens_of(titles)).candidates(least=3, most=9)
    assert (phrase.text.lower(), phrase.holders) == ("retrieval-augmented generation", {0, 1, 2, 3})
    assert (some.mentions([phrase.key])[:, 0] > NOT).tolist() == [True, True, True, True, False]
    assert phrase_tokens.acronyms(phrase_tokens.Tokens(texts[:2])) == {}  # two papers are too few


def test_membership_asks_the_more_of_the_vector_the_less_a_paper_says() -> None:
    mentions = np.array([[NOT], [NOT], [ONCE], [ONCE], [TITLE], [TITLE]], dtype=np.int8)
    cosines = np.array([[0.6], [0.45], [0.45], [0.3], [0.05], [-0.1]])
    assert (clusters.fit(mentions, cosines)[:, 0] > 0).tolist() == [True, False, True, False, True, False]


def weeks(before: Sequence[Paper], now: Sequence[Paper]) -> tuple[dict[str, Theme], dict[str, Theme]]:
    """The themes of two weeks by name."""
    first = period(before, "2026-W26")
    old, tracked = themes.themes(first)
    new, _ = themes.themes(period(now), previous=tracked, before=first)
    return {theme.name: theme for theme in old}, {theme.name: theme for theme in new}


def test_a_theme_that_goes_on_keeps_id_and_name_and_a_new_one_gets_a_number_of_its_own() -> None:
    topics = list(TOPICS)
    old, new = weeks(papers(120, topics=topics[:6]), papers(120, first=500, topics=topics[2:]))
    going = old.keys() & new.keys()
    assert {name.lower() for name in going} == set(topics[2:6])
    for name in going:
        theme = new[name]
        assert (theme.id, theme.status, theme.previous_size) == (old[name].id, "steady", old[name].size)
        assert theme.history == (("2026-W26", theme.previous_size), ("2026-W27", theme.size))
        assert theme.formerly is None and theme.previous_share == theme.previous_size / 120
    fresh = [theme for name, theme in new.items() if name not in going]
    assert {theme.name.lower() for theme in fresh} == set(topics[6:])
    assert not {theme.id for theme in fresh} & {theme.id for theme in old.values()}
    for theme in fresh:
        assert (theme.status, theme.previous_size, theme.previous_share) == ("new here", None, None)
        assert theme.history == (("2026-W27", theme.size),)


def test_a_share_that_triples_grows_and_one_that_falls_to_a_third_fades() -> None:
    topics = list(TOPICS)
    few = papers(105, topics=topics[1:]) + papers(5, first=900, topics=topics[:1])
    many = papers(105, first=2_000, topics=topics[1:]) + papers(18, first=2_900, topics=topics[:1])
    _, new = weeks(few, many)
    assert {name: theme.status for name, theme in new.items() if theme.status != "steady"} == {
        "Bark beetles": "growing"
    }
    assert new["Bark beetles"].previous_size == 5
    _, new = weeks(many, few)
    assert {name: theme.status for name, theme in new.items() if theme.status != "steady"} == {"Bark beetles": "fading"}


def test_a_theme_whose_phrase_changed_keeps_its_id_and_tells_its_former_name() -> None:
    some = papers(90, topics=list(TOPICS)[:6])
    red = [
        replace(
            paper, title=paper.title.replace("bark", "red bark"), abstract=paper.abstract.replace("bark", "red bark")
        )
        for paper in some
    ]
    _, tracked = themes.themes(period(some, "2026-W26"))
    new, _ = themes.themes(period(red), previous=tracked)
    (renamed,) = (theme for theme in new if theme.name == "Red bark beetles")
    assert renamed.formerly == "Bark beetles"
    assert renamed.id == next(theme.id for theme in tracked if theme.name == "Bark beetles")


def test_themes_of_periods_that_are_known_are_only_compared_with() -> None:
    first, second = period(papers(90), "2026-W26"), period(papers(90, first=500))
    both, tracked = themes.track([first, second], None)
    assert [each.period for each in tracked] == ["2026-W26", "2026-W27"]
    again, last = themes.track([first, second], tracked[0].themes)
    assert (again, last) == (both, tracked[1:])
    alone, _ = themes.track([second], None)
    assert {theme.status for theme in alone} == {"new"}


def test_what_is_remembered_comes_back_from_json_and_so_do_rows_of_older_versions() -> None:
    _, kept = themes.themes(period(papers(60)))
    assert kept and [TrackedTheme.from_dict(each.to_dict()) for each in kept] == list(kept)
    row = {key: value for key, value in kept[0].to_dict().items() if key != "key"}
    assert TrackedTheme.from_dict(row).key == ()


@pytest.mark.parametrize(
    ("size", "before", "said"), [(140, 100, 1), (100, 140, -1), (14, 10, 0), (101, 100, 0), (3, 30, -1), (0, 0, 0)]
)
def test_growth_is_more_than_chance_explains(size: int, before: int, said: int) -> None:
    beyond = trends.change(size, before, 1_000, 1_000)
    assert (beyond > trends.SURE) - (beyond < -trends.SURE) == said
