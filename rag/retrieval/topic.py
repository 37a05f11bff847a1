"""Whether a text holds a topic, word beside word, in the singular or the plural."""

from __future__ import annotations

import re

from rag.authors import normalized

_WORD = re.compile(r"[^\W_]+")
_NOTHING = r"(?!)"


def holds(text: str, topic: str) -> bool:
    """
    True if a text holds the words of a topic side by side, each in the singular or the plural.

    The word index knows stems only, and “token” is the stem of “tokenizers” too.
    """
    return bool(re.search(pattern(topic), normalized(text)))


def pattern(topic: str) -> str:
    """The regular expression that finds a topic in a normalized text; one that finds nothing if it has no word."""
    words = [re.escape(re.sub(r"(?<=[^\W\d_]{3})s$", "", word)) for word in _WORD.findall(normalized(topic))]
    return r"(?<!\w)" + r"[\W_]+".join(rf"{word}(?:e?s)?" for word in words) + r"(?!\w)" if words else _NOTHING
