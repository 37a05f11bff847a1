"""Subscriptions of the reader: made, changed and deleted by the API and on a page; the addresses of their feeds."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rag.errors import InputError
from rag.types import JsonDict
from refdesk.render.plain import plain
from refdesk.serve import requests as given
from refdesk.serve.frame import Frame
from refdesk.subscribing import Subscribed

_LINES = ("topics", "authors", "categories", "must_not", "liked")
"""Fields of the form with one entry a line."""
_IN_FORM = (*_LINES, "every", "size", "threshold", "mail")


class Subscriptions:
    """
    The endpoints and the pages of subscriptions.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._library, self._limit = frame, frame.library, frame.api.searches

    def api_routes(self) -> list[Route]:
        """Those of the API, without the prefix."""
        endpoints = (
            ("/subscriptions", self.all, "GET"),
            ("/subscriptions/{name}", self.one, "GET", "PUT", "DELETE"),
            ("/subscriptions/{name}/feed", self.feed, "POST", "DELETE"),
            ("/address", self.address, "POST"),
        )
        return [Route(path, given.replied(endpoint), methods=methods) for path, endpoint, *methods in endpoints]

    def routes(self) -> list[Route]:
        """The pages."""
        pages = (
            ("/subscriptions", self.page, "GET"),
            ("/subscriptions", self.saved, "POST"),
            ("/subscriptions/{name}", self.page, "GET"),
            ("/subscriptions/{name}/delete", self.deleted, "POST"),
            ("/subscriptions/{name}/feed", self.linked, "POST"),
            ("/address", self.asked, "POST"),
        )
        return [Route(path, self._frame.shown(page), methods=[method]) for path, page, method in pages]

    # ---- the API

    async def all(self, request: Request) -> Response:
        """The reader's subscriptions."""
        reader = given.reader(request).name
        found = await given.in_thread(lambda: self._library.subscribing.all(reader), self._limit)
        return given.as_json({"subscriptions": [_document(each) for each in found]})

    async def one(self, request: Request) -> Response:
        """One of them: shown, made or changed, or deleted."""
        reader, name = given.reader(request).name, request.path_params["name"]
        subscribing = self._library.subscribing
        if request.method == "DELETE":
            await given.in_thread(lambda: subscribing.delete(name, reader), self._limit)
            return Response(status_code=204)
        if request.method == "GET":
            return given.as_json(_document(await given.in_thread(lambda: subscribing.get(name, reader), self._limit)))
        asked = await given.body(request, given.Subscription)
        settings = asked.model_dump(exclude_unset=True, mode="json")
        found = await given.in_thread(lambda: subscribing.put(name, settings, reader), self._limit)
        return given.as_json(_document(found))

    async def feed(self, request: Request) -> Response:
        """Make the secret address of a feed, or end it."""
        reader, name = given.reader(request).name, request.path_params["name"]
        subscribing = self._library.subscribing
        if request.method == "DELETE":
            await given.in_thread(lambda: subscribing.unlink(name, reader), self._limit)
            return Response(status_code=204)
        secret = await given.in_thread(lambda: subscribing.link(name, reader), self._limit)
        return given.as_json({"address": _feed_path(secret)})

    async def address(self, request: Request) -> Response:
        """Mail a link to an address, which makes it the reader's."""
        asked = await given.body(request, given.Address)
        await self._ask(request, asked.address)
        return given.as_json({"address": asked.address, "confirmed": False}, 202)

    async def _ask(self, request: Request, address: str) -> None:
        reader = given.reader(request)
        await given.in_thread(lambda: self._library.confirming().ask(reader, address), self._limit)

    # ---- the pages

    async def page(self, request: Request) -> Response:
        """The subscriptions, and the form that makes or changes one."""
        return await self._page(request, request.path_params.get("name", ""))

    async def saved(self, request: Request) -> Response:
        """A form, saved."""
        form = await request.form()
        name, reader = str(form.get("name", "")).strip(), given.reader(request).name
        try:
            settings = _settings(form)
            await given.in_thread(lambda: self._save(name, settings, reader), self._limit)
        except InputError as error:
            return await self._page(request, name, given_form=form, problem=error)
        return RedirectResponse("/subscriptions", 303)

    def _save(self, name: str, settings: JsonDict, reader: str) -> None:
        """Store what a form has, and leave what it has no field for."""
        subscribing = self._library.subscribing
        before = next((each.settings for each in subscribing.all(reader) if each.name == name and each.is_own), {})
        kept = {key: value for key, value in before.items() if key not in _IN_FORM}
        subscribing.put(name, {**kept, **settings}, reader)

    async def deleted(self, request: Request) -> Response:
        """A subscription, deleted."""
        reader, name = given.reader(request).name, request.path_params["name"]
        await given.in_thread(lambda: self._library.subscribing.delete(name, reader), self._limit)
        return RedirectResponse("/subscriptions", 303)

    async def linked(self, request: Request) -> Response:
        """The address of a feed: made, or ended."""
        reader, name = given.reader(request).name, request.path_params["name"]
        ends = (await request.form()).get("end")
        subscribing = self._library.subscribing
        act = subscribing.unlink if ends else subscribing.link
        await given.in_thread(lambda: act(name, reader), self._limit)
        return RedirectResponse("/subscriptions", 303)

    async def asked(self, request: Request) -> Response:
        """An address, to which a link is mailed."""
        address = str((await request.form()).get("address", "")).strip()
        try:
            await self._ask(request, address)
        except InputError as error:
            return await self._page(request, "", problem=error)
        return await self._page(request, "", told=f"A link was mailed to {address}. It is good for two days.")

    async def _page(
        self,
        request: Request,
        name: str,
        *,
        given_form: FormData | None = None,
        problem: InputError | None = None,
        told: str = "",
    ) -> Response:
        reader = given.reader(request)
        found = await given.in_thread(lambda: self._library.subscribing.all(reader.name), self._limit)
        edited = next((each for each in found if each.name == name and each.is_own), None)
        shown: dict[str, Any] = dict.fromkeys(_IN_FORM, "")
        shown |= {"name": name if edited or given_form else "", "mail": True}
        if edited:
            shown |= {
                key: "\n".join(map(plain, value)) if key in _LINES else value for key, value in edited.settings.items()
            }
        if given_form:
            shown |= {**given_form, "mail": "mail" in given_form}
        return await self._frame.page(
            request,
            "subscriptions.html.j2",
            "/issues",
            status=422 if problem else 200,
            subscriptions=found,
            form=shown,
            edited=bool(edited),
            problem=problem,
            told=told,
            feed_path=_feed_path,
        )


def _document(each: Subscribed) -> JsonDict:
    return {**each.to_dict(), "feed": each.feed and _feed_path(each.feed)}


def _feed_path(secret: str) -> str:
    return f"/feeds/{quote(secret)}.atom"


def _settings(form: FormData) -> dict[str, Any]:
    """The settings of a form. Raises InputError."""
    found: dict[str, Any] = {"mail": "mail" in form}
    for name in _LINES:
        if lines := [line.strip() for line in str(form.get(name, "")).splitlines() if line.strip()]:
            found[name] = lines
    if every := str(form.get("every", "")).strip():
        found["every"] = every
    for name, kind in (("size", int), ("threshold", float)):
        if value := str(form.get(name, "")).strip():
            try:
                found[name] = kind(value)
            except ValueError as error:
                raise InputError(f"“{value[:40]}” is no number for `{name}`.", hint="Write digits.") from error
    return found
