"""Papers: searched, listed, shown, rated, exported."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response

from rag.types import JsonDict
from refdesk.paper_document import paper_document
from refdesk.serve import requests as given
from refdesk.serve.caching import PASSING
from refdesk.serve.desk import Desk
from refdesk.serve.exports import exported
from refdesk.serve.operations import TEXT, Operation, shape


class PapersApi:
    """
    The operations on papers.

    Args:
        desk: The library, and its threads.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._library = desk, desk.library

    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        page = shape("papers", "count", "facets", "next")
        paper = shape("paper_id", "title", "abstract", "authors", "sentences", "aliases", "revisions")
        return (
            Operation(
                "GET",
                "/search",
                self.search,
                "Rank the papers that match a query.",
                takes=given.Search,
                gives=shape("query", "hits", "degraded", "took_ms"),
            ),
            Operation("GET", "/papers", self.papers, "A page of papers.", takes=given.Papers, gives=page),
            Operation("GET", "/papers/{id:path}", self.paper, "A paper by any of its ids.", gives=paper),
            Operation(
                "PUT",
                "/ratings/{id:path}",
                self.rate,
                "Like or dislike a paper, or take that back.",
                takes=given.Rating,
                gives=shape("paper_id", "rating"),
            ),
            Operation(
                "GET",
                "/export",
                self.export,
                "Papers in a format of reference managers.",
                takes=given.Export,
                gives=TEXT,
                media="text/plain",
            ),
        )

    async def search(self, request: Request) -> Response:
        """Papers for a query, or those of an author."""
        asked = given.query(request, given.Search)
        began = time.perf_counter()
        hits = await given.in_thread(
            lambda: self._library.search(asked.q, limit=asked.limit, sort=asked.sort, filter=asked.filter),
            self._desk.searches,
        )
        took_ms = round((time.perf_counter() - began) * 1000, 1)
        found = [hit.to_dict() for hit in hits]
        reply = given.as_json({"query": asked.q, "hits": found, "degraded": hits.degraded, "took_ms": took_ms})
        if hits.degraded:
            reply.headers.update(PASSING)
        return reply

    async def papers(self, request: Request) -> Response:
        """A page of papers, with the facets of all of them on the first."""
        asked = given.query(request, given.Papers)

        def run() -> JsonDict:
            page = self._library.page(
                sort=asked.sort, after=asked.after, limit=asked.limit, facets=not asked.after, filter=asked.filter
            )
            return {
                "papers": [paper.to_dict() for paper in page.papers],
                "count": page.count,
                "facets": page.facets.to_dict() if page.facets else None,
                "next": page.next,
            }

        return given.as_json(await given.in_thread(run, self._desk.looks))

    async def paper(self, request: Request) -> Response:
        """A paper with its sentences and revisions."""
        found = await given.in_thread(
            lambda: paper_document(self._library, self._library.show(request.path_params["id"])), self._desk.looks
        )
        return given.as_json(found)

    async def rate(self, request: Request) -> Response:
        """Like or dislike a paper, or take that back."""
        asked = await given.body(request, given.Rating)
        id_, reader = request.path_params["id"], given.reader(request).name
        paper = await given.in_thread(lambda: self._library.rate(id_, asked.rating, reader=reader), self._desk.looks)
        return given.as_json({"paper_id": paper.paper_id, "rating": asked.rating})

    async def export(self, request: Request) -> Response:
        """Papers in a format of reference managers."""
        asked = given.query(request, given.Export)
        text = await given.in_thread(
            lambda: exported(asked.format, self._library.papers(filter=asked.filter)), self._desk.in_own_sentences
        )
        return Response(text, media_type="text/plain")
