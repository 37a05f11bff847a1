"""The pages on which readers manage their tokens, and admins the readers."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rag.errors import InputError
from rag.types.reader import READER_ROLES
from refdesk.serve import requests as given
from refdesk.serve.frame import Frame


class PeoplePages:
    """
    The pages of tokens and readers.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._people = frame, frame.api.people

    def routes(self) -> list[Route]:
        """All of them."""
        pages = (
            ("/tokens", self.tokens, "GET"),
            ("/tokens", self.make, "POST"),
            ("/tokens/{id}/revoke", self.revoke, "POST"),
            ("/readers", self.readers, "GET"),
            ("/readers", self.add, "POST"),
            ("/readers/{name}/set", self.set, "POST"),
            ("/readers/{name}/remove", self.remove, "POST"),
            ("/readers/{name}/link", self.link, "POST"),
        )
        return [Route(path, self._frame.shown(page), methods=[method]) for path, page, method in pages]

    async def tokens(self, request: Request) -> Response:
        """The reader's tokens, or all for an admin, and the form that makes one."""
        return await self._tokens(request)

    async def make(self, request: Request) -> Response:
        """A token, made; its secret is shown in this reply alone."""
        form = await request.form()
        try:
            made = await self._people.made(request, given.NewToken(**_filled(form, "name", "scope", "expires")))
        except InputError as error:
            return await self._tokens(request, problem=error)
        return await self._tokens(request, made=made)

    async def revoke(self, request: Request) -> Response:
        """A token, ended."""
        await self._people.revoked(request, request.path_params["id"])
        return RedirectResponse("/tokens", 303)

    async def _tokens(self, request: Request, **values: Any) -> Response:
        found = await self._people.tokens_of(given.reader(request))
        status = 422 if values.get("problem") else 200
        shown = {"tokens": found, "made": None, **values}
        return await self._frame.page(request, "tokens.html.j2", "/library", status=status, **shown)

    async def readers(self, request: Request) -> Response:
        """The readers, and the form that adds one."""
        return await self._readers(request)

    async def add(self, request: Request) -> Response:
        """A reader, added."""
        given.require(request, "admin")
        form = await request.form()
        try:
            await self._people.added(given.NewReader(**_filled(form, "name", "role", "email")))
        except InputError as error:
            return await self._readers(request, problem=error)
        return RedirectResponse("/readers", 303)

    async def set(self, request: Request) -> Response:
        """A reader, changed."""
        given.require(request, "admin")
        form = await request.form()
        changes: dict[str, Any] = {name: str(form[name]).strip() for name in ("role", "email") if name in form}
        try:
            await self._people.changed(request.path_params["name"], given.ChangedReader(**changes))
        except InputError as error:
            return await self._readers(request, problem=error)
        return RedirectResponse("/readers", 303)

    async def remove(self, request: Request) -> Response:
        """A reader, removed with all that is theirs."""
        given.require(request, "admin")
        await self._people.remove(request)
        return RedirectResponse("/readers", 303)

    async def link(self, request: Request) -> Response:
        """A link that signs a reader in, shown in this reply alone."""
        given.require(request, "admin")
        name = request.path_params["name"]
        return await self._readers(request, linked=name, link=await self._people.linked(request, name))

    async def _readers(self, request: Request, **values: Any) -> Response:
        given.require(request, "admin")
        found = await self._people.listed()
        status = 422 if values.get("problem") else 200
        shown = {"readers": found, "roles": READER_ROLES, "link": None, "linked": "", **values}
        return await self._frame.page(request, "readers.html.j2", "/library", status=status, **shown)


def _filled(form: FormData, *names: str) -> dict[str, Any]:
    """The fields of a form that are filled in."""
    found = {name: str(form.get(name, "")).strip() for name in names}
    return {name: value for name, value in found.items() if value}
