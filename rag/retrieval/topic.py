"""Whether a text holds a topic, word beside word, in the singular or the plural."""

from __future__ import annotations

import re

from rag.authors import normalized

_WORD = re.compile(r"[^\W_]+")


def holds(text: str, topic: str) -> bool:
    """
    True if a text holds the words of a topic side by side, each in the singular or the plural.

    The word index knows stems only, and “token” is the stem of “tokenizers” too.
    """
    words = [re.escape(re.sub(r"(?<=[^\W\d_]{3})s$", "", word)) for word in _WORD.findall(normalized(topic))]
    pattern = r"(?<!\w)" + r"[\W_]+".join(rf"{word}(?:e?s)?" for word in words) + r"(?!\w)"
    return bool(words and re.search(pattern, normalized(text)))
