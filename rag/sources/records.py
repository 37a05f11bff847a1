"""
Make a Paper, or a Reject, of the named fields of one record: cleaning, ids, dates, names, limits.

Every importer ends here, so that a paper is the same whichever format it came in. Nothing here reads a format.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from rag import identity, text
from rag.sources import furniture, tex, western
from rag.sources.usage import Usage
from rag.sources.values import as_names, as_terms, as_text
from rag.types import Paper, Reject

MIN_ABSTRACT_CHARS = 10
MAX_ABSTRACT_CHARS = 50_000
MAX_TITLE_CHARS = 20_000
SHORT_CHARS = 500
"""What stands in place of an abstract is shorter."""
NO_ABSTRACT = "no abstract"
COLUMNS = """
    id _id arxiv_id doi pmid pmcid title abstract summary text authors url date published year updated listed
    categories tags venue aliases
    """.split()
"""The names of the columns of tables and of the keys of JSON."""
MONTHS = tuple("jan feb mar apr may jun jul aug sep oct nov dec".split())

_EXPORTS = frozenset(
    "bibtex ris endnote endnote_xml wos zotero_rdf mods refworks csv embase json europepmc biorxiv".split()
)
"""Formats of files that pass through programs of many kinds, of which some spoil the text; data sets are JSON Lines."""

_PMID = re.compile(r"(?:pmid:?)?\s*0*([1-9]\d{0,8})(?:\.0)?", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z]+(?:-[a-z]+)?\.[A-Za-z-]+|[a-z]+-[a-z]+")
_DOI = re.compile(r"\s*(?:https?:|(?:doi:\s*)?10\.\d{4,9}/)", re.IGNORECASE)
_EPOCH_MS = re.compile(r"1[0-8]\d{11}")
_LINK = re.compile(r"https?://[^\s\"<>\\^`{|}]{3,2000}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """
    What holds for all records of an input.

    Args:
        name: The input's name without folder and extensions; ids of no known scheme are scoped to it.
        source: The format's name, kept with each paper.
        today: The day of the import, ISO.
        listed: The listing date for records that have none, ISO.
        tags: Tags that each paper gets besides its own.
        keep_without_abstract: Whether a record without an abstract is a paper with an empty one, not a Reject.
        usage: Where parsers note what they used of the input.
    """

    name: str
    source: str
    today: str
    listed: str | None = None
    tags: tuple[str, ...] = ()
    keep_without_abstract: bool = False
    usage: Usage = field(default_factory=Usage, compare=False)


def make_paper(fields: Mapping[str, Any], where: str, context: Context) -> Paper | Reject:
    """
    Make a Paper of one record's fields, or a Reject that says why not.

    Args:
        fields: Values by the names in `COLUMNS`: text, numbers or lists as the format has them; authors may be objects.
        where: The record's place in the input, for the Reject.
        context: What holds for the whole input.
    """
    title = ""
    try:
        title = _prose(fields.get("title"))
        abstract = _prose(fields.get("abstract")) or _prose(fields.get("summary")) or _prose(fields.get("text"))
        url = web_link(fields.get("url"))
        details = _details(fields, context)
        reason = _reject_reason(title, abstract, details["authors"])
        if context.source in _EXPORTS and not (title.isascii() and abstract.isascii()):
            reason = reason or western.nonsense(f"{title}\n{abstract}")
        is_bare = reason == NO_ABSTRACT and context.keep_without_abstract
        if is_bare:
            abstract, reason = "", None
        ids = _ids(fields, url, context) or [_title_id(title, details) if is_bare else identity.title_id(title)]
        ids = ids[:1] if ids.count(ids[0]) == len(ids) else sorted(set(ids), key=identity.rank)
    except text.UnprintableText as error:
        return Reject(where=where, reason=str(error), title=printable(title or as_text(fields.get("title"))))
    if reason:
        return Reject(where=where, reason=reason, title=printable(title))
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


def without_abstract(paper: Paper) -> Paper:
    """The paper with its title only, where what stood in place of its abstract was none."""
    ids = [paper_id for paper_id in paper.aliases if not paper_id.startswith("title:")]
    ids = ids or [_title_id(paper.title, {"authors": paper.authors, "published": paper.published})]
    flags = text.flags(paper.title, "")
    return replace(paper, paper_id=ids[0], aliases=tuple(ids), abstract="", flags=flags, spans=(), roles=())


def _title_id(title: str, details: Mapping[str, Any]) -> str:
    """The id of a paper that has neither another one nor an abstract: its authors and year tell it from others."""
    return identity.title_id(title, "\n".join((*details["authors"], "", (details["published"] or "")[:4])))


def _prose(value: Any) -> str:
    """A value as clean text, with TeX accents decoded."""
    if not value:
        return ""
    clean = text.clean(value if type(value) is str else as_text(value))
    if "\\" not in clean or (decoded := tex.decode_accents(clean)) == clean:
        return clean
    return text.clean(decoded)


def _clean_all(values: Sequence[str]) -> tuple[str, ...]:
    """Each text as `_prose` gives it, without those that are empty then."""
    joined = " ".join(values)
    if joined and "\\" not in joined and text.is_plain(joined):  # most are, and one check is faster than many
        return tuple(values)
    return tuple(filter(None, map(_prose, values)))


def _version(fields: Mapping[str, Any]) -> int | None:
    """The version in the first field that holds an arXiv id."""
    for key in ("arxiv_id", "id", "_id", "url"):
        value = fields.get(key)
        if value and (arxiv := identity.arxiv_id(_arxiv(value), named=key == "arxiv_id")):
            return arxiv[1]
    return None


def exported_fields(text: str) -> dict[str, Any]:
    """
    The fields that our own export writes as JSON into one field of a format that cannot hold them otherwise.

    Args:
        text: The JSON, as `refdesk.render.export` writes it. Any other text gives no fields.

    >>> exported_fields('{"listed": "2026-06-17", "source": "x"}'), exported_fields("a note")
    ({'listed': '2026-06-17'}, {})
    """
    try:
        fields = json.loads(text) if text.startswith("{") else {}
    except (ValueError, RecursionError):
        return {}
    return {key: fields[key] for key in COLUMNS if key in fields}


def column_name(key: str) -> str:
    """
    A column's name or a key as `COLUMNS` has it: lower case, with underscores for spaces.

    >>> column_name(" arXiv ID")
    'arxiv_id'
    """
    return key if key in COLUMNS else key.strip().lower().replace(" ", "_")


def _reject_reason(title: str, abstract: str, names: Sequence[str]) -> str | None:
    """Why these are no paper; None if they are. `names` are the authors."""
    if not title:
        return "no title"
    if len(title) > MAX_TITLE_CHARS:
        return f"the title has {len(title):,} characters; the limit is {MAX_TITLE_CHARS:,}"
    if not abstract or (len(abstract) < SHORT_CHARS and furniture.is_furniture(abstract, title, names)):
        return NO_ABSTRACT
    is_word = len(abstract) < SHORT_CHARS and " " not in abstract and abstract.isascii()
    if is_word or len(abstract) < MIN_ABSTRACT_CHARS or not any(map(str.isalpha, abstract)):
        return f"the abstract {abstract!r} is too short to be one"
    if len(abstract) > MAX_ABSTRACT_CHARS:
        return f"the abstract has {len(abstract):,} characters; the limit is {MAX_ABSTRACT_CHARS:,}"
    return None


def _details(fields: Mapping[str, Any], context: Context) -> dict[str, Any]:
    tags = _clean_all(as_terms(fields.get("tags"), r"[;,]"))
    categories = fields.get("categories")
    categories = _categories(categories) if isinstance(categories, str) else as_terms(categories, ",")
    return {
        "authors": _clean_all(as_names(fields.get("authors"))),
        "published": _first_date(fields, "published", "date", "year"),
        "updated": iso_date(fields.get("updated")),
        "listed": iso_date(fields.get("listed")) or context.listed,
        "venue": _prose(fields.get("venue")) or None,
        "categories": tuple(dict.fromkeys(_clean_all(categories))),
        "tags": tuple(dict.fromkeys([*tags, *context.tags])) if tags else context.tags,
    }


def _categories(value: str) -> list[str]:
    """Categories; a comma parts them if no semicolon does, and a space only codes such as `cs.LG math-ph`."""
    terms = as_terms(value, ";" if ";" in value else ",")
    parted: list[str] = []
    for term in terms:
        words = term.split()
        parted += words if all(map(_CODE.fullmatch, words)) else [term]
    return parted


def _ids(fields: Mapping[str, Any], url: str | None, context: Context) -> list[str]:
    """All ids of the record; an id of no known scheme is scoped to the file."""
    ids: list[str] = []
    if (value := fields.get("arxiv_id")) and (arxiv := identity.arxiv_id(_arxiv(value), named=True)):
        ids.append(f"arxiv:{arxiv[0]}")
    if (value := fields.get("doi")) and (doi := text.clean(as_text(value))):
        ids += identity.scheme_ids(doi) or identity.scheme_ids(f"doi:{doi}")
    if (value := fields.get("pmid")) and (pmid := _PMID.fullmatch(as_text(value).strip())):
        ids.append(f"pmid:{pmid[1]}")
    if (value := fields.get("pmcid")) and (pmcid := identity.pmcid(as_text(value))):
        ids.append(pmcid)
    for key in ("id", "_id"):
        if (value := fields.get(key)) is not None and (local_id := text.clean(as_text(value))[:200]):
            ids += identity.scheme_ids(local_id) or [f"file:{context.name}:{local_id}"]
    for alias in aliases if isinstance(aliases := fields.get("aliases"), list) else ():
        ids += identity.scheme_ids(text.clean(as_text(alias)))
    return ids + identity.scheme_ids(url) if url else ids


def _arxiv(value: Any) -> str:
    """An arXiv id with the zeros that a spreadsheet dropped, because it read a number: `2406.1174` was 2406.11740."""
    arxiv_id = as_text(value).strip()
    if len(arxiv_id) > len("704.12345"):
        return arxiv_id
    month, dot, number = arxiv_id.partition(".")
    if not (dot and month.isdecimal() and number.isdecimal() and len(month) in (3, 4)):
        return arxiv_id
    return f"{month:0>4}.{number:0<{5 if month >= '1501' and len(month) == 4 else 4}}"


def _link(paper_id: str) -> str | None:
    """The URL of a paper's page by its id; None for an id without a page."""
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
    """The value if it is an http(s) link that is safe to print, else None."""
    link = as_text(value).strip()
    return link if _LINK.fullmatch(link) and link.isprintable() else None


def printable(text: str) -> str | None:
    """The first 200 characters of a text, with U+FFFD for those that a terminal cannot print; None if it is empty."""
    return "".join(char if char.isprintable() else "�" for char in text)[:200] or None


def _first_date(fields: Mapping[str, Any], *keys: str) -> str | None:
    """The first valid date among the fields, or a more exact one of them that begins with it."""
    dates = [day for key in keys if (value := fields.get(key)) and (day := iso_date(value))]
    return max((day for day in dates if day.startswith(dates[0])), key=len, default=None)


_MONTH_NUMBERS = {name: number for number, name in enumerate(MONTHS, 1)}


def iso_date(value: Any) -> str | None:
    """
    A date as `YYYY`, `YYYY-MM` or `YYYY-MM-DD`, as exact as the value; None if it is no date.

    >>> [iso_date(value) for value in (2024, "2024/06", "17 Jun 2024", "June 17, 2024", "2024-06-17T01:02:03Z", "soon")]
    ['2024', '2024-06', '2024-06-17', '2024-06-17', '2024-06-17', None]
    """
    if value is None:
        return None
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    date_text = value if type(value) is str else as_text(value)
    return _parse_date(date_text.strip().removesuffix(".0")) if date_text else None


@lru_cache(4096)  # records of one input share their days
def _parse_date(value: str) -> str | None:
    if _DOI.match(value):  # which may have a year in it
        return None
    if _EPOCH_MS.fullmatch(value):  # milliseconds since 1970, as OpenReview writes them, until 2030
        return datetime.fromtimestamp(int(value[:10]), UTC).date().isoformat()
    # 2024-06-17, 20240617, 2024/6/7
    if found := re.match(r"(\d{4})[-/.]?(\d{2})[-/.]?(\d{2})(?!\d)", value) or re.match(
        r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)", value
    ):
        return _date(*map(int, found.groups()))
    # 2024-06
    if found := re.match(r"(\d{4})[-/. ](\d{1,2})(?!\d)", value):
        return _date(int(found[1]), int(found[2]))
    # 2024, 2024 Jun, 2024 June 17
    if found := re.match(r"(\d{4})(?!\d)\W*(?:([A-Za-z]{3})[a-z]*\W*(\d{1,2})?(?!\d))?", value):
        return _date(int(found[1]), _MONTH_NUMBERS.get((found[2] or "").lower()), int(found[3]) if found[3] else None)
    # 17 Jun 2024, June 17, 2024, Mon, 17 Jun 2024, Jun2024
    if found := re.search(
        r"(?:(\d{1,2})\W+)?\b([A-Za-z]{3})[a-z]*\.?\W*(?:(?<=\W)(\d{1,2})(?:st|nd|rd|th)?,?\W+)?(\d{4})\b", value
    ):
        day = found[1] or found[3]
        return _date(int(found[4]), _MONTH_NUMBERS.get(found[2].lower()), int(day) if day else None)
    # 17/06/2024, 06/17/2024
    if found := re.match(r"(\d{1,2})[-/.](\d{1,2})[-/.](\d{4})(?!\d)", value):
        first, second, year = map(int, found.groups())
        if min(first, second) <= 12 < max(first, second):  # else either may be the day, and only the year is sure
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


def flag_retracted(record: Paper | Reject) -> Paper | Reject:
    """Flag a paper that its database calls retracted, as if its title said so."""
    if isinstance(record, Reject):
        return record
    return replace(record, flags=text.flags(f"Retracted: {record.title}", record.abstract))
