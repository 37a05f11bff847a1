"""
Extraction of the number that tells most of a finding: a change before a share, a share before any other multiple.

It reads digits with their unit and the measure beside them; it does not compare or convert.
"""

from __future__ import annotations

import re

_DIGITS = r"(?<![\w.,/$-])[+−]?\$?[~≈>≥<≤]?\d[\d,]*(?:\.\d+)?\$?"
_RANGE = rf"{_DIGITS}(?:\\?%|\s?(?:\$?\\times\$?|[x×]))?(?:\s?(?:-{{1,2}}|–|to)\s?\$?\d[\d,]*(?:\.\d+)?)?"
_PERCENT = (
    r"\s?\\?%\$?|\s?(?:percent(?:age)?(?: points?)?|"
    r"(?:(?:bleu|chrf|rouge|f1|accuracy|dice|map|em|absolute)[+-]*\d?\s)?points?|pp)\b"
)
_MULTIPLE = r"\s?(?:\$?\s?\\times\b\s?\$?|[x×](?![\w-]))|[-\s]fold\b|\stimes\b"
_MEASURE = (
    r"(?:accuracy|precision|recall|sensitivity|specificity|f1(?:[- ]score)?|auc|auroc|auprc|dice|miou|iou|map|bleu|"
    r"psnr|ssim|bpb|rmse|mae|wer|speed-?ups?|acceleration|faster|slower|fewer|lower|higher|less|more|reduction|"
    r"improvement|increase|decrease|gains?|drop|success(?: rates?)?|pass@\d+|win rate|agreement|correlation|"
    r"compression|throughput|savings?)"
)
_NUMBERS = re.compile(
    rf"(?P<number>{_RANGE})(?P<unit>{_PERCENT}|{_MULTIPLE}|\s?dB\b)(?:\s(?:[a-z-]+\s){{0,2}}?(?P<of>{_MEASURE})\b)?",
    re.IGNORECASE,
)
_SCORE = re.compile(
    rf"\b(?P<of>{_MEASURE})\b(?:\s(?:score|value|rate|similarity coefficient|coefficient|similarity))?\s?"
    rf"(?:of|=|:|reach(?:es|ed|ing)|up to)?\s?(?P<number>\$?\d*\.\d+\$?)"
    rf"|(?P<number_first>(?<![\w.])0?\.\d+)\s(?:[a-z-]+\s){{0,1}}?(?P<of_it>{_MEASURE})\b",
    re.IGNORECASE,
)
_CHANGE = re.compile(
    r"\b(?:by|improv\w*|reduc\w*|increas\w*|decreas\w*|outperform\w*|gain\w*|speed\w*|faster|up to|rais\w*|"
    r"drop\w*|cut\w*|sav\w*|accelerat\w*|lower\w*|higher)\b[^.;]{0,60}$",
    re.IGNORECASE,
)
_INPUT = re.compile(
    r"\b(?:only|just|using|with|on|in|than|from)\s(?:the\s|a\s|about\s|around\s|roughly\s)?(?:top\s|first\s)?$",
    re.IGNORECASE,
)
"""What stands before a number that is a setting, not a result: “with only 5% of the data”."""


def figure(sentence: str) -> str | None:
    """
    The number of a sentence that tells most, with its unit and the measure behind it; None if it has none with a unit.

    >>> figure("On five tasks it is 2.3x faster and reaches 87.1% accuracy.")
    '2.3x faster'
    >>> figure("We use GPT-4 and 12 tasks.") is None
    True
    """
    best: tuple[float, int, str] | None = None
    end = 0
    for found in _NUMBERS.finditer(sentence):
        before, end = sentence[end : found.start()], found.end()
        worth = 1.0 + bool(found["of"]) + bool(_CHANGE.search(before)) - 1.5 * bool(_INPUT.search(before))
        best = _better(best, worth, found)
    for found in _SCORE.finditer(sentence):
        best = _better(best, 1.5, found)
    if not best or best[0] <= 0:
        return None
    number = best[2]
    return number.strip("$") if number.count("$") % 2 else number  # a formula that was cut


def _better(best: tuple[float, int, str] | None, worth: float, found: re.Match[str]) -> tuple[float, int, str]:
    """The better of the best number until now and another one; of equal ones the earlier."""
    key = (worth, -found.start(), found.group().strip())
    return key if best is None or key[:2] > best[:2] else best
