"""What all endpoints share: the open library, and the threads in which it is asked."""

from __future__ import annotations

import anyio

from refdesk.library import Library

LOOKS, SEARCHES, QUESTIONS = 8, 3, 3
"""
So many reads and ratings, searches, and questions in the papers' own sentences are answered at a time; the next wait.

Python runs one thread at a time: more threads make all of them later (16 clients: 78 searches a second with 3 threads,
62 with 8).
"""
MODEL_QUESTIONS = 16
"""The same for questions that a model answers, whose threads mostly wait for it."""


class Desk:
    """
    An open library as endpoints ask it.

    Args:
        library: The library.
    """

    def __init__(self, library: Library) -> None:
        self.library = library
        self.looks = anyio.CapacityLimiter(LOOKS)
        self.searches = anyio.CapacityLimiter(SEARCHES)
        self.in_own_sentences = anyio.CapacityLimiter(QUESTIONS)
        self.by_model = anyio.CapacityLimiter(MODEL_QUESTIONS)
        self.writing = anyio.CapacityLimiter(1)  # of papers; it may wait minutes for another writer

    @property
    def questions(self) -> anyio.CapacityLimiter:
        """Limits questions: those to a model wait for it, and leave the others their threads."""
        return self.by_model if self.library.model else self.in_own_sentences
