"""What users name: papers by any of their ids, days as exact as they like, and filters made of both."""

from __future__ import annotations

import re
from dataclasses import replace

from rag import identity
from rag.errors import BadFilter, PaperNotFound
from rag.types import Filter
from stores.sql.catalog import SQLCatalog


def checked_filter(catalog: SQLCatalog, filter_: Filter) -> Filter:
    """A filter with dates in one form and papers by their own ids. Raises BadFilter, PaperNotFound."""
    if not filter_:
        return filter_
    since = filter_.since and day(filter_.since, "since")
    until = filter_.until and day(filter_.until, "until")
    if since and until and since[: len(until)] > until[: len(since)]:
        raise BadFilter(
            f"The filter ends at {until}, before it begins at {since}.",
            hint="Exchange --since and --until.",
        )
    return replace(
        filter_, since=since, until=until, papers=tuple(resolve_paper(catalog, name) for name in filter_.papers)
    )


def resolve_paper(catalog: SQLCatalog, name: str) -> str:
    """A paper's id by any of its ids; the scheme may be left out where that is clear. Raises PaperNotFound."""
    name = name.strip()
    arxiv = identity.arxiv_id(name, named=True)
    names = [name, *identity.scheme_ids(name), *([f"arxiv:{arxiv[0]}"] if arxiv else [])]
    found = catalog.resolve(names)
    ids = [found[each] for each in names if each in found] or catalog.ending(name)
    if len(set(ids)) > 1 and name not in found:
        raise PaperNotFound(
            f"“{name}” is the end of several ids: {', '.join(sorted(set(ids))[:5])}.",
            hint="Give the whole id.",
        )
    if not ids:
        raise PaperNotFound(
            f"No paper of the library has the id “{name[:200]}”.",
            hint="`refdesk search WORDS` shows ids.",
        )
    return ids[0]


def day(given: str, name: str) -> str:
    """A date of an option in ISO form, as exact as it was given. Raises BadFilter."""
    from rag.sources.records import iso_date

    if not (date := iso_date(given)) or date.count("-") < len(re.findall(r"[-/ .]\w", given)):
        raise BadFilter(f"“{given}” is no date (--{name}).", hint="Write it as 2024, 2024-06 or 2024-06-17.")
    return date
