"""Subscriptions of the reader, the addresses of their feeds, and the reader's own address."""

from __future__ import annotations

from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from rag.types import JsonDict
from refdesk.serve import requests as given
from refdesk.serve.desk import Desk
from refdesk.serve.operations import Operation, shape
from refdesk.subscribing import Subscribed

_SUBSCRIPTION = shape("name", "reader", "settings", "is_own", "mailed_to", "feed")


class SubscriptionsApi:
    """
    The operations on subscriptions.

    Args:
        desk: The library, and its threads.
    """

    def __init__(self, desk: Desk) -> None:
        self._library, self._limit = desk.library, desk.looks

    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        one = "/subscriptions/{name}"
        return (
            Operation("GET", "/subscriptions", self.all, "One's subscriptions.", gives=shape("subscriptions")),
            Operation("GET", one, self.get, "A subscription.", gives=_SUBSCRIPTION),
            Operation(
                "PUT",
                one,
                self.put,
                "Make or change a subscription.",
                takes=given.Subscription,
                gives=_SUBSCRIPTION,
            ),
            Operation("DELETE", one, self.delete, "Delete a subscription; its issues stay.", status=204),
            Operation("POST", f"{one}/feed", self.link, "The secret address of its feed.", gives=shape("address")),
            Operation("DELETE", f"{one}/feed", self.unlink, "End that address.", status=204),
            Operation(
                "POST",
                "/address",
                self.address,
                "Mail a link that confirms one's address.",
                takes=given.Address,
                gives=shape("address", "confirmed"),
                status=202,
            ),
        )

    async def all(self, request: Request) -> Response:
        """The reader's subscriptions."""
        reader = given.reader(request).name
        found = await given.in_thread(lambda: self._library.subscribing.all(reader), self._limit)
        return given.as_json({"subscriptions": [_document(each) for each in found]})

    async def get(self, request: Request) -> Response:
        """One of them."""
        reader, name = _of(request)
        found = await given.in_thread(lambda: self._library.subscribing.get(name, reader), self._limit)
        return given.as_json(_document(found))

    async def put(self, request: Request) -> Response:
        """One of them, made or changed."""
        reader, name = _of(request)
        asked = await given.body(request, given.Subscription)
        settings = asked.model_dump(exclude_unset=True, mode="json")
        found = await given.in_thread(lambda: self._library.subscribing.put(name, settings, reader), self._limit)
        return given.as_json(_document(found))

    async def delete(self, request: Request) -> Response:
        """One of them, deleted."""
        reader, name = _of(request)
        await given.in_thread(lambda: self._library.subscribing.delete(name, reader), self._limit)
        return Response(status_code=204)

    async def link(self, request: Request) -> Response:
        """Make the secret address of a feed."""
        reader, name = _of(request)
        secret = await given.in_thread(lambda: self._library.subscribing.link(name, reader), self._limit)
        return given.as_json({"address": feed_path(secret)})

    async def unlink(self, request: Request) -> Response:
        """End the secret address of a feed."""
        reader, name = _of(request)
        await given.in_thread(lambda: self._library.subscribing.unlink(name, reader), self._limit)
        return Response(status_code=204)

    async def address(self, request: Request) -> Response:
        """Mail a link to an address, which makes it the reader's."""
        asked = await given.body(request, given.Address)
        await self.confirm(request, asked.address)
        return given.as_json({"address": asked.address, "confirmed": False}, 202)

    async def confirm(self, request: Request, address: str) -> None:
        """Mail the link. Raises as `Confirming.ask`."""
        reader = given.reader(request)
        await given.in_thread(lambda: self._library.confirming().ask(reader, address), self._limit)


def feed_path(secret: str) -> str:
    """The path of a feed by its secret."""
    return f"/feeds/{quote(secret)}.atom"


def _of(request: Request) -> tuple[str, str]:
    """Who asks, and of which subscription."""
    return given.reader(request).name, request.path_params["name"]


def _document(each: Subscribed) -> JsonDict:
    return {**each.to_dict(), "feed": each.feed and feed_path(each.feed)}
