"""
Tokenization for keyphrases: words of texts with their stems, hyphens as spaces, and acronyms as what they stand for.

A token is taken apart once, however often it stands in the texts, which are kept as numbers of tokens.
`rag.digests.keyphrases` finds phrases in them.
"""

from __future__ import annotations

import re
from array import array
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rag.checking.words import stems
from rag.digests.phrase_words import BARRIERS, VERBS

WORD_CHARS = 30
DEFINED, AGREED = 3, 0.7
"""Papers that must define an acronym by the same words, and their share of those that define it."""

_TOKEN = re.compile(r"[^\W_]+(?:[-.+'’][^\W_]+)*|[^\w\s]")
_WORD = re.compile(r"(?=.*[^\W\d_]{2}).*|\d+d")  # two letters together, or 3D
_SKIPPED = re.compile(r"https?://\S+|\$[^$]*\$|\\[A-Za-z]+|<[^<>]*>")
_SKIPPED_SIGNS = ("http", "$", "\\", "<")
"""What stands in each text that `_SKIPPED` changes; to look for it is ten times as fast."""
_DASHES = str.maketrans("‐‑–", "---")
_ACRONYM = re.compile(r"[A-Z][A-Za-z]{0,4}[A-Z]s?")
_PREFIX = re.compile(r"(multi|pre|non|semi|anti|sub|super|co|bio|spatio|hyper|meta|auto)-(?=\w{3})")

Words = tuple[str, ...]
"""Words in lower case, or stems."""
Numbers = NDArray[np.int32]


class Unit(NamedTuple):
    """A word: in lower case, as it is shown, what joins it to the next; `inner` if its token began before it."""

    word: str
    shown: str
    glue: str
    inner: bool


def tokens(text: str) -> list[str]:
    """The words and marks of a text, without links and formulas; the last is a full stop."""
    if any(sign in text for sign in _SKIPPED_SIGNS):
        text = _SKIPPED.sub(" . ", text)
    if not text.isascii():
        text = text.translate(_DASHES)
    return [*_TOKEN.findall(text), "."]


def _singular(token: str) -> str:
    """An acronym without the s of its plural: LLMs."""
    return token[:-1] if token[-1:] == "s" and "A" <= token[-2:-1] <= "Z" else token


def _parts(token: str) -> list[str]:
    """The words of a token in lower case: `vision-language` has two, `text-to-image` and `multi-agent` one."""
    lower = _singular(token).lower()
    if "-" not in lower:
        return [lower]
    lower = _PREFIX.sub(r"\1", lower)
    parts = lower.split("-")
    split = len(parts) > 1 and all(len(part) > 2 and part not in BARRIERS for part in parts)
    return parts if split else [lower]


def units(token: str, acronyms: Mapping[str, Words]) -> list[Unit]:
    """
    The words of a token, those that an acronym stands for.

    >>> [unit.word for unit in units("RAG", {"RAG": ("retrieval", "augmented", "generation")})]
    ['retrieval', 'augmented', 'generation']
    """
    words = acronyms.get(_singular(token))
    if words:
        shown = [token, *[""] * (len(words) - 1)]
        return [
            Unit(word, text, " " if at == len(words) - 1 else "", at > 0)
            for at, (word, text) in enumerate(zip(words, shown, strict=True))
        ]
    parts = _parts(token)
    if len(parts) == 1:
        return [Unit(parts[0], token, " ", False)]
    shown = token.split("-") if token.count("-") == len(parts) - 1 else parts
    return [
        Unit(word, text, " " if at == len(parts) - 1 else "-", at > 0)
        for at, (word, text) in enumerate(zip(parts, shown, strict=True))
    ]


class Tokens:
    """
    The tokens of texts, one text after another.

    Args:
        texts: In order. Each ends with a full stop.

    Attributes:
        distinct: Each token once, in the order of its first use.
        numbers: The place of each token of the texts among those, shape (tokens,).
        lengths: How many tokens each text has, shape (texts,).
    """

    def __init__(self, texts: Iterable[str]) -> None:
        number: defaultdict[str, int] = defaultdict()
        number.default_factory = number.__len__
        numbers, lengths = array("i"), array("i")
        for text in texts:
            found = tokens(text)
            numbers.extend(map(number.__getitem__, found))
            lengths.append(len(found))
        number.default_factory = None
        self._number = number
        self.distinct = list(number)
        self.numbers: Numbers = np.array(numbers, dtype=np.int32)
        self.lengths: Numbers = np.array(lengths, dtype=np.int32)

    def places(self, token: str) -> NDArray[np.bool_]:
        """True where the texts have a token."""
        return np.equal(self.numbers, self._number.get(token, -1))

    def count(self, token: str) -> int:
        """How often the texts have a token."""
        return int(self._counts[self._number[token]]) if token in self._number else 0

    @cached_property
    def _counts(self) -> NDArray[np.intp]:
        return np.bincount(self.numbers, minlength=len(self.distinct))

    def units(self, acronyms: Mapping[str, Words]) -> list[list[Unit]]:
        """The words of each distinct token, those that an acronym stands for."""
        return [
            units(token, acronyms) if _singular(token) in acronyms else known
            for token, known in zip(self.distinct, self._units, strict=True)
        ]

    @cached_property
    def _units(self) -> list[list[Unit]]:
        return [units(token, {}) for token in self.distinct]


def stemmed(words: Sequence[str]) -> list[str]:
    """The stem of each word, empty for one that ends a phrase."""
    known = dict.fromkeys(words)
    stem_of = {word: "" if _ends(word, stem) else stem for word, stem in zip(known, stems(list(known)), strict=True)}
    return [stem_of[word] for word in words]


def _ends(word: str, stem: str) -> bool:
    return (
        word in BARRIERS
        or stem in VERBS
        or word.endswith("ly")
        or len(word) > WORD_CHARS
        or _WORD.fullmatch(word) is None
    )


def acronyms(texts: Tokens) -> dict[str, Words]:
    """
    The words of each acronym that papers define as in “Retrieval-Augmented Generation (RAG)”, most of them by the same
    words.

    Source: Schwartz and Hearst, “A simple algorithm for identifying abbreviation definitions”, 2003; a strict form.
    """
    defined: dict[str, dict[Words, list[Words]]] = {}
    begins = np.cumsum(texts.lengths) - texts.lengths
    opening = np.flatnonzero(texts.places("(")[:-2] & texts.places(")")[2:])  # a full stop is between two texts
    of_text = begins[np.searchsorted(begins, opening, side="right") - 1]
    for at, begin in zip(opening.tolist(), of_text.tolist(), strict=True):
        token = texts.distinct[texts.numbers[at + 1]]
        if not _ACRONYM.fullmatch(token):
            continue
        name = _singular(token)
        before = texts.numbers[max(begin, at - len(name)) : at].tolist()
        words = list(chain.from_iterable(_parts(texts.distinct[number]) for number in before))[-len(name) :]
        if [word[:1] for word in words] == list(name.lower()) and not {*words} & BARRIERS:
            defined.setdefault(name, {}).setdefault(tuple(stems(words)), []).append(tuple(words))
    found: dict[str, Words] = {}
    for name, by_key in sorted(defined.items()):
        most = max(by_key.values(), key=lambda written: (len(written), written))
        if len(most) >= max(DEFINED, AGREED * sum(map(len, by_key.values()))):
            found[name] = min(most)
    return found
