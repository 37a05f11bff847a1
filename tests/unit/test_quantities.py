"""Numbers: what is one, what it is worth, and which numbers say the same."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checking.amounts import inexact, missing
from rag.checking.normalize import normalize
from rag.checking.quantities import Quantity, quantities


def read(text: str, *, singular: bool = False) -> list[Quantity]:
    return quantities(normalize(text).text, singular=singular)


def values(text: str) -> list[tuple[Decimal, str]]:
    return [(each.value, each.unit) for each in read(text)]


def wrong(claimed: str, held: str) -> list[str]:
    return [kind for _, kind in missing(read(claimed), read(held, singular=True))]


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("5.2%", "5.2", "%"),
        ("5.2 percent", "5.2", "%"),
        ("$5.2\\%$", "5.2", "%"),
        ("three", "3", ""),
        ("twenty-one days", "1814400", "s"),
        ("one hour", "3600", "s"),
        ("two hundred patients", "200", ""),
        ("1,000", "1000", ""),
        ("1 000 people", "1000", ""),
        ("1,000,000.5", "1000000.5", ""),
        ("1.2M", "1200000", ""),
        ("1.2 million", "1200000", ""),
        ("7B parameters", "7000000000", ""),
        ("100k", "100000", ""),
        ("0.5 s", "0.5", "s"),
        ("500 ms", "0.5", "s"),
        ("two-year", "24", "month"),
        ("10⁻³", "0.001", ""),
        ("10²", "100", ""),
        ("1.2 × 10⁻³", "0.0012", ""),
        ("1e-4", "0.0001", ""),
        ("p = .05", "0.05", ""),
        ("3x", "3", "fold"),
        ("2.5-fold", "2.5", "fold"),
        ("$5.2 million", "5200000", "$"),
        ("€5", "5", "€"),
        ("5 pp", "5", "point"),
        ("30 °C", "30", "°c"),
    ],
)
def test_a_number_is_read_with_its_unit(text: str, value: str, unit: str) -> None:
    assert values(text) == [(Decimal(value), unit)]


@pytest.mark.parametrize(
    "name", ["GPT-4", "COVID-19", "ResNet-50", "IL-17A", "p53", "v2.0", "CIFAR-10", "one of them", "none", "tenth"]
)
def test_digits_of_a_name_are_no_number(name: str) -> None:
    assert values(name) == []


def test_one_is_a_number_where_it_is_looked_for() -> None:
    assert values("one of the models") == []
    assert [each.value for each in read("one of the models", singular=True)] == [1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from 3 to 5.5 ms", [("0.003", "s"), ("0.0055", "s")]),
        ("5–10%", [("5", "%"), ("10", "%")]),
        ("5, 10 and 15 mg", [("0.005", "g"), ("0.01", "g"), ("0.015", "g")]),
        ("50 ± 3 kg", [("50000", "g"), ("3000", "g")]),
        ("20 or 30 years", [("240", "month"), ("360", "month")]),
        ("5%-10%", [("5", "%"), ("10", "%")]),
    ],
)
def test_a_list_or_a_range_gives_its_unit_to_all_its_members(text: str, expected: list[tuple[str, str]]) -> None:
    assert values(text) == [(Decimal(value), unit) for value, unit in expected]


def test_a_comma_alone_may_part_two_things() -> None:
    assert values("of 12, 5% were") == [(Decimal(12), ""), (Decimal(5), "%")]


@pytest.mark.parametrize(
    ("text", "sign", "side"),
    [
        ("-0.3", -1, 0),
        ("−0.3", -1, 0),
        ("+0.3", 1, 0),
        ("0.3", 0, 0),
        ("< 0.3", 0, -1),
        ("≤0.3", 0, -1),
        ("$>$ 0.3", 0, 1),
    ],
)
def test_signs_and_bounds_are_read(text: str, sign: int, side: int) -> None:
    assert [(each.sign, each.side) for each in read(text)] == [(sign, side)]


def test_the_dash_of_a_range_is_no_sign() -> None:
    assert [each.sign for each in read("5-10")] == [0, 0]


@pytest.mark.parametrize(
    ("claimed", "held"),
    [
        ("5.2 percent", "5.2%"),
        ("0.052", "5.2%"),
        ("5.2%", "0.052"),
        ("3", "three"),
        ("twelve", "12"),
        ("1,000", "1000"),
        ("1.2 million", "1,200,000"),
        ("1.2M", "1.2 million"),
        ("0.5 s", "500 ms"),
        ("24 months", "two years"),
        ("48 hours", "2 days"),
        ("1 kg", "1000 g"),
        ("5%", "from 5 to 10%"),
        ("1", "one of the models"),
        ("5 dollars", "$5"),
        ("5", "5%"),
        ("5%", "<5%"),
    ],
)
def test_two_ways_to_write_a_number_say_the_same(claimed: str, held: str) -> None:
    assert wrong(claimed, held) == []


@pytest.mark.parametrize(
    ("claimed", "held", "kind"),
    [
        ("9.2%", "5.2%", "number"),
        ("1001", "1000", "number"),
        ("52%", "0.052", "number"),
        ("1.2 billion", "1.2 million", "number"),
        ("three", "four", "number"),
        ("5.2 ms", "5.2%", "unit"),
        ("5 points", "5%", "unit"),
        ("$5", "€5", "unit"),
        ("0.5%", "0.5", "unit"),
        ("-3", "+3", "bound"),
        ("<5%", ">5%", "bound"),
        ("≥ 5", "≤ 5", "bound"),
    ],
)
def test_a_number_that_is_not_borne_out_has_its_kind(claimed: str, held: str, kind: str) -> None:
    assert wrong(claimed, held) == [kind]


@pytest.mark.parametrize(("claimed", "held"), [("5 s", "5 ms"), ("5 years", "5 months")])
def test_the_same_digits_in_another_unit_of_the_dimension_are_a_problem_of_the_unit(claimed: str, held: str) -> None:
    assert wrong(claimed, held) == ["unit"]


def test_nothing_bears_out_a_number_where_there_is_none() -> None:
    assert wrong("5", "no number") == ["number"]


@given(st.integers(1, 10**9))
def test_thousands_separated_or_not_are_one_number(value: int) -> None:
    assert wrong(f"{value:,}", f"{value}") == wrong(f"{value}", f"{value:,}") == []


@given(st.decimals("0.1", "99", places=1))
def test_a_share_is_a_fraction_or_a_percentage(share: Decimal) -> None:
    assert wrong(f"{share}%", f"{share / 100}") == wrong(f"{share / 100}", f"{share} percent") == []


@given(st.integers(1, 10_000), st.integers(1, 10_000), st.sampled_from(["", "%", " ms", " kg", " years"]))
def test_a_number_is_borne_out_by_itself_alone(one: int, other: int, unit: str) -> None:
    assert wrong(f"{one}{unit}", f"{other}{unit}") == ([] if one == other else ["number"])


@given(st.text("0123456789.,-+ e×%$kMmsabx()/<", max_size=40))
def test_every_number_stands_where_it_says(text: str) -> None:
    found = quantities(text)
    assert all(0 <= each.start < each.end <= len(text) for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(each.written in text[each.start : each.end] for each in found)


def test_a_power_of_nothing_is_no_error() -> None:
    assert read("we set 0⁰ to 1")


def test_a_power_of_any_length_is_no_error() -> None:
    assert read("10^" + "9" * 5_000)


@pytest.mark.parametrize(("claimed", "held"), [("aged 40", "aged 40 years"), ("500", "500 ms")])
def test_a_claim_may_leave_a_unit_out(claimed: str, held: str) -> None:
    assert wrong(claimed, held) == []


def test_a_range_gives_its_scale_to_all_its_members() -> None:
    assert wrong("1 million to 2 million", "1 to 2 million") == []


def test_the_s_of_a_decade_is_no_unit() -> None:
    assert values("in the 1990s") == [(Decimal(1990), "")]


@pytest.mark.parametrize(
    ("claimed", "held"),
    [
        ("over five models", "across five models"),
        ("over 17 apps", "on 17 apps"),
        ("over the seven years", "within a 7-year period"),
        ("more than 50%", ">50%"),
        ("fewer than 45% of cases", "less than 45% of the cases"),
        ("at most 0.6%", "a maximal performance drop of 0.6%"),
        ("at least 10 mg", "10 mg or more"),
        ("up to 5.49 times", r"up to \(5.49\times\) faster"),
        ("2 to 13 times", r"$2{\text -}13\times$"),
        ("between 3.39 and 4.36 times", "3.39-4.36x"),
        ("a gain of 3.5%", r"{\bf 3.5}\%"),
        ("about sixteen times", "16.5x"),
        ("over 16 times", "16.5x"),
        ("about 28%", "27.6%"),
        ("about 1,000 patients", "1,024 patients"),
        ("nearly half", "48.7%"),
        ("less than half", "42%"),
        ("half of them", "50% of them"),
        ("50% of them", "half of them"),
        ("two thirds", "66.7%"),
        ("doubled", "a 2x gain"),
        ("a twofold gain", "2x"),
        ("twice as fast", "two times as fast"),
        ("a fivefold rise", "5x"),
        ("a quarter of its size", "a 4x compression ratio"),
        ("12k sentences", "12,000 sentences"),
        ("1.2 million", "1,200,000"),
        ("a loss of 2.1 kg", "a change of -2.1 kg"),
        ("1.3 percentage points", "1.3% points"),
        ("an order of magnitude", "10x"),
        ("zero errors", "no errors"),
    ],
)
def test_another_form_of_a_number_is_the_same_number(claimed: str, held: str) -> None:
    assert wrong(claimed, held) == []
    assert doubted(claimed, held) == []


@pytest.mark.parametrize(
    ("claimed", "held", "kind"),
    [
        ("28.1%", "27.6%", "number"),
        ("about 28.1%", "27.6%", "number"),
        ("about 29%", "27.6%", "number"),
        ("over 17 apps", "fewer than 17 apps", "bound"),
        ("more than 5%", "5%", "bound"),
        ("at most 5%", "at least 5%", "bound"),
        ("over 18 times", "16.5x", "number"),
        ("up to 6.49 times", r"up to \(5.49\times\) faster", "number"),
        ("3.39 to 5.36 times", "3.39-4.36x", "number"),
        ("doubled", "a 3x gain", "number"),
        ("a third of its size", "a 4x compression ratio", "number"),
        ("13k sentences", "12,000 sentences", "number"),
        ("5 percentage points", "5%", "unit"),
        ("a rise of 2.1 kg", "a change of -2.1 kg", "bound"),
        ("four hospitals", "three hospitals", "number"),
        ("zero false positives", "8 false positives", "number"),
    ],
)
def test_another_number_in_another_form_is_still_another_number(claimed: str, held: str, kind: str) -> None:
    assert wrong(claimed, held) == [kind]


def doubted(claimed: str, held: str) -> list[str]:
    return [detail for _, detail in inexact(read(claimed), read(held, singular=True))]


@pytest.mark.parametrize(
    ("claimed", "held"),
    [
        ("28%", "27.6%"),
        ("up to 5%", "5%"),
        ("two cell types", "neurons and astrocytes"),
        ("two-stage training", "training in stages"),
        ("more than twice as high", "34.9% against 78.61%"),
        ("a gain of 5 points", "from 80% to 85%"),
    ],
)
def test_a_number_that_may_follow_is_a_doubt_and_no_veto(claimed: str, held: str) -> None:
    assert wrong(claimed, held) == []
    assert len(doubted(claimed, held)) == 1


def test_a_raised_number_after_a_bracket_counts() -> None:
    assert wrong(r"$(a)^{11}$", r"$(a)^{2}$") == ["number"]
