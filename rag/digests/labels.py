"""Cluster labeling: name each theme by one or two phrases that distinguish its papers, and list its keywords."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from rag.digests.keyphrases import Phrase, Phrases
from rag.types import Paper

WORDS = 5
"""Words of a name at most, but for an `and`."""
KEYWORDS = 6
SHARES = (1.0, 0.25, 0.05, 0.05, 0.05)
"""The share of a theme's papers that must have a phrase which names it, by its number of words."""
WIDE = 0.4
"""A phrase that a smaller share of the papers have takes a second one, of other papers."""


@dataclass(frozen=True, slots=True)
class Named:
    """A theme's name, of two to five words, and its keywords, the most salient first."""

    name: str
    keywords: tuple[str, ...]


def names(
    papers: Sequence[Paper],
    themes: Sequence[Sequence[int]],
    *,
    kept: Sequence[str | None] | None = None,
    taken: Collection[str] = (),
) -> list[Named]:
    """
    Give each theme a name and keywords that distinguish it from the other papers; no two names are the same.

    Args:
        papers: All papers of the period.
        themes: Rows of each theme's papers; the first one has the first choice.
        kept: For each theme the name that it has already, if any.
        taken: Names that are not given anew.
    """
    kept = kept or [None] * len(themes)
    corpus = Phrases(papers)
    used = {name.casefold() for name in (*taken, *kept) if name}
    named = []
    for theme, name in zip(themes, kept, strict=True):
        phrases = corpus.salience(theme)
        name = name or next(choice for choice in _choices(phrases, len(theme)) if choice.casefold() not in used)
        used.add(name.casefold())
        named.append(Named(name, tuple(phrase.text for phrase in phrases[:KEYWORDS])))
    return named


def _choices(phrases: Sequence[Phrase], size: int) -> Iterator[str]:
    """Possible names, the best first, without end; a vague one, such as “large models”, takes a second phrase."""
    salient = [each for each in phrases if not each.vague]
    wide = [each for each in phrases if len(each.holders) >= SHARES[len(each.stems)] * size]
    first = sorted(wide, key=lambda each: each.vague)
    for at, phrase in enumerate(first):
        if phrase.vague or len(phrase.stems) == 1 or len(phrase.holders) < WIDE * size:
            others = salient if phrase.vague else first[at + 1 :]
            yield from (_joined(phrase, other) for other in others if _adds(other, phrase))
        if len(phrase.stems) > 1:
            yield _capital(phrase.text)
    yield from (f"Further papers {number}" for number in count(1))


def _adds(other: Phrase, phrase: Phrase) -> bool:
    """True if a second phrase fits into the words left, and is another one, of other papers."""
    return (
        not other.vague
        and (len(other.stems) > 1 or len(phrase.stems) == 1)
        and len(phrase.stems) + len(other.stems) <= WORDS
        and len(other.holders - phrase.holders) > len(other.holders) / 2
        and not _akin(phrase, other)
    )


def _akin(phrase: Phrase, other: Phrase) -> bool:
    """True if two phrases share a word or its beginning, or a word contains another: modal, multimodal."""
    words, others = phrase.text.lower().split(), other.text.lower().split()
    return any(one[:5] == two[:5] or one in two or two in one for one in words for two in others)


def _joined(phrase: Phrase, other: Phrase) -> str:
    fits = len(phrase.stems) + 1 + len(other.stems) <= WORDS
    return _capital(f"{phrase.text}{' and' if fits else ','} {other.text}")


def _capital(text: str) -> str:
    """
    Text with a capital first, unless its first word is written in a way of its own.

    >>> _capital("text-to-image generation"), _capital("mRNA vaccines")
    ('Text-to-image generation', 'mRNA vaccines')
    """
    return text[0].upper() + text[1:] if text.split()[0].islower() else text
