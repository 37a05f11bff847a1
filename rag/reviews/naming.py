"""
Phrase matching with small gaps: does a text name a topic, also as “diffusion *large* language models” or “*detecting*
hallucinations”?

It compares stems, and acronyms with the words that papers define them by; it knows no synonyms. Which words of a topic
are one unit was found by retrieval.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

from rag.checking.words import stems
from rag.digests.phrase_tokens import AGREED, DEFINED
from rag.question.words import FUNCTION_WORDS

GAP = 2
"""Words that may stand between the words of a unit, such as “large”; no function word."""
TURNED_GAP = 4
"""Words that may stand behind the last word of a unit that comes first, as in “detection of object hallucinations”."""
WORTH, WORTH_OF_LAST = 0.6, 0.85
"""
A phrase within a unit names it if it is worth so much of it: “prompt injection” for “prompt injection attacks”; one
without the first word must be worth more, for that word tells which sort is meant: “injection attacks”.
"""
_TOKEN = re.compile(r"[^\W_]+|[^\w\s/'’-]")
_END = ""

_ACRONYM = re.compile(r" \(([A-Z][A-Za-z]{0,4}[A-Z])s?\)")
_BEFORE = 100
"""Characters before an acronym in which its words are looked for."""

Stems = tuple[str, ...]


class Topic:
    """
    The units of a topic, each with its weight and the shorter phrases that name it too.

    Args:
        units: The words of each unit with its share of the weight; the shares sum to 1.
        parts: By unit the shorter phrases within, and what each is worth of it, 0 to 1.
        acronyms: The stems that an acronym stands for, by its own stem; see `acronyms`.
    """

    def __init__(
        self,
        units: Mapping[tuple[str, ...], float],
        parts: Mapping[tuple[str, ...], Mapping[tuple[str, ...], float]],
        acronyms: Mapping[str, Stems] = MappingProxyType({}),
    ) -> None:
        self.shares = tuple(units.values())
        self.names = tuple(" ".join(words) for words in units)
        self._acronyms = acronyms
        self._forms = [self._spelled_out(tuple(stems(words))) for words in units]
        self._parts = [
            [
                self._spelled_out(tuple(stems(part)))
                for part, worth in parts.get(words, {}).items()
                if worth >= (WORTH if part[0] == words[0] else WORTH_OF_LAST)
            ]
            for words in units
        ]

    def named(self, text: str) -> tuple[bool, ...]:
        """Which units a text names, in their order."""
        held = self._spelled_out(_stems(text))
        known = frozenset(held)
        return tuple(
            (known.issuperset(form) and _holds(held, form))
            or any(known.issuperset(part) and _beside(held, part) for part in parts)
            for form, parts in zip(self._forms, self._parts, strict=True)
        )

    def _spelled_out(self, words: Stems) -> Stems:
        """Stems with acronyms replaced by what they stand for."""
        if self._acronyms.keys().isdisjoint(words):
            return words
        return tuple(stem for word in words for stem in self._acronyms.get(word, (word,)))

    def share(self, named: Sequence[bool]) -> float:
        """The share of the weight of the units that are named."""
        return sum(share for share, is_named in zip(self.shares, named, strict=True) if is_named)


def acronyms(texts: Iterable[str]) -> dict[str, Stems]:
    """
    What acronyms stand for, as several texts define them.

    >>> acronyms(["Diffusion large language models (dLLMs) or large language models (LLMs)."] * 3)
    {'llm': ('larg', 'languag', 'model'), 'llms': ('larg', 'languag', 'model')}
    """
    found: dict[str, Counter[Stems]] = defaultdict(Counter)
    for text in texts:
        for acronym in _ACRONYM.finditer(text):
            letters = acronym[1].lower()
            before = text[max(0, acronym.start() - _BEFORE) : acronym.start()].lower()
            parts = re.split("[ -]", before)[-len(letters) :]
            if all(map(str.isalpha, parts)) and "".join(part[:1] for part in parts) == letters:
                found[letters][tuple(stems(parts))] += 1
    return {
        stem: meaning
        for acronym, meanings in sorted(found.items())
        for meaning, count in meanings.most_common(1)
        if count >= DEFINED and count >= AGREED * meanings.total()
        for stem in dict.fromkeys(stems([acronym, f"{acronym}s"]))
    }


def _holds(held: Stems, form: Stems) -> bool:
    """True if a text has a form with small gaps, in any order without one, or its last word before the others."""
    if len(form) == 1:
        return True
    if any(_follows(held, at, form[1:]) for at, stem in enumerate(held) if stem == form[0]):
        return True
    window, wanted = len(form), sorted(form)
    if any(sorted(held[at : at + window]) == wanted for at in range(len(held) - window + 1)):
        return True
    return any(
        held[first] == form[0] and _follows(held, first, form[1:-1])
        for at, stem in enumerate(held)
        if stem == form[-1]
        for first in range(at + 1, min(at + TURNED_GAP + 1, len(held)))
        if _END not in held[at + 1 : first]
    )


def _beside(held: Stems, form: Stems) -> bool:
    """True if a text has the words of a form side by side."""
    return any(held[at : at + len(form)] == form for at in range(len(held) - len(form) + 1))


def _follows(held: Stems, at: int, form: Stems) -> bool:
    """True if the stems of a form follow a place in their order, with at most `GAP` words between in all."""
    gap = GAP
    for wanted in form:
        at += 1
        while at < len(held) and held[at] != wanted:
            if not gap or held[at] == _END or held[at] in FUNCTION_WORDS:
                return False
            gap -= 1
            at += 1
        if at >= len(held):
            return False
    return True


@lru_cache(maxsize=32_768)
def _stems(text: str) -> Stems:
    """The stems of a text; function words stay as they are, and a sign that ends a phrase is empty."""
    tokens = _TOKEN.findall(text.lower())
    stemmed = stems(tokens)
    return tuple(
        token if token in FUNCTION_WORDS else stem if token[0].isalnum() else _END
        for token, stem in zip(tokens, stemmed, strict=True)
    )
