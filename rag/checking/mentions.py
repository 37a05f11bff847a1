"""
Mentions of authors in a claim, as in “Smith et al. (2023)”: those of the cited papers, and those of others.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rag.checking.features import TextFeatures, read
from rag.checking.problems import problem_at
from rag.types import Paper, Problem, Sentence

LONGEST = 4_000
"""The most characters of a claim, and of a sentence that are read; the time to align grows with their product."""
_AUTHORED = re.compile(
    r"\b([A-Z][\w'’-]+)(?:\s+(?:and|&)\s+[A-Z][\w'’-]+|\s+et\s+al\.?)?,?\s*[(\[]?((?:19|20)\d\d)[a-z]?\b[)\]]?"
)
_ET_AL = re.compile(r"\b([A-Z][\w'’-]+)\s+et\s+al\b")


@dataclass(frozen=True, slots=True)
class CitedSentence:
    """A sentence that a claim cites, and its paper."""

    paper: Paper
    sentence: Sentence


def authors(claim: TextFeatures, mentions: Iterable[tuple[int, int]]) -> Iterable[Problem]:
    for place in mentions:
        yield problem_at("author", claim, *place, "no cited paper is by this author of this year")


def without(claim: TextFeatures, mentions: Iterable[tuple[int, int]]) -> TextFeatures:
    """Replace right mentions of authors by spaces: they are not names that the evidence must have."""
    original = claim.original
    for place in mentions:
        start, end = claim.at(*place)
        original = original[:start] + " " * (end - start) + original[end:]
    return claim if original == claim.original else read(original)


def mentions(
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
