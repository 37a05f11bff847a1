"""The HTTP API under /api/v1: each route gives the document that the command of its name prints with --json."""

from __future__ import annotations

import time
from collections.abc import Iterable
from threading import Event

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rag.errors import NotThere
from rag.types import JsonDict, Paper
from refdesk.library import Library
from refdesk.paper_document import paper_document
from refdesk.serve import requests as given
from refdesk.serve.caching import validated
from refdesk.serve.events import stream
from refdesk.serve.guard import ISSUE_POLICY
from refdesk.serve.openapi import document as openapi
from refdesk.serve.views import as_markdown
from refdesk.serve.within import asked_within
from refdesk.shelf import Shelf
from stores.sql.readers import ReaderRecord

_MEDIA = {"md": "text/markdown", "html": "text/html", "json": "application/json"}
_EXPORTS = {"bib": ("bibtex", "text/plain"), "ris": ("ris", "text/plain"), "csl": ("csl", "application/json")}
LAST_ANSWERS = 100


class Api:
    """
    The endpoints of an open library.

    Args:
        library: The library.
        signs_in: True if readers and programs sign in.
    """

    def __init__(self, library: Library, *, signs_in: bool) -> None:
        self.library, self._signs_in = library, signs_in
        self.looks = anyio.CapacityLimiter(given.LOOKS)
        self.searches = anyio.CapacityLimiter(given.SEARCHES)
        self._in_own_sentences = anyio.CapacityLimiter(given.QUESTIONS)
        self._by_model = anyio.CapacityLimiter(given.MODEL_QUESTIONS)

    @property
    def questions(self) -> anyio.CapacityLimiter:
        """Limits questions: those to a model wait for it, and leave the others their threads."""
        return self._by_model if self.library.model else self._in_own_sentences

    def routes(self) -> list[Route]:
        """All routes, without the prefix."""
        endpoints = (
            ("/search", self.search, "GET"),
            ("/ask", self.ask, "POST"),
            ("/verify", self.verify, "POST"),
            ("/review", self.review, "POST"),
            ("/reviews", self.reviews, "GET"),
            ("/reviews/{id}", self.kept_review, "GET", "DELETE"),
            ("/answers", self.answers, "GET"),
            ("/answers/{id}", self.answer, "GET", "DELETE"),
            ("/papers", self.papers, "GET"),
            ("/papers/{id:path}", self.paper, "GET"),
            ("/ratings/{id:path}", self.rate, "PUT"),
            ("/export", self.export, "GET"),
            ("/issues", self.issues, "GET"),
            ("/issues/{subscription}/{period}", self.issue, "GET"),
            ("/status", self.status, "GET"),
            ("/openapi.json", self.openapi, "GET"),
        )
        return [Route(path, given.replied(endpoint), methods=methods) for path, endpoint, *methods in endpoints]

    async def search(self, request: Request) -> Response:
        """Papers for a query, or those of an author."""
        asked = given.query(request, given.Search)
        began = time.perf_counter()
        hits = await given.in_thread(
            lambda: self.library.search(asked.q, limit=asked.limit, sort=asked.sort, filter=asked.filter), self.searches
        )
        took_ms = round((time.perf_counter() - began) * 1000, 1)
        return given.as_json({"query": asked.q, "hits": [hit.to_dict() for hit in hits], "took_ms": took_ms})

    async def ask(self, request: Request) -> Response:
        """A cited answer; with `Accept: text/event-stream` its claims as they are checked."""
        asked = await given.body(request, given.Asked)
        if "text/event-stream" in request.headers.get("accept", ""):
            reader = given.reader(request)
            within = await given.in_thread(lambda: asked_within(self.library, asked, reader.name), self.looks)
            return stream(
                lambda cancel: self.library.stream(
                    asked.question,
                    max_sentences=asked.max_sentences,
                    fresh=asked.fresh,
                    filter=within,
                    cancel=cancel,
                ),
                lambda document: self.keep(document, reader),
                self.questions,
            )
        reply = given.as_json(await self.answered(asked, request))
        if counter := request.state.change_counter:
            reply.headers["Refdesk-Change-Counter"] = counter
        return reply

    async def answered(self, asked: given.Asked, request: Request) -> JsonDict:
        """The answer to a question, kept for its reader; a client that goes away cancels it."""
        reader = given.reader(request)

        def run(cancel: Event) -> JsonDict:
            before = self.library.change_counter()
            within = asked_within(self.library, asked, reader.name)
            answer = self.library.ask(
                asked.question,
                max_sentences=asked.max_sentences,
                fresh=asked.fresh,
                filter=within,
                cancel=cancel,
            )
            request.state.change_counter = before if before == self.library.change_counter() else None
            document = answer.to_dict()
            self.keep(document, reader)
            return document

        return await given.until_gone(request, run, self.questions)

    def keep(self, document: JsonDict, reader: ReaderRecord) -> None:
        """Keep an answer for its reader, where answers are kept."""
        shelf = self.library.shelf(reader.name)
        if shelf.keeps:
            shelf.keep(document)

    async def verify(self, request: Request) -> Response:
        """Check a document that Refdesk wrote."""
        asked = await given.body(request, given.Document)
        found = await given.until_gone(
            request, lambda cancel: self.library.verify(asked.document, cancel=cancel), self.questions
        )
        return given.as_json(found.to_dict())

    async def review(self, request: Request) -> Response:
        """Review a topic."""
        asked = await given.body(request, given.Reviewed)
        return given.as_json(_without_forms(await self.reviewed(asked, request)))

    async def reviewed(self, asked: given.Reviewed, request: Request) -> JsonDict:
        """The review of a topic with its `forms`, Markdown and HTML, kept for its reader; as `answered`, cancelled."""
        reader = given.reader(request)

        def run(cancel: Event) -> JsonDict:
            from refdesk.render.review import rendered

            made = self.library.review(asked.topic, limit=asked.limit, filter=asked.filter.filter, cancel=cancel)
            document = {**made.to_dict(), "forms": {form: rendered(made, form) for form in ("md", "html")}}
            shelf = self.library.shelf(reader.name, "review")
            if shelf.keeps:
                shelf.keep(document, question=asked.topic)
            return document

        return await given.until_gone(request, run, self.questions)

    async def reviews(self, request: Request) -> Response:
        """The reader's last reviews."""
        shelf = self.library.shelf(given.reader(request).name, "review")
        kept = await given.in_thread(lambda: shelf.answers(limit=LAST_ANSWERS), self.looks)
        return given.as_json(
            {"reviews": [{"id": each.id, "created": each.created, "topic": each.question} for each in kept]}
        )

    async def kept_review(self, request: Request) -> Response:
        """A kept review, as JSON, or by its ending as Markdown or HTML; or delete it."""
        shelf = self.library.shelf(given.reader(request).name, "review")
        id_, _, ending = request.path_params["id"].partition(".")
        if request.method == "DELETE":
            if not await given.in_thread(lambda: shelf.delete(id_), self.looks):
                raise _no_review(id_)
            return Response(status_code=204)
        kept = await given.in_thread(lambda: shelf.answer(id_), self.looks)
        if kept is None or ending not in ("", "md", "html"):
            raise _no_review(id_)
        if not ending:
            return given.as_json(_without_forms(kept.document))
        headers = {"Content-Security-Policy": ISSUE_POLICY} if ending == "html" else None
        text = kept.document["forms"][ending].encode(errors="replace")
        return validated(request, Response(text, media_type=_MEDIA[ending], headers=headers))

    async def answers(self, request: Request) -> Response:
        """The reader's last answers."""
        shelf = self.library.shelf(given.reader(request).name)
        kept = await given.in_thread(lambda: shelf.answers(limit=LAST_ANSWERS), self.looks)
        return given.as_json(
            {"answers": [{"id": each.id, "created": each.created, "question": each.question} for each in kept]}
        )

    async def answer(self, request: Request) -> Response:
        """A kept answer as JSON, or by its ending as Markdown or its sources in BibTeX, RIS or CSL; or delete it."""
        shelf = self.library.shelf(given.reader(request).name)
        if request.method == "DELETE":
            return await self._delete_answer(shelf, request.path_params["id"])
        id_, _, ending = request.path_params["id"].partition(".")
        kept = await given.in_thread(lambda: shelf.answer(id_), self.looks)
        if kept is None or ending not in ("", "md", *_EXPORTS):
            raise _no_answer(id_)
        if not ending:
            return given.as_json(kept.document)
        if ending == "md":
            return Response(as_markdown(kept.document).encode(errors="replace"), media_type=_MEDIA["md"])
        name, media = _EXPORTS[ending]
        text = await given.in_thread(
            lambda: _exported(name, map(self.library.show, _sources(kept.document))), self.looks
        )
        return Response(text, media_type=media)

    async def _delete_answer(self, shelf: Shelf, id_: str) -> Response:
        if not await given.in_thread(lambda: shelf.delete(id_), self.looks):
            raise _no_answer(id_)
        return Response(status_code=204)

    async def papers(self, request: Request) -> Response:
        """A page of papers, with the facets of all of them on the first."""
        asked = given.query(request, given.Papers)

        def run() -> JsonDict:
            page = self.library.page(
                sort=asked.sort, after=asked.after, limit=asked.limit, facets=not asked.after, filter=asked.filter
            )
            return {
                "papers": [paper.to_dict() for paper in page.papers],
                "count": page.count,
                "facets": page.facets.to_dict() if page.facets else None,
                "next": page.next,
            }

        return given.as_json(await given.in_thread(run, self.looks))

    async def paper(self, request: Request) -> Response:
        """A paper with its sentences and revisions."""
        found = await given.in_thread(
            lambda: paper_document(self.library, self.library.show(request.path_params["id"])), self.looks
        )
        return given.as_json(found)

    async def rate(self, request: Request) -> Response:
        """Like or dislike a paper, or take that back."""
        asked = await given.body(request, given.Rating)
        id_, reader = request.path_params["id"], given.reader(request).name
        paper = await given.in_thread(lambda: self.library.rate(id_, asked.rating, reader=reader), self.looks)
        return given.as_json({"paper_id": paper.paper_id, "rating": asked.rating})

    async def export(self, request: Request) -> Response:
        """Papers in a format of reference managers."""
        asked = given.query(request, given.Export)
        text = await given.in_thread(
            lambda: _exported(asked.format, self.library.papers(filter=asked.filter)), self._in_own_sentences
        )
        return Response(text, media_type="text/plain")

    async def issues(self, request: Request) -> Response:
        """The stored issues that the reader may see, the newest first."""
        reader = given.reader(request).name
        kept = await given.in_thread(lambda: self.library.issues.stored(reader), self.looks)
        return given.as_json({"issues": [each._asdict() for each in kept]})

    async def issue(self, request: Request) -> Response:
        """A stored issue, as JSON, or by its ending as Markdown or HTML: the bytes that were delivered."""
        period, _, ending = request.path_params["period"].partition(".")
        subscription = request.path_params["subscription"]
        is_shown = self.library.issues.shows(subscription, given.reader(request).name)
        text = await given.in_thread(
            lambda: self.library.issues.stored_form(subscription, period, ending or "json"), self.looks
        )
        if not is_shown or text is None or (ending or "json") not in _MEDIA:
            raise NotThere(
                f"No issue {period} of “{subscription}” is stored.", hint="`/api/v1/issues` lists those that are."
            )
        headers = {"Content-Security-Policy": ISSUE_POLICY} if ending == "html" else None
        reply = Response(text.encode(errors="replace"), media_type=_MEDIA[ending or "json"], headers=headers)
        return validated(request, reply)

    async def status(self, request: Request) -> Response:
        """What the library holds, without places on the disk, and what is the reader's own."""
        reader = given.reader(request)
        return given.as_json(await given.in_thread(lambda: self.state(reader), self.looks))

    def state(self, reader: ReaderRecord) -> JsonDict:
        """The status of the library as a reader may see it."""
        return self.library.status(reader=reader.name)

    async def openapi(self, _: Request) -> Response:
        """The description of this API."""
        return given.as_json(openapi(signs_in=self._signs_in))


def _exported(format_name: str, papers: Iterable[Paper]) -> bytes:
    """Papers in a format of reference managers."""
    from refdesk.render.export import FORMATS

    return ("\n".join(FORMATS[format_name](papers)) + "\n").encode(errors="replace")


def _sources(document: JsonDict) -> list[str]:
    return [str(source["paper_id"]) for source in document["sources"]]


def _without_forms(review: JsonDict) -> JsonDict:
    """A review as `review --json` prints it."""
    return {key: value for key, value in review.items() if key != "forms"}


def _no_review(id_: str) -> NotThere:
    return NotThere(f"No review {id_[:80]} is kept.", hint="`/api/v1/reviews` lists those that are.")


def _no_answer(id_: str) -> NotThere:
    return NotThere(f"No answer {id_[:80]} is kept.", hint="`/api/v1/answers` lists those that are.")
