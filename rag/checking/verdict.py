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
from rag.checking.features import TextFeatures, read
from rag.checking.normalize import normalize
from rag.checking.quantities import UNITS
from rag.types import Paper, Problem, ProblemKind, Sentence, Support

Alike = Callable[[Sequence[str], Sequence[str]], NDArray[np.float32]]
"""Cosines between words, shape (first, second); from a static table, no model is run."""

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
"""Below the first coverage a claim is unsupported, as 99 % of unrelated sentences are; below the second it is weak."""
COVERAGE_WEIGHT, PROBLEM_WEIGHT, BIAS = 2.50, -0.52, -1.53
SYNONYM = 0.45
"""The cosine from which on a word may stand for another one in a copy."""
FEWEST_WORDS = 3
"""A claim of fewer words that say something is no sentence: `HACKED` is not supported by being quoted somewhere."""

LONGEST = 4_000
"""Characters of a claim, and of what is read of a sentence; aligning grows with their product."""

_BRACKETED = re.compile(r"\W*[(\[][^()\[\]]*[)\]]\W*")
_MENTIONED = re.compile(  # what comes before words that a sentence does not say, but only tells somebody to say
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
    """What became of a claim; `score` is in 0 to 1, 1 for a verbatim one."""

    support: Support
    score: float
    problems: tuple[Problem, ...]


class Checker:
    """
    Checks claims against the sentences that they cite.

    Args:
        alike: How alike words are.
    """

    def __init__(self, alike: Alike) -> None:
        self._alike = alike

    def prepare(self, sentences: Sequence[CitedSentence]) -> None:
        """Read sentences that claims may cite, so that a claim need not wait for it."""
        for each in sentences:
            known = read(each.sentence.text[:LONGEST])
            _ = known.held, known.nameable, known.stems, _gives_orders(each.sentence.text)

    def check(self, claim: str, cited: Sequence[CitedSentence], *, question: str = "") -> Verdict:
        """
        Check one claim.

        Args:
            claim: One sentence of an answer, without the numbers of its sources.
            cited: What it cites; a claim that cites nothing is unsupported.
            question: What was asked; a name may come from it.
        """
        if not cited:
            problem = Problem(kind="source", found=claim, at=(0, len(claim)), detail="it cites no sentence")
            return Verdict("unsupported", 0.0, (problem,))
        flagged = _flagged(claim, cited)
        if any(claim.strip() == each.sentence.text for each in cited):
            return Verdict("weak" if flagged else "verbatim", 1.0, tuple(flagged))
        if len(claim) > LONGEST:
            problem = Problem(
                kind="coverage", found=claim[:100], at=(0, len(claim)), detail="too long to be a statement"
            )
            return Verdict("unsupported", 0.0, (problem,))
        read_claim, sentences = read(claim), [read(each.sentence.text[:LONGEST]) for each in cited]
        if any(_copy(read_claim, each) for each in sentences):
            return Verdict("weak" if flagged else "supported", 1.0, tuple(flagged))
        known = [read(question), *(read(each.paper.title) for each in cited)]
        right, wrong = _mentions(read_claim, cited)
        said = _without(read_claim, right)
        alignments = [align(said, each) for each in sentences]
        found = [
            *problems(said, sentences, alignments, known),
            *_quotes(claim, [*sentences, *known]),
            *_mentioned(read_claim, sentences),
            *_authors(read_claim, wrong),
            *_links(read_claim, sentences),
            *self._edited(said, sentences, alignments),
        ]
        coverage = self.coverage(read_claim, sentences)
        few = len(read_claim.content) < FEWEST_WORDS or bool(_BRACKETED.fullmatch(claim))
        if coverage < RELATED or few:
            detail = f"the cited sentences cover {coverage:.0%} of what it says"
            if few:
                detail = "too few words to be a statement"
            found.append(Problem(kind="coverage", found=claim, at=(0, len(claim)), detail=detail))
        score = 1 / (1 + exp(-(COVERAGE_WEIGHT * coverage + PROBLEM_WEIGHT * bool(found) + BIAS)))
        support: Support = "unsupported" if found else "supported"
        if not found and coverage < COVERED:
            support = "weak"
            detail = f"the cited sentences cover {coverage:.0%} of what it says"
            found.append(Problem(kind="coverage", found=claim, at=(0, len(claim)), detail=detail))
        elif not found and flagged:
            support = "weak"
        return Verdict(support, score, (*found, *flagged))

    def _edited(
        self, claim: TextFeatures, sentences: Sequence[TextFeatures], alignments: Sequence[Alignment]
    ) -> Iterable[Problem]:
        """Words of a close copy that stand in the place of others and say something else."""
        for ours, theirs in replaced(claim, sentences, alignments):
            kind: ProblemKind = "negation" if denies(ours, theirs) else "coverage"
            if kind == "negation" or float(self._alike([ours.text], [theirs.text])[0, 0]) < SYNONYM:
                at = claim.at(ours.start, ours.end)
                detail = f"the sentence has {theirs.text} there"
                yield Problem(kind=kind, found=claim.original[slice(*at)], at=at, detail=detail)

    def coverage(self, claim: TextFeatures, sentences: Sequence[TextFeatures]) -> float:
        """The mean, over the claim's words that say something, of how alike the nearest word of the sentences is."""
        ours = [word for word in claim.content if not word.text.isdigit() and word.text not in UNITS]
        theirs = {word.stem: word.text for each in sentences for word in each.words}
        if not ours:
            return float(bool(claim.content) and all(word.stem in theirs for word in claim.content))
        covered = np.array([word.stem in theirs for word in ours], dtype=float)
        lacking = [row for row, word in enumerate(ours) if word.stem not in theirs]
        said = list(dict.fromkeys(word.text for each in sentences for word in each.content))
        if lacking and said:
            covered[lacking] = np.clip(self._alike([ours[row].text for row in lacking], said).max(axis=1), 0, 1)
        return float(covered.mean())


def _copy(claim: TextFeatures, sentence: TextFeatures) -> bool:
    """Whether the claim is the sentence but for its typography."""
    return claim.normalized.text.strip() == sentence.normalized.text.strip()


def _flagged(claim: str, cited: Sequence[CitedSentence]) -> list[Problem]:
    """A claim that rests only on what should not be relied on."""
    reasons = [_reason_against(each) for each in cited]
    if not all(reasons):
        return []
    return [Problem(kind="flagged", found=claim, at=(0, len(claim)), detail=str(reasons[0]))]


def _reason_against(cited: CitedSentence) -> str | None:
    if "withdrawn" in cited.paper.flags:
        return "the paper was withdrawn"
    if "instructions" in cited.paper.flags or _gives_orders(cited.sentence.text):
        return "the abstract gives orders to its reader"
    return None


@lru_cache(maxsize=2_048)
def _gives_orders(sentence: str) -> bool:
    return bool(prose.flags("", sentence))  # or was withdrawn


def _quotes(claim: str, texts: Sequence[TextFeatures]) -> Iterable[Problem]:
    for found in _QUOTED.finditer(claim):
        quoted = read(found[1].strip(" .,;")).normalized.text.casefold()
        if not any(quoted in each.normalized.text.casefold() for each in texts):
            yield Problem(kind="quote", found=found[0], at=found.span(), detail="no cited sentence has these words")


def _mentioned(claim: TextFeatures, sentences: Sequence[TextFeatures]) -> Iterable[Problem]:
    """A piece of a sentence that stands there in quotation marks, or as what is to be said."""
    piece = claim.normalized.text.casefold().strip(" .!?\"'")
    for each in sentences:
        text = each.normalized.text.casefold()
        at = text.find(piece) if piece else -1
        if at > 0 and _MENTIONED.search(text[max(0, at - 60) : at]):
            detail = "the cited sentence mentions these words and does not say them"
            yield Problem(kind="quote", found=claim.original, at=(0, len(claim.original)), detail=detail)


def _authors(claim: TextFeatures, mentions: Iterable[tuple[int, int]]) -> Iterable[Problem]:
    for place in mentions:
        at = claim.at(*place)
        detail = "no cited paper is by this author of this year"
        yield Problem(kind="author", found=claim.original[slice(*at)], at=at, detail=detail)


def _without(claim: TextFeatures, mentions: Iterable[tuple[int, int]]) -> TextFeatures:
    """The claim with right mentions of authors blanked out, in place: they are no names of the evidence."""
    original = claim.original
    for place in mentions:
        start, end = claim.at(*place)
        original = original[:start] + " " * (end - start) + original[end:]
    return claim if original == claim.original else read(original)


def _mentions(
    claim: TextFeatures, cited: Sequence[CitedSentence]
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Where the folded claim names authors of the cited papers with their years, and where others."""
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
        elif not any(text[start:end] in read(each.sentence.text[:LONGEST]).normalized.text for each in cited):
            wrong.append((start, end))
    return right, wrong


def _surnames(cited: Sequence[CitedSentence]) -> dict[str, set[str]]:
    """The parts of the names of the cited papers' authors, with the years of their papers."""
    found: dict[str, set[str]] = {}
    for each in cited:
        for part in re.split(r"[\s,]+", " ".join(each.paper.authors)):
            found.setdefault(part.casefold(), set()).add((each.paper.published or each.paper.listed or "")[:4])
    return found


def links(claim: str) -> list[str]:
    """What in a claim is, or may become, a link or markup."""
    return [found[0] for found in _LINK.finditer(normalize(claim).text)]


def _links(claim: TextFeatures, sentences: Sequence[TextFeatures]) -> Iterable[Problem]:
    for found in _LINK.finditer(claim.normalized.text):
        if not any(found[0].rstrip(".,;)") in each.normalized.text for each in sentences):
            at = claim.at(*found.span())
            detail = "no cited sentence has this link"
            yield Problem(kind="source", found=claim.original[slice(*at)], at=at, detail=detail)
