"""The frame of the pages: their templates, what all of them show, errors as pages, and the static files."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import cache, wraps
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment
from pydantic import ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from rag import identity
from rag.errors import BadQuestion, RefdeskError
from refdesk.hints import hint
from refdesk.render import wording
from refdesk.render.templates import environment
from refdesk.render.tex import readable
from refdesk.serve import requests as given
from refdesk.serve.api import Api
from refdesk.serve.sessions import COOKIE
from refdesk.shelf import Shelf

_HERE = Path(__file__).parent
_STATIC = _HERE / "static"
_MEDIA = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_NAMED_AUTHORS = 3
_FEED_STATES = {
    "fresh": "brings papers",
    "quiet": "works, and has nothing new",
    "new": "not pulled yet",
    "partial": "brought far less than usual",
    "stale": "has long been silent",
    "broken": "cannot be read",
}


@cache
def static_path() -> str:
    """Where the static files are: a path that changes with their content, so that browsers may keep them."""
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(_STATIC.iterdir()))).hexdigest()
    return f"/static/{digest[:16]}/"


@cache
def _templates() -> Environment:
    room = environment(_HERE / "templates")
    room.globals["feeds"] = _FEED_STATES
    room.filters |= {
        "tex": lambda text: wording.plain(readable(text)),
        "plain": wording.plain,
        "piece": _piece,
        "weblink": wording.link,
        "pdf": lambda paper: identity.pdf_url((paper.paper_id, *paper.aliases), paper.url),
        "authors": _authors,
        "paper_path": paper_path,
        "hint": lambda error: hint(error, "page"),
        "day": in_words,
    }
    return room


def _authors(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _NAMED_AUTHORS} more" if len(names) > _NAMED_AUTHORS else ""
    return wording.plain(", ".join(names[:_NAMED_AUTHORS])) + more


def _piece(text: str) -> str:
    """A piece of a sentence, with the space at its ends."""
    before, after = (" " if each.isspace() else "" for each in (text[:1], text[-1:]))
    return f"{before}{wording.plain(text)}{after}" if text.strip() else " "


def in_words(day: str) -> str:
    """
    A day as a page shows it; a date that is less exact stays.

    >>> in_words("2026-07-05"), in_words("2026-07")
    ('5 July 2026', '2026-07')
    """
    try:
        return wording.day(date.fromisoformat(day[:10])) if len(day) >= 10 else day
    except ValueError:
        return day


def paper_path(paper_id: str) -> str:
    """The path of a paper's page."""
    return f"/papers/{quote(paper_id, safe=':/')}"


class Frame:
    """
    What all pages share.

    Args:
        api: Asks the library, within the limits that its endpoints keep.
        secure: Cookies over https only.
    """

    def __init__(self, api: Api, *, secure: bool) -> None:
        self.api, self.library, self.secure = api, api.library, secure

    def shelf(self, request: Request) -> Shelf:
        """What is kept for the reader."""
        return self.library.shelf(given.reader(request).name)

    async def page(
        self, request: Request, template: str, here: str, /, *, status: int = 200, **values: Any
    ) -> Response:
        """
        A page.

        Args:
            request: Its `state.reader` is None where nobody is signed in, nor need be.
            template: The name of its template.
            here: The path of the entry in the navigation that it belongs to; empty if to none.
            status: Of the reply.
            values: What its template shows beside what all pages show.
        """
        reader = request.state.reader
        count, newest = await given.in_thread(self.library.extent, self.api.looks) if reader else (0, None)
        shared = {
            "here": here,
            "static": static_path(),
            "reader": reader,
            "scope": "1 paper" if count == 1 else f"{count:,} papers",
            "newest": newest,
            "holds": bool(count),
            "keeps": bool(reader) and self.shelf(request).keeps,
            "can_rate": bool(reader) and not self.library.read_only,
            "has_session": COOKIE in request.cookies,
            "problem": None,
            "answer": None,
            "back": "/",
        }
        text = _templates().get_template(template).render({**shared, **values})
        return HTMLResponse(text.encode(errors="replace").decode(), status)

    def shown(self, page: given.Endpoint) -> given.Endpoint:
        """Show errors of a page as a page."""

        @wraps(page)
        async def safe(request: Request) -> Response:
            try:
                return await page(request)
            except RefdeskError as error:
                return await self.failed(request, error)
            except ClientDisconnect:
                return given.cut_off()
            except ValidationError:
                problem = BadQuestion("The request is too long, or has a wrong value.", hint="Go back and shorten it.")
                return await self.page(request, "error.html.j2", "", status=422, problem=problem)

        return safe

    async def failed(self, request: Request, error: RefdeskError) -> Response:
        """An error as a page."""
        reply = await self.page(request, "error.html.j2", "", status=given.status_of(error), problem=error)
        reply.headers.update(given.again(error))
        return reply

    async def static(self, request: Request) -> Response:
        """A static file; its path is of its content, so it never changes."""
        name = request.path_params["name"]
        if name not in {path.name for path in _STATIC.iterdir()}:
            return Response(status_code=404)
        current = static_path() == f"/static/{request.path_params['hash']}/"
        kept = "public, max-age=31536000, immutable" if current else "no-store"
        return FileResponse(_STATIC / name, media_type=_MEDIA[Path(name).suffix], headers={"Cache-Control": kept})
