"""Reading requests: what a query or a body may hold, as pydantic models, and errors as replies."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from concurrent.futures import CancelledError
from functools import wraps
from threading import Event
from typing import Annotated, Any, Literal, TypeVar

import anyio
import anyio.to_thread
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from rag import errors
from rag.types import Every, Filter
from rag.types.reader import ReaderRole, TokenScope
from refdesk.hints import told
from refdesk.readers import NAME
from refdesk.reviews import MOST
from refdesk.serve.limits import TooMany
from stores.sql.readers import ReaderRecord

_Given = TypeVar("_Given", bound="Given")
_Result = TypeVar("_Result")
Endpoint = Callable[[Request], Awaitable[Response]]
_STATUS: tuple[tuple[type[errors.RefdeskError], int], ...] = (
    (TooMany, 429),
    (errors.PaperNotFound, 404),
    (errors.NotThere, 404),
    (errors.NotAllowed, 403),
    (errors.InputError, 422),
    (errors.LibraryReadOnly, 403),
    (errors.StoreFull, 507),
    (errors.StoreError, 503),
    (errors.ModelError, 502),
    (errors.ConfigError, 503),
)
"""The status of an error: that of the first kind it is of; 500 for others."""


class Given(BaseModel):
    """What a request gives; an unknown name is an error."""

    model_config = ConfigDict(extra="forbid")


_Names = Annotated[tuple[str, ...], Field(max_length=100)]


class Filtered(Given):
    """The filters, as the options of the command line are named."""

    since: str | None = None
    until: str | None = None
    category: _Names = ()
    tag: _Names = ()
    source: _Names = ()
    author: _Names = ()
    paper: _Names = ()

    @property
    def filter(self) -> Filter:
        """As the library takes them."""
        return Filter(
            since=self.since or None,
            until=self.until or None,
            categories=self.category,
            tags=self.tag,
            sources=self.source,
            authors=self.author,
            papers=self.paper,
        )


class Search(Filtered):
    """A search."""

    q: Annotated[str, Field(max_length=2_000)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 10
    sort: Literal["score", "date"] = "score"


class Papers(Filtered):
    """A page of papers, by id or the newest first, after one of them."""

    sort: Literal["id", "date"] = "id"
    after: Annotated[str, Field(max_length=500)] = ""
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class Export(Filtered):
    """An export."""

    format: Literal["jsonl", "bibtex", "csl", "ris"] = "bibtex"


class Asked(Given):
    """
    A question.

    `issue` (`NAME/PERIOD`, or a period of one's only subscription) and `review` (the id of a kept one) narrow it to
    their papers; `follow_up_of` is the id of the answer before, or the secret of a shared one.
    """

    question: Annotated[str, Field(min_length=1, max_length=2_000)]
    filter: Filtered = Filtered()
    issue: Annotated[str | None, Field(max_length=500)] = None
    review: Annotated[str | None, Field(max_length=100)] = None
    follow_up_of: Annotated[str | None, Field(max_length=100)] = None
    max_sentences: Annotated[int | None, Field(ge=1, le=50)] = None
    fresh: bool = False


class Document(Given):
    """A document to verify."""

    document: Annotated[str, Field(min_length=1, max_length=2_000_000)]


class Reviewed(Given):
    """A topic to review."""

    topic: Annotated[str, Field(min_length=1, max_length=2_000)]
    filter: Filtered = Filtered()
    limit: Annotated[int, Field(ge=1, le=MOST)] = 100


class Subscription(Given):
    """A subscription; what is left out has the default of refdesk.toml."""

    every: Every | None = None
    timezone: Annotated[str | None, Field(max_length=100)] = None
    topics: _Names = ()
    authors: _Names = ()
    categories: _Names = ()
    must: _Names = ()
    must_not: _Names = ()
    liked: _Names = ()
    disliked: _Names = ()
    threshold: Annotated[float | None, Field(ge=0, le=1)] = None
    size: Annotated[int | None, Field(ge=1, le=500)] = None
    order: Literal["interest", "trending"] = "interest"
    formats: tuple[Literal["md", "html", "json"], ...] = ("md", "html", "json")
    mail: bool = True


class Address(Given):
    """A mail address."""

    address: Annotated[str, Field(min_length=3, max_length=300)]


_Short = Annotated[str, Field(max_length=300)]


class NewReader(Given):
    """A reader to add."""

    name: Annotated[str, Field(min_length=1, max_length=64, pattern=NAME)]
    role: ReaderRole = "reader"
    email: _Short | None = None


class ChangedReader(Given):
    """What to change of a reader; an empty address ends their mail."""

    role: ReaderRole | None = None
    email: _Short | None = None


class NewToken(Given):
    """A token to make: for oneself, or by an admin for any reader; `expires` is its last day, as 2026-12-31."""

    name: Annotated[str, Field(max_length=100)] = ""
    scope: TokenScope = "read"
    expires: Annotated[str | None, Field(max_length=10)] = None
    reader: _Short | None = None


class Rating(Given):
    """A rating."""

    rating: Literal[-1, 0, 1]


def query(request: Request, model: type[_Given]) -> _Given:
    """The query of a request. Raises ValidationError."""
    several = {name for name, field in model.model_fields.items() if "tuple" in str(field.annotation)}
    values: dict[str, Any] = {}
    for name in request.query_params:
        given = request.query_params.getlist(name)
        values[name] = tuple(each for each in given if each) if name in several else given[-1]
    return model.model_validate(values)


async def body(request: Request, model: type[_Given]) -> _Given:
    """The JSON body of a request. Raises ValidationError."""
    return model.model_validate_json(await request.body())


async def in_thread(run: Callable[[], _Result], limiter: anyio.CapacityLimiter, *, abandon: bool = False) -> _Result:
    """Run what blocks in a thread, once one is free; `abandon` leaves it alone where the client goes away."""
    return await anyio.to_thread.run_sync(run, limiter=limiter, abandon_on_cancel=abandon)


async def until_gone(request: Request, run: Callable[[Event], _Result], limiter: anyio.CapacityLimiter) -> _Result:
    """
    Run what blocks in a thread, once one is free, and cancel it when the client goes away.

    Args:
        request: Its body has been read.
        run: Takes the event that cancels it.
        limiter: Of the threads.

    Raises:
        ClientDisconnect: The client went away.
    """
    cancel = Event()
    outcome: list[_Result | errors.RefdeskError] = []
    async with anyio.create_task_group() as tasks:

        async def watch() -> None:
            while (await request.receive())["type"] != "http.disconnect":
                pass
            cancel.set()
            tasks.cancel_scope.cancel()

        tasks.start_soon(watch)
        try:
            outcome.append(await in_thread(lambda: run(cancel), limiter, abandon=True))
        except errors.RefdeskError as error:  # a task group would wrap it
            outcome.append(error)
        except CancelledError:
            pass
        tasks.cancel_scope.cancel()
    if not outcome:
        raise ClientDisconnect
    if isinstance(outcome[0], errors.RefdeskError):
        raise outcome[0]
    return outcome[0]


def replied(endpoint: Endpoint) -> Endpoint:
    """Turn errors of an API endpoint into replies that name them, as `--json` prints them."""

    @wraps(endpoint)
    async def safe(request: Request) -> Response:
        try:
            return await endpoint(request)
        except ValidationError as error:
            return invalid(error)
        except ClientDisconnect:
            return cut_off()
        except errors.RefdeskError as error:
            return failed(error)

    return safe


def reader(request: Request) -> ReaderRecord:
    """Who sends a request; the guard found out."""
    found: ReaderRecord = request.state.reader
    return found


def require(request: Request, role: ReaderRole) -> ReaderRecord:
    """Who sends a request, if they have a role, or a higher one. Raises NotAllowed."""
    found = reader(request)
    found.require(role)
    return found


def failed(error: errors.RefdeskError) -> JSONResponse:
    """An error of ours as a reply."""
    return JSONResponse(told(error, "api"), status_of(error), headers=again(error))


def again(error: errors.RefdeskError) -> dict[str, str]:
    """The header that says when to come again, where waiting helps."""
    wait_s = error.wait_s if isinstance(error, TooMany) else 5 if isinstance(error, errors.LibraryLocked) else None
    return {"Retry-After": str(wait_s)} if wait_s else {}


def status_of(error: errors.RefdeskError) -> int:
    """The HTTP status of an error."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 500)


def cut_off() -> JSONResponse:
    """The reply to a body that was too long, or broke off; in the second case nobody reads it."""
    return JSONResponse({"error": {"type": "TooLong", "message": "The request is too long.", "hint": None}}, 413)


def invalid(error: ValidationError) -> JSONResponse:
    """What is wrong with a request: the first fault."""
    first = error.errors(include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"])[:200] or "the body"
    message = f"`{place}`: {first['msg']}."
    return JSONResponse({"error": {"type": "BadRequest", "message": message, "hint": "See /api/v1/openapi.json."}}, 422)


def as_json(document: Any, status: int = 200) -> Response:
    """A document as JSON."""
    return Response(json_bytes(document), status, media_type="application/json")


def json_bytes(document: Any) -> bytes:
    """A document as JSON in UTF-8; half of a surrogate pair becomes a question mark."""
    return json.dumps(document, ensure_ascii=False).encode(errors="replace")
