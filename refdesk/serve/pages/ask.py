"""Asking: the question, its answer under a permalink, and the reader's last questions."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from rag.errors import BadQuestion, NotThere, RefdeskError
from rag.types import JsonDict
from refdesk.serve import requests as given
from refdesk.serve import views
from refdesk.serve.api.answers import LAST_ANSWERS
from refdesk.serve.frame import Frame
from refdesk.serve.pages.filters import Filters

_LAST = 5
"""So many of the last questions stand on the page of Ask."""


class AskPages:
    """
    The pages on which one asks.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._api, self._library = frame, frame.api, frame.library
        self.routes = (
            ("/", self.ask, "GET"),
            ("/", self.asked, "POST"),
            ("/answers", self.answers, "GET"),
            ("/answers/{id}", self.answer, "GET"),
            ("/answers/{id}/share", self.share, "POST"),
            ("/a/{secret}", self.shared, "GET"),
        )

    async def ask(self, request: Request) -> Response:
        """The question, still empty, perhaps with filters, and the last ones."""
        shelf = self._frame.shelf(request)
        last = await given.in_thread(lambda: shelf.answers(limit=_LAST), self._api.looks)
        filters = Filters.of(request.query_params)
        question = request.query_params.get("question", "")
        return await self._frame.page(request, "ask.html.j2", "/", question=question, given=filters, last=last)

    async def asked(self, request: Request) -> Response:
        """A question from the form: answered, and shown under its permalink where answers are kept."""
        form = await request.form()
        question = str(form.get("question", "")).strip()
        filters = Filters.of(form)
        after = str(form.get("after", "")).strip()
        try:
            if not question:
                raise BadQuestion("There is no question.", hint="Write one, or the words of a topic.")
            if after:
                line = question
                question = await given.until_gone(
                    request,
                    lambda cancel: self._library.condense([after], line, cancel=cancel),
                    self._api.questions,
                )
            asked = given.Asked(
                question=question,
                filter=given.Filtered(**filters.fields),
                issue=filters.issue,
                review=filters.review,
                fresh=bool(form.get("fresh")),
            )
            document = await self._api.answers.answered(asked, request)
        except RefdeskError as error:
            status = given.status_of(error)
            return await self._frame.page(
                request, "ask.html.j2", "/", status=status, question=question, given=filters, problem=error, last=()
            )
        if self._frame.shelf(request).keeps:
            return RedirectResponse(filters.at(f"/answers/{document['id']}"), 303)
        return await self._answer(request, document, filters, kept=False)

    async def answers(self, request: Request) -> Response:
        """The reader's last questions."""
        kept = await given.in_thread(lambda: self._frame.shelf(request).answers(limit=LAST_ANSWERS), self._api.looks)
        return await self._frame.page(request, "answers.html.j2", "/", kept=kept)

    async def answer(self, request: Request) -> Response:
        """A kept answer; the filters in its address are those of the next question."""
        id_ = request.path_params["id"]
        kept = await given.in_thread(lambda: self._frame.shelf(request).answer(id_), self._api.looks)
        if kept is None:
            raise NotThere("This answer is not kept, or no longer.", hint="Ask the question again.")
        filters = Filters.of(request.query_params)
        return await self._answer(request, kept.document, filters, kept=True, secret=kept.shared)

    async def share(self, request: Request) -> Response:
        """Make the link by which other readers open an answer, or end it, and go back."""
        id_, shelf = request.path_params["id"], self._frame.shelf(request)
        ends = (await request.form()).get("end")
        await given.in_thread(lambda: shelf.unshare(id_) if ends else shelf.share(id_), self._api.looks)
        return RedirectResponse(f"/answers/{id_}", 303)

    async def shared(self, request: Request) -> Response:
        """An answer of any reader, who shares it."""
        secret, shelf = request.path_params["secret"], self._frame.shelf(request)
        kept = await given.in_thread(lambda: shelf.shared(secret), self._api.looks)
        if kept is None:
            raise NotThere("This answer is not shared, or no longer.", hint="Ask the question again.")
        return await self._answer(request, kept.document, Filters.of(request.query_params), kept=False, is_shared=True)

    async def _answer(
        self,
        request: Request,
        document: JsonDict,
        filters: Filters,
        *,
        kept: bool,
        secret: str | None = None,
        is_shared: bool = False,
    ) -> Response:
        reader = given.reader(request).name
        shown = await given.in_thread(
            lambda: views.answer(self._library, document, kept=kept, reader=reader), self._api.looks
        )
        back = filters.at(request.url.path) if request.method == "GET" else "/"
        question = document["question"]
        return await self._frame.page(
            request,
            "ask.html.j2",
            "/",
            question=question,
            given=filters,
            answer=shown,
            back=back,
            last=(),
            secret=secret,
            is_shared=is_shared,
        )
