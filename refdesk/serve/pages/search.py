"""Searching and looking through: hits of a query or all papers of a filter, with facets, and exports of both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from rag.errors import RefdeskError
from rag.types import Facets
from refdesk.library import Library
from refdesk.questions import Sort
from refdesk.render.wording import capital
from refdesk.serve import requests as given
from refdesk.serve.frame import Frame
from refdesk.serve.pages.filters import Filters

NEAREST = 100
"""So many papers a query finds."""
SHOWN = 25
"""So many papers stand on one page."""
_FACETS = (
    ("category", "Category", "categories"),
    ("tag", "Tag", "tags"),
    ("source", "Source", "sources"),
    ("year", "Year", "years"),
)
_NAMED = 12
"""So many values of a facet are named, the most frequent ones."""
_NEWEST = 5
"""So many papers stand on the page before anything is looked for."""
EXPORTS = (("bibtex", "BibTeX"), ("ris", "RIS"), ("csl", "CSL-JSON"), ("jsonl", "JSON Lines"))
_FEW = 6
"""Of more values, those of a single paper are left out."""
_SHORT = 60
"""Characters of the longest name that a facet has."""


class SearchPages:
    """
    The page of Search.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._api, self._library = frame, frame.api, frame.library
        self.routes = (("/search", self.search, "GET"),)

    async def search(self, request: Request) -> Response:
        """Papers for a query, or all of a filter, or what the library has to look through."""
        filters, asked = Filters.of(request.query_params), request.query_params
        q = asked.get("q", "").strip()
        sort: Sort = "date" if asked.get("sort") == "date" else "score"
        values: dict[str, Any] = {"q": q, "sort": sort, "given": filters, "found": None, "facets": [], "degraded": ""}
        try:
            query = given.Search(q=q, sort=sort, **filters.fields)  # refuses what is too long before it is looked for
            if q:
                page = max(1, int(asked["page"])) if re.fullmatch("[0-9]{1,6}", asked.get("page", "")) else 1
                run = lambda: _hits(self._library, query, filters, page)  # noqa: E731
            else:
                run = lambda: _listed(self._library, query, filters, asked.get("after", ""))  # noqa: E731
            values |= await given.in_thread(run, self._api.searches)
        except RefdeskError as error:
            values["problem"], values["status"] = error, given.status_of(error)
        values["chips"] = _chips(filters, q, sort)
        other = "score" if sort == "date" else "date"
        values["resorted"] = filters.at("/search", ("q", q), ("sort", other))
        return await self._frame.page(request, "search.html.j2", "/search", **values)


def _hits(library: Library, query: given.Search, filters: Filters, page: int) -> dict[str, Any]:
    hits = library.search(query.q, limit=NEAREST, sort=query.sort, filter=query.filter)
    first = (page - 1) * SHOWN
    address = filters.changed(paper=[hit.paper_id for hit in hits]).pairs
    here = (("q", query.q), ("sort", query.sort))
    return {
        "found": "hits",
        "count": len(hits),
        "degraded": f"{capital(hits.degraded['reason'])}." if hits.degraded else "",
        "first": first + 1,
        "rows": [(hit.paper, hit.best_sentence) for hit in hits[first : first + SHOWN]],
        "ids": [hit.paper_id for hit in hits],
        "facets": narrowing(Facets.of(hit.paper for hit in hits), filters, here),
        "before": filters.at("/search", *here, ("page", str(page - 1))) if page > 1 else None,
        "next": filters.at("/search", *here, ("page", str(page + 1))) if len(hits) > first + SHOWN else None,
        "exports": _exports([(name, value) for name, value in address if name == "paper"]) if hits else [],
    }


def _listed(library: Library, query: given.Search, filters: Filters, after: str) -> dict[str, Any]:
    page = library.page(filter=query.filter, sort="date", after=after, limit=SHOWN if filters else _NEWEST)
    return {
        "found": "listed" if filters else "all",
        "count": page.count,
        "first": 0 if after else 1,
        "rows": [(paper, None) for paper in page.papers],
        "ids": [],
        "facets": narrowing(page.facets, filters, ()) if page.facets else [],
        "before": filters.at("/search") if after else None,
        "next": filters.at("/search", ("after", page.next)) if page.next else None,
        "exports": _exports(filters.pairs) if page.count else [],
    }


def _exports(fields: list[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, f"/api/v1/export?{urlencode([('format', form), *fields])}") for form, name in EXPORTS]


def narrowing(
    facets: Facets, filters: Filters, here: tuple[tuple[str, str], ...], *, whole: bool = False
) -> list[dict[str, Any]]:
    """
    The facets of some papers as links, each of which sets a field.

    Args:
        facets: Of the papers.
        filters: Those in use.
        here: The other fields of the address.
        whole: Name what holds of all papers too, and so narrows nothing.
    """
    total, found = sum(facets.sources.values()), []
    for field, name, key in _FACETS:
        counts: Mapping[str, int] = getattr(facets, key)
        several = {value: count for value, count in counts.items() if count > 1 or len(counts) <= _FEW}
        values = [
            {"name": value, "count": count, "address": _narrowed(filters, field, value).at("/search", *here)}
            for value, count in list(several.items())[:_NAMED]
            if len(value) <= _SHORT and (whole or count < total)
        ]
        if values:
            found.append({"name": name, "values": values})
    return found


def _narrowed(filters: Filters, field: str, value: str) -> Filters:
    return filters.changed(since=[value], until=[value]) if field == "year" else filters.changed(**{field: [value]})


def _chips(filters: Filters, q: str, sort: str) -> list[tuple[str, str]]:
    """Each filter in words, with the address of the page without it; chosen papers are one."""
    found = [
        (f"{name} {value}", filters.without(name, value).at("/search", ("q", q), ("sort", sort)))
        for name, value in filters.pairs
        if name not in ("paper", "issue", "review")
    ]
    if filters.paper:
        some = f"{len(filters.paper)} chosen papers" if len(filters.paper) > 1 else "one paper"
        found.append((f"within {some}", filters.changed(paper=()).at("/search", ("q", q), ("sort", sort))))
    return found
