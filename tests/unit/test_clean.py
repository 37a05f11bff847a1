"""Unicode cleaning of texts from outside: what is decoded, removed, kept and refused."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag import text

NASTY = st.text() | st.text(alphabet="<>&;/!-[]#xablti pg='\" \u200b\u0301e²½ﬁ\u1100\u1161ￂ＜＆；\ufe0f\xa0\x92´\u2028")
PIECES = ["&", "amp;", "lt;", "gt;", "<", "＜", ">", "/", "b", "script", "<sup>", "</sup>", "2", "<!--", "-->", "]]>"]
PIECES += ["<script>", "</script>", "<![CDATA[", "&#38;", "&#60;", "&#x200b;", "\u200b", "e", "\u0301", "jats:", " "]


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("R&amp;D", "R&D"),
        ("p &lt; 0.05", "p < 0.05"),
        ("p &amp;amp;lt; 0.05", "p < 0.05"),
        ("&#8217;&#x2019;&amp;#8217;", "’’’"),
        ("a&nbsp;b", "a b"),
        ("AT&T and a & b", "AT&T and a & b"),
        ("&copy 2020 &unknown;", "&copy 2020 &unknown;"),
    ],
)
def test_entities_are_decoded_however_deep_they_are_nested(given_: str, kept: str) -> None:
    assert text.clean(given_) == kept


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("<i>E. coli</i> and <b class='x'>yeast</b>", "E. coli and yeast"),
        ("&lt;i&gt;E. coli&lt;/i&gt;", "E. coli"),
        ('<a href="https://x.org">here</a>', "here"),
        ("<jats:p>One.</jats:p><jats:p>Two.</jats:p>", "One. Two."),
        ("<jats:sec><jats:title>Aims</jats:title><jats:p>We test.</jats:p></jats:sec>", "Aims We test."),
        ("<mml:math><mml:mi>x</mml:mi></mml:math>", "x"),
        ("a<br/>b", "a b"),
        ("a<!-- hidden -->b", "ab"),
        ("<![CDATA[text]]>", "text"),
        ("<!DOCTYPE html>text", "text"),
        ("＜b＞wide＜/b＞", "wide"),
        ("<im\u200bg src=x onerror=alert(1)>text", "text"),
    ],
)
def test_known_markup_is_removed(given_: str, kept: str) -> None:
    assert text.clean(given_) == kept


@pytest.mark.parametrize(
    "kept", ["<think> tokens", "the <SEG> token", "a<b", "a < b > c", "x <y, z> w", "<image> token"]
)
def test_prose_in_angle_brackets_stays(kept: str) -> None:
    assert text.clean(kept) == kept


@pytest.mark.parametrize("tag", ["script", "style", "SCRIPT"])
def test_the_content_of_scripts_and_styles_is_removed(tag: str) -> None:
    assert text.clean(f"one <{tag} type='x'>alert(1) <b>x</b></{tag}> two") == "one two"


@pytest.mark.parametrize("kept", ["10² m", "H₂O", "x⁻¹", "½", "21½", "™", "´"])
def test_a_form_that_carries_meaning_is_not_normalised(kept: str) -> None:
    assert text.clean(kept) == kept


@pytest.mark.parametrize(
    ("given_", "kept"),
    [
        ("10<sup>2</sup>", "10²"),
        ("10<SUP>-3</SUP>", "10⁻³"),
        ("CO<jats:sub>2</jats:sub>", "CO₂"),
        ("1<sup>st</sup>", "1st"),
    ],
)
def test_a_raised_number_in_markup_stays_raised(given_: str, kept: str) -> None:
    assert text.clean(given_) == kept


@pytest.mark.parametrize(
    ("given_", "kept"),
    [("ﬁne", "fine"), ("e\u0301", "é"), ("ＡＢＣ", "ABC"), ("𝐱", "x"), ("…", "..."), ("㎏", "kg"), ("\u212b", "Å")],
)
def test_other_compatibility_forms_are_normalised(given_: str, kept: str) -> None:
    assert text.clean(given_) == kept


@pytest.mark.parametrize(
    "char",
    [
        "\u200b",
        "\u200d",
        "\u2060",
        "\ufeff",
        "\xad",
        "\u202e",
        "\u2066",
        "\U000e0041",
        "\ufe0f",
        "\U000e0100",
        "\u034f",
    ],
)
def test_an_invisible_character_is_removed(char: str) -> None:
    assert text.clean(f"ig{char}nore") == "ignore"


def test_characters_kept_apart_by_an_invisible_one_are_composed() -> None:
    assert text.clean("e\u200b\u0301") == "é"


@pytest.mark.parametrize(("given_", "kept"), [("it\x92s", "it’s"), ("\x93a\x94", "“a”"), ("5\x96 6", "5– 6")])
def test_a_c1_code_is_read_as_the_cp1252_character_it_was(given_: str, kept: str) -> None:
    assert text.clean(given_) == kept


@pytest.mark.parametrize(
    "char", ["\x00", "\x07", "\x1b", "\x7f", "\x81", "\ud800", "\udc80", "\ufdd0", "\ufffe", "\U0001ffff"]
)
def test_a_control_character_a_surrogate_or_a_noncharacter_is_refused(char: str) -> None:
    with pytest.raises(text.UnprintableText):
        text.clean(f"one {char} two")


@pytest.mark.parametrize(
    "space", [" ", "\t", "\n", "\r\n", "\x0b", "\x0c", "\xa0", "\u2003", "\u2028", "\u3000", " \n "]
)
def test_white_space_of_any_kind_becomes_one_space(space: str) -> None:
    assert text.clean(f"{space}one{space}{space}two{space}") == "one two"


@pytest.mark.parametrize(
    "hostile",
    ["&" + "amp;#38;" * 20_000, "<" * 20_000 + "b>" * 20_000, "a" + "\u0301\u0327" * 200_000],
    ids=["entities", "tags", "accents"],
)
def test_nesting_and_stacking_without_end_are_refused(hostile: str) -> None:
    with pytest.raises(text.UnprintableText):
        text.clean(hostile)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("opening", ["<script>", "<!--", "<script><style>", "<a ", "<a x=y ", "&#"])
def test_markup_that_never_ends_takes_no_time(opening: str) -> None:
    assert len(text.clean(opening * 50_000)) <= len(opening) * 50_000


@given(NASTY | st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
@example("＜b>")
@example("&" + "amp;" * 7 + "lt;b>")
@example("\u0327\u200b\u0301e")
def test_cleaning_twice_changes_nothing(given_: str) -> None:
    try:
        once = text.clean(given_)
    except text.UnprintableText:
        return
    assert text.clean(once) == once


@given(NASTY)
def test_what_is_kept_is_printable_and_single_spaced(given_: str) -> None:
    try:
        kept = text.clean(given_)
    except text.UnprintableText:
        return
    assert kept == " ".join(kept.split())
    assert not {unicodedata.category(char) for char in kept} & {"Cc", "Cf", "Cs", "Zl", "Zp"}
