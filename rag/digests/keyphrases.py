"""
Keyphrase extraction by class-based TF-IDF: the phrases that distinguish some papers of a period from the others.

A phrase is a run of words between punctuation, function words, verbs and words of every abstract; it needs no tagger.
Only the number of papers that have a phrase counts, not how often a paper has it. So a single paper makes no phrase.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from rag.checking.words import FUNCTION_WORDS, stems
from rag.retrieval.late_interaction import STOP_WORDS
from rag.types import Paper

Ints = NDArray[np.int64]

LONGEST = 4
"""Words of a phrase at most."""
HOLDERS, SHARE = 3, 0.03
"""Papers of a theme that must have a phrase, and the share of them."""
WEIGHTS = (0.0, 0.5, 1.0, 1.1, 1.1)
"""The weight of a phrase by its number of words: one word is seldom specific enough."""
BREADTH = 0.7
"""The power of its share in a phrase's score: below 1, what is a theme's own counts more than what is frequent."""
CONTAINED = 0.5
"""A phrase gives way to a longer one that such a share of its papers have."""
CONSIDERED = 100
STEMS = 50_000
"""Stems at most, the most frequent; four of their numbers fit into one integer."""
WORD_CHARS = 40

_TOKEN = re.compile(r"[^\W_]+(?:[-.+'’][^\W_]+)*|[^\w\s]")
_WORD = re.compile(r"(?=.*[^\W\d_]{2}).*|\d+d")  # two letters together, or 3D
_SKIPPED = re.compile(r"https?://\S+|\$[^$]*\$|\\[A-Za-z]+|<[^<>]*>")
_PLURAL = re.compile(r"(?<=[A-Z])s$")  # LLMs
_BARRIERS = (
    FUNCTION_WORDS
    | STOP_WORDS
    | frozenset(
        """
        et al e.g i.e etc vs v.s without within across through towards toward upon against along despite whereas beyond
        instead rather namely yet still even often first second third two three four five one several many few multiple
        numerous various diverse different new novel existing previous prior recent recently current traditional future
        conventional common typical key main major important significant substantial crucial critical essential effective
        efficient robust strong superior better best competitive comparable remarkable promising impressive notable able
        capable available possible potential like well due based including compared given according state-of-the-art sota
        extensive comprehensive thorough experiment experiments experimental result results evaluations performance
        improvement improvements gain gains method methods approach approaches technique techniques framework frameworks
        paradigm paradigms strategy strategies pipeline scheme work works code codes github project page website publicly
        source sources challenge challenges challenging problem problems issue issues limitation limitations gap gaps
        insight insights finding findings ability abilities capability capabilities need needs use usage high low higher
        lower large-scale high-quality real-world small big larger smaller simple complex specific general overall average
        total original additional single same similar certain particular entire full way ways set sets number numbers case
        cases range level levels lack focus success rate rates score scores cost costs role field fields area areas domain
        domains literature community http https www com org io baseline baselines effectiveness efficiency accuracy accurate
        inherent distinct unique widely downstream practical proposed
        """.split()
    )
)
_VERBS = frozenset(
    stems(
        """
        propose present introduce demonstrate show achieve enable improve outperform enhance address leverage provide offer
        rely require remain evaluate exhibit explore investigate reveal highlight suffer struggle employ utilize develop
        conduct perform allow make give take obtain yield aim tackle mitigate overcome face ensure facilitate identify
        examine assess validate verify confirm observe discuss describe argue consider include contain incorporate
        integrate combine extend apply adopt exploit capture produce preserve maintain reduce increase surpass exceed reach
        become serve play hinder suggest indicate establish design build construct create degrade seek fail follow lead help
        consist comprise involve cause compare depend differ occur tend begin
        """.split()
    )
)
"""Verbs end a phrase; by their stems, so that `enabling` and `enabled` do too."""
_NO_FIRST = frozenset(
    """
    model models tasks dataset datasets benchmark benchmarks systems learning using generated trained learned generating
    understanding application applications
    """.split()
)
_ADJECTIVE = re.compile(
    r".*(?:al|ic|ive|ous|able|ible|ed|less|ful)|.*-language|(?:low|high|long|short|multi|zero|few|open|pre)-.*"
)
_NOUNS = frozenset(
    """
    retrieval removal proposal signal survival approval music traffic topic logic arithmetic metric clinic speed feed
    """.split()
)
"""A word that looks like an adjective does not end a phrase, except these."""
_VAGUE = _NO_FIRST | frozenset(
    """
    task data system training target targets response responses answer answers reference process image images video videos
    text visual network networks neural deep information feature features module evaluation analysis quality research study
    human time real language languages input inputs output outputs large ai artificial intelligence machine natural
    processing llm fine-tuning inference 2d 3d 4d representation representations question questions
    """.split()
)
"""Words that make no phrase alone. A phrase of only such words names a theme only if no other phrase does."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase: its stems, its most frequent spelling, the rows of the papers that have it, and its salience."""

    stems: tuple[int, ...]
    text: str
    holders: frozenset[int]
    score: float
    vague: bool

    @property
    def initials(self) -> str:
        """`rag` of `retrieval-augmented generation`."""
        return "".join(part[:1] for part in re.split(r"[\s-]", self.text)).lower()


@dataclass(frozen=True, slots=True)
class _Runs:
    """
    All runs of so many words: where each starts, in the order of their numbers, the first of each number being at
    `bounds`; and the pairs of a number and a paper that has it.
    """

    length: int
    starts: Ints
    bounds: Ints
    number: Ints
    paper: Ints


class Phrases:
    """The titles and abstracts of papers as one row of numbered stems, 0 for a token that ends a phrase."""

    def __init__(self, papers: Sequence[Paper]) -> None:
        self.count = len(papers)
        parts = [_tokens(text) for paper in papers for text in (paper.title, paper.abstract)]
        lengths = [len(part) for part in parts]
        self._tokens = list(chain.from_iterable(parts))
        self._paper = np.repeat(np.arange(2 * self.count) // 2, lengths)
        in_title = np.repeat(np.arange(2 * self.count) % 2 == 0, lengths)
        begins = np.array([True, *(token in ".!?:" for token in self._tokens)], dtype=bool)[:-1]  # noqa: S105
        self._plain = ~(in_title | begins)
        self._stems, kinds = _numbered(self._tokens)
        self._opens, self._closes, self._vague = kinds
        self._width = int(self._stems.max(initial=0)) + 1
        self._runs = [self._of(length) for length in range(1, LONGEST + 1)]

    def _of(self, length: int) -> _Runs:
        starts = np.arange(max(0, len(self._tokens) - length + 1))
        kept = self._opens[starts] & self._closes[starts + length - 1]
        if length == 1:
            kept &= ~self._vague
        keys = np.zeros(len(starts), dtype=np.int64)
        for offset in range(length):
            kept &= self._stems[starts + offset] > 0
            keys = keys * self._width + self._stems[starts + offset]
        starts = starts[kept]
        _, numbers, sizes = np.unique(keys[kept], return_inverse=True, return_counts=True)
        number, paper = np.divmod(np.unique(numbers * self.count + self._paper[starts]), max(1, self.count))
        bounds = np.concatenate([[0], np.cumsum(sizes)])
        return _Runs(length, starts[np.argsort(numbers, kind="stable")], bounds, number, paper)

    def salience(self, rows: Sequence[int], *, least: int = HOLDERS) -> list[Phrase]:
        """
        The phrases that many of these papers have and few others, the most salient first; `least` of them at least.

        Source: class-based TF-IDF (Grootendorst, "BERTopic", 2022) with papers in place of counts: the share of the
        papers that have a phrase, times the logarithm of how many times the share elsewhere that is.
        """
        inside = np.zeros(self.count, dtype=bool)
        inside[list(rows)] = True
        holders = max(least, SHARE * len(rows))
        found: list[tuple[float, Ints, int]] = []
        for runs in self._runs:
            total = np.bincount(runs.number, minlength=len(runs.bounds) - 1)
            here = np.bincount(runs.number[inside[runs.paper]], minlength=len(total))
            share, elsewhere = here / len(rows), (total - here + 1) / (self.count - len(rows) + 2)
            scores = WEIGHTS[runs.length] * share**BREADTH * np.log(np.maximum(share, elsewhere) / elsewhere)
            for number in np.flatnonzero((here >= holders) & (share > elsewhere)).tolist():
                starts = runs.starts[runs.bounds[number] : runs.bounds[number + 1]]
                found.append((round(float(scores[number]), 9), starts, runs.length))
        found.sort(key=lambda each: -each[0])
        phrases = [
            self._phrase(starts[inside[self._paper[starts]]], length, score)
            for score, starts, length in found[:CONSIDERED]
        ]
        return _apart(sorted(phrases, key=lambda each: (-each.score, each.text)))

    def _phrase(self, starts: Ints, length: int, score: float) -> Phrase:
        """The phrase at these places, as most papers write it; places within a longer phrase or a title count last."""
        plain = starts[self._plain[starts]]
        whole = plain[self._stems[plain + length] == 0]
        places = next(found for found in (whole, plain, starts) if len(found)).tolist()
        held = {(int(self._paper[at]), " ".join(self._tokens[at : at + length])) for at in places}
        written = Counter(text for _, text in held)
        text = min(written, key=lambda each: (-written[each] * (2 if each.islower() else 1), each))
        words = slice(int(starts[0]), int(starts[0]) + length)
        return Phrase(
            stems=tuple(self._stems[words].tolist()),
            text=text,
            holders=frozenset(self._paper[starts].tolist()),
            score=score,
            vague=bool(self._vague[words].all()),
        )


def _apart(phrases: Sequence[Phrase]) -> list[Phrase]:
    """The phrases without those that are mostly a part of a longer one, and those that say the same as a better one."""
    initials = {phrase.initials for phrase in phrases if len(phrase.stems) > 1}
    kept: list[Phrase] = []
    for phrase in phrases:
        phrase_stems = set(phrase.stems)
        longer = (other for other in phrases if phrase_stems < set(other.stems))
        if (
            phrase.text.lower().removesuffix("s") not in initials
            and not any(len(other.holders & phrase.holders) >= CONTAINED * len(phrase.holders) for other in longer)
            and not any(phrase_stems <= set(other.stems) or phrase_stems >= set(other.stems) for other in kept)
        ):
            kept.append(phrase)
    return kept


def _tokens(text: str) -> list[str]:
    return [*_TOKEN.findall(_SKIPPED.sub(" . ", text)), "."]


def _numbered(tokens: Sequence[str]) -> tuple[Ints, NDArray[np.bool_]]:
    """
    The number of each token's stem, 0 for a token that ends a phrase or is too rare for one; and of each token whether it may
    begin a phrase, whether it may end one, and whether it is vague, shape (3, tokens).
    """
    counts = Counter(tokens)
    distinct = sorted(counts)
    lowered = [_PLURAL.sub("", token).lower() for token in distinct]
    stem_of = dict(zip(distinct, stems(lowered), strict=True))
    frequency: Counter[str] = Counter()
    kinds: dict[str, tuple[bool, bool, bool]] = {}
    for token, lower in zip(distinct, lowered, strict=True):
        stem = stem_of[token]
        barrier = lower in _BARRIERS or stem in _VERBS or lower.endswith("ly") or len(lower) > WORD_CHARS
        if barrier or not _WORD.fullmatch(lower):
            stem_of[token] = ""
        else:
            frequency[stem] += counts[token]
        ends = lower in _NOUNS or not _ADJECTIVE.fullmatch(lower)
        kinds[token] = (lower not in _NO_FIRST, ends, lower in _VAGUE)
    frequent = sorted(
        (stem for stem in frequency if frequency[stem] >= HOLDERS), key=lambda each: (-frequency[each], each)
    )
    number = {stem: at for at, stem in enumerate(frequent[:STEMS], start=1)}
    numbers = {token: number.get(stem, 0) for token, stem in stem_of.items()}
    order = np.fromiter(map({token: at for at, token in enumerate(distinct)}.__getitem__, tokens), np.intp, len(tokens))
    of_token = np.array([numbers[token] for token in distinct], dtype=np.int64)
    return of_token[order], np.array([kinds[token] for token in distinct], dtype=bool).reshape(-1, 3)[order].T
