"""
Compare a claim with the sentences that it cites: numbers, units, names, negation and direction.

Each difference is a Problem with its place in the claim. In a claim that copies a sentence, changes are found by
aligning the two; in a claim in other words, by comparing sets. It uses no model and no files.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TypeVar

from rag.checking.features import TextFeatures
from rag.checking.amounts import inexact, missing
from rag.checking.quantities import Quantity, same_value
from rag.checking.words import NEGATORS, SIDES, Name, Word, is_known
from rag.types import Problem, ProblemKind

Item = TypeVar("Item", Quantity, Name)
_LISTED = re.compile(r"[\s,;/()&+'\"]*(?:(?:and|or|as well as)\b[\s,;/()&+'\"]*)?(?:the\s|on\s)?", re.IGNORECASE)
_SHORT = 4  # words; a longer run that a copy leaves out is a whole clause
_DENIES = {True: "the sentence denies it", False: "the sentence does not deny it"}
_STRENGTHS = tuple(
    tuple(frozenset(side.split()) for side in pair.split("|"))
    for pair in (
        "may might could|must will shall cannot",
        "some few several|all every each most",
        "any|most all",
        "initial|final",
        "partly partially|fully completely entirely",
        "sometimes rarely|always often usually",
    )
)
CLOSE_COPY = 0.8
"""If a copy shares at least this much with the sentence, each replaced word in it is an edit."""
NEAR_VERBATIM = 0.7
"""A claim is a copy of a sentence if at least this share of its words stands there in the same order."""


@dataclass(frozen=True, slots=True)
class Alignment:
    """
    A word alignment of a claim and a sentence.

    Args:
        pairs: For each word of the claim the index of the same word in the sentence, or -1.
        differing: The runs of words that differ, in the claim and in the sentence.
        share: The share of the claim's words that have a partner.
    """

    pairs: Sequence[int]
    differing: Sequence[tuple[range, range]]
    share: float


def align(claim: TextFeatures, sentence: TextFeatures) -> Alignment:
    """Align the words of two texts in order."""
    matcher = SequenceMatcher(None, claim.stems, sentence.stems, autojunk=False)
    pairs = [-1] * len(claim.stems)
    differing = []
    for kind, first, last, low, high in matcher.get_opcodes():
        if kind == "equal":
            pairs[first:last] = range(low, high)
        else:
            differing.append((range(first, last), range(low, high)))
    matched = sum(at >= 0 for at in pairs)
    return Alignment(pairs, differing, matched / max(len(pairs), 1))


def problems(
    claim: TextFeatures,
    cited: Sequence[TextFeatures],
    alignments: Sequence[Alignment],
    known: Sequence[TextFeatures] = (),
) -> list[Problem]:
    """
    Find the problems of a claim: what it says and the cited sentences do not say.

    Args:
        claim: The claim.
        cited: The sentences that it cites.
        alignments: The claim aligned with each of them.
        known: Other texts that a name may come from: the titles of the cited papers, and the question.
    """
    found = [*_numbers(claim, cited), *_names(claim, cited, known)]
    copied = [
        (sentence, alignment)
        for sentence, alignment in zip(cited, alignments, strict=True)
        if alignment.share >= NEAR_VERBATIM
    ]
    if copied:
        source, alignment = max(copied, key=lambda pair: pair[1].share)
        found += _altered(claim, source, alignment)
        found += _moved(claim, source)
        found += _negation_aligned(claim, source, alignment)
    else:
        found += _negation(claim, cited)
        found += _direction(claim, cited)
        claim_stems = sorted(word.stem for word in claim.content)
        for sentence in cited:  # the same words in another order: who beats whom
            if claim_stems == sorted(word.stem for word in sentence.content):
                found += _moved(claim, sentence)
    return _unique(found)


def _problem(kind: ProblemKind, claim: TextFeatures, start: int, end: int, detail: str) -> Problem:
    at = claim.at(start, end)
    return Problem(kind=kind, found=claim.original[at[0] : at[1]], at=at, detail=detail)


def _numbers(claim: TextFeatures, cited: Sequence[TextFeatures]) -> Iterable[Problem]:
    details = {
        "number": "no cited sentence holds it",
        "unit": "the cited sentence gives it in another unit",
        "bound": "the cited sentence gives it with another sign or bound",
    }
    for quantity, kind in missing(claim.claimed, [quantity for sentence in cited for quantity in sentence.held]):
        yield _problem(kind, claim, quantity.start, quantity.end, details[kind])


def _names(claim: TextFeatures, cited: Sequence[TextFeatures], known: Sequence[TextFeatures]) -> Iterable[Problem]:
    if not claim.names:
        return
    texts = [*cited, *known]
    for name in claim.names:
        if not any(is_known(name, text.nameable) for text in texts):
            yield _problem("name", claim, name.start, name.end, "no cited sentence, title or question names it")


def _altered(claim: TextFeatures, source: TextFeatures, alignment: Alignment) -> Iterable[Problem]:
    """Find numbers, names and directions of a copy that replace others in the sentence."""
    for ours, theirs in alignment.differing:
        if not ours:
            continue
        start, end = claim.words[ours[0]].start, claim.words[ours[-1]].end
        low, high = (source.words[theirs[0]].start, source.words[theirs[-1]].end) if theirs else (0, 0)
        quantities = [quantity for quantity in source.held if quantity.start < high and low < quantity.end]
        for quantity in claim.claimed:
            if (
                quantity.start < end
                and start < quantity.end
                and quantities
                and not any(same_value(quantity, other) for other in quantities)
            ):
                yield _problem(
                    "number", claim, quantity.start, quantity.end, f"the sentence has {quantities[0].written} there"
                )
        named = [name for name in source.names if name.start < high and low < name.end]
        for name in claim.names:
            within = name.start < end and start < name.end
            if within and named and not any(other.key in name.key or name.key in other.key for other in named):
                yield _problem("name", claim, name.start, name.end, f"the sentence has {named[0].text} there")
        for at in ours:
            for other in theirs:
                if _is_stronger(claim.words[at], source.words[other]) or _opposed(claim.words[at], source.words[other]):
                    word = claim.words[at]
                    detail = f"the sentence has {source.words[other].text} there"
                    yield _problem("direction", claim, word.start, word.end, detail)


def _moved(claim: TextFeatures, source: TextFeatures) -> Iterable[Problem]:
    """Find numbers and names that a copy has in another order, as in “from 5 to 3”. The members of a list may move."""
    values = [quantity.value for quantity in source.held]
    claimed = [quantity.value for quantity in claim.claimed]
    for quantity in _out_of_order(claim.claimed, claimed, values, range(len(values))):
        yield _problem("number", claim, quantity.start, quantity.end, "the sentence has it in another place")
    groups = [0] * len(source.names)
    for at in range(1, len(groups)):
        between = source.normalized.text[source.names[at - 1].end : source.names[at].start]
        groups[at] = groups[at - 1] + (not _LISTED.fullmatch(between))
    keys = [name.key for name in source.names]
    for name in _out_of_order(claim.names, [name.key for name in claim.names], keys, groups):
        yield _problem("name", claim, name.start, name.end, "the sentence has it in another place")


def _out_of_order(
    items: Sequence[Item], keys: Sequence[object], held: Sequence[object], groups: Sequence[int]
) -> Iterable[Item]:
    """
    Yield the first item that the source has only before the items that precede it in the claim.

    Args:
        items: The claim's quantities or names, in order.
        keys: What is compared, for each item.
        held: The keys of the source, in order.
        groups: For each key of the source the number of its list, ascending; members of one list may change places.
    """
    reached, used = -1, set[int]()
    for item, key in zip(items, keys, strict=True):
        places = [at for at, other in enumerate(held) if other == key and at not in used]
        if not places:
            continue
        ahead = [at for at in places if groups[at] >= reached]
        if not ahead:
            yield item
            return
        used.add(ahead[0])
        reached = groups[ahead[0]]


def replaced(
    claim: TextFeatures, cited: Sequence[TextFeatures], alignments: Sequence[Alignment]
) -> list[tuple[Word, Word]]:
    """Pair the content words of a copy that no cited sentence has with the words that they replace."""
    found: list[tuple[Word, Word]] = []
    held = {word.stem for sentence in cited for word in sentence.words}
    for sentence, alignment in zip(cited, alignments, strict=True):
        if alignment.share < CLOSE_COPY or alignment.share == 1:
            continue
        for ours, theirs in alignment.differing:
            if ours and len(ours) == len(theirs) <= _SHORT:
                pairs = ((claim.words[at], sentence.words[other]) for at, other in zip(ours, theirs, strict=True))
                found += [(one, two) for one, two in pairs if one.content and two.content and one.stem not in held]
    return [(one, two) for one, two in found if not (one.text.isdigit() or two.text.isdigit())]


def denies(one: Word, other: Word) -> bool:
    """True if one word is the other with a negative prefix: common and uncommon."""
    short, long = sorted((one.text, other.text), key=len)
    return any(long == prefix + short for prefix in ("un", "in", "im", "ir", "il", "non", "dis"))


def _is_stronger(one: Word, other: Word) -> bool:
    """True if both words say how sure or how many, and one is stronger: may and must."""
    return any(
        (one.text in weak and other.text in strong) or (one.text in strong and other.text in weak)
        for weak, strong in _STRENGTHS
    )


def _opposed(one: Word, other: Word) -> bool:
    """True if two words name opposite directions: higher and lower."""
    sides = dict(SIDES.get(other.text, ()))
    return one.negated == other.negated and any(sides.get(axis) == -side for axis, side in SIDES.get(one.text, ()))


def _negation_aligned(claim: TextFeatures, source: TextFeatures, alignment: Alignment) -> Iterable[Problem]:
    for at, other in enumerate(alignment.pairs):
        word = claim.words[at]
        if other >= 0 and word.negated != source.words[other].negated:
            yield _problem("negation", claim, word.start, word.end, _DENIES[not word.negated])
    for ours, theirs in alignment.differing:  # also the “not” of “not only”, which negates no word
        here = [claim.words[at] for at in ours if claim.words[at].text in NEGATORS]
        there = any(
            source.words[at].negator or (source.words[at].text in NEGATORS and at + 1 not in theirs) for at in theirs
        )
        if here and not there:
            yield _problem("negation", claim, here[0].start, here[0].end, _DENIES[False])
        elif there and not here and len(theirs) <= _SHORT and 0 < ours.start < len(claim.words):
            word = claim.words[ours.start]
            yield _problem("negation", claim, word.start, word.end, _DENIES[True])


def _negation(claim: TextFeatures, cited: Sequence[TextFeatures]) -> Iterable[Problem]:
    """Find words that the claim negates and no cited sentence does, or that all cited sentences negate."""
    negated: dict[str, set[bool]] = {}
    for sentence in cited:
        for word in sentence.content:
            negated.setdefault(word.stem, set()).add(word.negated)
    for word in claim.content:
        ways = negated.get(word.stem)
        if ways and word.negated not in ways:
            if word.negated and any(other.negator for sentence in cited for other in sentence.words):
                continue
            detail = "no cited sentence denies it" if word.negated else "the cited sentence denies it"
            yield _problem("negation", claim, word.start, word.end, detail)


def _direction(claim: TextFeatures, cited: Sequence[TextFeatures]) -> Iterable[Problem]:
    """Find directions whose opposite stands in the cited sentences while they themselves do not."""
    there = {sense for sentence in cited for word in sentence.words if word.text in SIDES for sense in _senses(word)}
    for word in claim.words:
        senses = _senses(word) if word.text in SIDES else []
        if any((axis, -side) in there for axis, side in senses) and not any(sense in there for sense in senses):
            yield _problem("direction", claim, word.start, word.end, "the cited sentence has the opposite")


def _senses(word: Word) -> list[tuple[int, int]]:
    """The directions of a word as axis and side; a negated word has the other side."""
    return [(axis, -side if word.negated else side) for axis, side in SIDES.get(word.text, ())]


def _unique(found: Iterable[Problem]) -> list[Problem]:
    return sorted(dict.fromkeys(found), key=lambda problem: (problem.at, problem.kind, problem.detail))
