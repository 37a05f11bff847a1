"""Words of a claim: stems, the scope of a negation, and which words are names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checking.normalize import normalize
from rag.checking.words import SIDES, is_known, nameable, names, words

TEXT = st.text("ab AZ 0159.,-'’/nt(α+#", max_size=50)


def denied(text: str) -> list[str]:
    return [word.text for word in words(normalize(text).text) if word.negated]


def named(text: str) -> list[str]:
    return [name.text for name in names(normalize(text).text)]


def known(name: str, text: str) -> bool:
    (found,) = names("in " + normalize(name).text)
    return is_known(found, nameable(normalize(text).text))


@pytest.mark.parametrize(
    ("one", "other"), [("improves", "improved"), ("patients", "patient"), ("Smith's", "smith"), ("TNF-α", "TNF-alpha")]
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert [word.stem for word in words(one)] == [word.stem for word in words(other)]


def test_words_that_every_abstract_has_say_nothing() -> None:
    assert [word.text for word in words("We show that the results improve recall.") if word.content] == [
        "improve",
        "recall",
    ]


@pytest.mark.parametrize(
    ("text", "about"),
    [
        ("It does not improve recall.", ["improve"]),
        ("It doesn't improve recall.", ["improve"]),
        ("It doesn’t improve recall.", ["improve"]),
        ("It cannot work.", ["work"]),
        ("There was no significant effect.", ["significant"]),
        ("It fails to converge.", ["converge"]),
        ("It comes without any loss.", ["loss"]),
        ("It hardly improves recall.", ["improves"]),
        ("There is a lack of data.", ["data"]),
        ("Neither recall nor precision improves.", ["recall", "precision"]),
        ("It was not significantly better.", ["significantly", "better"]),
        ("It measures pH without first adding saline.", ["first", "adding"]),
        ("It is local rather than universal.", ["universal"]),
        ("It uses rules instead of data.", ["data"]),
        ("It is a mask-free method.", ["mask"]),
        ("It is free of masks.", ["masks"]),
        ("It uses non-pretrained models.", ["pretrained"]),
        ("It is not yet efficient and scalable.", ["efficient", "scalable"]),
    ],
)
def test_a_negation_is_about_the_next_word_that_says_something(text: str, about: list[str]) -> None:
    assert denied(text) == about


@pytest.mark.parametrize("text", ["It can't work.", "It won't work."])
def test_what_is_contracted_says_nothing(text: str) -> None:
    assert [word.text for word in words(text) if word.content] == ["work"]


def test_a_word_has_letters() -> None:
    assert all(word.start < word.end for word in words("n't"))


@pytest.mark.parametrize(
    "text",
    [
        "It improves recall.",
        "It improves not only recall but speed.",
        "It is not necessarily better.",
        "We ask whether or not it works.",
        "At least five of them work.",
        "A notable knot.",
        "It learns from failed trajectories.",
        "Every rollout fails on hard prompts.",
        "Failures are rare in rather large sets.",
        "We give free access to it.",
        "No other model is better.",
    ],
)
def test_what_denies_nothing_is_no_negation(text: str) -> None:
    assert denied(text) == []


def test_a_negation_ends_with_its_clause() -> None:
    assert denied("It did not, however, improve recall.") == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("We use GSM8K and ResNet-50.", ["GSM8K", "ResNet-50"]),
        ("The mRNA of BRCA1 in Wuhan.", ["mRNA", "BRCA1", "Wuhan"]),
        ("BERT is new.", ["BERT"]),
        ("IL-6 and TNF-α rise.", ["IL-6", "TNF-α"]),
        ("on 4 GPUs", ["GPUs"]),
        ("levels of p53", ["p53"]),
        ("in 3D", ["3D"]),
    ],
)
def test_a_name_is_what_common_vocabulary_lacks(text: str, found: list[str]) -> None:
    assert named(text) == found


@pytest.mark.parametrize(
    "text",
    ["However, it works.", "It works. Then it fails.", "state-of-the-art", "5-fold", "T cells", "e-mail"],
)
def test_common_words_are_no_names(text: str) -> None:
    assert named(text) == []


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GPUs", "on one GPU"),
        ("ResNet50", "ResNet-50 is"),
        ("GPT-4", "by GPT4"),
        ("TNF-α", "of TNF-alpha"),
        ("BERT", "a BERT-based model"),
        ("BERT-large", "a large BERT"),
        ("CNN", "a convolutional neural network"),
        ("Wuhan", "in wuhan"),
        ("ImageNet", "on Image Net"),
        ("miRNAs", "of microRNAs"),
        ("microRNA-21", "of miRNA-21 or microRNA-21"),
        ("siRNA", "a small interfering RNA"),
        ("ViT", "a vision transformer"),
        ("LoRA", "low-rank adaptation"),
        ("Asia", "in South Asian countries"),
        ("French", "in France"),
        ("China", "of Chinese cities"),
        ("NF-kB", "of NF-κB"),
        ("CD4", "of CD4+ cells"),
        ("Trap^2", "of Trap2"),
        ("CO2", "of CO₂"),
    ],
)
def test_a_name_is_known_however_it_is_spelled(name: str, text: str) -> None:
    assert known(name, text)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("GPT-4", "GPT-3"),
        ("IL-6", "IL-17"),
        ("GSM8K", "MMLU"),
        ("BRCA1", "BRCA2"),
        ("CNN", "a recurrent network"),
        ("Trap^11", "Trap^2"),
        ("mRNA", "of miRNA"),
        ("China", "of Japanese cities"),
    ],
)
def test_another_name_is_not_known(name: str, text: str) -> None:
    assert not known(name, text)


def test_every_direction_has_an_opposite() -> None:
    there = {side for sides in SIDES.values() for side in sides}
    assert all((axis, -side) in there for axis, side in there)


@given(TEXT)
def test_every_word_and_name_stands_where_it_says(text: str) -> None:
    plain = normalize(text).text
    for word in words(plain):
        assert 0 <= word.start <= word.end <= len(plain)
    for name in names(plain):
        assert plain[name.start : name.end] == name.text


@given(TEXT)
def test_a_text_knows_all_its_names(text: str) -> None:
    plain = normalize(text).text
    assert all(is_known(name, nameable(plain)) for name in names(plain) if name.key)


def test_a_number_with_a_unit_in_a_range_is_no_name() -> None:
    assert named("by 30 percent-40 percent") == []


def test_what_is_near_a_word_of_denial_may_be_denied() -> None:
    found = {word.text: word.denied for word in words("It avoids any loss of recall. Speed rises.")}
    assert found["recall"]
    assert not found["speed"]
