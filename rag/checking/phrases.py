"""
Shallow phrases: the clauses of a text, and what stands where in them. No parser: a clause ends at a sign or a joint.

The rules for doubts read claims and sentences through it. A `Doubt` is what they find.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from rag.checking.copies import Alignment, align
from rag.checking.doubt import Doubt
from rag.checking.features import TextFeatures, read
from rag.checking.problems import problem_at
from rag.checking.words import Word
from rag.types import ProblemKind

_JOINTS = frozenset(
    "while whereas but although though because since when whenever if unless until which who yet however".split()
)
_SIGNS = frozenset(",;:()[]")
_LEAST_COPIED = 0.75


@dataclass(frozen=True, slots=True)
class Phrases:
    """
    A text read for comparison.

    Args:
        features: Its features.
        words: Its words.
        clauses: For each word the number of its clause, ascending.
        places: For each stem the indices of its words.
        texts: The words in lower case.
        names: The stems of words that are part of a name.
    """

    features: TextFeatures
    words: Sequence[Word]
    clauses: Sequence[int]
    places: dict[str, list[int]]
    texts: frozenset[str]
    names: frozenset[str]

    def text(self, at: int) -> str:
        """The word at an index in lower case, and the empty string outside of the text."""
        return self.words[at].text if 0 <= at < len(self.words) else ""

    def gap(self, at: int) -> str:
        """The characters between the word at an index and the next one."""
        if not 0 <= at < len(self.words) - 1:
            return ""
        return self.features.normalized.text[self.words[at].end : self.words[at + 1].start]

    def clause(self, at: int) -> range:
        """The indices of the words in the clause of the word at an index."""
        first = last = at
        while first > 0 and self.clauses[first - 1] == self.clauses[at]:
            first -= 1
        while last + 1 < len(self.words) and self.clauses[last + 1] == self.clauses[at]:
            last += 1
        return range(first, last + 1)

    def content(self, indices: Iterable[int]) -> set[str]:
        """The stems of the content words at indices, without numbers."""
        return {
            self.words[at].stem for at in indices if self.words[at].content and not self.words[at].text[0].isdigit()
        }

    def doubt(self, kind: ProblemKind, first: int, last: int, detail: str, *, strong: bool = False) -> Doubt:
        """A doubt about the words of this text from one index to another, both included."""
        return Doubt(
            problem_at(kind, self.features, self.words[first].start, self.words[last].end, detail), strong=strong
        )


def phrases(features: TextFeatures) -> Phrases:
    """Read the phrases of a text."""
    return _phrases(features.original)


@lru_cache(maxsize=2_048)
def _phrases(text: str) -> Phrases:
    features = read(text)
    words, plain = features.words, features.normalized.text
    clauses, clause = [], 0
    places: dict[str, list[int]] = {}
    for at, word in enumerate(words):
        if at and (word.text in _JOINTS or not _SIGNS.isdisjoint(plain[words[at - 1].end : word.start])):
            clause += 1
        clauses.append(clause)
        places.setdefault(word.stem, []).append(at)
    starts = {word.start: word.stem for word in words}
    names = frozenset(
        stem for name in features.names for start, stem in starts.items() if name.start <= start < name.end
    )
    return Phrases(features, words, clauses, places, frozenset(word.text for word in words), names)


@lru_cache(maxsize=2_048)
def _copied(claim: str, sentence: str) -> float:
    known = _phrases(sentence).places
    ours = read(claim).content
    return sum(word.stem in known for word in ours) / max(len(ours), 1)


@lru_cache(maxsize=256)
def _aligned(claim: str, sentence: str) -> Alignment:
    return align(read(claim), read(sentence))


def aligned(claim: Phrases, sentence: Phrases) -> Alignment:
    """Align the words of a claim and a sentence in order."""
    return _aligned(claim.features.original, sentence.features.original)


def copied(claim: Phrases, sentence: Phrases) -> float:
    """The share of the claim's content words that the sentence has, in any order."""
    return _copied(claim.features.original, sentence.features.original)


def near_copy(claim: Phrases, sentence: Phrases) -> bool:
    """True if a sentence has most content words of a claim, in any order."""
    return copied(claim, sentence) >= _LEAST_COPIED
