"""Readers, whom admins manage, and the tokens of programs, which are their readers' own."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from rag.errors import NotThere
from rag.types import JsonDict
from refdesk.serve import requests as given
from refdesk.serve.desk import Desk
from refdesk.serve.operations import Operation, shape
from stores.sql.readers import ReaderRecord

_READER = shape("name", "role", "email", "created")
_TOKEN = shape("id", "reader", "name", "scope", "created", "used", "expires")


class PeopleApi:
    """
    The operations on readers and tokens.

    Args:
        desk: The library, and its threads.
        secure: True if browsers address the server by https.
    """

    def __init__(self, desk: Desk, *, secure: bool) -> None:
        self._library, self._readers, self._limit, self._secure = desk.library, desk.library.readers, desk.looks, secure

    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        one = "/readers/{name}"
        return (
            Operation("GET", "/readers", self.readers, "All readers.", gives=shape("readers"), role="admin"),
            Operation(
                "POST",
                "/readers",
                self.add,
                "Add a reader.",
                takes=given.NewReader,
                gives=_READER,
                status=201,
                role="admin",
            ),
            Operation(
                "PUT",
                one,
                self.set,
                "Change the role or the address of a reader.",
                takes=given.ChangedReader,
                gives=_READER,
                role="admin",
            ),
            Operation("DELETE", one, self.remove, "Delete a reader with all that is theirs.", status=204, role="admin"),
            Operation(
                "POST",
                f"{one}/link",
                self.link,
                "A link that signs a reader in, once, within ten minutes.",
                gives=shape("name", "link"),
                role="admin",
            ),
            Operation("GET", "/tokens", self.tokens, "One's tokens; for an admin, all.", gives=shape("tokens")),
            Operation(
                "POST",
                "/tokens",
                self.make,
                "Make a token; `token` is its secret, shown this once.",
                takes=given.NewToken,
                gives=shape(*_TOKEN["required"], "token"),
                status=201,
            ),
            Operation("DELETE", "/tokens/{id}", self.revoke, "End a token: one's own; an admin, any.", status=204),
        )

    async def readers(self, _: Request) -> Response:
        """All readers, and how much is theirs."""
        return given.as_json({"readers": await self.listed()})

    async def listed(self) -> list[JsonDict]:
        """The same for a page."""

        def run() -> list[JsonDict]:
            counts = self._readers.counts()
            return [{**each.to_dict(), **counts.get(each.name, {})} for each in self._readers.all()]

        return await given.in_thread(run, self._limit)

    async def add(self, request: Request) -> Response:
        """Add a reader."""
        asked = await given.body(request, given.NewReader)
        return given.as_json((await self.added(asked)).to_dict(), 201)

    async def added(self, asked: given.NewReader) -> ReaderRecord:
        """The same for a page."""
        return await given.in_thread(
            lambda: self._readers.add(asked.name, role=asked.role, email=asked.email), self._limit
        )

    async def set(self, request: Request) -> Response:
        """Change a reader."""
        asked = await given.body(request, given.ChangedReader)
        return given.as_json((await self.changed(request.path_params["name"], asked)).to_dict())

    async def changed(self, name: str, asked: given.ChangedReader) -> ReaderRecord:
        """The same for a page."""
        return await given.in_thread(lambda: self._readers.set(name, role=asked.role, email=asked.email), self._limit)

    async def remove(self, request: Request) -> Response:
        """Delete a reader with all that is theirs."""
        name = request.path_params["name"]
        await given.in_thread(lambda: self._readers.remove(name), self._limit)
        return Response(status_code=204)

    async def link(self, request: Request) -> Response:
        """A link that signs a reader in."""
        name = request.path_params["name"]
        return given.as_json({"name": name, "link": await self.linked(request, name)})

    async def linked(self, request: Request, name: str) -> str:
        """The same for a page: at the address that is made public, or by which the admin came."""
        code = await given.in_thread(lambda: self._readers.code(name), self._limit)
        came = f"{'https' if self._secure else 'http'}://{request.headers['host']}"
        return f"{(self._library.serving.public_url or came).rstrip('/')}/sign-in?code={code}"

    async def tokens(self, request: Request) -> Response:
        """Tokens, without their secrets."""
        return given.as_json({"tokens": await self.tokens_of(given.reader(request))})

    async def tokens_of(self, reader: ReaderRecord) -> list[JsonDict]:
        """The same for a page: those of a reader, or all for an admin."""
        whose = None if reader.may("admin") else reader.name
        found = await given.in_thread(lambda: self._readers.tokens(whose), self._limit)
        return [each.to_dict() for each in found]

    async def make(self, request: Request) -> Response:
        """Make a token."""
        asked = await given.body(request, given.NewToken)
        return given.as_json(await self.made(request, asked), 201)

    async def made(self, request: Request, asked: given.NewToken) -> JsonDict:
        """The same for a page. Raises NotAllowed where it is for another reader, and no admin asks."""
        whose = asked.reader or given.reader(request).name
        if whose != given.reader(request).name:
            given.require(request, "admin")
        record, secret = await given.in_thread(
            lambda: self._readers.add_token(whose, name=asked.name, scope=asked.scope, expires=asked.expires or None),
            self._limit,
        )
        return {**record.to_dict(), "token": secret}

    async def revoke(self, request: Request) -> Response:
        """End a token."""
        await self.revoked(request, request.path_params["id"])
        return Response(status_code=204)

    async def revoked(self, request: Request, id_: str) -> None:
        """The same for a page. Raises NotThere, also where it is another reader's, and no admin asks."""
        reader = given.reader(request)
        whose = None if reader.may("admin") else reader.name
        if not await given.in_thread(lambda: self._readers.revoke(id_, whose), self._limit):
            raise NotThere(f"No token has the id {id_[:80]}.", hint="GET /api/v1/tokens lists them.")
