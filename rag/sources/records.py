"""
From the named fields of one record to a Paper or a Reject: cleaning, ids, dates, names, limits.

Every importer ends here, so that a paper is the same whichever format it came in.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

from rag import identity, text
from rag.sources import tex
from rag.types import Paper, Reject

MIN_ABSTRACT_CHARS = 10
MAX_ABSTRACT_CHARS = 50_000
MAX_TITLE_CHARS = 20_000
COLUMNS = """
    id _id arxiv_id doi pmid pmcid title abstract summary text authors url date published year updated listed
    categories tags venue aliases
    """.split()
"""The names of columns and keys that tables and JSON are read by."""

_PMID = re.compile(r"(?:pmid:?)?\s*0*([1-9]\d{0,8})(?:\.0)?", re.IGNORECASE)
_LINK = re.compile(r"https?://[^\s\"<>\\^`{|}]{3,2000}", re.IGNORECASE)
_NO_ABSTRACT = re.compile(
    r"\W*(?:no abstract(?: is| was)?(?: available| provided)?|n/?a|none|null|nan)\W*", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """
    What an importer is told beside the bytes.

    Args:
        name: The input's name without folder and extensions; ids of no known scheme are scoped to it.
        source: The format's name, kept with each paper.
        today: The day of the import, ISO.
        listed: The listing date of records that have none, ISO.
        tags: Added to each paper.
    """

    name: str
    source: str
    today: str
    listed: str | None = None
    tags: tuple[str, ...] = ()


def paper(fields: Mapping[str, Any], where: str, context: Context) -> Paper | Reject:
    """
    Make a Paper of one record's fields, named as in `COLUMNS`, or say why not.

    Args:
        fields: Values as they came: text, numbers, lists, or lists of objects for authors.
        where: The record's place in the input, for the reject.
        context: What is true of the whole input.
    """
    title = ""
    try:
        title = _prose(fields.get("title"))
        abstract = _prose(fields.get("abstract")) or _prose(fields.get("summary")) or _prose(fields.get("text"))
        url = web_link(fields.get("url"))
        details = _details(fields, context)
        found = dict.fromkeys(_ids(fields, url, context))
        ids = sorted(found, key=identity.rank) if len(found) > 1 else [*found] or [identity.title_id(title)]
    except text.UnprintableText as error:
        return Reject(where=where, reason=str(error), title=_printable(title or _string(fields.get("title"))))
    if reason := _reason_against(title, abstract):
        return Reject(where=where, reason=reason, title=_printable(title))
    return Paper(
        paper_id=ids[0],
        title=title,
        abstract=abstract,
        aliases=tuple(ids),
        version=_version(fields) if ids[0].startswith("arxiv:") else None,
        source=context.source,
        flags=text.flags(title, abstract),
        url=url or _link(ids[0]),
        **details,
    )


def _prose(value: Any) -> str:
    """A value as clean text in which no accent is TeX's."""
    if not value:
        return ""
    clean = text.clean(value if type(value) is str else _string(value))
    if "\\" not in clean or (decoded := tex.accents(clean)) == clean:
        return clean
    return text.clean(decoded)


def _names(values: Sequence[str]) -> tuple[str, ...]:
    """Short texts as `_prose` has them, without those of which nothing is left."""
    joined = " ".join(values)
    if joined and "\\" not in joined and text.is_plain(joined):
        return tuple(values)
    return tuple(name for each in values if (name := _prose(each)))


def _version(fields: Mapping[str, Any]) -> int | None:
    """The version that the first arXiv id among the fields names."""
    for key in ("arxiv_id", "id", "_id", "url"):
        given = fields.get(key)
        if given and (found := identity.arxiv_id(_arxiv(given), named=key == "arxiv_id")):
            return found[1]
    return None


def beside(kept: str) -> dict[str, Any]:
    """
    The fields that our own export keeps as JSON beside those of a format, because the format cannot hold them.

    >>> beside('{"listed": "2026-06-17", "source": "x"}'), beside("a note")
    ({'listed': '2026-06-17'}, {})
    """
    try:
        found = json.loads(kept) if kept.startswith("{") else {}
    except (ValueError, RecursionError):
        return {}
    return {key: found[key] for key in COLUMNS if key in found}


def _reason_against(title: str, abstract: str) -> str | None:
    if not title:
        return "no title"
    if len(title) > MAX_TITLE_CHARS:
        return f"the title has {len(title):,} characters; the limit is {MAX_TITLE_CHARS:,}"
    if not abstract or _NO_ABSTRACT.fullmatch(abstract):
        return "no abstract"
    if len(abstract) < MIN_ABSTRACT_CHARS or not any(map(str.isalpha, abstract)):
        return f"the abstract {abstract!r} is too short to be one"
    if len(abstract) > MAX_ABSTRACT_CHARS:
        return f"the abstract has {len(abstract):,} characters; the limit is {MAX_ABSTRACT_CHARS:,}"
    return None


def _details(fields: Mapping[str, Any], context: Context) -> dict[str, Any]:
    tags = _names(_list(fields.get("tags"), r"[;,]"))
    return {
        "authors": _names(_authors(fields.get("authors"))),
        "published": _first_date(fields, "published", "date", "year"),
        "updated": iso_date(fields.get("updated")),
        "listed": iso_date(fields.get("listed")) or context.listed,
        "venue": _prose(fields.get("venue")) or None,
        "categories": tuple(dict.fromkeys(_names(_list(fields.get("categories"), r"[;,\s]")))),
        "tags": tuple(dict.fromkeys([*tags, *context.tags])) if tags else context.tags,
    }


def _ids(fields: Mapping[str, Any], url: str | None, context: Context) -> list[str]:
    """Every id the record gives, scoped to the file where it is of no known scheme."""
    found: list[str] = []
    if (given := fields.get("arxiv_id")) and (arxiv := identity.arxiv_id(_arxiv(given), named=True)):
        found.append(f"arxiv:{arxiv[0]}")
    if (given := fields.get("doi")) and (doi := text.clean(_string(given))):
        found += identity.scheme_ids(doi) or identity.scheme_ids(f"doi:{doi}")
    if (given := fields.get("pmid")) and (pmid := _PMID.fullmatch(_string(given).strip())):
        found.append(f"pmid:{pmid[1]}")
    if (given := fields.get("pmcid")) and (pmcid := identity.pmcid(_string(given))):
        found.append(pmcid)
    for key in ("id", "_id"):
        if (given := fields.get(key)) is not None and (value := text.clean(_string(given))[:200]):
            found += identity.scheme_ids(value) or [f"file:{context.name}:{value}"]
    for given in aliases if isinstance(aliases := fields.get("aliases"), list) else ():
        found += identity.scheme_ids(text.clean(_string(given)))
    return found + identity.scheme_ids(url) if url else found


def _arxiv(value: Any) -> str:
    """An arXiv id with the zeros that a spreadsheet took for a number's: `2406.1174` was 2406.11740."""
    given = _string(value).strip()
    if len(given) > len("704.12345"):
        return given
    month, dot, number = given.partition(".")
    if not (dot and month.isdecimal() and number.isdecimal() and len(month) in (3, 4)):
        return given
    return f"{month:0>4}.{number:0<{5 if month >= '1501' and len(month) == 4 else 4}}"


def _link(paper_id: str) -> str | None:
    """The page of a paper whose record gives none."""
    scheme, _, value = paper_id.partition(":")
    base = {
        "arxiv": "https://arxiv.org/abs/",
        "doi": "https://doi.org/",
        "pmid": "https://pubmed.ncbi.nlm.nih.gov/",
        "openalex": "https://openalex.org/",
        "s2": "https://www.semanticscholar.org/paper/",
        "pmcid": "https://pmc.ncbi.nlm.nih.gov/articles/",
    }.get(scheme)
    return base + value if base else None


def web_link(value: Any) -> str | None:
    """The value where it is an http(s) link that is safe to show, else None."""
    link = _string(value).strip()
    return link if _LINK.fullmatch(link) and link.isprintable() else None


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and len(value) == 1:
        return _string(value[0]) if not isinstance(value[0], list) else ""
    return (
        str(value)
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool) and math.isfinite(value)
        else ""
    )


def _printable(title: str) -> str | None:
    """A refused title in a form that a terminal can take."""
    return "".join(char if char.isprintable() else "�" for char in title)[:200] or None


def _list(value: Any, separators: str) -> list[str]:
    if not value:
        return []
    parts = re.split(separators, value) if isinstance(value, str) else value if isinstance(value, list) else []
    return [part if type(part) is str else _term(part) for part in parts]


def _term(part: Any) -> str:
    return _string(part.get("term") or part.get("name")) if isinstance(part, dict) else _string(part)


def _authors(value: Any) -> list[str]:
    """Names in the order given, from a list of names or objects, or from one string in any of the usual styles."""
    if isinstance(value, list):
        return [entry if type(entry) is str else _author(entry) for entry in value]
    names = _string(value)
    if ";" in names:
        return names.split(";")
    if re.search(r"\sand\s|\s&\s", names):
        parts = re.split(r"\s+(?:and|&)\s+", names)
        family_first = all("," in part.rstrip(" ,") for part in parts) or re.search(r"^\w+, \S+ and ", names)
        return parts if family_first else re.split(r",?\s+(?:and|&)\s+|,\s+", names)
    parts = [part.strip() for part in names.split(",") if part.strip()]
    # "Ada Byron, Alan Hay" is two people, "Byron, Ada" is one
    return parts if len(parts) > 1 and all(" " in part for part in parts) else [names]


def _author(entry: Any) -> str:
    if not isinstance(entry, dict):
        return _string(entry)
    given, family = (_string(entry.get(key)) for key in ("given", "family"))
    return _string(entry.get("name")) or _string(entry.get("fullname")) or f"{given} {family}".strip()


def _first_date(fields: Mapping[str, Any], *keys: str) -> str | None:
    """The first date among the fields that can be read, made more exact by a later one that agrees with it."""
    dates = [found for key in keys if (given := fields.get(key)) and (found := iso_date(given))]
    return (
        max((found for found in dates if found.startswith(dates[0])), key=len)
        if len(dates) > 1
        else next(iter(dates), None)
    )


_MONTHS = {name: number for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}


def iso_date(value: Any) -> str | None:
    """
    A date as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, as exact as it was given; None where there is none.

    >>> [iso_date(value) for value in (2024, "2024/06", "17 Jun 2024", "June 17, 2024", "2024-06-17T01:02:03Z", "soon")]
    ['2024', '2024-06', '2024-06-17', '2024-06-17', '2024-06-17', None]
    """
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    given = value if type(value) is str else _string(value)
    return _read_date(given.strip().removesuffix(".0")) if given else None


@lru_cache(4096)  # records of one input share their days
def _read_date(given: str) -> str | None:
    if found := re.match(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?!\d)", given) or re.match(
        r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", given
    ):
        return _date(*map(int, found.groups()))
    if found := re.match(r"(\d{4})[-/. ](\d{1,2})(?!\d)", given):
        return _date(int(found[1]), int(found[2]))
    if found := re.match(r"(\d{4})(?!\d)\W*(?:([A-Za-z]{3})[a-z]*\W*(\d{1,2})?(?!\d))?", given):
        return _date(int(found[1]), _MONTHS.get((found[2] or "").lower()), int(found[3]) if found[3] else None)
    if found := re.search(
        r"(?:(\d{1,2})\W+)?\b([A-Za-z]{3})[a-z]*\.?\W+(?:(\d{1,2})(?:st|nd|rd|th)?,?\W+)?(\d{4})\b", given
    ):
        day = found[1] or found[3]
        return _date(int(found[4]), _MONTHS.get(found[2].lower()), int(day) if day else None)
    if found := re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?!\d)", given):
        first, second, year = map(int, found.groups())
        if min(first, second) <= 12 < max(first, second):  # else day and month may be either, and only the year is sure
            return _date(year, min(first, second), max(first, second))
        return _date(year)
    return None


def _date(year: int, month: int | None = None, day: int | None = None) -> str | None:
    if not 1000 <= year <= 2999:
        return None
    if not month or not 1 <= month <= 12:
        return f"{year:04d}"
    try:
        return date(year, month, day).isoformat() if day else f"{year:04d}-{month:02d}"
    except ValueError:
        return f"{year:04d}-{month:02d}"


def retracted(record: Paper | Reject) -> Paper | Reject:
    """A paper of which its database says that it was retracted, flagged as though its title said so."""
    if isinstance(record, Reject):
        return record
    return replace(record, flags=text.flags(f"Retracted: {record.title}", record.abstract))
