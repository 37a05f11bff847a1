"""Text normalisation: typography is removed, digits, signs and words stay, and offsets lead back to the original."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checking.normalize import normalize
from rag.checking.quantities import quantities

PLAIN = st.text("abcxyzABC 0123456789.,;:()?!%/<>=+ ", max_size=60)
TYPOGRAPHY = st.text("ab 19.%-–—−‐“”’'«»ﬁﬂﬃ…≤⩽×±\u00ad\u200b\u202f\u00a0\t\n⁰²⁻³½①Ⅳ℃éα𝛼$\\{}^_~*", max_size=60)


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("5–10", "5-10"),
        ("ResNet‐50", "ResNet-50"),
        ("−0.3", "-0.3"),
        ("a---b", "a-b"),
        ("“so” ‘it’ «is»", '"so" \'it\' "is"'),
        ("``so''", '"so"'),
        ("ﬁne ﬂow, eﬃcient", "fine flow, efficient"),
        ("soft\u00adly and\u200b so\ufeff", "softly and so"),
        ("5\u202f% of\u00a0it", "5 % of it"),
        ("one\n  two\tthree", "one two three"),
        ("and so on…", "and so on..."),
        ("p ⩽ 0.05 ≈ 0.1 ％", "p ≤ 0.05 ~ 0.1 %"),
        ("µm 𝛼 ℃", "μm α °C"),
        ("10⁻³ and 10²", "10^-3 and 10^2"),
        ("**bold** and _slanted_ words", "bold and slanted words"),
        ("［1］", "[1]"),
    ],
)
def test_typography_becomes_one_plain_form(written: str, plain: str) -> None:
    assert normalize(written).text == plain


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("$5.2\\%$", "5.2%"),
        ("a gain of 5\\%", "a gain of 5%"),
        ("$\\alpha$-helix", "α-helix"),
        ("$p \\leq 0.05$", "p ≤0.05"),
        ("$10^{-3}$", "10^-3"),
        ("$\\sim 5$", "~5"),
        ("5~ms", "5 ms"),
        ("10\\,000", "10 000"),
        ("\\textbf{bold} text", "bold text"),
        ("$3 \\times 4$", "3 ×4"),
        ("up to \\(5.49\\times\\)", "up to 5.49×"),
        ("$2{\\text -}13\\times$", "2-13×"),
        ("{\\bf 3.5}\\%", "3.5%"),
        ("\\textsc{Trap}$^{2}$", "Trap^2"),
    ],
)
def test_tex_becomes_what_it_prints(written: str, plain: str) -> None:
    assert normalize(written).text == plain


@pytest.mark.parametrize("kept", ["½", "H₂O", "≤ 5", "≥ 5", "±3", "-5", "+5", "<5%", "€5", "°", "×", "™", "x_1", "~5"])
def test_what_carries_a_meaning_stays(kept: str) -> None:
    assert normalize(kept).text == kept


def test_dollars_around_prose_are_money() -> None:
    assert normalize("between $5 and $7 a day").text == "between $5 and $7 a day"


def test_a_raised_digit_stays_raised() -> None:
    assert normalize("10²").text != normalize("102").text


def test_what_a_typeset_sign_stands_for_is_found_at_the_sign() -> None:
    text = "the ﬁne 5–7 “gain”"
    result = normalize(text)
    for plain, written in (("fine", "ﬁne"), ("5-7", "5–7"), ('"gain"', "“gain”")):
        start = result.text.index(plain)
        first, last = result.place(start, start + len(plain))
        assert text[first:last] == written


def test_half_a_ligature_is_the_whole_ligature() -> None:
    text = "eﬃcient"
    first, last = normalize(text).place(2, 3)
    assert text[first:last] == "ﬃ"


def test_a_number_in_math_is_found_within_its_dollars() -> None:
    text = "a gain of $5.2$ points"
    result = normalize(text)
    start = result.text.index("5.2")
    first, last = result.place(start, start + 3)
    assert text[first:last] == "5.2"


def test_an_escaped_sign_is_found_with_its_backslash() -> None:
    text = "a gain of $5.2\\%$ in all"
    result = normalize(text)
    start = result.text.index("5.2%")
    first, last = result.place(start, start + 4)
    assert text[first:last] == "5.2\\%"


def test_a_letter_in_math_keeps_the_space_after_its_dollar() -> None:
    assert normalize("of $\\alpha$ improves").text == "of α improves"


def test_a_power_is_no_emphasis() -> None:
    assert normalize("2**10 is 1024").text != "210 is 1024"


@given(TYPOGRAPHY)
def test_every_normalised_character_knows_where_it_stood(text: str) -> None:
    result = normalize(text)
    assert len(result.places) == len(result.text) + 1
    assert result.places[len(result.text)] == len(text)
    assert all(0 <= at < len(text) for at in result.places[: len(result.text)])


@given(TYPOGRAPHY)
def test_places_never_descend(text: str) -> None:
    places = normalize(text).places
    assert list(places) == sorted(places)


@given(TYPOGRAPHY, st.data())
def test_a_place_is_a_half_open_range_of_the_original(text: str, data: st.DataObject) -> None:
    result = normalize(text)
    start = data.draw(st.integers(0, len(result.text)))
    end = data.draw(st.integers(start, len(result.text)))
    first, last = result.place(start, end)
    assert 0 <= first <= last <= len(text)
    assert (first < last) == (start < end)


@given(PLAIN)
def test_plain_text_loses_at_most_spaces(text: str) -> None:
    assert normalize(text).text.split() == text.split()


@given(PLAIN)
def test_in_plain_text_every_sign_is_found_at_itself(text: str) -> None:
    result = normalize(text)
    for at, char in enumerate(result.text):
        assert text[result.places[at]] == char or (char == " " and text[result.places[at]].isspace())


@given(st.lists(st.sampled_from("improves not 5.2 -3 +7 <5 1,000 GSM8K BRCA1 no 0.05 10%".split()), max_size=12))
def test_digits_signs_and_words_never_change(tokens: list[str]) -> None:
    for space in (" ", "\u00a0", "\u2009", "\n"):
        assert normalize(space.join(tokens)).text.split() == tokens


@given(TYPOGRAPHY)
def test_no_digit_is_added_dropped_or_moved(text: str) -> None:
    digits = [char for char in text if char in "0123456789"]
    assert [char for char in normalize(text).text if char in "0123456789"] == digits or set(text) & set("⁰²³①½\\")


@given(PLAIN)
def test_normalising_twice_changes_nothing_more(text: str) -> None:
    once = normalize(text).text
    assert normalize(once).text == once


@pytest.mark.parametrize("minus", "-−–‑")
def test_a_sign_survives_however_it_is_typeset(minus: str) -> None:
    assert [each.sign for each in quantities(normalize(f"a change of {minus}5 %").text)] == [-1]
