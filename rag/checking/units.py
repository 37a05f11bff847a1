"""
Units and number words: the tables that quantities are read with.

It knows no text; `rag.checking.quantities` reads texts with it.
"""

from __future__ import annotations

from decimal import Decimal

_SMALL = "two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
WORDS = {word: Decimal(value) for value, word in enumerate(_SMALL.split(), start=2)}
"""Number words and their values."""
TENS = dict(zip("twenty thirty forty fifty sixty seventy eighty ninety".split(), range(20, 100, 10), strict=True))
ONES = dict(zip("one two three four five six seven eight nine".split(), range(1, 10), strict=True))
SCALES = {
    "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9, "trillion": 10**12, "k": 1000, "m": 10**6,
    "b": 10**9, "bn": 10**9, "mn": 10**6, "t": 10**12,
}  # fmt: skip
UNITS: dict[str, tuple[str, Decimal]] = {}
"""Each spelling of a unit, with the base unit and the factor to it."""


def _units(base: str, **ways: str) -> None:
    """Add the spellings of a unit; the names of the arguments are factors to the base unit, as in `x0_001="ms"`."""
    for factor, names in ways.items():
        for name in names.split():
            UNITS[name] = (base, Decimal(factor.lstrip("x").replace("_", ".").replace("m", "-")))


_units("%", x1="% percent per-cent pct percentage")
_units(
    "point",
    x1="point points pp ppt pts percentage-point percentage-points percent-point percent-points %-point %-points %p",
)
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
_units("fold", x1="x × fold fold-change times", x10="order-of-magnitude orders-of-magnitude")
_units("kcal", x1="kcal calorie calories")
_units("mmhg", x1="mmhg")
_units("flop", x1="flop flops", x1e9="gflop gflops", x1e12="tflop tflops", x1e15="pflop pflops")
for _sign, _name in (("$", "dollar"), ("€", "euro"), ("£", "pound"), ("¥", "yen")):
    _units(_sign, x1=f"{_name} {_name}s")
_units("$", x1="usd")
