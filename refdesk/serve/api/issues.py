"""The stored issues: listed, and given byte for byte as they were delivered."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from rag.errors import NotThere
from refdesk.serve import requests as given
from refdesk.serve.caching import validated
from refdesk.serve.desk import Desk
from refdesk.serve.guard import ISSUE_POLICY
from refdesk.serve.operations import Operation, shape

_MEDIA = {"json": "application/json", "md": "text/markdown", "html": "text/html"}


class IssuesApi:
    """
    The operations on stored issues.

    Args:
        desk: The library, and its threads.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk, self._library = desk, desk.library

    def operations(self) -> tuple[Operation, ...]:
        """All of them."""
        return (
            Operation("GET", "/issues", self.issues, "The stored issues that one may see.", gives=shape("issues")),
            Operation(
                "GET",
                "/issues/{subscription}/{period}",
                self.issue,
                "A stored issue; .md or .html gives its text.",
                gives=shape("headline", "themes", "papers", "sources", "manifest"),
                also=("text/markdown", "text/html"),
            ),
        )

    async def issues(self, request: Request) -> Response:
        """The stored issues that the reader may see, the newest first."""
        reader = given.reader(request).name
        kept = await given.in_thread(lambda: self._library.issues.stored(reader), self._desk.looks)
        return given.as_json({"issues": [each._asdict() for each in kept]})

    async def issue(self, request: Request) -> Response:
        """A stored issue, as JSON, or by its ending as Markdown or HTML: the bytes that were delivered."""
        period, _, ending = request.path_params["period"].partition(".")
        subscription, reader = request.path_params["subscription"], given.reader(request).name
        form = ending or "json"

        def find() -> str | None:
            issues = self._library.issues  # reads the catalog
            return issues.stored_form(subscription, period, form) if issues.shows(subscription, reader) else None

        text = await given.in_thread(find, self._desk.looks)
        if text is None or form not in _MEDIA:
            raise NotThere(
                f"No issue {period[:40]} of “{subscription[:80]}” is stored.",
                hint="`/api/v1/issues` lists those that are.",
            )
        headers = {"Content-Security-Policy": ISSUE_POLICY} if form == "html" else None
        return validated(request, Response(text.encode(errors="replace"), media_type=_MEDIA[form], headers=headers))
