"""The pages: Ask, Search, a paper, the issues, the library. Each works without script; what is shown is escaped."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache, wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from jinja2 import Environment
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from rag import identity
from rag.errors import BadQuestion, PaperNotFound, RefdeskError
from rag.types import JsonDict
from refdesk.questions import Sort
from refdesk.render import wording
from refdesk.render.templates import environment
from refdesk.render.tex import readable
from refdesk.serve import requests as given
from refdesk.serve import views
from refdesk.serve.api import LAST_ANSWERS, Api
from refdesk.serve.sessions import COOKIE, SESSION_S, Sessions

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_NAMED_AUTHORS = 3


@cache
def static_path() -> str:
    """Where the static files are: a path that changes with their content, so that browsers may keep them."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_STATIC.iterdir()))).hexdigest()
    return f"/static/{digest[:16]}/"


@cache
def _templates() -> Environment:
    room = environment(_HERE / "templates")
    room.filters |= {
        "tex": lambda text: wording.plain(readable(text)),
        "plain": wording.plain,
        "weblink": wording.link,
        "pdf": lambda paper: identity.pdf_url((paper.paper_id, *paper.aliases), paper.url),
        "authors": _authors,
        "paper_path": _paper_path,
    }
    return room


def _authors(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED_AUTHORS} more" if len(names) > _NAMED_AUTHORS else ""
    return wording.plain(", ".join(names[:_NAMED_AUTHORS])) + more


def _paper_path(paper_id: str) -> str:
    return f"/papers/{quote(paper_id, safe=':/')}"


class Pages:
    """
    The pages of an open library.

    Args:
        api: Asks the library, within the limits that its endpoints keep.
        sessions: Signs readers in; None where nobody need sign in.
        secure: Cookies over https only.
    """

    def __init__(self, api: Api, sessions: Sessions | None, *, secure: bool) -> None:
        self._api, self._library, self._sessions, self._secure = api, api.library, sessions, secure

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
            *(Route(path, self._shown(page), methods=[method]) for path, page, method in pages),
            Route("/sign-in", self.sign_in),
            Route("/static/{hash}/{name}", self.static),
        ]

    # ---- asking

    async def ask(self, request: Request) -> Response:
        """The question, still empty."""
        return await self._page("ask.html.j2", "/", question="", given=_Filters({}))

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
            document = await self._api.answered(given.Asked(question=question, filter=given.Filtered(**filters.fields)))
        except RefdeskError as error:
            return await self._page(
                "ask.html.j2",
                "/",
                status=given.status_of(error),
                question=question,
                given=filters,
                problem=error,
            )
        if self._library.shelf.keeps and not filters.any:
            return RedirectResponse(f"/answers/{document['id']}", 303)
        kept = self._library.shelf.keeps
        return await self._answer(document, filters, kept=kept)

    async def answers(self, request: Request) -> Response:
        """The reader's last questions."""
        kept = await given.in_thread(lambda: self._library.shelf.answers(limit=LAST_ANSWERS), self._api.searches)
        return await self._page("answers.html.j2", "/", kept=kept)

    async def answer(self, request: Request) -> Response:
        """A kept answer."""
        id_ = request.path_params["id"]
        kept = await given.in_thread(lambda: self._library.shelf.answer(id_), self._api.searches)
        if kept is None:
            raise PaperNotFound("This answer is not kept, or no longer.", hint="Ask the question again.")
        return await self._answer(kept.document, _Filters({}), kept=True)

    async def _answer(self, document: JsonDict, filters: _Filters, *, kept: bool) -> Response:
        shown = await given.in_thread(lambda: views.answer(self._library, document, kept=kept), self._api.searches)
        back = f"/answers/{document['id']}" if kept else "/"
        question = document["question"]
        return await self._page("ask.html.j2", "/", question=question, given=filters, answer=shown, back=back)

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
        return await self._page("search.html.j2", "/search", **more)

    async def paper(self, request: Request) -> Response:
        """A paper."""

        def found() -> dict[str, Any]:
            paper = self._library.show(request.path_params["id"])
            return {
                "paper": paper,
                "revisions": self._library.revisions(paper.paper_id),
                "rated": self._library.issues.ratings().get(paper.paper_id, 0),
                "export": f"/api/v1/export?{urlencode({'paper': paper.paper_id})}&format=",
                "back": _paper_path(paper.paper_id),
            }

        return await self._page("paper.html.j2", "/search", **await given.in_thread(found, self._api.searches))

    async def rate(self, request: Request) -> Response:
        """Rate a paper, and go back."""
        form = await request.form()
        paper, rating = str(form.get("paper", "")), str(form.get("rating", ""))
        if rating not in ("-1", "0", "1"):
            raise BadQuestion(f"{rating[:20]!r} is no rating.", hint="Go back, and press a button of the page.")
        await given.in_thread(lambda: self._library.rate(paper, int(rating)), self._api.searches)
        back = str(form.get("back", "/"))
        is_ours = back.startswith("/") and not back.startswith(("//", "/\\"))
        return RedirectResponse(back if is_ours and back.isprintable() else "/", 303)

    async def issues(self, request: Request) -> Response:
        """The stored issues."""
        kept = await given.in_thread(self._library.issues.stored, self._api.searches)
        return await self._page("issues.html.j2", "/issues", issues=kept)

    async def issue(self, request: Request) -> Response:
        """A stored issue, in a frame of its own."""
        subscription, period = request.path_params["subscription"], request.path_params["period"]
        kept = await given.in_thread(self._library.issues.stored, self._api.searches)
        own = [each for each in kept if each.subscription == subscription]
        at = next((row for row, each in enumerate(own) if each.period == period), None)
        if at is None:
            raise PaperNotFound(
                f"No issue {period[:40]} of “{subscription[:80]}” is stored.", hint="“Issues” lists those that are."
            )
        return await self._page(
            "issue.html.j2",
            "/issues",
            issue=own[at],
            earlier=own[at + 1] if at + 1 < len(own) else None,
            later=own[at - 1] if at else None,
            form=f"/api/v1/issues/{quote(subscription)}/{quote(period)}",
        )

    async def library(self, request: Request) -> Response:
        """What the library holds, and how its feeds and issues do."""
        found = await given.in_thread(self._library.status, self._api.searches)
        return await self._page("library.html.j2", "/library", library=found)

    async def missing(self, request: Request) -> Response:
        """There is no such page."""
        problem = PaperNotFound("There is nothing at this address.", hint="The pages are named above.")
        return await self._page("error.html.j2", "", status=404, problem=problem)

    # ---- signing in, static files

    async def sign_in(self, request: Request) -> Response:
        """Take the code of a link, and give the cookie of a session."""
        session = self._sessions.begin(request.query_params.get("code", "")) if self._sessions else None
        if self._sessions and not session:
            problem = BadQuestion(
                "This link has been used, or is older than ten minutes.",
                hint="Start `refdesk serve` again for a new one.",
            )
            return await self._page("error.html.j2", "", status=401, problem=problem, scope="")
        reply = RedirectResponse("/", 303)
        if session:
            reply.set_cookie(
                COOKIE, session, max_age=int(SESSION_S), httponly=True, samesite="lax", secure=self._secure
            )
        return reply

    async def static(self, request: Request) -> Response:
        """A static file; its path is of its content, so it never changes."""
        name = request.path_params["name"]
        if name not in {path.name for path in _STATIC.iterdir()}:
            return Response(status_code=404)
        current = static_path() == f"/static/{request.path_params['hash']}/"
        kept = "public, max-age=31536000, immutable" if current else "no-store"
        return FileResponse(_STATIC / name, media_type=_MEDIA[Path(name).suffix], headers={"Cache-Control": kept})

    # ---- how a page is made

    def _shown(self, page: given.Endpoint) -> given.Endpoint:
        """Show errors of a page as a page."""

        @wraps(page)
        async def safe(request: Request) -> Response:
            try:
                return await page(request)
            except RefdeskError as error:
                status = given.status_of(error)
                return await self._page("error.html.j2", "", status=status, problem=error)
            except ClientDisconnect:
                return given.cut_off()
            except ValidationError:
                problem = BadQuestion("The request is too long, or has a wrong value.", hint="Go back and shorten it.")
                return await self._page("error.html.j2", "", status=422, problem=problem)

        return safe

    async def _page(self, name: str, here: str, *, status: int = 200, **values: Any) -> Response:
        if "scope" not in values:
            values["scope"] = await given.in_thread(self._scope, self._api.searches)
        shared = {
            "here": here,
            "static": static_path(),
            "keeps": self._library.shelf.keeps,
            "problem": None,
            "answer": None,
            "examples": [],
            "back": "/",
            "without_papers": here or "/",
        }
        text = _templates().get_template(name).render({**shared, **values})
        return HTMLResponse(text.encode(errors="replace").decode(), status)

    def _scope(self) -> str:
        """What the library holds, in a few words."""
        count, newest = self._library.extent()
        return f"{count:,} papers" + (f", newest {newest}" if newest else "")


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
