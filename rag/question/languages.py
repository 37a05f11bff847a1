"""
Language of a question, by its script and its function words. Six European languages and five scripts; else English.

A detector trained on running text (langdetect, lingua) is unsure of ten words full of English terms; function words
are not.
"""

from __future__ import annotations

import re
import unicodedata

from rag.question.words import FUNCTION_WORDS, LANGUAGES

_SCRIPTS = {"HIRAGANA": "ja", "KATAKANA": "ja", "HANGUL": "ko", "CJK": "zh", "CYRILLIC": "ru", "ARABIC": "ar"}
_FUNCTION_WORDS = {name: frozenset(words.split()) for name, words in LANGUAGES.items()}
_LEAST = 2
"""Function words of another language that a question must have, and more of them than English ones."""


def language_of(text: str) -> str:
    """
    ISO 639-1 code of a question's language.

    >>> language_of("Welche Methoden gibt es zur Erkennung?"), language_of("Why is de novo design hard?")
    ('de', 'en')
    """
    letters = [char for char in text if char.isalpha()]
    for char in letters:
        script = unicodedata.name(char, "").split(" ")[0].split("-")[0]
        if script in _SCRIPTS and sum(unicodedata.name(each, "").startswith(script) for each in letters) * 3 > len(
            letters
        ):
            return (
                "ja"
                if any(unicodedata.name(each, "").startswith(("HIRAGANA", "KATAKANA")) for each in letters)
                else _SCRIPTS[script]
            )
    words = re.findall(r"[^\W\d_]+", text.lower())
    english = sum(word in FUNCTION_WORDS for word in words)
    counts = {name: sum(word in own for word in words) for name, own in _FUNCTION_WORDS.items()}
    name, count = max(counts.items(), key=lambda item: (item[1], item[0]))
    return name if count >= _LEAST and count > english else "en"
