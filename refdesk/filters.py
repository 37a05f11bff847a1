"""Resolve what a user names: papers by id or title, dates, authors, and filters made of these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from rag import identity
from rag.authors import parse_name, readings
from rag.errors import BadFilter, PaperNotFound
from rag.question import Understood
from rag.types import Filter
from refdesk.near_names import MOST, near_names
from stores.sql.catalog import SQLCatalog

_MOST_TITLES = 10
"""The most titles that an error lists."""
_LONGEST_NAME = 2_000
"""Characters of the longest name that is looked up; SQLite refuses patterns above 50,000 bytes."""
_MOST_WORDS = 500
"""The most words of a title that are looked up; SQLite takes fewer than 1,000 conditions."""
_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half of a character, as Python makes of bytes on a command line that are no text; no database takes it."""


def checked_filter(catalog: SQLCatalog, filter_: Filter) -> Filter:
    """
    Check a filter: dates in ISO form, papers by their canonical ids.

    Raises:
        BadFilter: A date is not valid, or no paper has one of the categories, tags, sources or authors; the hint names
            near ones as the papers spell them.
        PaperNotFound: The library lacks a paper.
    """
    if not filter_:
        return filter_
    since = filter_.since and day(filter_.since, "since")
    until = filter_.until and day(filter_.until, "until")
    filter_ = replace(
        filter_,
        categories=_names(filter_.categories),
        tags=_names(filter_.tags),
        sources=_names(filter_.sources),
        papers=_names(filter_.papers),
        authors=_names(filter_.authors),
    )
    if since and until and since[: len(until)] > until[: len(since)]:
        raise BadFilter(
            f"The filter ends at {until}, before it begins at {since}.",
            hint="Exchange since and until.",
        )
    for kind, names in (("category", filter_.categories), ("tag", filter_.tags), ("source", filter_.sources)):
        for name in names:
            if not catalog.has_label(kind, name) and catalog.count():
                raise _unknown(kind, name, near_labels(catalog, kind, name))
    for name in filter_.authors:
        if not catalog.has_author(name) and catalog.count():
            raise _unknown("author", name, near_authors(catalog, name))
    return replace(
        filter_, since=since, until=until, papers=tuple(resolve_paper(catalog, name) for name in filter_.papers)
    )


def _names(given: Sequence[str]) -> tuple[str, ...]:
    """Names as a database takes them, each once: looking up a thousand takes half a second."""
    return tuple(dict.fromkeys(_text(name) for name in given))


def _text(name: str) -> str:
    return _SURROGATE.sub("\ufffd", name)


def near_labels(catalog: SQLCatalog, kind: str, name: str) -> list[str]:
    """Categories, tags or sources that are like a name, as a paper spells them."""
    known = catalog.label_names(kind)
    near = near_names(name.lower(), known)
    papers = catalog.papers([known[label] for label in near])
    spelled = {
        each.lower(): each
        for paper in papers.values()
        for each in (paper.categories if kind == "category" else paper.tags if kind == "tag" else (paper.source,))
    }
    return [spelled.get(label, label) for label in near]


def near_authors(catalog: SQLCatalog, name: str) -> list[str]:
    """Authors of the library whose names are like a name, as a paper spells them."""
    known = catalog.author_keys()
    near = dict.fromkeys(key for reading in readings(name) for key in near_names(reading.key, known))
    papers = catalog.papers([known[key] for key in near])
    spelled = {parsed.key: each for paper in papers.values() for each in paper.authors if (parsed := parse_name(each))}
    return [spelled[key] for key in near if key in spelled][:MOST]


def known_authors(catalog: SQLCatalog, names: Sequence[str]) -> tuple[str, ...]:
    """Those of the names by which the library has a paper."""
    return tuple(name for name in names if catalog.has_author(name))


def narrowed(filter_: Filter, asked: Understood) -> Filter:
    """A filter narrowed to the span that a question names."""
    since = max(filter(None, (filter_.since, asked.since)), default=None)
    until = min(filter(None, (filter_.until, asked.until)), default=None)
    return replace(filter_, since=since, until=until)


def _unknown(kind: str, name: str, near: Sequence[str]) -> BadFilter:
    listed = ", ".join(each[:60] for each in near)
    none_is_near = {
        "author": "Give the name as the papers have it; `refdesk show PAPER` lists a paper's authors.",
        "tag": "`refdesk add --tag` gives papers a tag.",
    }
    what = f"is by “{name[:60]}”" if kind == "author" else f"has the {kind} “{name[:60]}”"
    return BadFilter(
        f"No paper of the library {what}.",
        hint=f"Near it: {listed}." if near else none_is_near.get(kind, "`refdesk status` lists what there is."),
    )


def resolve_paper(catalog: SQLCatalog, name: str) -> str:
    """
    Find the id of the paper that a user names.

    Args:
        catalog: The library's catalog.
        name: Any id of the paper, where the scheme may be left out, or words of its title.

    Raises:
        PaperNotFound: No paper has this id or these words in its title, or several papers have.
    """
    name = _text(name.strip())
    if paper_id := resolve_id(catalog, name):
        return paper_id
    if title_words(name):
        return _by_title(catalog, name)
    raise PaperNotFound(
        f"No paper of the library has the id “{name[:200]}”.",
        hint="`refdesk search WORDS` shows ids.",
    )


def resolve_id(catalog: SQLCatalog, name: str) -> str | None:
    """Find the canonical id of a paper by any of its ids. Raises PaperNotFound where the name is the end of several."""
    name = _text(name)
    if len(name) > _LONGEST_NAME:
        return None
    arxiv = identity.arxiv_id(name, named=True)
    ids = [name, *identity.scheme_ids(name), *([f"arxiv:{arxiv[0]}"] if arxiv else [])]
    known = catalog.resolve(ids)
    paper_ids = [known[each] for each in ids if each in known] or catalog.ending(name)
    if len(set(paper_ids)) > 1 and name not in known:
        raise PaperNotFound(
            f"“{name}” is the end of several ids: {', '.join(sorted(set(paper_ids))[:5])}.",
            hint="Give the whole id.",
        )
    return paper_ids[0] if paper_ids else None


def title_words(name: str) -> bool:
    """
    Tell whether a name can be words of a title: several words, or one without a sign or digit of an id.

    >>> title_words("sparse attention"), title_words("grokking"), title_words("arxiv:2406.11741")
    (True, True, False)
    """
    return bool(re.search(r"\s", name)) or not re.search(r"[:/\d]", name)


def _by_title(catalog: SQLCatalog, name: str) -> str:
    key = identity.normalised_title(name) if len(name) <= _LONGEST_NAME else ""
    words = key.split()
    titles = catalog.titled(words, limit=_MOST_TITLES + 1) if 0 < len(words) <= _MOST_WORDS else {}
    same = [paper_id for paper_id, title in titles.items() if identity.normalised_title(title) == key]
    if len(titles) == 1 or len(same) == 1:
        return next(iter(same or titles))
    if not titles:
        raise PaperNotFound(
            f"No paper of the library has the id “{name[:200]}” or these words in its title.",
            hint="`refdesk search WORDS` shows ids.",
        )
    listed = [f"{paper_id} “{title[:80]}”" for paper_id, title in titles.items()][:_MOST_TITLES]
    more = ", and more" if len(titles) > _MOST_TITLES else ""
    raise PaperNotFound(
        f"Several papers have “{name[:200]}” in their titles: {', '.join(listed)}{more}.",
        hint="Give one of these ids, or more words.",
    )


def day(given: str, name: str) -> str:
    """Turn the date of an option into ISO form, as exact as it was given. Raises BadFilter."""
    from rag.sources.records import iso_date

    if not (date := iso_date(given)) or date.count("-") < len(re.findall(r"[-/ .]\w", given)):
        raise BadFilter(f"“{given[:60]}” is not a date for “{name}”.", hint="Write it as 2024, 2024-06 or 2024-06-17.")
    return date
