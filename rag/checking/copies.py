"""
Near copies: align a claim with a sentence that it copies, and find what it changed.

Replaced words, and numbers and names that exchanged their places. A claim in other words is not aligned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import combinations, pairwise

from rag.checking.amounts import same_unit
from rag.checking.contrasts import contrasted, denies, opposite
from rag.checking.doubt import Doubt
from rag.checking.features import TextFeatures
from rag.checking.problems import doubt
from rag.checking.quantities import Quantity, same_value
from rag.checking.synonyms import synonymous
from rag.checking.words import Name, Word

_LISTED = re.compile(r"[\s,;/()&+'\"]*(?:(?:and|or|as well as)\b[\s,;/()&+'\"]*)?(?:the\s|on\s)?", re.IGNORECASE)
_SHORT = 4  # words; a longer run that a copy leaves out is a whole clause
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


def altered(claim: TextFeatures, source: TextFeatures, alignment: Alignment) -> Iterable[Doubt]:
    """Find numbers, names and directions of a copy that replace others in the sentence."""
    for ours, theirs in alignment.differing:
        if not ours or not theirs:
            continue
        start, end = claim.words[ours[0]].start, claim.words[ours[-1]].end
        low, high = source.words[theirs[0]].start, source.words[theirs[-1]].end
        short = max(len(ours), len(theirs)) <= _SHORT
        quantities = [quantity for quantity in source.held if quantity.start < high and low < quantity.end]
        for quantity in claim.claimed:
            within = quantity.start < end and start < quantity.end
            if within and quantities and not any(_same(quantity, other) for other in quantities):
                if short and any(_same(quantity, other) for other in source.held):
                    detail = f"the sentence has {quantities[0].written} there"
                    yield doubt("order", claim, quantity, detail, strong=True)
                elif any(_one_digit_apart(quantity, other) for other in quantities):
                    detail = f"the sentence has {quantities[0].written} there"
                    yield doubt("number", claim, quantity, detail, strong=True)
        named = [name for name in source.names if name.start < high and low < name.end]
        for name in claim.names:
            within = name.start < end and start < name.end
            known = any(other.key in name.key or name.key in other.key for other in named)
            if within and named and not known and short:
                yield doubt("order", claim, name, f"the sentence has {named[0].text} there", strong=True)
        for at in ours:
            for other in theirs:
                word, held = claim.words[at], source.words[other]
                if _is_stronger(word, held) or (word.negated == held.negated and opposite(word.text, held.text)):
                    yield doubt("direction", claim, word, f"the sentence has {held.text} there", strong=True)
        if len(ours) == len(theirs) == 1 and alignment.share >= CLOSE_COPY:  # digits that are no quantity: “l−7”
            word, held = claim.words[ours[0]], source.words[theirs[0]]
            if word.text.isdigit() and held.text.isdigit() and int(word.text) != int(held.text):
                yield doubt("number", claim, word, f"the sentence has {held.text} there", strong=True)


def _same(claimed: Quantity, held: Quantity) -> bool:
    return same_value(claimed, held) and same_unit(claimed, held)


def _one_digit_apart(claimed: Quantity, held: Quantity) -> bool:
    one, other = claimed.written.replace(",", ""), held.written.replace(",", "")
    return len(one) == len(other) and sum(a != b for a, b in zip(one, other, strict=True)) == 1


@dataclass(frozen=True, slots=True)
class _Slot:
    """A number or name with the words directly before and after it."""

    item: Quantity | Name
    key: object
    before: str
    after: str


def _slots(text: TextFeatures, items: Sequence[Quantity] | Sequence[Name]) -> list[_Slot]:
    slots = []
    for item in items:
        before = next((word.text for word in reversed(text.words) if word.end <= item.start), "")
        after = next((word.text for word in text.words if word.start >= item.end), "")
        key = item.key if isinstance(item, Name) else (item.value, item.unit)
        slots.append(_Slot(item, key, before, after))
    return slots


def _fits(one: _Slot, other: _Slot) -> int:
    return (one.before == other.before) + (one.after == other.after)


def exchanged(claim: TextFeatures, source: TextFeatures) -> Iterable[Doubt]:
    """Find two numbers, or two names, each of which stands where the sentence has the other: “from 5 to 3”."""
    detail = "the sentence has it in another place"
    for ours, theirs, names in (
        (_slots(claim, claim.claimed), _slots(source, source.held), False),
        (_slots(claim, claim.names), _slots(source, source.names), True),
    ):
        places = {key: [slot for slot in theirs if slot.key == key] for key in {slot.key for slot in ours}}
        for first, second in combinations(ours, 2):
            if first.key == second.key or len(places[first.key]) != 1 or len(places[second.key]) != 1:
                continue
            (held_first,), (held_second,) = places[first.key], places[second.key]
            if _fits(first, held_second) > _fits(first, held_first) and (
                _fits(second, held_first) > _fits(second, held_second)
            ):
                low, high = sorted((held_first, held_second), key=lambda slot: slot.item.start)
                if names and _in_one_list(source, low, high):
                    continue
                yield doubt("order", claim, second.item, detail, strong=True)
                return


def _in_one_list(text: TextFeatures, first: _Slot, last: _Slot) -> bool:
    """True if two names are members of one list, whose members may change places."""
    names = [name for name in text.names if first.item.start <= name.start <= last.item.start]
    return all(_LISTED.fullmatch(text.normalized.text[one.end : other.start]) for one, other in pairwise(names))


def _is_stronger(one: Word, other: Word) -> bool:
    """True if both words say how sure or how many, and one is stronger: may and must."""
    return any(
        (one.text in weak and other.text in strong) or (one.text in strong and other.text in weak)
        for weak, strong in _STRENGTHS
    )


def replaced(
    claim: TextFeatures, cited: Sequence[TextFeatures], alignments: Sequence[Alignment]
) -> list[tuple[Word, Word]]:
    """
    Pair the content words of a copy that no cited sentence has with the words that they replace.

    Left out are synonyms; in a copy that is not close only contrasts and opposites are paired.
    """
    found: list[tuple[Word, Word]] = []
    held = {word.stem for sentence in cited for word in sentence.words}
    ours_count = Counter(claim.stems)
    counted = [(quantity.start, quantity.end) for quantity in claim.claimed]
    for sentence, alignment in zip(cited, alignments, strict=True):
        if alignment.share < NEAR_VERBATIM or alignment.share == 1:
            continue
        theirs_count = Counter(sentence.stems)
        for ours, theirs in alignment.differing:
            close = alignment.share >= CLOSE_COPY and len(ours) == len(theirs) <= _SHORT
            old = [sentence.words[at] for at in theirs if sentence.words[at].content]
            gone = [word for word in old if ours_count[word.stem] < theirs_count[word.stem] and not word.text.isdigit()]
            for at in ours:
                word = claim.words[at]
                if not word.content or word.text.isdigit() or not gone:
                    continue
                if any(start <= word.start < end for start, end in counted):
                    continue  # the unit of a number
                if ours_count[word.stem] <= theirs_count[word.stem] or any(
                    synonymous(word.stem, other.stem) for other in old
                ):
                    continue
                against = [other for other in gone if differs(word, other)]
                if against:
                    found.append((word, against[0]))
                elif close and word.stem not in held:
                    partner = sentence.words[at - ours.start + theirs.start]
                    found.append((word, partner if partner in gone else gone[0]))
    return found


def differs(word: Word, other: Word) -> bool:
    """True if two words cannot mean the same: opposites and contrasts."""
    return denies(word.text, other.text) or opposite(word.text, other.text) or contrasted(word.stem, other.stem)
