"""Sentence roles: section labels decide, elsewhere the model; how they are written; and how well the model does."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import roles, text
from rag.roles.finding import finding
from rag.roles.labels import ROLES, allowed, label
from rag.types import Paper

TRIAL = (
    "The role of statins in older patients remains unclear.",
    "The aim of this study was to determine whether statins prevent stroke in patients over 80.",
    "A total of 412 patients were randomly assigned to a statin or placebo.",
    "Stroke occurred in 12 patients (2.9%) of the statin group (P = .03).",
    "These findings suggest that statins prevent stroke in patients over 80.",
)


def names(*sentences: str) -> list[str]:
    return [role.name for role in roles.roles(sentences)]


def test_a_plain_abstract_goes_from_background_to_what_was_found() -> None:
    found = names(*TRIAL)
    assert found == ["background", found[1], "method", "result", found[4]]
    assert found[4] in ("result", "conclusion")
    assert found[1] in ("background", "objective"), "many a section named background ends with the aim"


@pytest.mark.parametrize("style", ["{}: {}", "{}. {}", "{} {}"])
@pytest.mark.parametrize("spelt", [str.upper, str.title])
def test_section_labels_decide_in_every_spelling(style: str, spelt: object) -> None:
    assert callable(spelt)
    heads = [
        ("methods", "Statins lower the risk of stroke."),
        ("results", "We asked whether they help."),
        ("aims", "It is so."),
    ]
    labelled = [style.format(spelt(head), sentence) for head, sentence in heads]
    found = roles.roles(labelled)
    assert [role.name for role in found] == ["method", "result", "objective"]
    assert {role.probability for role in found} == {1.0}


def test_a_label_holds_until_the_next_one() -> None:
    assert names("BACKGROUND: It is so.", "We test it.", "RESULTS: Many.", "We aim high.") == [
        "background", "background", "result", "result",
    ]  # fmt: skip


def test_a_label_of_two_sections_leaves_both_open() -> None:
    assert set(names("METHODS AND RESULTS: We followed 40 patients.", "Of these 12 % relapsed (P < .05).")) <= {
        "method", "result",
    }  # fmt: skip


@pytest.mark.parametrize(
    "sentence",
    [
        "Results show that it works.",
        "Background noise is a problem.",
        "Methods are compared.",
        "BERT: a model of language.",
        "Data augmentation helps.",
        "results: many",
        "",
    ],
)
def test_words_of_a_sentence_are_no_label(sentence: str) -> None:
    found = label(sentence)
    assert found is None or not found.sure
    assert allowed([sentence, "We test it.", "It works."]) == [None] * 3


@given(st.lists(st.lists(st.text("wRe:. AIMRESULTS9é\n", max_size=40), max_size=5), max_size=8))
def test_the_roles_of_an_abstract_do_not_depend_on_the_others(abstracts: list[list[str]]) -> None:
    together = roles.roles_of(abstracts)
    assert [len(found) for found in together] == [len(one) for one in abstracts]
    assert together == [roles.roles(one) for one in abstracts]
    for found in together:
        assert roles.decode(roles.encode(found)) == found
        assert all(role.name in ROLES and 0 <= role.probability <= 1 for role in found)


def test_another_text_than_stored_roles_gives_none() -> None:
    assert roles.decode("") == () == roles.decode("zz") == roles.decode("r9r")


def paper(*sentences: str, title: str = "Statins in patients over 80") -> Paper:
    abstract = " ".join(sentences)
    starts = [len(" ".join(sentences[:at])) + bool(at) for at in range(len(sentences))]
    spans = tuple((start, start + len(one)) for start, one in zip(starts, sentences, strict=True))
    return Paper(paper_id="file:t:1", title=title, abstract=abstract, spans=spans)


def test_papers_get_the_roles_that_they_lack_and_keep_those_that_they_have() -> None:
    fresh, kept = paper(*TRIAL), replace(paper("It is so."), roles=roles.decode("xa"))
    with_roles = roles.with_roles([fresh, kept])
    assert [role.name for role in with_roles[0].roles] == names(*TRIAL)
    assert with_roles[1] is kept
    assert with_roles[0] == fresh, "roles are derived from the text, and are no part of what makes two papers equal"


def test_the_finding_is_the_conclusion_or_the_result_not_the_aim() -> None:
    assert finding(paper(*TRIAL[:4], "We conclude that statins prevent stroke in patients over 80.")) == 5
    assert finding(paper(*TRIAL[:4])) == 4
    assert finding(paper(TRIAL[1])) == 1, "an aim tells more than nothing"


def test_many_sentences_a_second() -> None:
    abstracts = [[f"{sentence[:-1]} of study {at}." for sentence in TRIAL] for at in range(2_000)]
    roles.roles(TRIAL)
    began = time.process_time()
    roles.roles_of(abstracts)
    assert 10_000 / (time.process_time() - began) > 8_000  # 30,000 on an idle core


def test_the_accuracy_is_that_of_the_documentation(real_data: Path) -> None:
    benchmark = pytest.importorskip("benchmarks.roles")
    dev, medical = benchmark.csabstruct(real_data, "dev"), benchmark.pubmedqa(real_data, held_out=True)
    stored = benchmark.model.weights()
    assert benchmark.accuracy(dev, stored, merged=True) >= 0.65
    assert benchmark.accuracy(dev, stored, merged=True, least=0.7) >= 0.86
    assert benchmark.accuracy(medical, stored) >= 0.83


def test_the_finding_is_what_readers_chose(real_data: Path) -> None:
    from benchmarks import findings

    choices = findings.read_choices(real_data)
    chosen = findings.crossed(choices, findings.telling(real_data, "train"), repeat=0)
    best, serves = findings.shares(choices, chosen)
    assert best >= 0.60 and serves >= 0.80


def test_labels_that_the_splitter_leaves_alone_are_found() -> None:
    abstract = "OBJECTIVES. To test it. METHODS. We tried. RESULTS. It works. CONCLUSIONS. Use it."
    sentences = [abstract[start:end] for start, end in text.split(abstract)]
    assert names(*sentences)[-1] == "conclusion" and names(*sentences)[0] == "objective"
