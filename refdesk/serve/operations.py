"""An operation of the API: what it does, takes and gives, and who may. Routes and description are made of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rag.types.reader import ReaderRole
from refdesk.serve import requests as given

JSON, FORM = "application/json", "multipart/form-data"
EVENTS, CSL = "text/event-stream", "application/vnd.citationstyles.csl+json"
Shape = dict[str, Any]
TEXT: Shape = {"type": "string"}


def shape(*keys: str) -> Shape:
    """The JSON Schema of a document by its top-level keys; the manual has the rest."""
    return {"type": "object", "required": list(keys)}


@dataclass(frozen=True, slots=True)
class Operation:
    """
    An operation of the API.

    Args:
        method, path: As a route has them, the path without the prefix.
        endpoint: Does it.
        summary: One sentence for the description.
        takes: The model of its query, if it is a GET, else of its body.
        gives: The schema of its reply; None for one without content.
        status: Of its reply.
        role: Who may.
        media: The media type of its reply, if it has content.
        also: Media types of its reply by an ending of the path, or by the header Accept.
        sent: The media type of its body.
    """

    method: str
    path: str
    endpoint: given.Endpoint
    summary: str
    takes: type[given.Given] | None = None
    gives: Shape | None = None
    status: int = 200
    role: ReaderRole = "reader"
    media: str = JSON
    also: tuple[str, ...] = ()
    sent: str = JSON


def routes(operations: Iterable[Operation]) -> list[Route]:
    """One route for each path of the operations, in their order; a reader without the role is refused."""
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        by_path.setdefault(operation.path, {})[operation.method] = operation
    return [Route(path, given.replied(_by_method(found)), methods=list(found)) for path, found in by_path.items()]


def _by_method(operations: dict[str, Operation]) -> given.Endpoint:
    async def endpoint(request: Request) -> Response:
        operation = operations["GET" if request.method == "HEAD" else request.method]
        given.require(request, operation.role)
        return await operation.endpoint(request)

    return endpoint
