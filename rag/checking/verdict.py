"""
The verdict on a claim: verbatim, supported, weak or unsupported, with a score and every problem as data.

Thresholds and coefficients are fitted by `benchmarks/verifier.py`; docs/evaluation.md has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp, sqrt

import numpy as np
from numpy.typing import NDArray

from rag import text as prose
from rag.checking.additions import Alike
from rag.checking.claims import Evidence, differences
from rag.checking.doubt import Doubt
from rag.checking.doubts import doubts
from rag.checking.features import TextFeatures, read
from rag.checking.links import unlawful
from rag.checking.mentions import LONGEST, CitedSentence, authors, mentions, without
from rag.checking.problems import problem_at
from rag.checking.synonyms import groups
from rag.checking.units import UNITS
from rag.checking.words import SIDES, Word
from rag.types import Judgement, Problem, ProblemKind, Support

_CACHED_WORDS = 20_000  # whose vectors are kept, at a kilobyte each


def similarity(vectors: Callable[[Sequence[str]], NDArray[np.float32]]) -> Alike:
    """
    Make a function that computes cosines between words and keeps their vectors. Any number of threads may call it.

    Args:
        vectors: Unit rows for words.
    """
    known: dict[str, NDArray[np.float32]] = {}

    def rows(words: Sequence[str]) -> NDArray[np.float32]:
        nonlocal known
        table = known  # another thread may begin a new table; this one keeps its rows
        if len(table) > _CACHED_WORDS:
            table = known = {}
        if new := [word for word in dict.fromkeys(words) if word not in table]:
            table.update(zip(new, vectors(new), strict=True))
        return np.stack([table[word] for word in words])

    return lambda first, second: rows(first) @ rows(second).T


RELATED, COVERED = 0.42, 0.54
"""Related less than the first, a claim is unsupported, like 99 % of unrelated sentences; less than the second, weak."""
HALF = 0.50
"""Less covered than this a claim is weak, however near the whole is: it adds something."""
COVERAGE_WEIGHT, COSINE_WEIGHT, PROBLEM_WEIGHT, BIAS = 1.53, 1.68, -0.51, -1.75
FEWEST_WORDS = 3
"""A claim needs this many content words: `HACKED` is not supported because some sentence quotes it."""

_BRACKETED = re.compile(r"\W*[(\[][^()\[\]]*[)\]]\W*")
_MENTIONED = re.compile(  # stands before words that a sentence only mentions, or tells somebody to say
    r"(?:[\"'«]\s*|\b(?:say|write|state|answer|reply|respond|assert|declare|output|print|claim|pretend|repeat|conclude|announce)"
    r"\b[^.]{0,20}\bthat\s*"
    r"|\b(?:myth|misconception|notion|unclear|unknown|unlikely|doubtful|false|untrue|not true|if|whether)\b"
    r"[^.,;]{0,15})$"
)
_ANSWER = re.compile(
    r"\s*(yes|no|not (?:necessarily|always|exactly|quite|really)|part(?:ly|ially)|in part|perhaps|it depends)"
    r"(?:[:,]|\s-)\s",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“]([^\"“”]{2,}?)[\"”]")


@dataclass(frozen=True, slots=True)
class Verdict:
    """
    The result of checking a claim; `score` is 0 to 1, and 1 for a verbatim claim.

    `problems` decided that it is unsupported or weak; `doubts` are those that did not. `vetoed` is True if one of the
    problems is a veto, which no judge turns.
    """

    support: Support
    score: float
    problems: tuple[Problem, ...]
    doubts: tuple[Problem, ...] = ()
    vetoed: bool = False
    judgement: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Relatedness:
    """How near a claim is to its sentences: the share of its words that they cover, and the cosine of the whole."""

    coverage: float
    cosine: float

    @property
    def both(self) -> float:
        """The two together, as right claims in free words and wrong ones are parted best."""
        return 0.7 * self.coverage + 0.3 * self.cosine


class Checker:
    """
    Checks claims against the sentences that they cite.

    Args:
        alike: Cosines between words.
    """

    def __init__(self, alike: Alike) -> None:
        self._alike = alike

    def prepare(self, sentences: Sequence[CitedSentence]) -> None:
        """Read sentences that claims may cite ahead of time, so that checking a claim is faster."""
        for cited in sentences:
            features = read(cited.sentence.text[:LONGEST])
            _ = features.held, features.nameable, features.stems, _gives_orders(cited.sentence.text)

    def check(self, claim: str, cited: Sequence[CitedSentence], *, question: str = "") -> Verdict:
        """
        Check one claim.

        Args:
            claim: One sentence of an answer, without the numbers of its sources.
            cited: The sentences that it cites; a claim that cites nothing is unsupported.
            question: The question that it answers; a name may come from it.
        """
        if not cited:
            return _rejected("source", claim, claim, "it cites no sentence")
        flagged = _flagged(claim, cited)
        if any(claim.strip() == cited_sentence.sentence.text for cited_sentence in cited):
            return Verdict("weak" if flagged else "verbatim", 1.0, tuple(flagged))
        if len(claim) > LONGEST:
            return _rejected("coverage", claim, claim[:100], "too long to be a statement")
        features = read(claim)
        sentences = [read(cited_sentence.sentence.text[:LONGEST]) for cited_sentence in cited]
        if any(_copy(features, sentence) for sentence in sentences):
            return Verdict("weak" if flagged else "supported", 1.0, tuple(flagged))
        vetoes, doubted = self._differences(features, cited, sentences, question)
        if len(features.content) < FEWEST_WORDS or _BRACKETED.fullmatch(claim):
            vetoes.append(_of_whole("coverage", claim, claim, "too few words to be a statement"))
            return _decided(vetoes, doubted, flagged, self.relatedness(features, sentences))
        if not vetoes:
            doubted += doubts(features, sentences, self._alike)
        return _decided(vetoes, doubted, flagged, self.relatedness(features, sentences), claim)

    def _differences(
        self, claim: TextFeatures, cited: Sequence[CitedSentence], sentences: Sequence[TextFeatures], question: str
    ) -> tuple[list[Problem], list[Doubt]]:
        """Find the vetoes of a claim, and the doubts about it, but not how much of it the sentences cover."""
        evidence = Evidence(sentences, [read(cited_sentence.paper.title) for cited_sentence in cited], read(question))
        right, wrong = mentions(claim, cited)
        answer = _ANSWER.match(claim.normalized.text)
        statement = without(claim, [*right, answer.span(1)] if answer else right)
        vetoes, doubted = differences(statement, evidence, lambda one, other: float(self._alike([one], [other])[0, 0]))
        vetoes += _quotes(claim.original, evidence.texts)
        vetoes += _mentioned(claim, sentences)
        vetoes += authors(claim, wrong)
        vetoes += unlawful(claim, sentences)
        if answer and answer[1].lower().startswith("no") and not any(_turns(word) for word in statement.words):
            no = problem_at("negation", claim, *answer.span(1), "it says no to what it then states")
            doubted.append(Doubt(no, strong=False))
        return vetoes, doubted

    def relatedness(self, claim: TextFeatures, sentences: Sequence[TextFeatures]) -> Relatedness:
        """
        How much of a claim the sentences say, whatever they say of it.

        Coverage is the average over the claim's content words of the cosine to the nearest content word of the
        sentences, 1 for a synonym; beside it the cosine of the average words of claim and sentences.
        """
        ours = [word for word in claim.content if not word.text.isdigit() and word.text not in UNITS]
        theirs = {word.stem for sentence in sentences for word in sentence.words}
        others = list(dict.fromkeys(word.text for sentence in sentences for word in sentence.content))
        if not ours or not others:
            return Relatedness(float(bool(claim.content) and all(word.stem in theirs for word in claim.content)), 0.0)
        texts = [word.text for word in ours]
        cosines = self._alike(texts, others)
        covered = np.clip(cosines.max(axis=1), 0, 1)
        known = {group for stem in theirs for group in groups(stem)}
        for row, word in enumerate(ours):
            if word.stem in theirs or not known.isdisjoint(groups(word.stem)):
                covered[row] = 1
        spread = float(self._alike(texts, texts).mean() * self._alike(others, others).mean())
        return Relatedness(float(covered.mean()), float(cosines.mean()) / sqrt(spread) if spread > 0 else 0.0)


def _decided(
    vetoes: Sequence[Problem],
    doubted: Sequence[Doubt],
    flagged: Sequence[Problem],
    related: Relatedness,
    claim: str = "",
) -> Verdict:
    """The verdict of words alone: a veto, a strong doubt or two doubts refuse the claim; one doubt makes it weak."""
    doubted = _unique(doubted)
    if claim and (related.both < COVERED or related.coverage < HALF):
        detail = f"the cited sentences cover {related.coverage:.0%} of what it says"
        doubted.append(Doubt(_of_whole("coverage", claim, claim, detail), strong=related.both < RELATED))
    refused = bool(vetoes) or any(doubt.strong for doubt in doubted) or len(doubted) > 1
    logit = COVERAGE_WEIGHT * related.coverage + COSINE_WEIGHT * related.cosine + PROBLEM_WEIGHT * refused + BIAS
    support: Support = "unsupported" if refused else "weak" if doubted or flagged else "supported"
    problems = (*sorted(vetoes, key=_place), *(doubt.problem for doubt in doubted), *flagged)
    return Verdict(support, 1 / (1 + exp(-logit)), problems, vetoed=bool(vetoes))


def _unique(doubted: Iterable[Doubt]) -> list[Doubt]:
    """One doubt for each place of the claim: the strong one, if there is one."""
    kept: list[Doubt] = []
    for doubt in sorted(doubted, key=lambda doubt: not doubt.strong):
        start, end = doubt.problem.at
        if not any(start < other.problem.at[1] and other.problem.at[0] < end for other in kept):
            kept.append(doubt)
    return sorted(kept, key=lambda doubt: _place(doubt.problem))


def _place(problem: Problem) -> tuple[tuple[int, int], str, str]:
    return problem.at, problem.kind, problem.detail


def _turns(word: Word) -> bool:
    """True if a word denies, or names the lesser of two directions."""
    return word.negator or word.denied or any(side < 0 for _, side in SIDES.get(word.text, ()))


def _of_whole(kind: ProblemKind, claim: str, found: str, detail: str) -> Problem:
    """A problem of the whole claim."""
    return Problem(kind=kind, found=found, at=(0, len(claim)), detail=detail)


def _rejected(kind: ProblemKind, claim: str, found: str, detail: str) -> Verdict:
    """The verdict on a claim that need not be compared with any sentence."""
    return Verdict("unsupported", 0.0, (_of_whole(kind, claim, found, detail),), vetoed=True)


def _copy(claim: TextFeatures, sentence: TextFeatures) -> bool:
    """True if claim and sentence differ at most in typography."""
    return claim.normalized.text.strip() == sentence.normalized.text.strip()


def _flagged(claim: str, cited: Sequence[CitedSentence]) -> list[Problem]:
    """Flag a claim whose cited sentences are all unreliable."""
    reasons = [unreliable(sentence) for sentence in cited]
    if not all(reasons):
        return []
    return [_of_whole("flagged", claim, claim, str(reasons[0]))]


def unreliable(cited: CitedSentence) -> str | None:
    """Why a sentence bears nothing out; None if it may."""
    if "withdrawn" in cited.paper.flags:
        return "the paper was withdrawn"
    if "instructions" in cited.paper.flags or _gives_orders(cited.sentence.text):
        return "the abstract gives orders to its reader"
    return None


@lru_cache(maxsize=2_048)
def _gives_orders(sentence: str) -> bool:
    return bool(prose.flags("", sentence))  # or was withdrawn


def _quotes(claim: str, texts: Sequence[TextFeatures]) -> Iterable[Problem]:
    """Find quotations that stand in none of the texts."""
    for found in _QUOTED.finditer(claim):
        quoted = read(found[1].strip(" .,;")).normalized.text.casefold()
        if not any(quoted in text.normalized.text.casefold() for text in texts):
            yield Problem(kind="quote", found=found[0], at=found.span(), detail="no cited sentence has these words")


def _mentioned(claim: TextFeatures, sentences: Sequence[TextFeatures]) -> Iterable[Problem]:
    """Find a claim that a sentence only quotes, doubts or tells somebody to say."""
    piece = claim.normalized.text.casefold().strip(" .!?\"'")
    for sentence in sentences:
        text = sentence.normalized.text.casefold()
        at = text.find(piece) if piece else -1
        if at > 0 and _MENTIONED.search(text[max(0, at - 60) : at]):
            detail = "the cited sentence mentions these words and does not say them"
            yield _of_whole("quote", claim.original, claim.original, detail)
