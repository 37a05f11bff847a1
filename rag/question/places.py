"""Noun phrases of a question with their places in it, and the things that the question is about. Pure."""

from __future__ import annotations

import re

from rag.question.understand import Understood
from rag.question.words import FUNCTION_WORDS, GREETINGS, PARTING, PREDICATES, SCAFFOLD_NOUNS, VERBS

Place = tuple[int, int]
"""A half-open range of characters."""
WORD = re.compile(r"[^\W_]+(?:[-'][^\W_]+)*(?:\+\+|#)?")
_ENDING = FUNCTION_WORDS | VERBS | PARTING | GREETINGS
_LEADING = PREDICATES | frozenset(
    "recent latest new newest papers paper studies research works list find show give summarize summarise overview "
    "explain define compare".split()
)


def bare(question: str) -> str:
    """A question without its mark and line breaks."""
    return " ".join(question.split()).rstrip(" ?.!")


def stem(word: str) -> str:
    """
    A word in the singular.

    >>> stem("Models"), stem("loss")
    ('model', 'loss')
    """
    return re.sub(r"(?<=[^s])s$", "", word.lower())


def noun_phrases(text: str) -> list[Place]:
    """
    The places of the noun phrases: runs of content words between function words, verbs and punctuation.

    >>> text = "Does chain-of-thought help small models?"
    >>> [text[start:end] for start, end in noun_phrases(text)]
    ['chain-of-thought', 'small models']
    """
    runs: list[list[re.Match[str]]] = [[]]
    end = 0
    for match in WORD.finditer(text):
        if re.search(r"[^\s'-]", text[end : match.start()]):
            runs.append([])
        end = match.end()
        if match.group().lower().removesuffix("'s") in _ENDING:
            runs.append([])
        else:
            runs[-1].append(match)
    found = []
    for run in runs:
        while run and run[-1].group().lower() in PREDICATES:
            run = run[:-1]
        while run and run[0].group().lower() in _LEADING:
            run = run[1:]
        if not all(word.group().lower() in SCAFFOLD_NOUNS for word in run):
            found.append((run[0].start(), run[-1].end()))
    return found


def replaceable(asked: Understood) -> list[Place]:
    """The noun phrases of `bare(asked.question)` that are no time, and no name of an author."""
    question = bare(asked.question)
    kept_out = [
        place for words in (asked.span_words, *asked.authors) if words for place in occurrences(question, words)
    ]
    return [
        (start, end)
        for start, end in noun_phrases(question)
        if not any(first <= start and end <= last for first, last in kept_out)
    ]


def occurrences(text: str, words: str) -> list[Place]:
    """Where words stand in a text, upper and lower case being the same."""
    return [found.span() for found in re.finditer(re.escape(words), text, re.IGNORECASE)]


def things(asked: Understood) -> list[str]:
    """What a question is about, as it is written: its quotations, title or sides, else its noun phrases."""
    if asked.quoted:
        return list(asked.quoted)
    if asked.kind == "metadata":
        return [asked.topic] if asked.topic else []
    if asked.sides:
        return list(asked.sides)
    question = bare(asked.question)
    return [question[start:end] for start, end in replaceable(asked)]
