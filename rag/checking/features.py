"""Text features for checking: a text, normalized once, with its words, numbers and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rag.checking.normalize import Normalized, normalize
from rag.checking.quantities import Quantity, quantities
from rag.checking.words import Name, Nameable, Word, nameable, names, words


@dataclass(frozen=True)
class TextFeatures:
    """The features of a text. Their places are in the normalized text; `at` turns them into places of the original."""

    original: str
    normalized: Normalized
    words: Sequence[Word]

    @cached_property
    def stems(self) -> list[str]:
        """The stem of every word, in order."""
        return [word.stem for word in self.words]

    @cached_property
    def content(self) -> list[Word]:
        """The content words, without function words and negators."""
        return [word for word in self.words if word.content]

    @cached_property
    def claimed(self) -> list[Quantity]:
        """The numbers that the text claims."""
        return quantities(self.normalized.text)

    @cached_property
    def held(self) -> list[Quantity]:
        """The numbers that the text supports; here “one” counts as 1."""
        return quantities(self.normalized.text, singular=True)

    @cached_property
    def names(self) -> list[Name]:
        """The names in the text."""
        return names(self.normalized.text)

    @cached_property
    def nameable(self) -> Nameable:
        """The keys under which a name may be found."""
        return nameable(self.normalized.text)

    def at(self, start: int, end: int) -> tuple[int, int]:
        """The place in the original of a place in the normalized text."""
        return self.normalized.place(start, end)


@lru_cache(maxsize=2_048)
def read(text: str) -> TextFeatures:
    """Read the features of a text. They are cached, because the same sentence is cited often."""
    normalized = normalize(text)
    return TextFeatures(text, normalized, words(normalized.text))
