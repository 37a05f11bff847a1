"""Reviews of topics: made, kept for their reader."""

from __future__ import annotations

from threading import Event

from starlette.requests import Request
from starlette.responses import Response

from rag.errors import NotThere
from rag.types import JsonDict
from refdesk.serve import requests as given
from refdesk.serve.api.answers import LAST_ANSWERS
from refdesk.serve.caching import validated
from refdesk.serve.desk import Desk
from refdesk.serve.guard import ISSUE_POLICY
from refdesk.serve.operations import Operation, shape
from refdesk.shelf import Shelf

_MEDIA = {"md": "text/markdown", "html": "text/html"}


class ReviewsApi:
    """
    The operations on reviews.

    Args:
        desk: The library, and its threads.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._library = desk, desk.library

    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        document = shape("topic", "papers", "sources", "id")
        return (
            Operation("POST", "/review", self.review, "Review a topic.", takes=given.Reviewed, gives=document),
            Operation("GET", "/reviews", self.reviews, "One's last reviews.", gives=shape("reviews")),
            Operation(
                "GET",
                "/reviews/{id}",
                self.kept,
                "A kept review; .md or .html gives its text.",
                gives=document,
                also=tuple(_MEDIA.values()),
            ),
            Operation("DELETE", "/reviews/{id}", self.delete, "Delete a kept review.", status=204),
        )

    async def review(self, request: Request) -> Response:
        """Review a topic."""
        asked = await given.body(request, given.Reviewed)
        return given.as_json(_without_forms(await self.reviewed(asked, request)))

    async def reviewed(self, asked: given.Reviewed, request: Request) -> JsonDict:
        """The review with its `forms`, Markdown and HTML, kept for its reader; a client that goes away cancels it."""
        shelf = self._shelf(request)

        def run(cancel: Event) -> JsonDict:
            from refdesk.render.review import rendered

            made = self._library.review(asked.topic, limit=asked.limit, filter=asked.filter.filter, cancel=cancel)
            document = {**made.to_dict(), "forms": {form: rendered(made, form) for form in _MEDIA}}
            if shelf.keeps:
                shelf.keep(document, question=asked.topic)
            return document

        return await given.until_gone(request, run, self._desk.questions)

    async def reviews(self, request: Request) -> Response:
        """The reader's last reviews."""
        shelf = self._shelf(request)
        kept = await given.in_thread(lambda: shelf.answers(limit=LAST_ANSWERS), self._desk.looks)
        return given.as_json({"reviews": [each.listed("topic") for each in kept]})

    async def kept(self, request: Request) -> Response:
        """A kept review, as JSON, or by its ending as Markdown or HTML."""
        id_, _, ending = request.path_params["id"].partition(".")
        shelf = self._shelf(request)
        found = await given.in_thread(lambda: shelf.answer(id_), self._desk.looks)
        if found is None or ending not in ("", "json", *_MEDIA):
            raise _no_review(id_)
        if ending in ("", "json"):
            return given.as_json(_without_forms(found.document))
        headers = {"Content-Security-Policy": ISSUE_POLICY} if ending == "html" else None
        text = found.document["forms"][ending].encode(errors="replace")
        return validated(request, Response(text, media_type=_MEDIA[ending], headers=headers))

    async def delete(self, request: Request) -> Response:
        """Delete a kept review."""
        id_, shelf = request.path_params["id"], self._shelf(request)
        if not await given.in_thread(lambda: shelf.delete(id_), self._desk.looks):
            raise _no_review(id_)
        return Response(status_code=204)

    def _shelf(self, request: Request) -> Shelf:
        return self._library.shelf(given.reader(request).name, "review")


def _without_forms(review: JsonDict) -> JsonDict:
    """A review as `review --json` prints it."""
    return {key: value for key, value in review.items() if key != "forms"}


def _no_review(id_: str) -> NotThere:
    return NotThere(f"No review {id_[:80]} is kept.", hint="`/api/v1/reviews` lists those that are.")
