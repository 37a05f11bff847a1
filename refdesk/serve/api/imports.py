"""What curators have done: imports of files, syncs, deliveries sent again. The work itself waits for the runner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any, Literal

import anyio
from pydantic import ConfigDict, Field
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from rag.types import JsonDict
from refdesk.ingest.add import reading
from refdesk.jobs import ABANDONED
from refdesk.library import formats
from refdesk.serve import requests as given
from refdesk.serve.desk import Desk
from refdesk.serve.limits import TooMany
from refdesk.serve.multipart import FILE, FilesForm
from refdesk.serve.operations import FORM, Operation, shape
from stores.sql.jobs import JobRecord
from stores.sql.readers import ReaderRecord

UPLOADS_AT_ONCE = 4
"""So many uploads write at a time; the next ones wait."""
LISTED, SHOWN = 100, 10
_JOB = shape("id", "kind", "state", "reader", "created", "changed", "arguments", "progress", "report")
_Text = Annotated[str, Field(max_length=200)]


_FILES = {"type": "array", "minItems": 1, "items": {"type": "string", "contentMediaType": "application/octet-stream"}}


class Imported(given.Given):
    """The fields of an import, beside the files."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra=lambda schema: schema.update(
            required=[FILE], properties={FILE: _FILES, **schema["properties"]}
        ),
    )
    format: _Text | None = None
    encoding: _Text | None = None
    tags: Annotated[tuple[_Text, ...], Field(max_length=100)] = ()
    listed: _Text | None = None
    keep_without_abstract: bool = False

    def options(self) -> JsonDict:
        """As `Library.add_stream` takes them. Raises UnknownFormat, BadFilter."""
        checked = reading(
            format_name=self.format,
            encoding=self.encoding,
            listed=self.listed,
            tags=[tag.strip() for each in self.tags for tag in each.split(",") if tag.strip()],
            keep_without_abstract=self.keep_without_abstract,
        )
        return asdict(checked)


class Synced(given.Given):
    """The feeds to pull; none means all."""

    feeds: Annotated[tuple[_Text, ...], Field(max_length=100)] = ()


class ImportsApi:
    """
    The operations on imports and other jobs; with redirects in the place of documents, for the forms of a page too.

    Args:
        desk: The library, and its threads.
    """

    def __init__(self, desk: Desk) -> None:
        self._library, self._jobs, self._limiter = desk.library, desk.library.jobs, desk.looks
        self._uploads = anyio.CapacityLimiter(UPLOADS_AT_ONCE)

    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        asked: dict[str, Any] = {"gives": _JOB, "status": 202, "role": "curator"}
        one = "/deliveries/{id}"
        return (
            Operation("POST", "/imports", self.send, "Import files.", takes=Imported, sent=FORM, **asked),
            Operation("GET", "/imports", self.imports, "The last imports, one's own or all.", gives=shape("imports")),
            Operation("GET", "/imports/{id}", self.job, "How far an import is, and its report.", gives=_JOB),
            Operation("GET", "/jobs/{id}", self.job, "How far any job is, and its report.", gives=_JOB),
            Operation("POST", "/sync", self.sync, "Pull the feeds, or some.", takes=Synced, **asked),
            Operation("POST", f"{one}/resend", self.resend, "Send a delivery again.", **asked),
            Operation("POST", f"{one}/dismiss", self.dismiss, "Settle a delivery unsent.", status=204, role="curator"),
        )

    def forms(self, shown: Callable[[given.Endpoint], given.Endpoint]) -> list[Route]:
        """The same for the forms of the library's page; `shown` shows errors as pages."""
        endpoints = (
            ("/imports", self.send),
            ("/sync", self.sync),
            ("/deliveries/{id}/resend", self.resend),
            ("/deliveries/{id}/dismiss", self.dismiss),
        )
        return [Route(path, shown(_back(endpoint)), methods=["POST"]) for path, endpoint in endpoints]

    def work(self, reader: ReaderRecord) -> JsonDict | None:
        """What the library's page shows a curator beside the status; None for others."""
        if not reader.may("curator"):
            return None
        jobs = [job.to_dict() for job in self._jobs.last(reader, limit=SHOWN)]
        return {"jobs": jobs, "formats": formats(), "may": not self._jobs.read_only, "feeds": self._jobs.feeds()}

    async def send(self, request: Request) -> Response:
        """Take files, and import them when it is their turn."""
        reader = given.require(request, "curator")
        upload = await given.in_thread(lambda: self._jobs.receive(reader.name), self._uploads)
        if upload is None:
            raise TooMany("An import of yours has not ended yet.", ABANDONED.total_seconds())
        try:
            form = FilesForm(upload, self._uploads)
            await form.read(request)
            options = _fields(form.fields, Imported).options()
            job = await given.in_thread(lambda: upload.complete(options), self._uploads)
        finally:
            with anyio.CancelScope(shield=True):  # a client that goes away cancels this request
                await given.in_thread(upload.abandon, self._uploads)
        return _accepted(job, "/api/v1/imports")

    async def imports(self, request: Request) -> Response:
        """The last imports: one's own, or for a curator all."""
        reader = given.reader(request)
        found = await given.in_thread(lambda: self._jobs.last(reader, kind="import", limit=LISTED), self._limiter)
        return given.as_json({"imports": [job.to_dict() for job in found]})

    async def job(self, request: Request) -> Response:
        """How far a job is, and what came of it."""
        id_, reader = request.path_params["id"], given.reader(request)
        found = await given.in_thread(lambda: self._jobs.get(id_, reader), self._limiter)
        return given.as_json(found.to_dict())

    async def sync(self, request: Request) -> Response:
        """Pull the feeds."""
        reader = given.require(request, "curator")
        asked = await given.body(request, Synced) if await request.body() else Synced()
        job = await given.in_thread(lambda: self._jobs.sync(asked.feeds, reader=reader.name), self._limiter)
        return _accepted(job, "/api/v1/jobs")

    async def resend(self, request: Request) -> Response:
        """Send again what failed, or may not have arrived."""
        reader = given.require(request, "curator")
        found = await self._decided(request, "resend", reader)
        job = await given.in_thread(lambda: self._jobs.resend(found, reader=reader.name), self._limiter)
        return _accepted(job, "/api/v1/jobs")

    async def dismiss(self, request: Request) -> Response:
        """Settle a delivery that is not wanted any more."""
        await self._decided(request, "dismiss", given.require(request, "curator"))
        return Response(status_code=204)

    async def _decided(self, request: Request, what: Literal["resend", "dismiss"], reader: ReaderRecord) -> str:
        def decide() -> str:
            return self._library.issues.decide(request.path_params["id"], what, reader=reader.name).id

        return await given.in_thread(decide, self._limiter)


def _fields(fields: dict[str, list[str]], model: type[Imported]) -> Imported:
    """The fields of a form; an empty one is not given. Raises ValidationError."""
    values: JsonDict = {}
    for name, found in fields.items():
        if filled := [value for value in found if value]:
            values[name] = tuple(filled) if name == "tags" else filled[-1]
    return model.model_validate(values)


def _accepted(job: JobRecord, at: str) -> Response:
    reply = given.as_json(job.to_dict(), 202)
    reply.headers["Location"] = f"{at}/{job.id}"
    return reply


def _back(endpoint: given.Endpoint) -> given.Endpoint:
    """For a form: back to the page where the work is listed."""

    async def form(request: Request) -> Response:
        await endpoint(request)
        return RedirectResponse("/library#work", 303)

    return form
