"""Numbers: what is one, what it is worth, and which numbers say the same."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.checking.amounts import missing
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
