"""
Binding: a number told of another thing than in the sentences, and parts of a near copy that have changed places.

A word belongs to the nearest number; a clause or a list separates more than a word does. A list with “respectively”
gives its numbers in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.checking.doubt import Doubt
from rag.checking.phrases import Phrases, aligned, near_copy
from rag.checking.quantities import Quantity, same_value
from rag.checking.units import UNITS

_HARD = frozenset("while whereas but although though compared".split())
_SOFT = frozenset("and or vs versus against than".split())
_GENERIC = frozenset(
    "achiev reach obtain yield get increas improv rise rose reduc averag respect compar attain "
    "score decreas show drop gain grow "
    "fall total overal approxim roughli nearli almost".split()
)
"""Stems of words that stand beside any number."""
_HEADED = frozenset("in for of on among at with".split())
_REACH = 12
_CLOSE = 3


class Owned:
    """The words of a text by the number that they belong to."""

    def __init__(self, text: Phrases, numbers: Sequence[Quantity]) -> None:
        self.text = text
        self.numbers = numbers
        self.at = [_index(text, number) for number in numbers]
        self.words: list[set[str]] = [set() for _ in numbers]
        self.names: list[set[str]] = [set() for _ in numbers]
        self.close: list[set[str]] = [set() for _ in numbers]
        self.after: list[set[str]] = [set() for _ in numbers]
        ends = [_indices(text, number)[-1] if _indices(text, number) else 0 for number in numbers]
        owners: dict[str, set[int]] = {}
        costs = _costs(text)
        taken = {at for number in numbers for at in _indices(text, number)}
        for at, word in enumerate(text.words):
            if not word.content or at in taken or word.text in UNITS or word.text[0].isdigit() or word.stem in _GENERIC:
                continue
            distances = [abs(at - place) + abs(costs[at] - costs[place]) for place in self.at]
            best = min(range(len(numbers)), key=lambda number: (distances[number], -number))
            if distances[best] <= _REACH:
                owners.setdefault(word.stem, set()).add(best)
                if distances[best] <= _CLOSE:
                    self.close[best].add(word.stem)
                if ends[best] < at <= ends[best] + _CLOSE + 1 and text.text(ends[best] + 1) in _HEADED:
                    self.after[best].add(word.stem)
        listed = _listed(text, numbers, self.at)
        owners |= listed
        for stem, members in listed.items():
            for member in members:
                self.close[member].add(stem)
        for stem, owning in owners.items():
            if len(owning) == 1:
                owner = next(iter(owning))
                self.words[owner].add(stem)
                if stem in text.names or (stem == text.words[0].stem and text.words[0].content):
                    self.names[owner].add(stem)


def _costs(text: Phrases) -> list[int]:
    """For each word the cost of all boundaries before it."""
    cost, costs = 0, [0] * len(text.words)
    for at in range(len(text.words)):
        if at:
            gap = text.gap(at - 1)
            cost += 14 if ";" in gap or ":" in gap else 4 if "," in gap else 3 if ")" in gap else 0
        word = text.words[at].text
        cost += 14 if word in _HARD else 3 if word in _SOFT else 0
        costs[at] = cost
    return costs


def _index(text: Phrases, number: Quantity) -> int:
    return next((at for at, word in enumerate(text.words) if word.end > number.start), len(text.words) - 1)


def _indices(text: Phrases, number: Quantity) -> list[int]:
    return [at for at, word in enumerate(text.words) if word.start < number.end and number.start < word.end]


def _listed(text: Phrases, numbers: Sequence[Quantity], places: Sequence[int]) -> dict[str, set[int]]:
    """The members of “A and B … 5 and 3, respectively”, by number."""
    if len(numbers) < 2:
        return {}
    plain = text.features.normalized.text
    both = "respectively" in text.texts or "both" in text.texts
    if not both:
        return {}
    run = [len(numbers) - 1]
    while (
        run[0]
        and len(plain[numbers[run[0] - 1].end : numbers[run[0]].start].strip(" ,%").split()) <= 2
        and (
            "and" in plain[numbers[run[0] - 1].end : numbers[run[0]].start]
            or "," in plain[numbers[run[0] - 1].end : numbers[run[0]].start]
        )
    ):
        run.insert(0, run[0] - 1)
    if len(run) != 2:
        return {}
    for at in range(places[run[0]] - 1, 0, -1):
        if text.words[at].text == "and":
            first = next((other for other in range(at - 1, -1, -1) if text.words[other].content), -1)
            second = next((other for other in range(at + 1, len(text.words)) if text.words[other].content), -1)
            if first < 0 or second < 0:
                return {}
            return {text.words[first].stem: {run[0]}, text.words[second].stem: {run[1]}}
    return {}


def binding(claim: Phrases, cited: Sequence[Phrases]) -> Iterator[Doubt]:
    """Find numbers that stand with the words of another number, and exchanged parts of a near copy."""
    found = _numbers(claim, cited) or _parts(claim, cited)
    if found:
        yield found


def _numbers(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    claimed = claim.features.claimed
    held = [(sentence, sentence.features.held) for sentence in cited]
    held = [(sentence, numbers) for sentence, numbers in held if len(numbers) > 1]
    if not claimed or not held:
        return None
    ours = Owned(claim, claimed)
    for sentence, numbers in held:
        theirs = Owned(sentence, numbers)
        elsewhere = [number for other in cited if other is not sentence for number in other.features.held]
        wrong = []
        for at, quantity in enumerate(claimed):
            same = [place for place, number in enumerate(numbers) if same_value(quantity, number)]
            if len(same) != 1 or any(same_value(quantity, number) for number in elsewhere):
                continue
            other = _other_owner(ours.words[at], theirs, same[0])
            if other is None:
                other = _other_head(ours.after[at] & ours.words[at], theirs, same[0])
            if other is not None:
                wrong.append((at, other))
        crossed = None if wrong else _crossed(ours, theirs)
        if crossed:
            return claim.doubt(
                "binding", ours.at[crossed[0]], ours.at[crossed[0]], crossed[1], strong=near_copy(claim, sentence)
            )
        if wrong:
            at, other = wrong[0]
            detail = f"the sentence has {numbers[other].written} for it"
            return claim.doubt("binding", ours.at[at], ours.at[at], detail, strong=len(wrong) > 1)
    return None


def _crossed(ours: Owned, theirs: Owned) -> tuple[int, str] | None:
    """Two numbers of a claim each of which stands close to the words that the sentence has close to the other."""
    for first, number in enumerate(ours.numbers):
        for second in range(first + 1, len(ours.numbers)):
            one = [at for at, held in enumerate(theirs.numbers) if same_value(number, held)]
            two = [at for at, held in enumerate(theirs.numbers) if same_value(ours.numbers[second], held)]
            if len(one) != 1 or len(two) != 1 or one == two:
                continue
            near, other = ours.close[first], ours.close[second]
            if (
                near & theirs.close[two[0]] and other & theirs.close[one[0]]
                and not near & theirs.close[one[0]] and not other & theirs.close[two[0]]
            ):  # fmt: skip
                return first, f"the sentence has {theirs.numbers[two[0]].written} for it"
    return None


def _other_owner(ours: set[str], theirs: Owned, number: int) -> int | None:
    """The number of the sentence that the words belong to, if they have nothing that tells of the right one."""
    words, names = theirs.words[number], theirs.names[number]
    if not words or ours & names:
        return None
    own = len(ours & words) / len(words)
    for other, quantity in enumerate(theirs.numbers):
        if same_value(quantity, theirs.numbers[number]) or quantity.unit != theirs.numbers[number].unit:
            continue
        there = ours & theirs.words[other]
        if not there or len(there) / len(theirs.words[other]) <= own:
            continue
        named = names and there & theirs.names[other]
        close = there & theirs.close[other] and (len(there) > 1 or len(theirs.words[other]) <= 2)
        if named or (close and not own):
            return other
    return None


def _other_head(ours: set[str], theirs: Owned, number: int) -> int | None:
    """The number of the sentence that has “in X” after it, where the claim has it after the given one."""
    if not ours or not theirs.after[number] or ours & theirs.words[number]:
        return None
    for other, after in enumerate(theirs.after):
        if other != number and ours & after & theirs.words[other]:
            return other
    return None


def _parts(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    """Find two parts of a near copy each of which stands where the sentence has the other."""
    for sentence in cited:
        if not near_copy(claim, sentence):
            continue
        alignment = aligned(claim, sentence)
        runs = [
            (claim.content(ours), sentence.content(theirs), ours)
            for ours, theirs in alignment.differing
            if len(ours) <= 6
        ]
        for first, (ours, theirs, at) in enumerate(runs):
            for others, their, place in runs[first + 1 :]:
                between = range(at.stop, place.start)
                if (
                    ours & their - theirs and others & theirs - their and not ours & theirs and not others & their
                    and claim.content(between)
                    and all(claim.words[one].text not in _MOVING for run in (at, place) for one in run)
                ):  # fmt: skip
                    detail = "the sentence has it and another part the other way round"
                    return claim.doubt("binding", at.start, at.stop - 1, detail, strong=True)
    return None


_MOVING = frozenset("by with in on for of compared using via when while whereas because since than from under".split())
