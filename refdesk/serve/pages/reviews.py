"""Reviews: a topic is reviewed, kept, and shown like an issue; one's reviews are listed."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from rag.errors import BadQuestion, NotThere, RefdeskError
from refdesk.serve import requests as given
from refdesk.serve.api.answers import LAST_ANSWERS
from refdesk.serve.frame import Frame
from refdesk.serve.guard import ISSUE_POLICY
from refdesk.serve.pages.filters import Filters


class ReviewPages:
    """
    The pages of reviews.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._api, self._library = frame, frame.api, frame.library
        self.routes = (
            ("/reviews", self.reviews, "GET"),
            ("/reviews", self.reviewed, "POST"),
            ("/reviews/{id}", self.review, "GET"),
        )

    async def reviews(self, request: Request) -> Response:
        """The topic, still empty, and the reader's reviews."""
        filters = Filters.of(request.query_params)
        return await self._page(request, topic=request.query_params.get("topic", ""), given=filters)

    async def reviewed(self, request: Request) -> Response:
        """A topic from the form: reviewed, and shown under its permalink where reviews are kept."""
        form = await request.form()
        topic, filters = str(form.get("topic", "")).strip(), Filters.of(form)
        try:
            if not topic:
                raise BadQuestion("There is no topic.", hint="Write one, such as “speculative decoding”.")
            asked = given.Reviewed(topic=topic, filter=given.Filtered(**filters.fields))
            document = await self._api.reviews.reviewed(asked, request)
        except RefdeskError as error:
            status = given.status_of(error)
            return await self._page(request, topic=topic, given=filters, problem=error, status=status)
        if self._frame.shelf(request).keeps:
            return RedirectResponse(f"/reviews/{document['id']}", 303)
        return HTMLResponse(document["forms"]["html"], headers={"Content-Security-Policy": ISSUE_POLICY})

    async def review(self, request: Request) -> Response:
        """A kept review, in a frame of its own."""
        id_, shelf = request.path_params["id"], self._frame.shelf(request)

        def found() -> dict[str, Any]:
            kept = self._library.shelf(given.reader(request).name, "review").answer(id_)
            if kept is None:
                raise NotThere("This review is not kept, or no longer.", hint="Review the topic again.")
            return {"review": kept, "papers": kept.document["sources"], "ratings": shelf.ratings()}

        values = await given.in_thread(found, self._api.looks)
        return await self._frame.page(
            request, "review.html.j2", "/reviews", form=f"/api/v1/reviews/{id_}", back=f"/reviews/{id_}", **values
        )

    async def _page(self, request: Request, **values: Any) -> Response:
        shelf = self._library.shelf(given.reader(request).name, "review")
        kept = await given.in_thread(lambda: shelf.answers(limit=LAST_ANSWERS), self._api.looks)
        return await self._frame.page(request, "reviews.html.j2", "/reviews", kept=kept, **values)
