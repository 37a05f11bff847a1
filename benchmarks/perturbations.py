"""
Perturbations of real sentences: alterations that a checker must catch, and variants of the same meaning that must pass.

Each function takes a sentence and a random generator, and returns the changed sentence, or None if the sentence has
nothing to change. They find what to change without the code of the checker.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from random import Random

Alteration = Callable[[str, Random], str | None]

_NUMBER = re.compile(r"(?<![\w.,$^{\\-])(\d{1,3}(?:,\d{3})+|\d+(?:\.\d+)?)(?![\w]|[.,]\d|-[A-Za-z]|\})")
_WITH_UNIT = re.compile(
    r"(?<![\w.,-])(\d+(?:\.\d+)?)( ?)(%|percent|ms|seconds|minutes|hours|days|weeks|months|years|GB|MB|kHz|Hz|mg|kg|ng|mm|cm|km|nm|ml)"
    r"(?![\w/-])"
)
_UNITS = (
    ("%", "ms"), ("percent", "points"), ("ms", "s"), ("seconds", "minutes"), ("minutes", "hours"), ("hours", "days"),
    ("days", "weeks"), ("weeks", "months"), ("months", "years"), ("years", "months"), ("GB", "MB"), ("MB", "GB"),
    ("kHz", "Hz"), ("Hz", "kHz"), ("mg", "kg"), ("kg", "mg"), ("ng", "mg"), ("mm", "cm"), ("cm", "mm"), ("km", "cm"),
    ("nm", "mm"), ("ml", "mg"),
)  # fmt: skip
_NAME = re.compile(r"(?<=[a-z,] )(?<![.\w] )([A-Z][A-Za-z]*[A-Z0-9][A-Za-z0-9]*(?:-[A-Z0-9][A-Za-z0-9.]*)*)(?![\w-])")
_OTHER_NAMES = "GSM8K ImageNet BERT LLaMA-2 CIFAR-10 TNFRSF1A BRCA2 HotpotQA MIMIC-III YOLOv8 mTORC1 IL-17A GPT-4o PPARG COCO".split()
_AUXILIARY = re.compile(
    r"\b(is|are|was|were|can|does|do|did|has|have|will|could|should|would|may|might)\b (?!not\b|no\b|n't)(?=[a-z])"
)
_NEGATED = re.compile(
    r"\b(is|are|was|were|do|does|did|has|have|can|could|will|would|should|may|might)(?: not|n't) (?!only\b|just\b|necessarily\b)"
)
_COMPARATIVES = (
    ("higher", "lower"), ("more", "less"), ("larger", "smaller"), ("better", "worse"), ("faster", "slower"),
    ("increases", "decreases"), ("increased", "decreased"), ("improves", "degrades"), ("improved", "worsened"),
    ("outperforms", "underperforms"), ("outperform", "underperform"), ("reduces", "increases"), ("reduced", "increased"),
    ("greater", "smaller"), ("stronger", "weaker"), ("positive", "negative"), ("above", "below"), ("before", "after"),
)  # fmt: skip
_WORDED = "two three four five six seven eight nine ten eleven twelve".split()


def number(sentence: str, draw: Random) -> str | None:
    """Replace one number by another that the sentence does not hold."""
    places = list(_NUMBER.finditer(sentence))
    if not places:
        return None
    place = draw.choice(places)
    held = {found[1].replace(",", "") for found in re.finditer(r"(\d[\d,]*(?:\.\d+)?)", sentence)}
    old = place[1]
    for _ in range(50):
        at = draw.choice([at for at, char in enumerate(old) if char.isdigit()])
        new = old[:at] + str((int(old[at]) + draw.randint(1, 9)) % 10) + old[at + 1 :]
        value = new.replace(",", "")
        if float(value) != float(old.replace(",", "")) and value not in held and not re.match(r"0\d", new):
            return sentence[: place.start(1)] + new + sentence[place.end(1) :]
    return None


def unit(sentence: str, draw: Random) -> str | None:
    """Replace the unit of one number."""
    places = list(_WITH_UNIT.finditer(sentence))
    if not places:
        return None
    place = draw.choice(places)
    new = dict(_UNITS)[place[3]]
    if not float(place[1]):
        return None  # 0 days are 0 weeks
    space = place[2] or (" " if place[3] == "%" else "")
    if re.search(rf"{re.escape(place[1])} ?{re.escape(new)}(?!\w)", sentence):
        return None
    return sentence[: place.start()] + place[1] + space + new + sentence[place.end() :]


def name(sentence: str, draw: Random) -> str | None:
    """Replace one name."""
    places = list(_NAME.finditer(sentence))
    others = [other for other in _OTHER_NAMES if other.lower() not in sentence.lower()]
    if not places or not others:
        return None
    place = draw.choice(places)
    return sentence[: place.start(1)] + draw.choice(others) + sentence[place.end(1) :]


def negation_added(sentence: str, draw: Random) -> str | None:
    """Add “not” to an auxiliary verb."""
    places = list(_AUXILIARY.finditer(sentence))
    if not places:
        return None
    place = draw.choice(places)
    return f"{sentence[: place.end(1)]} not{sentence[place.end(1) :]}"


def negation_dropped(sentence: str, draw: Random) -> str | None:
    """Remove a “not”."""
    places = list(_NEGATED.finditer(sentence))
    if not places:
        return None
    place = draw.choice(places)
    return f"{sentence[: place.end(1)]} {sentence[place.end() :]}"


def comparative(sentence: str, draw: Random) -> str | None:
    """Replace a comparative by its opposite."""
    pairs = dict(_COMPARATIVES) | {new: old for old, new in _COMPARATIVES if new not in dict(_COMPARATIVES)}
    places = list(re.finditer(rf"\b({'|'.join(pairs)})\b", sentence))
    if not places:
        return None
    place = draw.choice(places)
    return sentence[: place.start()] + pairs[place[1]] + sentence[place.end() :]


def dashes(sentence: str, draw: Random) -> str | None:
    """Replace hyphens by typographic dashes."""
    return sentence.replace("-", draw.choice("‐‑–")) if "-" in sentence else None


def quotes(sentence: str, draw: Random) -> str | None:
    """Replace apostrophes and quotation marks by typographic ones."""
    changed = sentence.replace("'", "’").replace('"', draw.choice("“”"))
    return changed if changed != sentence else None


def spaces(sentence: str, draw: Random) -> str | None:
    """Replace spaces by another kind, by two, or by line breaks."""
    return sentence.replace(" ", draw.choice(["\u00a0", "\u2009", "  ", "\n"]))


def ligatures(sentence: str, draw: Random) -> str | None:
    """Replace letters by ligatures, and add soft hyphens."""
    changed = sentence.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("fl", "ﬂ").replace("tion", "tion\u00ad")
    return changed if changed != sentence else None


def tex(sentence: str, draw: Random) -> str | None:
    """Put a number into TeX math, or escape the percent sign."""
    if draw.random() < 0.5 and "%" in sentence and "\\" not in sentence:
        return sentence.replace("%", "\\%")
    place = _NUMBER.search(sentence)
    if not place or "$" in sentence or "\\" in sentence:
        return None
    return f"{sentence[: place.start(1)]}${place[1]}${sentence[place.end(1) :]}"


def percent(sentence: str, draw: Random) -> str | None:
    """Exchange the percent sign and the word."""
    if re.search(r"\d ?%", sentence) and "\\%" not in sentence:
        return re.sub(r"(\d) ?%(?!\w)", draw.choice([r"\1 percent", r"\1 %"]), sentence)
    return re.sub(r"(\d) percent\b", r"\1%", sentence) if re.search(r"\d percent\b", sentence) else None


def thousands(sentence: str, draw: Random) -> str | None:
    """Remove the commas of a number, or add them."""
    if re.search(r"(?<![\d.,])\d{1,3}(,\d{3})+(?![\d,])", sentence):
        return re.sub(r"(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])", lambda found: found.group().replace(",", ""), sentence)
    place = re.search(r"(?<![\w.,$^{\\/#-])([1-9]\d{4,8})(?![\w.,}-])", sentence)
    return f"{sentence[: place.start()]}{int(place[1]):,}{sentence[place.end() :]}" if place else None


def number_words(sentence: str, draw: Random) -> str | None:
    """Write a small number in digits instead of words."""
    place = re.search(rf"(?<!-)(?<!hundred )(?<!—)\b({'|'.join(_WORDED)})\b(?![-—]|\sto\b| hundred)", sentence)
    if place:
        return f"{sentence[: place.start()]}{_WORDED.index(place[1]) + 2}{sentence[place.end() :]}"
    return None


ALTERATIONS: Mapping[str, Alteration] = {
    "number": number,
    "unit": unit,
    "name": name,
    "negation added": negation_added,
    "negation dropped": negation_dropped,
    "comparative": comparative,
}
"""What a checker must catch. A seventh kind, an unrelated sentence, needs two sentences and is not here."""

HARMLESS: Mapping[str, Alteration] = {
    "dashes": dashes,
    "quotes": quotes,
    "spaces": spaces,
    "ligatures": ligatures,
    "TeX": tex,
    "percent": percent,
    "thousands": thousands,
    "number words": number_words,
}
"""What a checker must pass."""
