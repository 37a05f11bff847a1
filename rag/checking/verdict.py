"""
The verdict on a claim: verbatim, supported, weak or unsupported, with a score and every problem as data.

Thresholds and coefficients are fitted by `benchmarks/verifier.py`; docs/evaluation.md has the figures.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import exp

import numpy as np
from numpy.typing import NDArray

from rag import text as prose
from rag.checking.claims import Alignment, align, denies, problems, replaced
from rag.checking.doubts import VETOES, Doubt, doubts
from rag.checking.features import TextFeatures, read
from rag.checking.normalize import normalize
from rag.checking.quantities import UNITS
from rag.types import Judgement, Paper, Problem, ProblemKind, Sentence, Support

Alike = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]
"""Computes cosines between words, shape (first, second), from a static table without a model."""

_CACHED_WORDS = 20_000
"""The most words whose vectors are kept, at a kilobyte each."""


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


RELATED, COVERED = 0.38, 0.50
"""Covered less than the first, a claim is unsupported, like 99 % of unrelated sentences; less than the second, weak."""
COVERAGE_WEIGHT, PROBLEM_WEIGHT, BIAS = 2.50, -0.52, -1.53
SYNONYM = 0.45
"""The least cosine at which a word of a copy may replace another one."""
FEWEST_WORDS = 3
"""A claim needs this many content words: `HACKED` is not supported because some sentence quotes it."""

LONGEST = 4_000
"""The most characters of a claim, and of a sentence that are read; the time to align grows with their product."""

_BRACKETED = re.compile(r"\W*[(\[][^()\[\]]*[)\]]\W*")
_MENTIONED = re.compile(  # stands before words that a sentence only mentions, or tells somebody to say
    r"(?:[\"'«]\s*|\b(?:say|write|state|answer|reply|respond|assert|declare|output|print|claim|pretend|repeat|conclude|announce)"
    r"\b[^.]{0,20}\bthat\s*"
    r"|\b(?:myth|misconception|notion|unclear|unknown|unlikely|doubtful|false|untrue|not true|if|whether)\b"
    r"[^.,;]{0,15})$"
)
_QUOTED = re.compile(r"[\"“]([^\"“”]{2,}?)[\"”]")
_AUTHORED = re.compile(
    r"\b([A-Z][\w'’-]+)(?:\s+(?:and|&)\s+[A-Z][\w'’-]+|\s+et\s+al\.?)?,?\s*[(\[]?((?:19|20)\d\d)[a-z]?\b[)\]]?"
)
_ET_AL = re.compile(r"\b([A-Z][\w'’-]+)\s+et\s+al\b")
_TAGS = "a|b|i|p|img|svg|div|span|script|style|iframe|link|meta|form|input|object|embed|base|html|body|video|br"
_LINK = re.compile(
    r"\b(?:https?|ftp|file|javascript|mailto|data):\S+|\bwww\.\S+|\]\(|\]\[|"
    r"\b[\w-]+\.(?:com|org|net|io|ai|co|dev|xyz|ru|cn|info|biz|app|ly|me|zip|top|site|online)\b(?:/\S*)?|"
    rf"<\s*/?\s*(?:{_TAGS})\s*/?>|<\s*(?:{_TAGS})[\s/][^<>]*=|\b[\w.+-]+@[\w-]+\.[\w.-]*\w",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence that a claim cites, and its paper."""

    paper: Paper
    sentence: Sentence


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
        found = self._problems(features, cited, sentences, question)
        coverage = self.coverage(features, sentences)
        covered = f"the cited sentences cover {coverage:.0%} of what it says"
        few = len(features.content) < FEWEST_WORDS or bool(_BRACKETED.fullmatch(claim))
        vetoes = [problem for problem in found if problem.kind in VETOES]
        if few:
            vetoes.append(_of_whole("coverage", claim, claim, "too few words to be a statement"))
        doubted = [Doubt(problem, strong=True) for problem in found if problem.kind not in VETOES]
        doubted += doubts(features, sentences)
        if not few and coverage < COVERED:
            doubted.append(Doubt(_of_whole("coverage", claim, claim, covered), strong=coverage < RELATED))
        return _decided(vetoes, doubted, flagged, coverage)

    def _problems(
        self, claim: TextFeatures, cited: Sequence[CitedSentence], sentences: Sequence[TextFeatures], question: str
    ) -> list[Problem]:
        """Find the vetoes of a claim, and what differs from the cited sentences; not its coverage."""
        known = [read(question), *(read(cited_sentence.paper.title) for cited_sentence in cited)]
        right, wrong = _mentions(claim, cited)
        without_authors = _without(claim, right)
        alignments = [align(without_authors, sentence) for sentence in sentences]
        return [
            *problems(without_authors, sentences, alignments, known),
            *_quotes(claim.original, [*sentences, *known]),
            *_mentioned(claim, sentences),
            *_authors(claim, wrong),
            *_links(claim, sentences),
            *self._edited(without_authors, sentences, alignments),
        ]

    def _edited(
        self, claim: TextFeatures, sentences: Sequence[TextFeatures], alignments: Sequence[Alignment]
    ) -> Iterable[Problem]:
        """Find words of a close copy that replace others and mean something else."""
        for word, other in replaced(claim, sentences, alignments):
            kind: ProblemKind = "negation" if denies(word, other) else "coverage"
            if kind == "negation" or float(self._alike([word.text], [other.text])[0, 0]) < SYNONYM:
                at = claim.at(word.start, word.end)
                detail = f"the sentence has {other.text} there"
                yield Problem(kind=kind, found=claim.original[slice(*at)], at=at, detail=detail)

    def coverage(self, claim: TextFeatures, sentences: Sequence[TextFeatures]) -> float:
        """Average over the claim's content words the cosine to the nearest content word of the sentences."""
        ours = [word for word in claim.content if not word.text.isdigit() and word.text not in UNITS]
        theirs = {word.stem for sentence in sentences for word in sentence.words}
        if not ours:
            return float(bool(claim.content) and all(word.stem in theirs for word in claim.content))
        covered = np.array([word.stem in theirs for word in ours], dtype=float)
        lacking = [row for row, word in enumerate(ours) if word.stem not in theirs]
        others = list(dict.fromkeys(word.text for sentence in sentences for word in sentence.content))
        if lacking and others:
            covered[lacking] = np.clip(self._alike([ours[row].text for row in lacking], others).max(axis=1), 0, 1)
        return float(covered.mean())


def _decided(
    vetoes: Sequence[Problem], doubted: Sequence[Doubt], flagged: Sequence[Problem], coverage: float
) -> Verdict:
    """The verdict of words alone: a veto, a strong doubt or two doubts refuse the claim; one doubt makes it weak."""
    refused = bool(vetoes) or any(doubt.strong for doubt in doubted) or len(doubted) > 1
    score = 1 / (1 + exp(-(COVERAGE_WEIGHT * coverage + PROBLEM_WEIGHT * refused + BIAS)))
    support: Support = "unsupported" if refused else "weak" if doubted or flagged else "supported"
    problems = (*vetoes, *(doubt.problem for doubt in doubted), *flagged)
    return Verdict(support, score, problems, vetoed=bool(vetoes))


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


def _authors(claim: TextFeatures, mentions: Iterable[tuple[int, int]]) -> Iterable[Problem]:
    for place in mentions:
        at = claim.at(*place)
        detail = "no cited paper is by this author of this year"
        yield Problem(kind="author", found=claim.original[slice(*at)], at=at, detail=detail)


def _without(claim: TextFeatures, mentions: Iterable[tuple[int, int]]) -> TextFeatures:
    """Replace right mentions of authors by spaces: they are not names that the evidence must have."""
    original = claim.original
    for place in mentions:
        start, end = claim.at(*place)
        original = original[:start] + " " * (end - start) + original[end:]
    return claim if original == claim.original else read(original)


def _mentions(
    claim: TextFeatures, cited: Sequence[CitedSentence]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Find the places of the normalized claim that mention authors of the cited papers, and those of other authors."""
    text = claim.normalized.text
    found = {match.span(): (match[1], match[2]) for match in _AUTHORED.finditer(text)}
    found |= {
        match.span(): (match[1], "")
        for match in _ET_AL.finditer(text)
        if not any(start <= match.start() < end for start, end in found)
    }
    right: list[tuple[int, int]] = []
    wrong: list[tuple[int, int]] = []
    surnames = _surnames(cited) if found else {}
    for (start, end), (surname, year) in found.items():
        years = surnames.get(surname.casefold())
        if years is not None and (not year or year in years):
            right.append((start, end))
        elif years is None and not re.search(r"et al|[(,]", text[start:end]):
            continue  # “In 2023”, “ImageNet 2012”: a year after a capital, not an author's
        elif not any(text[start:end] in read(one.sentence.text[:LONGEST]).normalized.text for one in cited):
            wrong.append((start, end))
    return right, wrong


def _surnames(cited: Sequence[CitedSentence]) -> dict[str, set[str]]:
    """Map each part of an author's name to the years of the cited papers by that author."""
    found: dict[str, set[str]] = {}
    for paper in (sentence.paper for sentence in cited):
        for part in re.split(r"[\s,]+", " ".join(paper.authors)):
            found.setdefault(part.casefold(), set()).add((paper.published or paper.listed or "")[:4])
    return found


def links(claim: str) -> list[str]:
    """List what is a link or markup in a claim, or may become one."""
    return [found[0] for found in _LINK.finditer(normalize(claim).text)]


def _links(claim: TextFeatures, sentences: Sequence[TextFeatures]) -> Iterable[Problem]:
    """Find links that no cited sentence has."""
    for found in _LINK.finditer(claim.normalized.text):
        if not any(found[0].rstrip(".,;)") in sentence.normalized.text for sentence in sentences):
            at = claim.at(*found.span())
            detail = "no cited sentence has this link"
            yield Problem(kind="source", found=claim.original[slice(*at)], at=at, detail=detail)
