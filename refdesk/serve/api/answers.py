"""Answers: asked for, checked, kept for their reader, exported, shared with others."""

from __future__ import annotations

from threading import Event

from starlette.requests import Request
from starlette.responses import Response

from rag.errors import NotThere
from rag.types import Filter, JsonDict
from refdesk.serve import requests as given
from refdesk.serve.desk import Desk
from refdesk.serve.events import stream
from refdesk.serve.exports import exported
from refdesk.serve.operations import CSL, EVENTS, Operation, shape
from refdesk.serve.views import as_markdown
from refdesk.serve.within import asked_within, followed
from refdesk.shelf import Shelf
from stores.sql.readers import ReaderRecord

_EXPORTS = {"bib": ("bibtex", "text/plain"), "ris": ("ris", "text/plain"), "csl": ("csl", CSL)}
_MARKDOWN = "text/markdown"
_ANSWER = shape("question", "answered", "confidence", "mode", "text", "claims", "sources", "id")
LAST_ANSWERS = 100


class AnswersApi:
    """
    The operations on answers.

    Args:
        desk: The library, and its threads.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._library = desk, desk.library

    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        forms = (_MARKDOWN, "text/plain", CSL)
        return (
            Operation(
                "POST",
                "/ask",
                self.ask,
                "Answer a question with cited sentences, or abstain; by Accept as events, claim by claim.",
                takes=given.Asked,
                gives=_ANSWER,
                also=(EVENTS,),
            ),
            Operation(
                "POST",
                "/verify",
                self.verify,
                "Check a document that Refdesk wrote.",
                takes=given.Document,
                gives=shape("ok", "checked", "claims"),
            ),
            Operation("GET", "/answers", self.answers, "One's last answers.", gives=shape("answers")),
            Operation(
                "GET",
                "/answers/{id}",
                self.answer,
                "A kept answer; .md gives its text, .bib, .ris or .csl its sources.",
                gives=_ANSWER,
                also=forms,
            ),
            Operation("DELETE", "/answers/{id}", self.delete, "Delete a kept answer.", status=204),
            Operation(
                "POST",
                "/answers/{id}/share",
                self.share,
                "Let every reader open a kept answer, who has the link's secret.",
                gives=shape("secret", "address"),
            ),
            Operation("DELETE", "/answers/{id}/share", self.unshare, "End the link of an answer.", status=204),
            Operation(
                "GET",
                "/shared/{secret}",
                self.shared,
                "An answer that a reader shares; endings as for one's own.",
                gives=_ANSWER,
                also=forms,
            ),
        )

    async def ask(self, request: Request) -> Response:
        """A cited answer; with `Accept: text/event-stream` its claims as they are checked."""
        asked = await given.body(request, given.Asked)
        if EVENTS not in request.headers.get("accept", ""):
            reply = given.as_json(await self.answered(asked, request))
            if counter := request.state.change_counter:
                reply.headers["Refdesk-Change-Counter"] = counter
            return reply
        reader = given.reader(request)
        within, history = await given.in_thread(lambda: self._given(asked, reader), self._desk.looks)
        return stream(
            lambda cancel: self._library.stream(
                self._whole(asked, history, cancel),
                max_sentences=asked.max_sentences,
                fresh=asked.fresh,
                filter=within,
                cancel=cancel,
            ),
            lambda document: self._keep(document, reader),
            self._desk.questions,
        )

    async def answered(self, asked: given.Asked, request: Request) -> JsonDict:
        """The answer to a question, kept for its reader; a client that goes away cancels it."""
        reader = given.reader(request)

        def run(cancel: Event) -> JsonDict:
            before = self._library.change_counter()
            within, history = self._given(asked, reader)
            answer = self._library.ask(
                self._whole(asked, history, cancel),
                max_sentences=asked.max_sentences,
                fresh=asked.fresh,
                filter=within,
                cancel=cancel,
            )
            request.state.change_counter = before if before == self._library.change_counter() else None
            document = answer.to_dict()
            self._keep(document, reader)
            return document

        return await given.until_gone(request, run, self._desk.questions)

    def _given(self, asked: given.Asked, reader: ReaderRecord) -> tuple[Filter, list[str]]:
        """The papers within which is asked, and the question before, if it is a follow-up. Raises NotThere."""
        history = followed(self._library, asked.follow_up_of, reader.name)
        return asked_within(self._library, asked, reader.name), history

    def _whole(self, asked: given.Asked, history: list[str], cancel: Event) -> str:
        """The question, so that it can be asked alone."""
        return self._library.condense(history, asked.question, cancel=cancel) if history else asked.question

    def _keep(self, document: JsonDict, reader: ReaderRecord) -> None:
        """Keep an answer for its reader, where answers are kept."""
        shelf = self._library.shelf(reader.name)
        if shelf.keeps:
            shelf.keep(document)

    async def verify(self, request: Request) -> Response:
        """Check a document that Refdesk wrote."""
        asked = await given.body(request, given.Document)
        found = await given.until_gone(
            request, lambda cancel: self._library.verify(asked.document, cancel=cancel), self._desk.questions
        )
        return given.as_json(found.to_dict())

    async def answers(self, request: Request) -> Response:
        """The reader's last answers."""
        shelf = self._shelf(request)
        kept = await given.in_thread(lambda: shelf.answers(limit=LAST_ANSWERS), self._desk.looks)
        return given.as_json({"answers": [each.listed("question") for each in kept]})

    async def answer(self, request: Request) -> Response:
        """A kept answer as JSON, or by its ending as Markdown or its sources in BibTeX, RIS or CSL-JSON."""
        id_, _, ending = request.path_params["id"].partition(".")
        shelf = self._shelf(request)
        kept = await given.in_thread(lambda: shelf.answer(id_), self._desk.looks)
        return await self._form(kept.document if kept else None, ending, id_)

    async def shared(self, request: Request) -> Response:
        """The answer of a shared link, in the same forms."""
        secret, _, ending = request.path_params["secret"].partition(".")
        shelf = self._shelf(request)
        kept = await given.in_thread(lambda: shelf.shared(secret), self._desk.looks)
        return await self._form(kept.document if kept else None, ending, "with this secret")

    async def _form(self, document: JsonDict | None, ending: str, named: str) -> Response:
        if document is None or ending not in ("", "json", "md", *_EXPORTS):
            raise _no_answer(named)
        if ending in ("", "json"):
            return given.as_json(document)
        if ending == "md":
            return Response(as_markdown(document).encode(errors="replace"), media_type=_MARKDOWN)
        name, media = _EXPORTS[ending]
        sources = [str(source["paper_id"]) for source in document["sources"]]
        text = await given.in_thread(lambda: exported(name, map(self._library.show, sources)), self._desk.looks)
        return Response(text, media_type=media)

    async def delete(self, request: Request) -> Response:
        """Delete a kept answer."""
        id_, shelf = request.path_params["id"], self._shelf(request)
        if not await given.in_thread(lambda: shelf.delete(id_), self._desk.looks):
            raise _no_answer(id_)
        return Response(status_code=204)

    async def share(self, request: Request) -> Response:
        """Make the link of an answer, or tell that of before."""
        id_, shelf = request.path_params["id"], self._shelf(request)
        secret = await given.in_thread(lambda: shelf.share(id_), self._desk.looks)
        return given.as_json({"secret": secret, "address": f"/a/{secret}"})

    async def unshare(self, request: Request) -> Response:
        """End the link of an answer."""
        id_, shelf = request.path_params["id"], self._shelf(request)
        if not await given.in_thread(lambda: shelf.unshare(id_), self._desk.looks):
            raise NotThere(f"The answer {id_[:80]} is not shared.", hint="`/api/v1/answers` lists those that are kept.")
        return Response(status_code=204)

    def _shelf(self, request: Request) -> Shelf:
        return self._library.shelf(given.reader(request).name)


def _no_answer(named: str) -> NotThere:
    return NotThere(f"No answer {named[:80]} is kept.", hint="`/api/v1/answers` lists those that are.")
