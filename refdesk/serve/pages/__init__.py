"""The pages: Ask, Search, papers, issues, reviews, the library. Each works without script; what is shown is escaped."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rag.errors import NotThere
from refdesk.serve import requests as given
from refdesk.serve.frame import Frame
from refdesk.serve.pages.ask import AskPages
from refdesk.serve.pages.filters import Filters
from refdesk.serve.pages.issues import IssuePages
from refdesk.serve.pages.paper import PaperPages
from refdesk.serve.pages.reviews import ReviewPages
from refdesk.serve.pages.search import SearchPages, narrowing


class Pages:
    """
    The pages of an open library.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._api = frame, frame.api

    def routes(self) -> list[Route]:
        """All pages."""
        rooms = (AskPages, SearchPages, PaperPages, IssuePages, ReviewPages)
        pages = [page for room in rooms for page in room(self._frame).routes]
        return [
            *(
                Route(path, self._frame.shown(page), methods=[method])
                for path, page, method in (*pages, ("/library", self.library, "GET"))
            ),
            Route("/static/{hash}/{name}", self._frame.static),
        ]

    async def library(self, request: Request) -> Response:
        """What the library holds, and how its feeds and issues do."""

        def found() -> dict[str, Any]:
            facets = self._frame.library.page(limit=1).facets
            return {
                "library": self._api.state(given.reader(request)),
                "work": self._api.imports.work(given.reader(request)),
                "facets": narrowing(facets, Filters(), (), whole=True) if facets else [],
            }

        values = await given.in_thread(found, self._api.looks)
        return await self._frame.page(request, "library.html.j2", "/library", **values)

    async def missing(self, request: Request) -> Response:
        """There is no such page."""
        problem = NotThere("There is nothing at this address.", hint="The pages are named above.")
        return await self._frame.page(request, "error.html.j2", "", status=404, problem=problem)
