"""Reading replies: claims out of JSON and of marked prose, however they are cut and whatever they hold."""

from __future__ import annotations

import json
import time
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.answers.replies import MAX_CLAIM_CHARS, DraftClaim, Reply
from tests import chat_server
from tests.chat_server import as_reply, claim

BODY = {
    "messages": [
        {
            "role": "user",
            "content": "[1.1] Pears raise yield by 5.2%.\n[1.2] They are not apples.\n\nQuestion: Do pears help?",
        }
    ]
}


def read(*pieces: str) -> list[DraftClaim]:
    """All drafts of a reply that comes in pieces."""
    reply = Reply()
    return [*[draft for piece in pieces for draft in reply.feed(piece)], *reply.finish()]


def pairs(*pieces: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(draft.text, draft.ids) for draft in read(*pieces)]


def seconds(text: str, *, chunk: int) -> float:
    """How much CPU a reply takes that is read in pieces; others may keep the machine busy."""
    began = time.process_time()
    read(*(text[at : at + chunk] for at in range(0, len(text), chunk)))
    return time.process_time() - began


def test_a_claim_is_given_with_the_piece_that_completes_it() -> None:
    whole = as_reply([claim("A rises.", "1.1"), claim("B falls.", "2.3", "1.1")])
    reply = Reply()
    first = whole.index("}") + 1
    assert list(reply.feed(whole[: first - 1])) == []
    assert list(reply.feed(whole[first - 1 : first])) == [DraftClaim("A rises.", ("1.1",))]
    assert list(reply.feed(whole[first:])) == [DraftClaim("B falls.", ("2.3", "1.1"))]
    assert list(reply.finish()) == []
    assert len(reply.drafts) == 2


@given(
    st.lists(st.tuples(st.text(max_size=60), st.lists(st.text(max_size=6), max_size=3)), max_size=4),
    st.lists(st.integers(0, 400), max_size=12),
)
def test_where_a_reply_is_cut_into_pieces_changes_nothing(claims: list[tuple[str, list[str]]], cuts: list[int]) -> None:
    whole = as_reply([claim(text, *ids) for text, ids in claims])
    at = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    assert read(*(whole[start:end] for start, end in pairwise(at))) == read(whole)


def test_hostile_replies_are_read_the_same_in_pieces_and_whole() -> None:
    replies = [chat_server.hostile(seed)(BODY) for seed in range(200)]
    short = [reply for reply in replies if len(reply) <= MAX_CLAIM_CHARS]  # beyond, only the bound is promised
    assert len(short) > 100
    for number, whole in enumerate(short):
        size = Random(number).randint(1, 30)
        assert read(*(whole[at : at + size] for at in range(0, len(whole), size))) == read(whole), whole


def test_braces_and_quotes_within_a_claim_do_not_end_it() -> None:
    assert pairs(as_reply([claim('The set {a, "b"} is closed.', "1.1")])) == [('The set {a, "b"} is closed.', ("1.1",))]


def test_chat_and_fences_around_the_json_are_left_out() -> None:
    assert pairs(chat_server.prose_around(BODY)) == [("Pears raise yield by 5.2%.", ("1.1",))]


def test_a_claim_of_two_sentences_is_two_drafts_with_the_same_evidence() -> None:
    assert pairs(as_reply([claim("Pears raise yield. Plums do not.", "1.1", "2.1")])) == [
        ("Pears raise yield.", ("1.1", "2.1")),
        ("Plums do not.", ("1.1", "2.1")),
    ]


def test_marks_of_footnotes_are_no_part_of_a_claim() -> None:
    text = "[^1] Pears raise yield.[^note] They cost little [^2]. [^1]: They keep."
    assert [sentence for sentence, _ in pairs(as_reply([claim(text, "1.1")]))] == [
        "Pears raise yield.",
        "They cost little.",
        "They keep.",
    ]


def test_marks_behind_a_claim_are_no_part_of_its_text() -> None:
    assert pairs(as_reply([claim("Pears raise yield [1.1].", "1.1"), claim("Plums do not. [2]", "2.1")])) == [
        ("Pears raise yield.", ("1.1",)),
        ("Plums do not.", ("2.1",)),
    ]


@pytest.mark.parametrize(
    ("given_ids", "ids"),
    [
        (["1.1", "1.1", "2.3"], ("1.1", "2.3")),
        ("1.1, 2.3", ("1.1", "2.3")),
        (["[1.1]", " 2.3\n"], ("1.1", "2.3")),
        (1.1, ("1.1",)),
        ([], ()),
        (["nowhere"], ("nowhere",)),
        (["x" * 10_000], ("x" * 40,)),
    ],
)
def test_evidence_is_read_in_whatever_form_it_comes(given_ids: object, ids: tuple[str, ...]) -> None:
    assert pairs(json.dumps({"claims": [{"text": "Pears raise yield.", "evidence": given_ids}]})) == [
        ("Pears raise yield.", ids)
    ]


@pytest.mark.parametrize(
    "entry",
    [None, 7, "text", [], {}, {"evidence": ["1.1"]}, {"text": None, "evidence": ["1.1"]}, {"text": 5}, {"text": ""}],
)
def test_what_is_no_claim_is_left_out_and_the_next_one_is_read(entry: object) -> None:
    assert pairs(json.dumps({"claims": [entry, claim("Pears raise yield.", "1.1")]})) == [
        ("Pears raise yield.", ("1.1",))
    ]


@pytest.mark.parametrize("text", ["\x1b[31mred", "\ud800 half a character", "Z" + "\u0335" * 500, " \n "])
def test_a_claim_that_cannot_be_printed_is_left_out(text: str) -> None:
    assert read(as_reply([claim(text, "1.1")])) == []


def test_invisible_characters_and_markup_are_taken_out_of_a_claim() -> None:
    assert pairs(as_reply([claim("\u202ePears <b>raise</b>\u200b yield.", "1.1")])) == [
        ("Pears raise yield.", ("1.1",))
    ]


def test_a_claim_is_cut_at_its_bound() -> None:
    assert all(len(draft.text) <= MAX_CLAIM_CHARS for draft in read(as_reply([claim("A" * 200_000, "1.1")])))


def test_a_reply_that_breaks_off_gives_the_claims_that_are_whole() -> None:
    whole = as_reply([claim("Pears raise yield.", "1.1"), claim("Plums do not.", "2.1")])
    assert pairs(whole[: whole.index("Plums") + 3]) == [("Pears raise yield.", ("1.1",))]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[" * 20_000,
        '{"claims": [' + "[" * 5_000 + "}",
        '{"claims": [{"text": "It rose.", "evidence": [' + "1" * 5_000 + "]}]}",
        '{"claims": null}',
        '{"claims": {"0": {"text": "It rose.", "evidence": ["1.1"]}}}',
        "It rose, as is well known.",
    ],
)
def test_a_reply_without_claims_gives_nothing(text: str) -> None:
    assert read(text) == []


@pytest.mark.parametrize(
    ("text", "drafts"),
    [
        ("It rose. [1.2]", [("It rose.", ("1.2",))]),
        ("It rose [1.2].", [("It rose.", ("1.2",))]),
        ("It rose (1.2; 3.4) and stayed there [1.3].", [("It rose.", ("1.2", "3.4")), ("and stayed there.", ("1.3",))]),
        ("It rose. It stayed. [1.2][1.3]", [("It rose.", ()), ("It stayed.", ("1.2", "1.3"))]),
        ("- It rose [1.2]\n- It fell [1.3]", [("It rose.", ("1.2",)), ("It fell.", ("1.3",))]),
        ("1. It rose. [1.2]\n2. It fell. [1.3]", [("It rose.", ("1.2",)), ("It fell.", ("1.3",))]),
        ("[1.1] [1.1] [1.1]", []),
        ("It rose. [1.2] And nobody knows why.", [("It rose.", ("1.2",))]),
    ],
)
def test_prose_is_read_by_the_marks_behind_its_sentences(text: str, drafts: list[tuple[str, tuple[str, ...]]]) -> None:
    assert pairs(text) == drafts


@pytest.mark.parametrize(
    ("text", "unanswerable"),
    [
        (chat_server.unanswerable(BODY), True),
        ("NO ANSWER", True),
        (" no answer\n", True),
        ('{"answerable" : false', True),
        ("There is NO ANSWER to that.", False),
        ('{"answerable": false, "claims": [{"text": "It rose.", "evidence": ["1.1"]}]}', False),
        ("", False),
    ],
)
def test_that_there_is_no_answer_is_understood_unless_there_are_claims(text: str, unanswerable: bool) -> None:
    reply = Reply()
    _ = [*reply.feed(text), *reply.finish()]
    assert reply.unanswerable is unanswerable


@pytest.mark.parametrize(
    "text",
    ["x" * 100_000, '{"claims": [' + "{}," * 30_000, '{"claims": [{"text": "' + "}" * 90_000, '{"claims": ' * 8_000],
    ids=["letters", "empty claims", "braces", "keys"],
)
def test_the_longest_replies_are_read_quickly_piece_by_piece(text: str) -> None:
    assert seconds(text, chunk=7) < 5


@pytest.mark.parametrize("white", [" ", "\n", "\n- ", "[ ", "[1.1 ", "(1.1, "])
def test_endless_repetition_of_nothing_is_read_quickly(white: str) -> None:
    assert seconds("It rose." + white * (80_000 // len(white)) + "x", chunk=1_000) < 5
    assert seconds("It rose. [1.1" + white * (80_000 // len(white)), chunk=1_000) < 5
