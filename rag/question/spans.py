"""
Time expressions in a question, as a filter: “since May”, “this month”, “in 2025”, “over the past three years”.

Only explicit spans filter. “Recent”, “latest” and “new” ask for an order, not for a span; `understand` reads them.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul", "august aug",
            "september sept sep", "october oct", "november nov", "december dec",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_COUNTS = {
    word: number
    for number, word in enumerate("one two three four five six seven eight nine ten eleven twelve".split(), start=1)
} | {"couple of": 2, "few": 3, "a": 1}
_MONTH = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + ")"
_YEAR = r"(?:19|20)\d\d"
_DAY_FIRST = rf"\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?(?!(?-i:may)\b(?!,?\s+{_YEAR})){_MONTH}\b\.?(?:,?\s+{_YEAR})?"
"""“8 October 2025”; “of 5 may” names no day."""
_DAY = (
    rf"{_YEAR}-\d\d(?:-\d\d)?|{_DAY_FIRST}|(?:{_MONTH}\.?,?\s+(?:\d{{1,2}}(?:st|nd|rd|th)?,?\s+)?(?:of\s+)?{_YEAR})|"
    rf"{_MONTH}\.?\s+\d{{1,2}}(?:st|nd|rd|th)?\b|{_YEAR}|{_MONTH}\b\.?"
)
_UNITS = {"day": 1, "week": 7}


@dataclass(frozen=True, slots=True)
class Span:
    """Days of a span, ISO, both inclusive, None where open; `at` is the half-open place of its words in the text."""

    since: str | None
    until: str | None
    at: tuple[int, int]


def span(text: str, *, today: date) -> Span | None:
    """
    The first time expression of a text that names a span.

    Args:
        text: A question.
        today: The day from which relative spans count.

    >>> span("What is new on agents since May?", today=date(2026, 8, 25))
    Span(since='2026-05-01', until=None, at=(22, 31))
    >>> span("papers of the last two weeks", today=date(2026, 8, 25))
    Span(since='2026-08-11', until=None, at=(7, 28))
    >>> span("papers since 8 October 2025", today=date(2026, 8, 25))
    Span(since='2025-10-08', until=None, at=(7, 27))
    """
    for pattern, read in _FORMS:
        for match in pattern.finditer(text):
            if (found := read(match, today)) is not None:
                return Span(*found, match.span())
    return None


_Days = tuple[str | None, str | None]


def _between(match: re.Match[str], today: date) -> _Days | None:
    written, end = match["a"], _parts(match["b"], today)
    if end and re.fullmatch(_MONTH, written.strip(" .,").lower()):  # “between March and June 2025”
        later = MONTHS[written.strip(" .,").lower()] > (end[1] or 12)
        written = f"{written.strip(' .,')} {end[0] - later}"
    first, last = _first(written, today), _last(match["b"], today)
    return (first, last) if first and last and first <= last else None


def _days(match: re.Match[str], today: date) -> _Days | None:
    """“Between 3 and 8 October”: the first day is of the month of the last."""
    last = _last(match["b"], today)
    first = f"{last[:8]}{int(match['a']):02}" if last else None
    return (first, last) if first and last and f"{last[:8]}01" <= first <= last else None


def _from(match: re.Match[str], today: date) -> _Days | None:
    """“From May on” has no end; “papers from 2025” are those of the year."""
    return _since(match, today) if match["on"] else _within(match, today)


def _since(match: re.Match[str], today: date) -> _Days | None:
    start = _first(match["a"], today)
    return (start, None) if start else None


def _after(match: re.Match[str], today: date) -> _Days | None:
    end = _last(match["a"], today)
    return ((date.fromisoformat(end) + timedelta(days=1)).isoformat(), None) if end else None


def _until(match: re.Match[str], today: date) -> _Days | None:
    end = _last(match["a"], today)
    return (None, end) if end else None


def _before(match: re.Match[str], today: date) -> _Days | None:
    start = _first(match["a"], today)
    return (None, (date.fromisoformat(start) - timedelta(days=1)).isoformat()) if start else None


def _within(match: re.Match[str], today: date) -> _Days | None:
    first, last = _first(match["a"], today), _last(match["a"], today)
    return (first, last) if first and last else None


def _past(match: re.Match[str], today: date) -> _Days | None:
    written = (match["n"] or "a").strip().lower()
    number = int(written) if written.isdigit() else _COUNTS.get(written.removeprefix("a ").strip(), 0)
    unit = match["unit"].lower().removesuffix("s")
    if not number or number > 200:
        return None
    if unit in _UNITS:
        return (today - timedelta(days=_UNITS[unit] * number)).isoformat(), None
    return _months_before(today, number * (12 if unit == "year" else 1)).isoformat(), None


def _calendar(match: re.Match[str], today: date) -> _Days:
    which, unit = match["which"].lower(), match["unit"].lower()
    monday = today - timedelta(days=today.weekday())
    if unit == "week":
        first = monday if which == "this" else monday - timedelta(days=7)
        return first.isoformat(), (first + timedelta(days=6)).isoformat() if which != "this" else None
    if unit == "month":
        first = today.replace(day=1) if which == "this" else _months_before(today.replace(day=1), 1)
        last = first.replace(day=monthrange(first.year, first.month)[1])
        return first.isoformat(), last.isoformat() if which != "this" else None
    year = today.year if which == "this" else today.year - 1
    return f"{year}-01-01", f"{year}-12-31" if which != "this" else None


def _since_then(match: re.Match[str], today: date) -> _Days | None:
    """“Since last week” begins with that week, and has no end."""
    return (_calendar(match, today) if match["unit"] else _named_day(match, today))[0], None


def _named_day(match: re.Match[str], today: date) -> _Days:
    day = today - timedelta(days=match["day"].lower() == "yesterday")
    return day.isoformat(), day.isoformat()


def _months_before(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 - months
    year, month = at // 12, at % 12 + 1
    return date(max(year, 1), month, min(day.day, monthrange(max(year, 1), month)[1]))


def _parts(text: str, today: date) -> tuple[int, int | None, int | None] | None:
    """Year, month and day of a written date; a month alone is the last one that has begun."""
    written = text.strip(" .,").lower()
    if iso := re.fullmatch(rf"({_YEAR})-(\d\d)(?:-(\d\d))?", written):
        return int(iso[1]), int(iso[2]), int(iso[3]) if iso[3] else None
    if re.fullmatch(_YEAR, written):
        return int(written), None, None
    if day_first := re.fullmatch(rf"(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?({_MONTH})\.?(?:,?\s+({_YEAR}))?", written):
        written = " ".join(part for part in (day_first[2], day_first[1], day_first[3]) if part)
    found = re.fullmatch(rf"({_MONTH})\.?,?(?:\s+(\d{{1,2}})(?:st|nd|rd|th)?,?)?(?:\s+(?:of\s+)?({_YEAR}))?", written)
    if not found:
        return None
    month, day = MONTHS[found[1]], int(found[2]) if found[2] else None
    year = int(found[3]) if found[3] else today.year - ((month, day or 1) > (today.month, today.day))
    return year, month, day


def _first(text: str, today: date) -> str | None:
    return _day(text, today, last=False)


def _last(text: str, today: date) -> str | None:
    return _day(text, today, last=True)


def _day(text: str, today: date, *, last: bool) -> str | None:
    parts = _parts(text, today)
    if parts is None:
        return None
    year, month, day = parts
    month = month or (12 if last else 1)
    try:
        return date(year, month, day or (monthrange(year, month)[1] if last else 1)).isoformat()
    except ValueError:  # the 31st of June, month 13
        return None


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_FORMS = (
    (_form(rf"\b(?:between|from)\s+(?P<a>{_DAY})\s+(?:and|to|until|till|through|-|–)\s+(?P<b>{_DAY})"), _between),
    (
        _form(
            rf"\b(?:(?:between|from)\s+)?(?P<a>\d{{1,2}})(?:st|nd|rd|th)?(?:\s+(?:and|to|until|till|through)\s+|"
            rf"\s*[-–]\s*)(?P<b>{_DAY_FIRST})"
        ),
        _days,
    ),
    (_form(rf"\b(?:in\s+|during\s+)?(?P<a>{_YEAR})\s*[-–]\s*(?P<b>{_YEAR})\b"), _between),
    (_form(rf"\b(?:published\s+|listed\s+)?(?:since|starting\s+in)\s+(?P<a>{_DAY})"), _since),
    (
        _form(
            r"\b(?:published\s+|listed\s+)?since\s+(?:the\s+)?(?:(?P<which>this|last|past|previous)\s+"
            r"(?P<unit>week|month|year)|(?P<day>today|yesterday))\b"
        ),
        _since_then,
    ),
    (_form(rf"\b(?:published\s+|listed\s+)?from\s+(?P<a>{_DAY})(?![-\w])(?P<on>\s+on(?:wards?)?\b(?!\s+\w))?"), _from),
    (_form(rf"\bafter\s+(?P<a>{_DAY})"), _after),
    (_form(rf"\b(?:until|till|up\s+to)\s+(?P<a>{_DAY})"), _until),
    (_form(rf"\bbefore\s+(?P<a>{_DAY})"), _before),
    (
        _form(
            r"\b(?:(?:in|over|during|within|of|from)\s+)?(?:the\s+)?(?:last|past|previous)\s+"
            r"(?P<n>(?:\d{1,3}|a\s+couple\s+of|couple\s+of|a\s+few|few|one|two|three|four|five|six|seven|eight|nine|"
            r"ten|eleven|twelve)\s+)"
            r"(?P<unit>days?|weeks?|months?|years?)\b"
        ),
        _past,
    ),
    (_form(r"\b(?:(?:in|over|during|within)\s+)(?:the\s+)?past\s+(?P<n>)(?P<unit>day|week|month|year)\b"), _past),
    (
        _form(
            r"\b(?:(?:in|during|of|from)\s+)?(?:the\s+)?(?P<which>this|last|past|previous)\s+"
            r"(?P<unit>week|month|year)(?:['’]s)?\b"
        ),
        _calendar,
    ),
    (_form(r"\b(?:from\s+)?(?P<day>today|yesterday)(?:['’]s)?\b"), _named_day),
    (_form(rf"\b(?:published\s+in|listed\s+in|in|of|from|during)\s+(?P<a>{_DAY})(?![-\w])"), _within),
    (
        _form(
            rf"\b(?:(?:published\s+|listed\s+)?on\s+)?(?P<a>(?:\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?)?{_MONTH}\.?,?\s+{_YEAR})\b"
        ),
        _within,
    ),
    (_form(r"(?<![\w.-])(?P<a>20[12]\d)(?:\s+papers\b|\s*\?*\s*$)"), _within),
)
