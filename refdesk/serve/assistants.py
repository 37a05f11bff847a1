"""The assistants' endpoint of a server: begun with its first request, for the protocol's packages take 28 MB."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread
from anyio.abc import TaskGroup, TaskStatus
from starlette.types import Receive, Scope, Send

if TYPE_CHECKING:
    from refdesk.mcp.http import Endpoint


class Assistants:
    """
    The ASGI application.

    Args:
        make: Imports and makes the endpoint.
    """

    def __init__(self, make: Callable[[], Endpoint]) -> None:
        self._make = make
        self._beginning = anyio.Lock()
        self._endpoint: Endpoint | None = None
        self._tasks: TaskGroup | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """The life of the endpoint, once; it serves within it."""
        async with anyio.create_task_group() as self._tasks:
            yield
            self._tasks.cancel_scope.cancel()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        async with self._beginning:
            if self._endpoint is None:
                assert self._tasks
                endpoint = await anyio.to_thread.run_sync(self._make)
                await self._tasks.start(_run, endpoint)
                self._endpoint = endpoint
        await self._endpoint(scope, receive, send)


async def _run(endpoint: Endpoint, *, task_status: TaskStatus[None]) -> None:
    async with endpoint.running():
        task_status.started()
        await anyio.sleep_forever()
