"""
Compare a claim with the sentences that it cites: vetoes of numbers and names, and doubts about everything else.

Each difference is a Problem with its place in the claim. In a claim that copies a sentence, changes are found by
aligning the two; in a claim in other words, by comparing sets. It uses no model and no files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag.checking import polarity
from rag.checking.amounts import inexact, missing
from rag.checking.contrasts import denies, opposite
from rag.checking.copies import NEAR_VERBATIM, align, altered, differs, exchanged, replaced
from rag.checking.doubt import Doubt
from rag.checking.features import TextFeatures
from rag.checking.problems import doubt, problem
from rag.checking.quantities import Quantity
from rag.checking.synonyms import synonymous
from rag.checking.words import FUNCTION_WORDS, Name, Word, is_known, spelled_by
from rag.types import Problem, ProblemKind

_NUMBERED = re.compile(r" (\d+)\b")
SYNONYM = 0.45
"""The least cosine at which a word of a copy may replace another one that the table of synonyms does not know."""
OWN_WORDS = 0.6
"""A claim that shares at least this much with the sentences speaks of the same; a difference is then a strong doubt."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a claim is compared with: the cited sentences, the titles of their papers, and the question."""

    cited: Sequence[TextFeatures]
    titles: Sequence[TextFeatures]
    question: TextFeatures

    @property
    def texts(self) -> list[TextFeatures]:
        """All of them."""
        return [*self.cited, *self.titles, self.question]


def differences(
    claim: TextFeatures, evidence: Evidence, alike: Callable[[str, str], float]
) -> tuple[list[Problem], list[Doubt]]:
    """
    Find what a claim says and its evidence does not say: the vetoes, and the doubts.

    Args:
        claim: The claim.
        evidence: What it is compared with.
        alike: The cosine of two words.
    """
    vetoes = [*_numbers(claim, evidence), *_names(claim, evidence)]
    doubts = [*_inexact(claim, evidence)]
    cited = evidence.cited
    alignments = [align(claim, sentence) for sentence in cited]
    copied = [at for at, alignment in enumerate(alignments) if alignment.share >= NEAR_VERBATIM]
    if copied:
        best = max(copied, key=lambda at: alignments[at].share)
        source, alignment = cited[best], alignments[best]
        doubts += altered(claim, source, alignment)
        doubts += exchanged(claim, source)
        doubts += polarity.negation_in_copy(claim, source, alignment)
        doubts += polarity.negation(claim, [source], strong=True)
        doubts += _edited(replaced(claim, cited, alignments), claim, alike)
    else:
        strong = _shared(claim, cited) >= OWN_WORDS
        doubts += polarity.negation(claim, cited, strong=strong)
        doubts += polarity.direction(claim, cited, strong=strong)
        doubts += polarity.opposites(claim, cited, strong=strong)
        claim_stems = sorted(word.stem for word in claim.content)
        for sentence in cited:  # the same words in another order: who beats whom
            if claim_stems == sorted(word.stem for word in sentence.content):
                doubts += exchanged(claim, sentence)
    return _unique(vetoes), doubts


def _shared(claim: TextFeatures, cited: Sequence[TextFeatures]) -> float:
    """The share of the claim's content words that stand in the sentences."""
    held = {word.stem for sentence in cited for word in sentence.words}
    return sum(word.stem in held for word in claim.content) / max(len(claim.content), 1)


def _numbers(claim: TextFeatures, evidence: Evidence) -> Iterable[Problem]:
    details: dict[ProblemKind, str] = {
        "number": "no cited sentence holds it",
        "unit": "the cited sentence gives it in another unit",
        "bound": "the cited sentence gives it with another sign or bound",
    }
    for quantity, kind in missing(claim.claimed, _held(evidence)):
        if not _asked_for(quantity, evidence.question) and not _of_a_name(quantity, evidence):
            yield problem(kind, claim, quantity, details[kind])


def _inexact(claim: TextFeatures, evidence: Evidence) -> Iterable[Doubt]:
    for quantity, detail in inexact(claim.claimed, _held(evidence))[:1]:  # who rounds one number rounds all
        yield doubt("number", claim, quantity, detail, strong=False)


def _held(evidence: Evidence) -> list[Quantity]:
    return [quantity for text in (*evidence.cited, *evidence.titles) for quantity in text.held]


def _asked_for(claimed: Quantity, question: TextFeatures) -> bool:
    """True if the question has the number beside the same word, as in “type 2”: it names a thing by it."""
    return not claimed.unit and any(
        claimed.value == held.value and not held.unit and not _neighbours(claimed).isdisjoint(_neighbours(held))
        for held in question.held
    )


def _neighbours(quantity: Quantity) -> set[tuple[str, str]]:
    """The words directly before and after a number that are no function words."""
    words = [("before", quantity.context.before), *(("after", word) for word in quantity.context.after[:1])]
    return {(side, word) for side, word in words if word and word not in FUNCTION_WORDS}


def _of_a_name(claimed: Quantity, evidence: Evidence) -> bool:
    """True if a number and the word before it are a name of the evidence: BRCA 1 for BRCA1."""
    key = claimed.context.before + claimed.written
    return bool(claimed.context.before) and any(key in text.nameable.keys for text in evidence.texts)


def _names(claim: TextFeatures, evidence: Evidence) -> Iterable[Problem]:
    texts = evidence.texts if claim.names else []
    for at, name in enumerate(claim.names):
        if not any(is_known(name, text.nameable) for text in texts):
            row, numbered = _row(claim, at), _NUMBERED.match(claim.normalized.text, name.end)
            key = name.key + numbered[1] if numbered else ""
            if not any(key in text.nameable.keys or spelled_by(row, text.nameable) for text in texts):
                yield problem("name", claim, name, "no cited sentence, title or question names it")


def _row(claim: TextFeatures, at: int) -> list[Name]:
    """The capitalised words in a row that a name stands in: Large Language Model."""
    names, text = claim.names, claim.normalized.text
    first = last = at
    while first and text[names[first - 1].end : names[first].start] in (" ", "-"):
        first -= 1
    while last + 1 < len(names) and text[names[last].end : names[last + 1].start] in (" ", "-"):
        last += 1
    return list(names[first : last + 1])


def _edited(
    pairs: Iterable[tuple[Word, Word]], claim: TextFeatures, alike: Callable[[str, str], float]
) -> Iterable[Doubt]:
    """Doubt words of a close copy that replace others and mean something else."""
    for word, other in pairs:
        if synonymous(word.stem, other.stem):
            continue
        detail = f"the sentence has {other.text} there"
        if denies(word.text, other.text):
            yield doubt("negation", claim, word, detail, strong=True)
        elif opposite(word.text, other.text):
            yield doubt("direction", claim, word, detail, strong=True)
        elif differs(word, other):
            yield doubt("coverage", claim, word, detail, strong=True)
        else:
            cosine = alike(word.text, other.text)
            if cosine < SYNONYM:
                yield doubt("coverage", claim, word, detail, strong=True)


def _unique(found: Iterable[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(found), key=lambda problem: (problem.at, problem.kind, problem.detail))
