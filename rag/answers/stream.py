"""The stream of an answer: its claims as they are checked, then the answer; it can be closed from any thread."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import CancelledError
from contextlib import suppress
from threading import Event, Lock

from rag.errors import ModelUnavailable
from rag.types import Answer, Claim


class AnswerStream(Iterator[Claim | Answer]):
    """
    The claims of an answer, each once it is checked, and the Answer last.

    A context manager. `close` may be called from any thread, as often as one likes: a call of the model that is under
    way ends within one chunk of its reply, its tokens are counted, and the iteration ends. A stream that nobody holds
    any longer closes itself.

    Args:
        parts: The generator of claims and answer.
        closed: What tells this generator that the stream was closed.
    """

    def __init__(self, parts: Iterator[Claim | Answer], closed: Event) -> None:
        self._parts, self._closed, self._running = parts, closed, Lock()
        self._begun = False

    def __enter__(self) -> AnswerStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def __iter__(self) -> AnswerStream:
        return self

    def __next__(self) -> Claim | Answer:
        try:
            with self._running:
                if self._closed.is_set():
                    raise StopIteration
                self._begun = True
                return next(self._parts)
        except CancelledError:
            if self._closed.is_set():
                raise StopIteration from None
            raise
        finally:
            if self._closed.is_set():  # another thread closed the stream while this one ran the generator
                self.close()

    def close(self) -> None:
        """Stop, and ask the model for nothing more; it does not wait for another thread that reads the stream."""
        self._closed.set()
        if self._begun and self._running.acquire(blocking=False):
            try:
                with suppress(CancelledError, ModelUnavailable):
                    for _ in self._parts:  # it ends by itself; LangChain answers GeneratorExit by reading the rest
                        pass
            finally:
                self._running.release()
