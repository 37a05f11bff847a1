"""The archive of issues, and an issue in its frame with what one can do with its papers."""

from __future__ import annotations

from itertools import groupby
from typing import Any
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response

from rag.errors import NotThere
from refdesk.serve import requests as given
from refdesk.serve.frame import Frame


class IssuePages:
    """
    The pages of issues.

    Args:
        frame: What all pages share.
    """

    def __init__(self, frame: Frame) -> None:
        self._frame, self._api, self._library = frame, frame.api, frame.library
        self.routes = (
            ("/issues", self.issues, "GET"),
            ("/issues/{subscription}/{period}", self.issue, "GET"),
        )

    async def issues(self, request: Request) -> Response:
        """The stored issues, by subscription."""
        reader = given.reader(request).name
        kept = await given.in_thread(lambda: self._library.issues.stored(reader), self._api.looks)
        kept.sort(key=lambda each: each.subscription)  # the newest first within it, as they come
        archive = {name: list(issues) for name, issues in groupby(kept, lambda each: each.subscription)}
        return await self._frame.page(request, "issues.html.j2", "/issues", archive=archive)

    async def issue(self, request: Request) -> Response:
        """A stored issue, in a frame of its own."""
        subscription, period = request.path_params["subscription"], request.path_params["period"]
        reader, shelf = given.reader(request).name, self._frame.shelf(request)

        def found() -> dict[str, Any]:
            archive = self._library.issues
            own = [each for each in archive.stored(reader) if each.subscription == subscription]
            at = next((row for row, each in enumerate(own) if each.period == period), None)
            if at is None:
                raise NotThere(
                    f"No issue {period[:40]} of “{subscription[:80]}” is stored.", hint="“Issues” lists those that are."
                )
            document = archive.stored_document(subscription, period) or {}
            return {
                "issue": own[at],
                "earlier": own[at + 1] if at + 1 < len(own) else None,
                "later": own[at - 1] if at else None,
                "papers": document["papers"],
                "ratings": shelf.ratings(),
            }

        values = await given.in_thread(found, self._api.looks)
        values["form"] = f"/api/v1/issues/{quote(subscription, safe='')}/{quote(period, safe='')}"
        values["back"] = f"/issues/{quote(subscription, safe='')}/{quote(period, safe='')}"
        return await self._frame.page(request, "issue.html.j2", "/issues", **values)
