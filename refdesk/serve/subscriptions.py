"""The page on which a reader makes, changes and deletes subscriptions, and gets the addresses of their feeds."""

from __future__ import annotations

from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rag.errors import InputError
from rag.types import JsonDict
from refdesk.render.plain import plain
from refdesk.serve import requests as given
from refdesk.serve.api.subscriptions import feed_path
from refdesk.serve.frame import Frame

_LINES = ("topics", "authors", "categories", "must_not", "liked")
"""Fields of the form with one entry a line."""
_IN_FORM = (*_LINES, "every", "size", "threshold", "mail")


class Subscriptions:
    """
    The pages of subscriptions.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._library, self._limit = frame, frame.library, frame.api.looks

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
            await self._frame.api.subscriptions.confirm(request, address)
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
            shown["mail"] = shown["mail"] and not edited.unsubscribed
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
            feed_path=feed_path,
        )


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
