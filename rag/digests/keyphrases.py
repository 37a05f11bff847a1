"""
Keyphrase extraction without a tagger: noun phrases of two to five words that several papers of a period hold.

A phrase is a run of words between punctuation, function words, verbs and words of every abstract. Words count by their
stems, hyphens as spaces, and an acronym as the words that the papers define it by (`rag.digests.phrase_tokens`). Only
the number of papers that hold a phrase counts, not how often a paper has it. Which phrases are themes is chosen in
`rag.digests.clusters`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from math import log

import numpy as np
from numpy.typing import NDArray

from rag.digests import phrase_tokens
from rag.digests.phrase_tokens import Numbers, Tokens, Words
from rag.digests.phrase_words import GERUNDS, HEADS, NO_FIRST, NO_LAST, NOUNS, VAGUE, WIDE
from rag.types import Paper

Ints = NDArray[np.int64]
Degrees = NDArray[np.int8]
Flags = NDArray[np.bool_]

NOT, ONCE, OFTEN, TITLE = range(4)
"""How a paper holds a phrase: not at all, once in its abstract, several times, or in its title."""
LONGEST = 5
"""Words of a phrase at most."""
CONTAINED = 0.6
"""A phrase gives way to a longer one that such a share of its papers hold."""
COMPLETE, BEGUN = 0.35, 0.25
"""The shares of a phrase's papers in which it is no part of a longer one: no word follows it, and none precedes it."""
IN_TITLES = 0.12
"""The share of a phrase's papers that must have it in their titles: what papers use is not what they are about."""
PLURAL = 4
"""The weight of a spelling in the plural that two papers have: it names a subject."""
LOWER = 0.15
"""The share of the papers that must write a phrase in small letters; the others may have it in titles only."""
BREADTH = 0.7
"""The power of its share in a phrase's salience: below 1, what is a group's own counts more than what is frequent."""

_OF = re.compile(r"(?!out-|state-)[a-z]+-of-[a-z]+")
_ADJECTIVE = re.compile(
    r".*(?:al|ic|ive|ous|able|ible|ed|less|ful)|.*-language|(?:low|high|long|short|multi|zero|few|open|pre)-.*"
)

Key = tuple[str, ...]
"""The stems of a phrase."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """
    A phrase.

    Args:
        key: Its stems.
        text: Its most frequent spelling.
        holders: The rows of the papers that hold it.
        score: Its salience, from `Phrases.salience`.
    """

    key: Key
    text: str
    holders: frozenset[int]
    score: float = 0.0


def tokens_of(papers: Iterable[Paper]) -> Tokens:
    """The tokens of the title and of the abstract of each paper."""
    return Tokens(text for paper in papers for text in (paper.title, paper.abstract))


class Phrases:
    """
    The titles and abstracts of papers as one row of stems.

    Args:
        tokens: A title and an abstract a paper, as `tokens_of` gives them.
        acronyms: The words of each acronym, those of another period; None finds them in these papers.
    """

    def __init__(self, tokens: Tokens, acronyms: Mapping[str, Words] | None = None) -> None:
        self.count = len(tokens.lengths) // 2
        self.acronyms = phrase_tokens.acronyms(tokens) if acronyms is None else acronyms
        self._tokens = tokens
        units = tokens.units(self.acronyms)
        counts = np.fromiter(map(len, units), np.int32, len(units))
        first = np.cumsum(counts, dtype=np.int32) - counts
        lengths = counts[tokens.numbers]
        begins = np.cumsum(lengths, dtype=np.int32) - lengths
        self._unit: Numbers = np.repeat(first[tokens.numbers] - begins, lengths)
        self._unit += np.arange(len(self._unit), dtype=np.int32)
        texts = np.repeat(np.arange(len(tokens.lengths), dtype=np.int32), tokens.lengths)
        text_of = np.repeat(texts, lengths)
        self._paper, self._title = text_of // 2, text_of % 2 == 0
        table = list(chain.from_iterable(units))
        self._shown = [unit.shown for unit in table]
        self._stems = phrase_tokens.stemmed([unit.word for unit in table])
        self._inner = np.array([unit.inner for unit in table], dtype=bool)
        self._glued = [unit.glue for unit in table]
        self._words = [unit.word for unit in table]

    def with_acronyms(self, acronyms: Mapping[str, Words]) -> Phrases:
        """The same papers with the acronyms of another period, for comparison with it."""
        return self if acronyms == self.acronyms else Phrases(self._tokens, acronyms)

    def mentions(self, keys: Sequence[Key]) -> Degrees:
        """How the papers hold each phrase: NOT, ONCE or OFTEN in the abstract, or in the TITLE; shape (papers, keys)."""
        known = {stem: at for at, stem in enumerate(dict.fromkeys(chain.from_iterable(keys)), start=1)}
        numbers = np.array([known.get(stem, 0) for stem in self._stems], dtype=np.int32)
        row = np.append(numbers[self._unit], np.zeros(LONGEST, dtype=np.int32))
        inner = np.append(self._inner[self._unit], np.zeros(LONGEST + 1, dtype=bool))
        found = np.zeros((self.count, len(keys)), dtype=np.int8)
        for column, key in enumerate(keys):
            starts = np.flatnonzero(row == known[key[0]])
            for offset, stem in enumerate(key[1:], start=1):
                starts = starts[row[starts + offset] == known[stem]]
            starts = starts[~inner[starts] & ~inner[starts + len(key)]]
            times = np.bincount(self._paper[starts], minlength=self.count)
            found[:, column] = np.minimum(times, OFTEN)
            found[self._paper[starts[self._title[starts]]], column] = TITLE
        return found

    def candidates(self, *, least: int, most: int) -> list[Phrase]:
        """
        The phrases that name something and that neither too few nor too many papers hold, by their keys.

        Args:
            least, most: Papers that must hold a phrase, some of them in their titles; and that may.
        """
        whole = np.ones(self.count, dtype=bool)
        found = [self._phrase(starts, length, titled=True) for starts, length in self._runs(whole, least, most)]
        return _whole(sorted(filter(None, found), key=lambda phrase: phrase.key))

    def salience(self, rows: Sequence[int], *, least: int) -> list[Phrase]:
        """
        The phrases that many of these papers hold and few others, the most salient first.

        Args:
            rows: The papers.
            least: How many of them must hold a phrase.

        Source: class-based TF-IDF (Grootendorst, "BERTopic", 2022) with papers in place of counts: the share of the
        papers that hold a phrase, times the logarithm of how many times the share elsewhere that is.
        """
        inside = np.zeros(self.count, dtype=bool)
        inside[list(rows)] = True
        found = [self._phrase(starts, length, titled=False) for starts, length in self._runs(inside, least, self.count)]
        scored = []
        for phrase in _whole(list(filter(None, found))):
            here = len(phrase.holders.intersection(rows))
            share, elsewhere = here / len(rows), (len(phrase.holders) - here + 1) / (self.count - len(rows) + 2)
            if share > elsewhere:
                scored.append(replace(phrase, score=round(share**BREADTH * log(share / elsewhere), 9)))
        return sorted(scored, key=lambda phrase: (-phrase.score, phrase.key))

    def _runs(self, inside: Flags, least: int, most: int) -> list[tuple[Ints, int]]:
        """
        Where each run of words starts that may be a phrase, and how many words it has (a priori: of the parts of a
        frequent run each is frequent).

        Args:
            inside: The papers that count, of all.
            least, most: How many of them must have a run; and how many of all may.
        """
        number = {stem: at for at, stem in enumerate(sorted(set(self._stems) - {""}), start=1)} | {"": 0}
        row = np.array([number[stem] for stem in self._stems], dtype=np.int64)[self._unit]
        opens = np.array([_opens(word) for word in self._words], dtype=bool)[self._unit]
        closes = np.array([_closes(word) for word in self._words], dtype=bool)[self._unit]
        alone = np.array([_OF.fullmatch(word) is not None for word in self._words], dtype=bool)[self._unit]
        between = ~np.append(self._inner[self._unit], False)
        self._bound = np.append(row == 0, True)  # at -1, before the first word, is the end of a phrase too
        size, runs = len(row), row.copy()
        found: list[tuple[Ints, int]] = []
        for length in range(1, min(LONGEST, size) + 1):
            if length > 1:
                ends = size - length + 1
                starts = np.flatnonzero((runs[:ends] > 0) & (runs[1 : ends + 1] > 0))
                keys = runs[starts] * len(number) + row[starts + length - 1]
                runs = np.zeros(size, dtype=np.int64)
                runs[starts] = np.unique(keys, return_inverse=True)[1] + 1
            at = np.flatnonzero(runs)
            run, paper = np.divmod(np.unique(runs[at] * self.count + self._paper[at]), max(1, self.count))
            count = np.bincount(run[inside[paper]], minlength=int(runs.max(initial=0)) + 1)
            runs[count[runs] < least] = 0
            at = np.flatnonzero(runs)
            named = at[between[at] & between[at + length] & opens[at] & closes[at + length - 1]]
            named = named[np.bincount(run, minlength=len(count))[runs[named]] <= most]
            named = named[alone[named]] if length == 1 else named
            named = named[np.argsort(runs[named], kind="stable")]
            starts_by_run = np.split(named, np.flatnonzero(np.diff(runs[named])) + 1)
            found += [(starts, length) for starts in starts_by_run if len(starts) >= least]
        return found

    def _phrase(self, starts: Ints, length: int, *, titled: bool) -> Phrase | None:
        """The phrase at these places; None if it names nothing or is mostly a part of longer ones."""
        units = self._unit[starts[0] : starts[0] + length]
        words = [self._words[unit] for unit in units]
        if all(word in VAGUE for word in words) or (length == 2 and words[-1] in HEADS) or " ".join(words) in WIDE:
            return None
        holders = np.unique(self._paper[starts])
        titles = np.unique(self._paper[starts[self._title[starts]]])
        complete = np.unique(self._paper[starts[self._bound[starts + length]]])
        begun = np.unique(self._paper[starts[self._bound[starts - 1]]])
        if len(complete) < COMPLETE * len(holders) or len(begun) < BEGUN * len(holders):
            return None
        if titled and len(titles) < max(2, IN_TITLES * len(holders)):
            return None
        text = self._spelling(starts, length)
        if " " not in text and length > 1:  # “large-scale”, “data-driven”
            return None
        return Phrase(tuple(self._stems[unit] for unit in units), text, frozenset(holders.tolist()))

    def _spelling(self, starts: Ints, length: int) -> str:
        """A phrase as most papers write it: in words rather than as an acronym, in the plural, in small letters."""
        held = {(int(self._paper[at]), self._written(at, length)) for at in starts.tolist()}
        written = Counter(text for _, text in held)
        lowered: Counter[str] = Counter()
        for text, count in written.items():
            lowered[text.lower()] += count
        weights = {text: count * (PLURAL if count > 1 and _plural(text) else 1) for text, count in lowered.items()}
        best = min(weights, key=lambda text: (-weights[text], text))
        words = [text for text in weights if " " in text]
        if best.isalpha() and words:
            best = min(words, key=lambda text: (-weights[text], text))
        if written[best] >= LOWER * lowered[best]:
            return best
        same = {text: count for text, count in written.items() if text.lower() == best}
        return self._lowered(min(same, key=lambda text: (-same[text], text)))

    def _lowered(self, text: str) -> str:
        """A spelling without the capitals of a title: a word is in small letters if the papers mostly write it so."""
        return " ".join("-".join(map(self._usual, word.split("-"))) for word in text.split(" "))

    def _usual(self, word: str) -> str:
        lower = word.lower()
        count = self._tokens.count
        return lower if word == lower.capitalize() and count(lower) >= count(word) else word

    def _written(self, start: int, length: int) -> str:
        units = self._unit[start : start + length].tolist()
        shown = [*chain.from_iterable((self._shown[unit], self._glued[unit]) for unit in units[:-1])]
        return "".join([*shown, self._shown[units[-1]]]).strip()


def _whole(phrases: Sequence[Phrase]) -> list[Phrase]:
    """The phrases without those that are mostly a part of one longer phrase."""
    longer: dict[Key, int] = {}
    for phrase in phrases:
        key = phrase.key
        for length in range(1, len(key)):
            for at in range(len(key) - length + 1):
                part = key[at : at + length]
                longer[part] = max(longer.get(part, 0), len(phrase.holders))
    return [phrase for phrase in phrases if longer.get(phrase.key, 0) < CONTAINED * len(phrase.holders)]


def _plural(text: str) -> bool:
    return text.endswith("s") and not text.endswith(("ss", "is", "us"))


def _opens(word: str) -> bool:
    """True if a phrase may begin with this word; “aligning models” is a phrase of a verb."""
    return word not in NO_FIRST and (not word.endswith("ing") or word in GERUNDS)


def _closes(word: str) -> bool:
    """True if a phrase may end with this word."""
    return word not in NO_LAST and (word in NOUNS or not _ADJECTIVE.fullmatch(word))
