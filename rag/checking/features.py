"""A text read for checking: folded once, with its words, numbers and names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from rag.checking.normalize import Normalized, normalize
from rag.checking.quantities import Quantity, quantities
from rag.checking.words import Name, Nameable, Word, nameable, names, words


@dataclass(frozen=True)
class TextFeatures:
    """A text and what was read in it; places are of the folded text until `at` brings them back."""

    original: str
    normalized: Normalized
    words: Sequence[Word]

    @cached_property
    def stems(self) -> list[str]:
        """The stem of every word, in order."""
        return [word.stem for word in self.words]

    @cached_property
    def content(self) -> list[Word]:
        """The words that say something."""
        return [word for word in self.words if word.content]

    @cached_property
    def claimed(self) -> list[Quantity]:
        """The numbers that the text claims."""
        return quantities(self.normalized.text)

    @cached_property
    def held(self) -> list[Quantity]:
        """The numbers that the text bears out: “one” is a 1."""
        return quantities(self.normalized.text, singular=True)

    @cached_property
    def names(self) -> list[Name]:
        """The names in it."""
        return names(self.normalized.text)

    @cached_property
    def nameable(self) -> Nameable:
        """What a name may be found as."""
        return nameable(self.normalized.text)

    def at(self, start: int, end: int) -> tuple[int, int]:
        """A place of the folded text in the original."""
        return self.normalized.place(start, end)


@lru_cache(maxsize=2_048)
def read(text: str) -> TextFeatures:
    """Read a text; the same sentence is cited often."""
    plain = normalize(text)
    return TextFeatures(text, plain, words(plain.text))
