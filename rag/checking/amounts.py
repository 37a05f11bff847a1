"""
Quantity comparison: does a number of a claim stand in the cited sentences, with its unit, sign and bound?

It compares numbers alone; which thing a number belongs to is not its matter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from rag.checking.quantities import Quantity, same_value
from rag.types import ProblemKind

_MOST_PAIRS = 40
"""The most held numbers whose ratios are tried."""
_SMALL_COUNT = 10
"""A spelled count up to this one may count what a sentence lists."""


def same_unit(claimed: Quantity, held: Quantity) -> bool:
    """True if the units agree; a claim may leave its unit out, and a fraction has none."""
    if not claimed.unit:
        return True
    symbols = {quantity.symbol.replace("K", "k", 1) for quantity in (claimed, held)}
    if len(symbols) == 2 and len({symbol.casefold() for symbol in symbols}) == 1:
        return False  # mW and MW
    if claimed.value == held.value:
        return claimed.unit == held.unit
    return claimed.unit == "%" and not held.unit and claimed.value == held.value * 100


def missing(claimed: Iterable[Quantity], held: Sequence[Quantity]) -> list[tuple[Quantity, ProblemKind]]:
    """List the claimed quantities that no held one supports, each with what differs: `number`, `unit` or `bound`."""
    found = ((quantity, _difference(quantity, held)) for quantity in claimed)
    return [(quantity, kind) for quantity, (kind, detail) in found if kind and not detail]


def inexact(claimed: Iterable[Quantity], held: Sequence[Quantity]) -> list[tuple[Quantity, str]]:
    """List the claimed quantities that no held one states but that may follow from them, and why to doubt each."""
    found = ((quantity, _difference(quantity, held)) for quantity in claimed)
    return [(quantity, detail) for quantity, (_, detail) in found if detail]


def _difference(claimed: Quantity, held: Sequence[Quantity]) -> tuple[ProblemKind | None, str]:
    """What a claimed quantity lacks; with a detail if that is only a doubt."""
    same_values = [other for other in held if same_value(claimed, other) or _reciprocal(claimed, other)]
    same_units = [other for other in same_values if same_unit(claimed, other) or _reciprocal(claimed, other)]
    if any(_same_sense(claimed, other) for other in same_units):
        return None, ""
    if any(_within_bound(claimed, other) or _rounded(claimed, other, hedged=True) for other in held):
        return None, ""
    if any(_rounded(claimed, other, hedged=False) for other in held):
        return "number", "the cited sentence has it less rounded"
    if same_units:
        included = claimed.context.loose and any(other.side == 0 and _same_sign(claimed, other) for other in same_units)
        return "bound", "the cited sentence gives it without a bound" if included else ""
    if same_values:
        return "unit", ""
    if _derived(claimed, held):
        return "number", "no cited sentence holds it, but their numbers may give it"
    return "number", "no cited sentence counts it" if _counts(claimed, held) else ""


def _same_sense(claimed: Quantity, held: Quantity) -> bool:
    """True if sign and bound agree; a claim may leave its bound out, and “over five models” may have none."""
    if not _same_sign(claimed, held):
        return False
    if claimed.side in (0, held.side, held.context.extreme):
        return True
    return claimed.context.loose and claimed.side == 1 and held.side == 0 and claimed.unit in ("", "s", "month")


def _same_sign(claimed: Quantity, held: Quantity) -> bool:
    """True if both are negative or neither; “a loss of 2.1 kg” may be -2.1 kg, and `+` counts as unsigned."""
    if (claimed.sign == -1) == (held.sign == -1):
        return True
    positive = claimed if held.sign == -1 else held
    return positive.sign == 0 and positive.context.falls


def _in_unit_of(claimed: Quantity, held: Quantity) -> Decimal | None:
    """The held value in the claimed unit as written, or None if the units differ."""
    if claimed.unit != held.unit:
        if claimed.unit == "%" and not held.unit and held.value <= 1:
            return held.value * 100
        if claimed.context.part and not claimed.unit and held.unit == "%":
            return held.value / 100
        return None if claimed.unit else held.value
    written = _decimal(claimed)
    return held.value * written / claimed.value if written and claimed.value else held.value


def _decimal(quantity: Quantity) -> Decimal:
    """The digits as a number, without scale and unit; the value itself for a number in words."""
    digits = re.sub(r"[, ]", "", quantity.written)
    return Decimal(digits) if re.fullmatch(r"\d*\.?\d+", digits) else quantity.value


def _within_bound(claimed: Quantity, held: Quantity) -> bool:
    """True if the held value lies near and within a rounder claimed bound: “over 16 times” for 16.5 times."""
    value = _in_unit_of(claimed, held)
    if not claimed.side or value is None or held.side not in (0, claimed.side) or not _same_sign(claimed, held):
        return False
    bound = _decimal(claimed)
    near = bound < value <= bound * Decimal("1.25") if claimed.side == 1 else bound * Decimal("0.75") <= value < bound
    return near and (claimed.context.part or _digits(bound) < _digits(value))


def _rounded(claimed: Quantity, held: Quantity, *, hedged: bool) -> bool:
    """True if the claimed value is the held one rounded; `hedged`: after “about”, which allows 1,000 for 1,024."""
    value = _in_unit_of(claimed, held)
    if value is None or (hedged and not claimed.context.approximate) or not _same_sign(claimed, held) or claimed.side:
        return False
    ours = _decimal(claimed)
    apart = abs(ours - value)
    if claimed.context.part:
        share = Decimal("0.06") if hedged else Decimal("0.01")
        return apart <= share * value
    if not claimed.unit and (held.unit or ours < 10):
        return False
    exponent = int(ours.normalize().as_tuple().exponent)
    quantum = Decimal(1).scaleb(exponent if hedged or exponent < 0 else 0)
    return _digits(ours) < _digits(value) and apart * 2 <= quantum and apart <= Decimal("0.1") * value


def _digits(value: Decimal) -> int:
    """The significant digits of a value: one of 1,000 and three of 0.0123."""
    return len(value.normalize().as_tuple().digits)


def _reciprocal(claimed: Quantity, held: Quantity) -> bool:
    """True if a share is what a multiple leaves: “a quarter of the size” for a 4x compression."""
    pair = {claimed.unit: claimed.value, held.unit: held.value}
    if set(pair) != {"", "fold"} or not (claimed.context.part or held.context.part) or not pair["fold"]:
        return False
    return pair[""] < 1 and abs(1 / pair["fold"] - pair[""]) < Decimal("0.005")


def _derived(claimed: Quantity, held: Sequence[Quantity]) -> bool:
    """True if a ratio or a difference in points may come from two held numbers of one unit."""
    if claimed.unit not in ("fold", "point") and not claimed.context.part:
        return False
    slack = Decimal("0.1") if claimed.context.approximate else Decimal("0.05")
    usable = [other for other in held[:_MOST_PAIRS] if other.value]
    for one in usable:
        for other in usable:
            if one is other or one.unit != other.unit or (claimed.unit == "point" and one.unit not in ("%", "point")):
                continue
            got = abs(one.value - other.value) if claimed.unit == "point" else one.value / other.value
            if claimed.unit == "point" and got != claimed.value:
                continue
            if abs(got - claimed.value) <= slack * claimed.value or _beyond(claimed, got):
                return True
    return False


def _beyond(claimed: Quantity, value: Decimal) -> bool:
    low, high = claimed.value * Decimal("0.7"), claimed.value * Decimal("1.4")
    return (claimed.side == 1 and claimed.value < value <= high) or (
        claimed.side == -1 and low <= value < claimed.value
    )


def _counts(claimed: Quantity, held: Sequence[Quantity]) -> bool:
    """True if a small spelled number may count what the sentences list without a number."""
    if not claimed.context.spelled or claimed.unit or claimed.context.part or claimed.value > _SMALL_COUNT:
        return False
    counts = [
        other for other in held if not other.unit and 0 < other.value <= 2 * _SMALL_COUNT and other.value % 1 == 0
    ]
    return not counts
