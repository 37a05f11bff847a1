"""Names of authors: which spellings are one person's, and which are not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.authors import Name, ends_as, matches, normalized, parse_name, readings


def found(asked: str, known: str) -> bool:
    """True if an author is found under a name."""
    name = parse_name(known)
    assert name
    return any(matches(reading, name) or ends_as(reading, name) for reading in readings(asked))


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("Graham Neubig", "Graham Neubig; graham neubig; GRAHAM NEUBIG; G. Neubig; Neubig G; Neubig, Graham; neubig"),
        ("Graham Neubig", "Neubig Graham; Neubig, G.; Graham W. Neubig; G W Neubig; Neubig GW"),
        ("Neubig G", "Graham Neubig; Neubig, Graham; G. Neubig"),
        (
            "Christopher D. Manning",
            "Christopher Manning; C. Manning; C. D. Manning; Manning CD; Manning, Christopher D",
        ),
        ("Fei-Fei Li", "Fei Fei Li; Feifei Li; Li Fei-Fei; Li, Fei-Fei; F.-F. Li; F. Li"),
        (
            "Aäron van den Oord",
            "Aaron van den Oord; van den Oord; Oord; A. v. d. Oord; van den Oord, Aaron; Aaron Oord",
        ),
        ("María Itzel Cocom-Pech", "Maria Itzel Cocom-Pech; Cocom-Pech; Cocom Pech; Cocom-Pech, M.; M. I. Cocom Pech"),
        (
            "Gabriel García Márquez",
            "Gabriel Garcia Marquez; García Márquez; G. García Márquez; García Márquez, Gabriel",
        ),
        ("Martin Luther King, Jr.", "Martin Luther King; M. L. King Jr.; King, Martin Luther"),
        ("Łukasz Kaiser", "Lukasz Kaiser; L. Kaiser"),
        ("Stéphane d'Ascoli", "Stephane d’Ascoli; d'Ascoli; S. d'Ascoli"),
        ("Quoc V. Le", "Quoc Le; Q. V. Le; Le, Quoc V."),
        ("Nando de Freitas", "De Freitas; Nando De Freitas; N. de Freitas; Freitas"),
        ("Wei Li", "Wei LI; LI Wei; Li W; Li, W."),
        ("李飞飞", "李飞飞"),
        ("Aakanksha", "Aakanksha; aakanksha"),
    ],
)
def test_an_author_is_found_under_every_usual_spelling(known: str, asked: str) -> None:
    missed = [each for each in asked.split("; ") if not found(each, known)]
    assert not missed


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("Wei Li", "Wen Li; Wei Liu; W. Liu; X. Li; Wei-Ming Li"),
        ("Graham Neubig", "Grant Neubig; H. Neubig; Graham; Graham Neuberg; Graham H. Neubigson"),
        ("Christopher D. Manning", "Christopher E. Manning; Chris Manning"),
        ("Yi-Ling Chen", "Y.-M. Chen; Yi-Lun Chen"),
        ("Chen", "Danqi Chen; D. Chen"),
        ("Ben Smith", "Al Smith; Dan Smith"),
    ],
)
def test_two_people_whose_given_names_differ_are_kept_apart(known: str, asked: str) -> None:
    confused = [each for each in asked.split("; ") if found(each, known)]
    assert not confused


def test_what_holds_no_letter_is_no_name() -> None:
    assert parse_name(":") is None
    assert readings("12") == ()


@pytest.mark.parametrize("written", ["Graham Neubig", "Van Nguyen", "Ben Jr", "Wei Du", "Al Le"])
def test_a_plain_name_is_parsed_as_with_another_sign_before_it(written: str) -> None:
    assert parse_name(written) == parse_name(f"({written})")


@given(st.text(max_size=40))
def test_any_text_is_a_name_or_none_and_its_key_gives_the_name_again(text: str) -> None:
    name = parse_name(text)
    if name:
        assert Name.of_key(name.key) == name
        assert matches(name, name)
        assert normalized(name.key) == name.key
