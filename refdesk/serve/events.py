"""A question whose claims are sent as they are checked, as server-sent events; a client that goes away cancels it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import partial
from threading import Event
from typing import Any

import anyio
import anyio.to_thread
from sse_starlette import EventSourceResponse, ServerSentEvent

from rag.answers.stream import AnswerStream
from rag.errors import RefdeskError
from rag.types import Answer, JsonDict
from refdesk.hints import told
from refdesk.serve.requests import in_thread, json_bytes

PING_S = 15


def stream(
    ask: Callable[[Event], AnswerStream], keep: Callable[[JsonDict], None], limiter: anyio.CapacityLimiter
) -> EventSourceResponse:
    """
    The events `claim`, one for each claim, then `answer` or `error`, each with a JSON document.

    Args:
        ask: Begins the question; its event cancels it.
        keep: Keeps the answer.
        limiter: Of the threads for questions.
    """
    cancel = Event()

    async def events() -> AsyncIterator[ServerSentEvent]:
        parts: AnswerStream | None = None
        try:
            parts = await in_thread(lambda: ask(cancel), limiter, abandon=True)
            while (part := await in_thread(partial(next, parts, None), limiter, abandon=True)) is not None:
                if isinstance(part, Answer):
                    document = part.to_dict()
                    await anyio.to_thread.run_sync(keep, document)
                    yield _event("answer", document)
                else:
                    yield _event("claim", part.to_dict())
        except RefdeskError as error:
            yield _event("error", told(error, "api"))
        finally:
            cancel.set()
            if parts:
                parts.close()

    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventSourceResponse(events(), ping=PING_S, headers=headers)


def _event(name: str, document: Any) -> ServerSentEvent:
    return ServerSentEvent(event=name, data=json_bytes(document).decode())
