"""Signing in and out: a link with a code for one use, or a token, becomes a cookie with a session."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rag.errors import BadQuestion
from refdesk.serve import requests as given
from refdesk.serve.frame import Frame
from refdesk.serve.sessions import COOKIE, delete_cookie, set_cookie


class SignIn:
    """
    The page that signs a reader in, and the way out.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._api, self._readers = frame, frame.api, frame.library.readers

    def routes(self) -> list[Route]:
        """Both pages."""
        return [
            Route("/sign-in", self._frame.shown(self.sign_in), methods=["GET", "POST"]),
            Route("/sign-out", self._frame.shown(self.sign_out), methods=["POST"]),
        ]

    async def sign_in(self, request: Request) -> Response:
        """Take the code of a link, or a token, and give the cookie of a session."""
        sent = request.query_params if request.method == "GET" else await request.form()
        code, token = (str(sent.get(name, "")).strip() for name in ("code", "token"))
        if not code and not token:
            return await self._frame.page(request, "sign_in.html.j2", "", link=None)
        if request.method == "GET" and request.state.reader and COOKIE in request.cookies:
            whose = await given.in_thread(lambda: self._readers.signs_in(code, token), self._api.looks)
            if whose not in (None, request.state.reader.name):
                # What this reader asks would be kept for whoever sent them the link.
                link = ("code", code) if code else ("token", token)
                return await self._frame.page(request, "sign_in.html.j2", "", link=link)

        def begin() -> str | None:
            return self._readers.begin(code) if code else self._readers.begin_with_token(token)

        if not (session := await given.in_thread(begin, self._api.looks)):
            wrong = "This link has been used, or is older than ten minutes." if code else "This token does not sign in."
            problem = BadQuestion(wrong, hint="Ask an admin of the library for a new one.")
            return await self._frame.page(request, "sign_in.html.j2", "", status=401, problem=problem, link=None)
        reply = RedirectResponse("/", 303)
        set_cookie(reply, session, secure=self._frame.secure)
        return reply

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        session = request.cookies.get(COOKIE, "")
        await given.in_thread(lambda: self._readers.end(session), self._api.looks)
        reply = RedirectResponse("/sign-in", 303)
        delete_cookie(reply, secure=self._frame.secure)
        return reply
