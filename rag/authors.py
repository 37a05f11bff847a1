"""
Names of authors: parsing, normalization and matching of personal names. Pure; it knows no library.

A name is a family name and given names, in either order, with initials, accents, hyphens, particles ("van den") and
suffixes ("Jr."). Two names match if the family names are equal and the given names do not contradict each other:
"W. Li" matches "Wei Li" and "Wen Li", which do not match each other. Spellings in other scripts or languages ("Mueller"
for "Müller") are not known.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain

_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i", "ħ": "h", "ŋ": "n"}
)
_PARTICLES = frozenset(
    "al af av bin da das de del della den der des di do dos du el ibn la las le los ten ter van vom von y zu".split()
)
_LEADING_PARTICLES = frozenset("de del della den der dos van von".split())
"""Particles that begin a family name; others there, such as Le and Du, are given names as often."""
_SUFFIXES = frozenset("jr sr ii iii iv phd".split())
_TOKEN = re.compile(r"[^\W\d_]+(?:['’`][^\W\d_]+)*(?:\.?[-‐‑–][^\W\d_]+(?:['’`][^\W\d_]+)*)*")
_PLAIN = re.compile(r"([A-Z][a-z]+) ([A-Z][a-z]+)")
_MOST_INITIALS = 3

Token = tuple[str, ...]
"""A given name in its parts: `("fei", "fei")` for Fei-Fei; parts of one letter are initials."""


@dataclass(frozen=True, slots=True)
class Name:
    """
    A personal name, normalized.

    `family` is the last word of the family name; the words before it stand at the end of `given`. The family name
    alone has no `given`.
    """

    family: str
    given: tuple[Token, ...] = ()

    @property
    def key(self) -> str:
        """
        The name as one text, by which an index finds all names of a family name that begin alike.

        >>> parse_name("Li Fei-Fei").key, parse_name("Fei-Fei Li").key
        ('fei li fei', 'li fei-fei')
        """
        return " ".join([self.family, *("-".join(token) for token in self.given)])

    @classmethod
    def of_key(cls, key: str) -> Name:
        """The name of a key."""
        family, *given = key.split(" ")
        return cls(family, tuple(tuple(token.split("-")) for token in given))


def parse_name(written: str) -> Name | None:
    """
    Parse one name. A comma parts the family name from the given ones; initials at the end are given names.

    >>> parse_name("Neubig, Graham") == parse_name("Graham Neubig") == parse_name("graham NEUBIG")
    True
    >>> parse_name("Neubig G") == parse_name("G. Neubig")
    True
    >>> parse_name("Aäron van den Oord, Jr.")
    Name(family='oord', given=(('aaron',),))
    """
    if (plain := _PLAIN.fullmatch(written)) and (family := plain[2].lower()) not in _SUFFIXES:
        return Name(family, ((plain[1].lower(),),))  # true of most names, and ten times faster
    family_first, comma, rest = written.partition(",")
    tokens = _tokens(family_first)
    if comma and (given := _tokens(rest)):
        tokens = [*given, *tokens] if tokens else given
    elif len(tokens) > 1 and _is_initials(tokens[-1]) and not _is_initials(tokens[0]):
        while _is_initials(tokens[-1]):
            tokens = [tokens[-1], *tokens[:-1]]
    return _name(tokens)


def readings(written: str) -> tuple[Name, ...]:
    """
    The names that a user may mean, the likeliest first: as written, then with the family name in front.

    Two or three capitals are initials first ("Neubig GW") and a name second ("Wei LI").

    >>> [name.key for name in readings("Neubig Graham")], [name.key for name in readings("Neubig, Graham")]
    (['graham neubig', 'neubig graham'], ['neubig graham'])
    """
    found = [parse_name(written)]
    tokens = _tokens(written)
    if "," not in written and len(tokens) > 1:
        as_names = [token if len(token) == 1 else token.title() for token in tokens]
        if normalized(tokens[0]) in _LEADING_PARTICLES:
            found.append(_name(as_names[1:]))
        found.append(_name(as_names))
        if not _is_initials(as_names[0]) and not _is_initials(as_names[-1]):
            found.append(_name([*as_names[1:], as_names[0]]))
    return tuple(dict.fromkeys(name for name in found if name))


def matches(asked: Name, known: Name) -> bool:
    """
    True if two names may be one person's: equal family names, and given names that do not contradict each other.

    A family name alone matches every name with it, but is not matched by a name with given names.

    >>> [matches(parse_name(asked), parse_name("Christopher D. Manning")) for asked in ("C. Manning", "Chris Manning")]
    [True, False]
    """
    if asked.family != known.family:
        return False
    if not asked.given or _letters(asked) == _letters(known):
        return True
    if not known.given:
        return False
    fewer, more = sorted((asked.given, known.given), key=len)
    if not _compatible(fewer[0], more[0]):
        return False
    rest = iter(more[1:])
    return all(any(_compatible(token, other) for other in rest) for token in fewer[1:])


def ends_as(asked: Name, known: Name) -> bool:
    """
    True if a name is the end of another one: a family name of several words, without the given names.

    >>> ends_as(parse_name("García Márquez"), parse_name("Gabriel García Márquez"))
    True
    """
    asked_parts, known_parts = (tuple(chain.from_iterable(name.given)) for name in (asked, known))
    return (
        asked.family == known.family
        and all(len(part) > 1 for part in asked_parts)
        and 0 < len(asked_parts) < len(known_parts)
        and known_parts[-len(asked_parts) :] == asked_parts
    )


def normalized(text: str) -> str:
    """
    Letters without accents and case.

    >>> normalized("Łukasz Müller-Đặng")
    'lukasz muller-dang'
    """
    text = text.casefold()
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_LETTERS)).casefold()
    return "".join(char for char in decomposed if not unicodedata.combining(char)).translate(_LETTERS)


@lru_cache(maxsize=2**15)
def _folded(word: str) -> str:
    """`normalized`, for words that come again and again."""
    return normalized(word)


def _tokens(written: str) -> list[str]:
    return _TOKEN.findall(unicodedata.normalize("NFC", written))


def _is_initials(token: str) -> bool:
    """True for one letter, or two or three capitals: "G", "GW", "Y.-L"."""
    if token.islower() or (token.isalpha() and len(token) > _MOST_INITIALS):
        return len(token) == 1
    parts = re.split(r"\W+", token)
    return all(len(part) == 1 for part in parts) or (
        token.isupper() and token.isalpha() and len(token) <= _MOST_INITIALS
    )


def _name(tokens: Sequence[str]) -> Name | None:
    """The name of tokens in natural order."""
    words = [token for token in tokens if _folded(token) not in _SUFFIXES] or list(tokens)
    if not words:
        return None
    *given, last = words
    *compound, family = _parts(last)
    all_capitals = all(word.isupper() for word in words)
    found: list[Token] = []
    for at, word in enumerate(given):
        if _folded(word) in (_PARTICLES if at else _LEADING_PARTICLES) and (at or word.islower()):
            continue
        if _is_initials(word) and word.isalpha() and not all_capitals:
            found += [(letter,) for letter in _folded(word)]
        else:
            found.append(_parts(word))
    return Name(family, (*found, *((part,) for part in compound)))


@lru_cache(maxsize=2**15)
def _parts(token: str) -> Token:
    return tuple(part for part in re.split(r"[-‐‑–.]+", re.sub(r"['’`]", "", normalized(token))) if part)


def _letters(name: Name) -> str:
    """All given names as one text: Fei-Fei, Fei Fei and Feifei are the same."""
    return "".join(chain.from_iterable(name.given))


def _compatible(one: Token, other: Token) -> bool:
    """True if two given names are equal, or one of them is the other's initials."""
    if "".join(one) == "".join(other):
        return True
    for initials, full in ((one, other), (other, one)):
        if all(len(part) == 1 for part in initials):
            shared = zip(initials, full, strict=False)
            return all(part[0] == whole[0] for part, whole in shared)
    return False
