"""Resolve what a user names: a paper by any of its ids or by its title, a date, and filters made of both."""

from __future__ import annotations

import re
from dataclasses import replace

from rag import identity
from rag.errors import BadFilter, PaperNotFound
from rag.types import Filter
from stores.sql.catalog import SQLCatalog

_MOST_TITLES = 10
"""The most titles that an error lists."""
_LONGEST_NAME = 2_000
"""Characters of the longest name that is looked up; SQLite refuses patterns above 50,000 bytes."""
_MOST_WORDS = 500
"""The most words of a title that are looked up; SQLite takes fewer than 1,000 conditions."""


def checked_filter(catalog: SQLCatalog, filter_: Filter) -> Filter:
    """Check a filter: dates in ISO form, papers by their canonical ids. Raises BadFilter, PaperNotFound."""
    if not filter_:
        return filter_
    since = filter_.since and day(filter_.since, "since")
    until = filter_.until and day(filter_.until, "until")
    if since and until and since[: len(until)] > until[: len(since)]:
        raise BadFilter(
            f"The filter ends at {until}, before it begins at {since}.",
            hint="Exchange since and until.",
        )
    return replace(
        filter_, since=since, until=until, papers=tuple(resolve_paper(catalog, name) for name in filter_.papers)
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
    name = name.strip()
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
        raise BadFilter(f"“{given}” is not a date for “{name}”.", hint="Write it as 2024, 2024-06 or 2024-06-17.")
    return date
