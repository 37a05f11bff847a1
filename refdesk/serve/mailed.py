"""
What the links of mails open, without signing in: rating a paper, unsubscribing, confirming an address, a feed.

Each address is signed or a secret. GET shows what would be done, for mail programs open links by themselves; POST
does it.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rag.errors import NotThere
from refdesk.digest.mail_links import RATE, UNSUBSCRIBE
from refdesk.serve import requests as given
from refdesk.serve.frame import Frame
from refdesk.signing import Signed, read

_ENDED = "Open a newer mail, or sign in."


class Mailed:
    """
    The pages behind mailed links.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._library, self._limit = frame, frame.library, frame.api.looks

    def routes(self) -> list[Route]:
        """All of them."""
        pages = (
            ("/rated/{signed}", self.rate, ("GET", "POST")),
            ("/unsubscribe/{signed}", self.unsubscribe, ("GET", "POST")),
            ("/confirm/{signed}", self.confirm, ("GET", "POST")),
            ("/feeds/{secret}.atom", self.feed, ("GET",)),
        )
        return [Route(path, self._frame.shown(page), methods=list(methods)) for path, page, methods in pages]

    async def rate(self, request: Request) -> Response:
        """Like a paper, or dislike it, for the reader to whom the mail went."""
        found = await self._read(request, RATE, parts=3)
        paper_id, _, rating = found.parts
        if rating not in ("1", "-1"):
            raise _ended()
        paper = await given.in_thread(lambda: self._library.show(paper_id), self._limit)
        undo = request.method == "POST" and "undo" in await request.form()
        if request.method == "POST":
            number = 0 if undo else int(rating)
            await given.in_thread(
                lambda: self._library.rate(paper.paper_id, number, reader=found.reader.name), self._limit
            )
        return await self._frame.page(
            request, "rated.html.j2", "", paper=paper, likes=rating == "1", done=request.method == "POST", undone=undo
        )

    async def unsubscribe(self, request: Request) -> Response:
        """End the mails of a subscription to an address, or begin them again. Mail programs post by one click."""
        found = await self._read(request, UNSUBSCRIBE, parts=2)
        name, address = found.parts
        again = request.method == "POST" and "again" in await request.form()
        if request.method == "POST":
            act = self._library.subscribing.resubscribe if again else self._library.subscribing.unsubscribe
            await given.in_thread(lambda: act(name, address), self._limit)
        return await self._frame.page(
            request,
            "unsubscribe.html.j2",
            "",
            name=name,
            address=address,
            done=request.method == "POST" and not again,
            again=again,
        )

    async def confirm(self, request: Request) -> Response:
        """Make an address a reader's."""
        signed = request.path_params["signed"]
        found = await given.in_thread(lambda: self._library.confirmed(signed), self._limit)
        if not found:
            raise NotThere("This link is not known, or is older than two days.", hint="Ask for another one.")
        reader, address = found
        if request.method == "POST":
            await given.in_thread(lambda: self._library.readers.set(reader.name, email=address), self._limit)
        done = request.method == "POST"
        return await self._frame.page(request, "confirm.html.j2", "", named=reader.name, address=address, done=done)

    async def feed(self, request: Request) -> Response:
        """The Atom feed of a subscription, for feed readers, which cannot sign in."""
        secret = request.path_params["secret"]
        name = await given.in_thread(lambda: self._library.subscribing.linked(secret), self._limit)
        if not name:
            raise NotThere("There is no feed at this address, or no longer.", hint="“Subscriptions” has its address.")
        text = await given.in_thread(lambda: self._library.issues.feed(name), self._limit)
        return Response(text, media_type="application/atom+xml")

    async def _read(self, request: Request, act: str, *, parts: int) -> Signed:
        """What a signed address says. Raises NotThere."""
        signed = request.path_params["signed"]
        found = await given.in_thread(lambda: read(signed, self._library.readers.find, act=act), self._limit)
        if not found or len(found.parts) != parts:
            raise _ended()
        return found


def _ended() -> NotThere:
    return NotThere("This link is not known, or has ended.", hint=_ENDED)
