"""
Quantity extraction: the numbers of a text with value, unit, sign and bound.

5.2 % is 5.2 percent and .052 as a fraction; three is 3; 1,000 is 1000; 1.2M is 1.2 million; 0.5 s is 500 ms. Digits within
a name (GPT-4, COVID-19, Trap²) do not count as numbers; `rag.checking.words` reads them. `rag.checking.amounts` compares two
quantities.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from decimal import Decimal

from rag.checking.units import ONES, SCALES, TENS, UNITS, WORDS

_UNIT = "|".join(sorted(map(re.escape, UNITS), key=len, reverse=True)).replace("\\-", r"[-\s]")
_QUANTITY = re.compile(
    r"(?:(?P<side>[<>≤≥])\s?=?\s?)?"
    r"(?P<sign>(?:(?<=[\s(\[=<>≤≥~±,/])|(?<![\s\S]))[+-])?"
    r"(?:(?P<currency>[$€£¥])\s?)?"
    r"(?<![\w.])(?<![\w\s]\^)(?<!^\^)(?<![^\W\d]-)(?<!\d\.)"
    r"(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?: \d{3})+(?![\d.])|\d+(?:\.\d+)?|(?<!\d)\.\d+)"
    r"(?:\s?[×x*]\s?10\^(?P<power>[+-]?\d{1,3})|e(?P<e>[+-]?\d{1,3})|\^(?P<raised>[+-]?\d{1,2}))?"
    r"(?:(?:-|\s)?(?P<scale>hundred|thousand|million|billion|trillion|bn|mn|(?<=\d)[kKMBT])(?![^\W\d_]))?"
    rf"(?:(?:\s|-)?(?P<unit>{_UNIT})(?![^\W\d_])(?:(?:/|\sper\s)(?P<per>[^\W\d_]+))?)?"
    r"(?![^\W\d_]|\d|\.\d)",
    re.IGNORECASE,
)
_WORDED = re.compile(
    rf"\b(?:(?P<tens>{'|'.join(TENS)})(?:-(?P<more>{'|'.join(ONES)}))?\b|(?P<word>{'|'.join(WORDS)}|one)\b)"
    r"(?:[\s-](?P<scale>hundred|thousand|million|billion|trillion))?"
    rf"(?:[\s-](?P<unit>{_UNIT}))?\b",
    re.IGNORECASE,
)
_FEW = "|".join(WORDS)
_TIMES = re.compile(
    rf"\b(?:(?P<half>(?:one[\s-])?half|halved|halves|halving)|(?:(?P<above>a|one|two|three|four|{_FEW}|\d)[\s-])"
    r"(?P<part>thirds?|quarters?|fourths?|fifths?|sixths?|eighths?|tenths?)|"
    rf"(?P<two>twice|double[ds]?|doubling)|(?P<three>thrice|triple[ds]?|tripling)|(?P<four>quadrupl(?:e[ds]?|ing))|"
    rf"(?P<fold>{_FEW})fold)\b",
    re.IGNORECASE,
)
_ZERO = re.compile(r"\bzero\b(?![-\w])", re.IGNORECASE)
_ZERO_HELD = re.compile(r"\b(?:zero|no|none|without|never|free|perfect|eliminat(?:es?|ed|ing))\b", re.IGNORECASE)
_PARTS = {"third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10}
_MULTIPLES = {"two": Decimal(2), "three": Decimal(3), "four": Decimal(4)}
_BOUND = re.compile(
    r"\b(?:(?P<most>(?:not|no|nothing|never|none)(?: [a-z]+)? (?:more|longer|larger|greater|higher|bigger) than|at most|up to|no more than|not more than|no greater than|as much as|as many as|a maximum of)|"
    r"(?P<least>at least|no less than|no fewer than|not less than|a minimum of)|"
    r"(?P<more>more than|greater than|larger than|higher than|longer than|above|beyond)|"
    r"(?P<over>over|exceed(?:s|ed|ing)?|surpass(?:es|ed|ing)?)|"
    r"(?P<less>less than|fewer than|lower than|smaller than|shorter than|below|under|beneath))\s(?:the |a |about )?$",
    re.IGNORECASE,
)
_BOUND_AFTER = re.compile(
    r"(?:\s[^\W\d_]+)?\s(?:or|and)\s(?:(?P<more>more|above|over|older|higher|longer|greater|beyond)|(?:less|fewer|below|under|"
    r"younger|lower|shorter))\b",
    re.IGNORECASE,
)
_EXTREME = re.compile(
    r"\b(?:(?P<least>minimum|minimal|minimally|smallest|lowest|shortest)|maximum|maximal|maximally|max|largest|highest|"
    r"greatest|longest|not exceed|not exceeding|limited to|capped at|only)\b[^.;,:()\d]{0,40}$",
    re.IGNORECASE,
)
_APPROXIMATE = re.compile(
    r"(?:\b(?:about|around|approximately|approx\.?|roughly|nearly|almost|some|circa|ca\.?|close to|just (?:over|under)|well over|"
    r"an estimated|more or less)\s(?:a\s|the\s|\$)?|~\s?)$",
    re.IGNORECASE,
)
_FALLS_BEFORE = re.compile(
    r"\b(?:fell|falls?|dropp?(?:s|ed|ing)?|declin\w+|decreas\w+|reduc\w+|lower\w*|less|los[ets]\w*|loss\w*|shrink\w*|shrank|"
    r"cut(?:s|ting)?|sav\w+|worse\w*|degrad\w+|negative\w*|minus|below|down)\b[^.;:]{0,50}$",
    re.IGNORECASE,
)
_FALLS_AFTER = re.compile(
    r"[^.;:,]{0,25}?\b(?:drop|decline|decrease|reduction|lower|less|loss|fewer|worse|degradation|below|faster|shorter|smaller)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"[\s-]+([^\W\d_]+)(?:[\s-]+([^\W\d_]+))?")
_BEFORE = re.compile(r"([^\W\d_]+)[\s-]$")
_RANGED = re.compile(r"\s?(?:-|to|through)\s?")
_LISTED = re.compile(r"\s?(?:,|-|±|/|and|or|to|vs\.?|versus|through|,\s?and|,\s?or)\s?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Context:
    """
    The words around a number.

    Args:
        loose: True if its bound may also mean another thing (“over 17 apps”) or includes the number (“at least 5”).
        approximate: True after “about” and the like.
        falls: True near a word of decrease: “a loss of 2.1 kg” may be written -2.1 kg.
        spelled: True for a number in words.
        part: True for “half”, “twice” and the like, which may be the ratio of two numbers.
        extreme: The bound that “a maximal drop of” gives a number, as `Quantity.side`.
        before, after: The next words in lower case: of “phase 2 trial”, “phase” and “trial”.
    """

    loose: bool = False
    approximate: bool = False
    falls: bool = False
    spelled: bool = False
    part: bool = False
    extreme: int = 0
    before: str = ""
    after: tuple[str, ...] = ()


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
        context: The words around it.
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
    context: Context = Context()


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
    for match in (_ZERO_HELD if singular else _ZERO).finditer(text):
        side, context = _around(text, match.start(), match.end(), 0, spelled=True)
        found.append(
            Quantity(Decimal(0), "", 0, side, match.start(), match.end(), match.group().lower(), context=context)
        )
    for match in _TIMES.finditer(text):
        found = [quantity for quantity in found if not (match.start() <= quantity.start < match.end())]
        found.append(_of_part(match))
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
    value *= SCALES[match["scale"].lower()] if match["scale"] else 1
    written = re.sub(r"\s", "-", match["unit"].lower()) if match["unit"] else ""
    if written == "s" and re.search(r"(?<!\d)(?:1[5-9]|20)\d0s$", match.group().lower()):
        written = ""  # the 1990s
    unit, factor = UNITS.get(written, (match["currency"] or "", Decimal(1)))
    symbol = (match["unit"] or "") if len(match["unit"] or "") <= 3 else ""
    if match["per"]:
        unit += "/" + match["per"].lower()
    sign = {"+": 1, "-": -1}.get(match["sign"] or "", 0)
    side = {"<": -1, "≤": -1, ">": 1, "≥": 1}.get(match["side"] or "", 0)
    start = (
        match.start("sign")
        if match["sign"]
        else match.start("currency")
        if match["currency"]
        else match.start("digits")
    )
    side, context = _around(match.string, start, match.end(), side)
    return Quantity(
        (value * factor).normalize(), unit, sign, side, start, match.end(), match["digits"], written, symbol, context
    )


def _around(
    text: str, start: int, end: int, side: int, *, spelled: bool = False, part: bool = False
) -> tuple[int, Context]:
    """Read the words around a number: its bound, unless a sign gave it one, and its context."""
    near = text[max(0, start - 24) : start]
    loose = False
    if not side and (bound := _BOUND.search(near)):
        side = 1 if bound["more"] or bound["least"] or bound["over"] else -1
        loose = bool(bound["most"] or bound["least"] or bound["over"])
    elif not side and (bound := _BOUND_AFTER.match(text, end, end + 40)):
        side, loose = 1 if bound["more"] else -1, True
    extreme = _EXTREME.search(text[max(0, start - 60) : start])
    before, after = _BEFORE.search(near), _COUNTED.match(text, end, end + 50)
    return side, Context(
        loose=loose,
        approximate=bool(_APPROXIMATE.search(near)),
        falls=bool(_FALLS_BEFORE.search(text[max(0, start - 70) : start]) or _FALLS_AFTER.match(text, end, end + 40)),
        spelled=spelled,
        part=part,
        extreme=(1 if extreme["least"] else -1) if extreme else 0,
        before=before[1].lower() if before else "",
        after=tuple(word.lower() for word in after.groups() if word) if after else (),
    )


def _of_part(match: re.Match[str]) -> Quantity:
    """Read “half”, “two thirds”, “twice” and “fivefold”."""
    unit = ""
    if match["half"]:
        value = Decimal("0.5")
    elif match["part"]:
        above = match["above"].lower()
        count = Decimal(above) if above.isdecimal() else WORDS.get(above, Decimal(1))
        value = (count / _PARTS[match["part"].lower().removesuffix("s")]).quantize(Decimal("0.001")).normalize()
    else:
        unit = "fold"
        value = WORDS[match["fold"].lower()] if match["fold"] else _MULTIPLES[match.lastgroup or "two"]
    side, context = _around(match.string, match.start(), match.end(), 0, spelled=True, part=True)
    return Quantity(value, unit, 0, side, match.start(), match.end(), match.group().lower(), unit, context=context)


def _of_words(match: re.Match[str], *, singular: bool) -> Quantity | None:
    word = (match["word"] or "").lower()
    if word == "one" and not (singular or match["scale"] or match["unit"]):
        return None
    tens = TENS.get((match["tens"] or "").lower(), 0) + ONES.get((match["more"] or "").lower(), 0)
    value = (WORDS.get(word) or Decimal(tens or 1)) * (SCALES[match["scale"].lower()] if match["scale"] else 1)
    written = re.sub(r"\s", "-", match["unit"].lower()) if match["unit"] else ""
    unit, factor = UNITS.get(written, ("", Decimal(1)))
    text = match.group()
    start = match.start() + len(text) - len(text.lstrip(" -"))
    side, context = _around(match.string, start, match.end(), 0, spelled=True)
    return Quantity(
        (value * factor).normalize(), unit, 0, side, start, match.end(), text.strip(" -"), written, context=context
    )


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
