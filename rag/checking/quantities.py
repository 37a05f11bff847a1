"""
Quantity extraction: numbers of a text with value, unit, sign and bound, and the comparison of two of them.

5.2 % is 5.2 percent and .052 as a fraction; three is 3; 1,000 is 1000; 1.2M is 1.2 million; 0.5 s is 500 ms. Digits within
a name (GPT-4, COVID-19) do not count as numbers; `rag.checking.words` reads them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from rag.types import ProblemKind

_SMALL = "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
_WORDS = {word: Decimal(value) for value, word in enumerate(_SMALL.split(), start=2)}
_TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
_ONES = dict(zip("one two three four five six seven eight nine".split(), range(1, 10), strict=True))
_SCALES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "k": 1000, "m": 10**6,
    "b": 10**9, "bn": 10**9, "mn": 10**6, "t": 10**12,
}  # fmt: skip
UNITS: dict[str, tuple[str, Decimal]] = {}
"""Each spelling of a unit, with the base unit and the factor to it."""


def _units(base: str, *, exact: bool = False, **ways: str) -> None:
    for factor, names in ways.items():
        for name in names.split():
            UNITS[name] = (base, Decimal(factor.lstrip("x").replace("_", ".").replace("m", "-")))


_units("%", x1="% percent per-cent pct percentage")
_units("point", x1="point points pp ppt pts percentage-point percentage-points percent-point percent-points")
_units("s", x1em9="ns nanosecond nanoseconds", x1em6="μs us microsecond microseconds", x0_001="ms msec millisecond milliseconds",
       x1="s sec secs second seconds", x60="min mins minute minutes", x3600="h hr hrs hour hours", x86400="day days",
       x604800="week weeks wk wks")  # fmt: skip
_units("month", x1="month months mo", x12="year years yr yrs", x120="decade decades")
_units("byte", x1="byte bytes", x1e3="kb kilobyte kilobytes kib", x1e6="mb megabyte megabytes mib", x1e9="gb gigabyte gigabytes gib",
       x1e12="tb terabyte terabytes tib", x1e15="pb petabyte petabytes")  # fmt: skip
_units("bit", x1="bit bits", x1e3="kbit kbps", x1e6="mbit mbps", x1e9="gbit gbps")
_units("hz", x1="hz hertz fps", x1e3="khz", x1e6="mhz", x1e9="ghz")
_units("g", x1em9="ng", x1em6="μg ug mcg", x0_001="mg milligram milligrams", x1="g gram grams", x1e3="kg kilogram kilograms",
       x1e6="ton tons tonne tonnes")  # fmt: skip
_units("m", x1em9="nm nanometer nanometers", x1em6="μm um micron microns", x0_001="mm millimeter millimeters",
       x0_01="cm centimeter centimeters", x1="meter meters metre metres", x1e3="km kilometer kilometers kilometre kilometres")  # fmt: skip
_units("mile", x1="mile miles")
_units("inch", x1="inch inches")
_units("l", x1em6="μl ul", x0_001="ml milliliter milliliters", x0_1="dl", x1="l liter liters litre litres")
_units("mol", x1em9="nm/l nmol", x1em6="μmol umol", x0_001="mmol", x1="mol")
_units("w", x0_001="mw", x1="w watt watts", x1e3="kw", x1e6="megawatt megawatts")
_units("wh", x1="wh", x1e3="kwh", x1e6="mwh")
_units("j", x1="j joule joules", x1e3="kj")
_units("v", x0_001="mv", x1="v volt volts")
_units("°c", x1="°c celsius")
_units("°f", x1="°f fahrenheit")
_units("°", x1="° degree degrees")
_units("db", x1="db decibel decibels")
_units("fold", x1="x × fold fold-change times")
_units("kcal", x1="kcal calorie calories")
_units("mmhg", x1="mmhg")
_units("flop", x1="flop flops", x1e9="gflop gflops", x1e12="tflop tflops", x1e15="pflop pflops")
for _sign, _name in (("$", "dollar"), ("€", "euro"), ("£", "pound"), ("¥", "yen")):
    _units(_sign, x1=f"{_name} {_name}s")
_units("$", x1="usd")

_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True)).replace("\\-", r"[-\s]")
_QUANTITY = re.compile(
    r"(?:(?P<side>[<>≤≥])\s?=?\s?)?"
    r"(?P<sign>(?:(?<=[\s(\[=<>≤≥~±,/])|(?<![\s\S]))[+-])?"
    r"(?:(?P<currency>[$€£¥])\s?)?"
    r"(?<![\w.^])(?<![^\W\d]-)(?<!\d\.)"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?: \d{3})+(?![\d.])|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
    r"(?:\s?[×x*]\s?10\^(?P<power>[+-]?\d{1,3})|e(?P<e>[+-]?\d{1,3})|\^(?P<raised>[+-]?\d{1,2}))?"
    r"(?:(?:-|\s)?(?P<scale>hundred|thousand|million|billion|trillion|bn|mn|(?<=\d)[kKMBT])(?![^\W\d_]))?"
    rf"(?:(?:\s|-)?(?P<unit>{_UNIT})(?![^\W\d_])(?:(?:/|\sper\s)(?P<per>[^\W\d_]+))?)?"
    r"(?![^\W\d_]|\d|\.\d)",
    re.IGNORECASE,
)
_WORDED = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(_TENS)})(?:-(?P<more>{'|'.join(_ONES)}))?\b|(?P<word>{'|'.join(_WORDS)}|one)\b)"
    r"(?:[\s-](?P<scale>hundred|thousand|million|billion|trillion))?"
    rf"(?:[\s-](?P<unit>{_UNIT}))?\b",
    re.IGNORECASE,
)
_TIMES = re.compile(
    r"\b(?:(?P<half>half|halved|halves)|(?P<third>(?:a|one)[\s-]third)|(?P<thirds>(?:two|2)[\s-]thirds)|"
    r"(?P<quarter>(?:a|one)[\s-]quarter)|(?P<two>twice|double[ds]?|doubling|twofold)|(?P<three>thrice|triple[ds]?|threefold)|"
    r"(?P<four>quadruple[ds]?|fourfold))\b",
    re.IGNORECASE,
)
_TIMED = {
    "half": (Decimal("0.5"), ""), "third": (Decimal("0.333"), ""), "thirds": (Decimal("0.667"), ""),
    "quarter": (Decimal("0.25"), ""), "two": (Decimal(2), "fold"), "three": (Decimal(3), "fold"), "four": (Decimal(4), "fold"),
}  # fmt: skip
_BOUND = re.compile(
    r"\b(?:(?P<least>at least|more than|greater than|over|above|no less than)|at most|less than|fewer than|up to|under|below|"
    r"no more than)\s$",
    re.IGNORECASE,
)
_RANGED = re.compile(r"\s?(?:-|to|through)\s?")
_LISTED = re.compile(r"\s?(?:,|-|±|/|and|or|to|vs\.?|versus|through|,\s?and|,\s?or)\s?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Quantity:
    """
    A number and its half-open place in the text.

    Args:
        value: In the base unit, with scale and power multiplied out, without the sign.
        unit: The base unit; empty without a known unit.
        sign: -1 or 1 if a sign is written, else 0.
        side: -1 for an upper bound (`<`), 1 for a lower bound (`>`), else 0.
        written: The digits as written.
        unit_written: The unit as written, in lower case.
        symbol: A short unit as written: mW is not MW.
    """

    value: Decimal
    unit: str
    sign: int
    side: int
    start: int
    end: int
    written: str
    unit_written: str = ""
    symbol: str = ""


def quantities(text: str, *, singular: bool = False) -> list[Quantity]:
    """
    Extract the numbers of a normalized text, in order. A list or range gives its unit to all its members.

    Args:
        text: From `rag.checking.normalize`.
        singular: Count “one” as a number; in prose it seldom is.

    >>> [(f"{each.value:f}", each.unit) for each in quantities("from 3 to 5.5 ms, 12% of 1,000 and GPT-4")]
    [('0.003', 's'), ('0.0055', 's'), ('12', '%'), ('1000', '')]
    """
    found = [_of_digits(match) for match in _QUANTITY.finditer(text)]
    taken = [(quantity.start, quantity.end) for quantity in found]
    for match in _WORDED.finditer(text):
        if match["tens"] or match["word"]:
            worded = _of_words(match, singular=singular)
            if worded and not any(start < worded.end and worded.start < end for start, end in taken):
                found.append(worded)
    for match in _TIMES.finditer(text):
        value, unit = _TIMED[match.lastgroup or "half"]
        found = [quantity for quantity in found if not (match.start() <= quantity.start < match.end())]
        found.append(Quantity(value, unit, 0, 0, match.start(), match.end(), match.group().lower(), unit))
    found.sort(key=lambda quantity: quantity.start)
    inherited = -1
    for at in range(len(found) - 2, -1, -1):
        quantity, following, between = found[at], found[at + 1], text[found[at].end : found[at + 1].start]
        scale = (
            following.value / Decimal(following.written)
            if following.written.isdecimal() and following.value
            else Decimal(1)
        )
        if (
            scale >= 1000
            and not following.unit
            and _RANGED.fullmatch(between)
            and quantity.value * scale <= following.value
        ):
            quantity = found[at] = replace(quantity, value=(quantity.value * scale).normalize())  # 1 to 2 million
        parts = (
            between.strip() == "," and inherited != at + 1
        )  # a comma without an “and” later may separate two statements
        if not quantity.unit and following.unit and _LISTED.fullmatch(between) and not parts:
            factor = UNITS.get(following.unit_written, ("", Decimal(1)))[1]
            found[at] = replace(
                quantity,
                unit=following.unit,
                value=(quantity.value * factor).normalize(),
                unit_written=following.unit_written,
            )
            inherited = at
    return found


def _of_digits(match: re.Match[str]) -> Quantity:
    value = Decimal(re.sub(r"[, ]", "", match["digits"]))
    if match["power"] or match["e"]:
        value = value.scaleb(int(match["power"] or match["e"]))
    elif match["raised"] and value and len(match["digits"]) < 9:
        value = value ** int(match["raised"])
    value *= _SCALES[match["scale"].lower()] if match["scale"] else 1
    written = re.sub(r"\s", "-", match["unit"].lower()) if match["unit"] else ""
    if written == "s" and re.search(r"(?<!\d)(?:1[5-9]|20)\d0s$", match.group().lower()):
        written = ""  # the 1990s
    unit, factor = UNITS.get(written, (match["currency"] or "", Decimal(1)))
    symbol = (match["unit"] or "") if len(match["unit"] or "") <= 3 else ""
    if match["per"]:
        unit += "/" + match["per"].lower()
    sign = {"+": 1, "-": -1}.get(match["sign"] or "", 0)
    side = {"<": -1, "≤": -1, ">": 1, "≥": 1}.get(match["side"] or "", 0)
    side = side or _bound(match.string, match.start())
    start = (
        match.start("sign")
        if match["sign"]
        else match.start("currency")
        if match["currency"]
        else match.start("digits")
    )
    return Quantity(
        (value * factor).normalize(), unit, sign, side, start, match.end(), match["digits"], written, symbol
    )


def _bound(text: str, start: int) -> int:
    """Read the words before a number: 1 makes it a lower bound, -1 an upper bound, 0 neither."""
    found = _BOUND.search(text, max(0, start - 16), start)
    return (1 if found["least"] else -1) if found else 0


def _of_words(match: re.Match[str], *, singular: bool) -> Quantity | None:
    word = (match["word"] or "").lower()
    if word == "one" and not (singular or match["scale"] or match["unit"]):
        return None
    tens = _TENS.get((match["tens"] or "").lower(), 0) + _ONES.get((match["more"] or "").lower(), 0)
    value = (_WORDS.get(word) or Decimal(tens or 1)) * (_SCALES[match["scale"].lower()] if match["scale"] else 1)
    written = re.sub(r"\s", "-", match["unit"].lower()) if match["unit"] else ""
    unit, factor = UNITS.get(written, ("", Decimal(1)))
    text = match.group()
    start = match.start() + len(text) - len(text.lstrip(" -"))
    side = _bound(match.string, start)
    return Quantity((value * factor).normalize(), unit, 0, side, start, match.end(), text.strip(" -"), written)


def same_value(claimed: Quantity, held: Quantity) -> bool:
    """True if two quantities have the same value, whatever their units; a share may be a fraction or a percentage."""
    if claimed.value == held.value:
        return True
    for share, fraction in ((claimed, held), (held, claimed)):
        if share.unit == "%" and not fraction.unit and fraction.value * 100 == share.value and fraction.value <= 1:
            return True
    units = (claimed.unit, claimed.unit_written), (held.unit, held.unit_written)
    return _bare(claimed) == _bare(held) and units[0] != units[1]  # 5 ms against 5 s: the unit is what differs


def _bare(quantity: Quantity) -> str:
    return quantity.written.replace(",", "")


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
    """List the claimed quantities that no held one supports, each with what differs: `number`, `unit` or `direction`."""
    wrong: list[tuple[Quantity, ProblemKind]] = []
    for quantity in claimed:
        same_values = [other for other in held if same_value(quantity, other)]
        same_units = [other for other in same_values if same_unit(quantity, other)]
        if not same_values:
            wrong.append((quantity, "number"))
        elif not same_units:
            wrong.append((quantity, "unit"))
        elif not any(_same_sense(quantity, other) for other in same_units):
            wrong.append((quantity, "direction"))
    return wrong


def _same_sense(claimed: Quantity, held: Quantity) -> bool:
    """True if sign and bound agree; a claim may leave its bound out, and `+` counts as unsigned."""
    return (claimed.sign == -1) == (held.sign == -1) and claimed.side in (0, held.side)
