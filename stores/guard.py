"""
A readers-writer lock that prefers writers: any number of threads use what is open, one exchanges it.

It cannot be entered twice by a thread. Nothing slow runs under `exchanging`: open the new thing first, unless both
together take too much memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Condition, get_ident


class Guard:
    """
    Shared by threads that read, exclusive to one that exchanges what they read.

    A thread that waits for `exchanging` goes before readers that come later, so that it cannot starve. It does not wait
    for itself: if it still counts as a reader, a Ctrl-C cut its reading off, and the traceback keeps that alive.
    """

    def __init__(self) -> None:
        self._changed = Condition()
        self._readers = set[int]()  # threads
        self._waiting = 0
        self._exchanging = False

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Use what is open, beside others."""
        thread = get_ident()
        with self._changed:
            self._changed.wait_for(lambda: not (self._exchanging or self._waiting))
            self._readers.add(thread)
        try:
            yield
        finally:
            with self._changed:
                self._readers.discard(thread)
                self._changed.notify_all()

    @contextmanager
    def exchanging(self) -> Iterator[None]:
        """Be alone, after all who read are done."""
        with self._changed:
            self._waiting += 1
            self._readers.discard(get_ident())
            try:
                self._changed.wait_for(lambda: not (self._exchanging or self._readers))
            finally:
                self._waiting -= 1
                self._changed.notify_all()
            self._exchanging = True
        try:
            yield
        finally:
            with self._changed:
                self._exchanging = False
                self._changed.notify_all()
