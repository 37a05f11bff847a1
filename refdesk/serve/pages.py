"""The pages: Ask, Search, a paper, the issues, the library. Each works without script; what is shown is escaped."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rag.errors import BadQuestion, NotThere, RefdeskError
from rag.types import JsonDict
from refdesk.questions import Sort
from refdesk.serve import requests as given
from refdesk.serve import views
from refdesk.serve.api import LAST_ANSWERS
from refdesk.serve.frame import Frame, paper_path


class Pages:
    """
    The pages of an open library.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._api, self._library = frame, frame.api, frame.library

    def routes(self) -> list[Route]:
        """All pages."""
        pages = (
            ("/", self.ask, "GET"),
            ("/", self.asked, "POST"),
            ("/answers", self.answers, "GET"),
            ("/answers/{id}", self.answer, "GET"),
            ("/search", self.search, "GET"),
            ("/papers/{id:path}", self.paper, "GET"),
            ("/rate", self.rate, "POST"),
            ("/issues", self.issues, "GET"),
            ("/issues/{subscription}/{period}", self.issue, "GET"),
            ("/library", self.library, "GET"),
        )
        return [
            *(Route(path, self._frame.shown(page), methods=[method]) for path, page, method in pages),
            Route("/static/{hash}/{name}", self._frame.static),
        ]

    # ---- asking

    async def ask(self, request: Request) -> Response:
        """The question, still empty."""
        return await self._frame.page(request, "ask.html.j2", "/", question="", given=_Filters({}))

    async def asked(self, request: Request) -> Response:
        """A question from the form: answered, and shown under its permalink where answers are kept."""
        form = await request.form()
        question = str(form.get("question", "")).strip()
        filters = _Filters(_fields(form))
        after = str(form.get("after", "")).strip()
        try:
            if not question:
                raise BadQuestion("There is no question.", hint="Write one, or the words of a topic.")
            if after:
                question = await given.in_thread(lambda: self._library.condense([after], question), self._api.questions)
            asked = given.Asked(question=question, filter=given.Filtered(**filters.fields))
            document = await self._api.answered(asked, given.reader(request))
        except RefdeskError as error:
            return await self._frame.page(
                request,
                "ask.html.j2",
                "/",
                status=given.status_of(error),
                question=question,
                given=filters,
                problem=error,
            )
        keeps = self._frame.shelf(request).keeps
        if keeps and not filters.any:
            return RedirectResponse(f"/answers/{document['id']}", 303)
        return await self._answer(request, document, filters, kept=keeps)

    async def answers(self, request: Request) -> Response:
        """The reader's last questions."""
        kept = await given.in_thread(lambda: self._frame.shelf(request).answers(limit=LAST_ANSWERS), self._api.searches)
        return await self._frame.page(request, "answers.html.j2", "/", kept=kept)

    async def answer(self, request: Request) -> Response:
        """A kept answer."""
        id_ = request.path_params["id"]
        kept = await given.in_thread(lambda: self._frame.shelf(request).answer(id_), self._api.searches)
        if kept is None:
            raise NotThere("This answer is not kept, or no longer.", hint="Ask the question again.")
        return await self._answer(request, kept.document, _Filters({}), kept=True)

    async def _answer(self, request: Request, document: JsonDict, filters: _Filters, *, kept: bool) -> Response:
        reader = given.reader(request).name
        shown = await given.in_thread(
            lambda: views.answer(self._library, document, kept=kept, reader=reader), self._api.searches
        )
        back = f"/answers/{document['id']}" if kept else "/"
        question = document["question"]
        return await self._frame.page(
            request, "ask.html.j2", "/", question=question, given=filters, answer=shown, back=back
        )

    # ---- looking

    async def search(self, request: Request) -> Response:
        """Papers for a query."""
        values = {name: request.query_params.getlist(name) for name in request.query_params}
        filters = _Filters(values)
        q = request.query_params.get("q", "").strip()
        sort: Sort = "date" if request.query_params.get("sort") == "date" else "score"
        more: dict[str, Any] = {"q": q, "sort": sort, "given": filters, "hits": [], "searched": False}
        if q or filters.any:
            try:
                asked = given.Search(q=q, sort=sort, limit=30, **filters.fields)
                more["hits"] = await given.in_thread(
                    lambda: self._library.search(asked.q, limit=asked.limit, sort=asked.sort, filter=asked.filter),
                    self._api.searches,
                )
                more["searched"] = True
            except RefdeskError as error:
                more["problem"] = error
        fields = [("q", q), *((name, value) for name, found in filters.several.items() for value in found)]
        other = "score" if sort == "date" else "date"
        more["resorted"] = f"/search?{urlencode([*fields, ('sort', other)])}"
        papers = [("paper", hit.paper_id) for hit in more["hits"]]
        more["exported"] = f"/api/v1/export?{urlencode([('format', 'bibtex'), *papers])}"
        return await self._frame.page(request, "search.html.j2", "/search", **more)

    async def paper(self, request: Request) -> Response:
        """A paper."""

        def found() -> dict[str, Any]:
            paper = self._library.show(request.path_params["id"])
            return {
                "paper": paper,
                "revisions": self._library.revisions(paper.paper_id),
                "rated": self._frame.shelf(request).ratings().get(paper.paper_id, 0),
                "export": f"/api/v1/export?{urlencode({'paper': paper.paper_id})}&format=",
                "back": paper_path(paper.paper_id),
            }

        return await self._frame.page(
            request, "paper.html.j2", "/search", **await given.in_thread(found, self._api.searches)
        )

    async def rate(self, request: Request) -> Response:
        """Rate a paper, and go back."""
        form = await request.form()
        paper, rating = str(form.get("paper", "")), str(form.get("rating", ""))
        if rating not in ("-1", "0", "1"):
            raise BadQuestion(f"{rating[:20]!r} is no rating.", hint="Go back, and press a button of the page.")
        await given.in_thread(
            lambda: self._library.rate(paper, int(rating), reader=given.reader(request).name), self._api.searches
        )
        back = str(form.get("back", "/"))
        is_ours = back.startswith("/") and not back.startswith(("//", "/\\"))
        return RedirectResponse(back if is_ours and back.isprintable() else "/", 303)

    async def issues(self, request: Request) -> Response:
        """The stored issues."""
        reader = given.reader(request).name
        kept = await given.in_thread(lambda: self._library.issues.stored(reader), self._api.searches)
        return await self._frame.page(request, "issues.html.j2", "/issues", issues=kept)

    async def issue(self, request: Request) -> Response:
        """A stored issue, in a frame of its own."""
        subscription, period = request.path_params["subscription"], request.path_params["period"]
        reader = given.reader(request).name
        kept = await given.in_thread(lambda: self._library.issues.stored(reader), self._api.searches)
        own = [each for each in kept if each.subscription == subscription]
        at = next((row for row, each in enumerate(own) if each.period == period), None)
        if at is None:
            raise NotThere(
                f"No issue {period[:40]} of “{subscription[:80]}” is stored.", hint="“Issues” lists those that are."
            )
        return await self._frame.page(
            request,
            "issue.html.j2",
            "/issues",
            issue=own[at],
            earlier=own[at + 1] if at + 1 < len(own) else None,
            later=own[at - 1] if at else None,
            form=f"/api/v1/issues/{quote(subscription)}/{quote(period)}",
        )

    async def library(self, request: Request) -> Response:
        """What the library holds, and how its feeds and issues do."""
        found = await given.in_thread(lambda: self._api.state(given.reader(request)), self._api.searches)
        return await self._frame.page(request, "library.html.j2", "/library", library=found)

    async def missing(self, request: Request) -> Response:
        """There is no such page."""
        problem = NotThere("There is nothing at this address.", hint="The pages are named above.")
        return await self._frame.page(request, "error.html.j2", "", status=404, problem=problem)


class _Filters:
    """The filters of a form, as a template shows them and as a request takes them."""

    def __init__(self, values: Mapping[str, list[str]]) -> None:
        self.several = {
            name: [each.strip() for each in values.get(name, []) if each.strip()]
            for name in given.Filtered.model_fields
        }
        self.fields: dict[str, Any] = {
            name: found if name not in ("since", "until") else found[-1]
            for name, found in self.several.items()
            if found
        }
        self.any = bool(self.fields)

    def __getattr__(self, name: str) -> Any:
        found = self.several[name]
        return (found[-1] if found else None) if name in ("since", "until") else found


def _fields(form: FormData) -> dict[str, list[str]]:
    return {name: [str(value) for value in form.getlist(name)] for name in form}
