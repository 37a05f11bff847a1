"""
The HTTP API under /api/v1: each operation gives the document that the command of its name prints with --json.

The operations of a subject stand in a module of their own, with their endpoints.
"""

from __future__ import annotations

from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from rag.types import JsonDict
from refdesk.library import Library
from refdesk.serve import requests as given
from refdesk.serve.api.answers import AnswersApi
from refdesk.serve.api.imports import ImportsApi
from refdesk.serve.api.issues import IssuesApi
from refdesk.serve.api.papers import PapersApi
from refdesk.serve.api.people import PeopleApi
from refdesk.serve.api.reviews import ReviewsApi
from refdesk.serve.api.subscriptions import SubscriptionsApi
from refdesk.serve.desk import Desk
from refdesk.serve.openapi import document
from refdesk.serve.operations import Operation, routes, shape
from stores.sql.readers import ReaderRecord

PREFIX = "/api/v1"


class Api(Desk):
    """
    The operations of an open library.

    Args:
        library: The library.
        signs_in: True if readers and programs sign in.
        secure: True if browsers address it by https.
    """

    def __init__(self, library: Library, *, signs_in: bool, secure: bool = False) -> None:
        super().__init__(library)
        self._signs_in = signs_in
        self.answers, self.reviews, self.subscriptions = AnswersApi(self), ReviewsApi(self), SubscriptionsApi(self)
        self.people, self.imports = PeopleApi(self, secure=secure), ImportsApi(self)
        own = (self.answers, self.reviews, self.subscriptions, self.people, self.imports)
        rooms = (PapersApi(self), IssuesApi(self), *own)
        self.operations = (
            *(operation for room in rooms for operation in room.operations()),
            Operation("GET", "/status", self.status, "What the library holds.", gives=shape("papers", "first_day")),
        )

    def routes(self) -> list[Route]:
        """All routes, without the prefix."""
        return [*routes(self.operations), Route("/openapi.json", given.replied(self.openapi))]

    async def status(self, request: Request) -> Response:
        """What the library holds, without places on the disk, and what is the reader's own."""
        reader = given.reader(request)
        return given.as_json(await given.in_thread(lambda: self.state(reader), self.looks))

    def state(self, reader: ReaderRecord) -> JsonDict:
        """The status of the library as a reader may see it."""
        return self.library.status(reader=reader.name)

    async def openapi(self, _: Request) -> Response:
        """The description of this API."""
        return given.as_json(self._description)

    @cached_property
    def _description(self) -> JsonDict:
        return document(self.operations, prefix=PREFIX, signs_in=self._signs_in)
