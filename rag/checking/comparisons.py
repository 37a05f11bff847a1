"""
Order: who stands on which side of *outperforms*, *than*, *leads to*, *before* or *rather than*.

A relation has a family, words on its left and right, and a direction; “is outperformed by” and “worse than” turn it round.
A claim has it the wrong way if its left has what the sentence has on the right, and its right what stands on the left.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.checking.doubt import Doubt
from rag.checking.phrases import Phrases, near_copy
from rag.checking.words import SIDES

_VERBS = {
    **dict.fromkeys("outperform surpass exceed beat outmatch domin outpac outrank".split(), ("better", 1)),
    **dict.fromkeys("underperform lag trail".split(), ("better", -1)),
    **dict.fromkeys(
        "caus induc trigger drive drove driven mediat regul promot activ inhibit suppress prevent".split(), ("cause", 1)
    ),
    **dict.fromkeys("predict determin influenc affect control enabl".split(), ("cause", 1)),
    **dict.fromkeys("preced".split(), ("time", 1)),
}
_TOGETHER = {
    ("superior", "to"): ("better", 1), ("inferior", "to"): ("better", -1), ("ahead", "of"): ("better", 1),
    ("behind", ""): ("better", -1), ("secondary", "to"): ("secondary", 1), ("subordinate", "to"): ("secondary", 1),
    ("improves", "over"): ("better", 1), ("improved", "over"): ("better", 1), ("improve", "over"): ("better", 1),
    ("improves", "upon"): ("better", 1), ("improve", "upon"): ("better", 1), ("improves", "on"): ("better", 1),
    ("improvement", "over"): ("better", 1), ("improvements", "over"): ("better", 1), ("gains", "over"): ("better", 1),
    ("gain", "over"): ("better", 1), ("advantage", "over"): ("better", 1), ("preferred", "over"): ("better", 1),
    ("preferred", "to"): ("better", 1), ("leads", "to"): ("cause", 1), ("lead", "to"): ("cause", 1), ("led", "to"): ("cause", 1),
    ("leading", "to"): ("cause", 1), ("results", "in"): ("cause", 1), ("result", "in"): ("cause", 1),
    ("resulted", "in"): ("cause", 1), ("results", "from"): ("cause", -1), ("result", "from"): ("cause", -1),
    ("depends", "on"): ("cause", -1), ("depend", "on"): ("cause", -1), ("depended", "on"): ("cause", -1),
    ("due", "to"): ("cause", -1), ("contributes", "to"): ("cause", 1), ("contribute", "to"): ("cause", 1),
    ("instead", "of"): ("instead", 1), ("rather", "than"): ("instead", 1), ("but", "not"): ("instead", 1),
    ("replaced", "by"): ("instead", -1), ("replaced", "with"): ("instead", -1),
    ("before", ""): ("time", 1), ("after", ""): ("time", -1), ("prior", "to"): ("time", 1), ("into", ""): ("into", 1),
    ("precede", ""): ("time", 1),
}  # fmt: skip
_FIRST = frozenset(first for first, _ in _TOGETHER)
_STOPS = frozenset(
    "on in across by under for at with when and using via through during within from while to both all".split()
)
_SYMMETRIC = frozenset(
    "associ correl compar differ similar equal relat link between combin equival same versus "
    "match interact complement overlap "
    "consist resembl coincid agre join connect integr coupl".split()
)
_REACH = 9


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation in a text: its place, family and direction, and the stems on its two sides."""

    at: int
    family: str
    way: int
    left: frozenset[str]
    right: frozenset[str]


def comparisons(claim: Phrases, cited: Sequence[Phrases]) -> Iterator[Doubt]:
    """Find relations whose sides a claim exchanges."""
    ours = relations(claim)
    if ours:
        theirs = [(sentence, relation) for sentence in cited for relation in relations(sentence)]
        for relation in ours:
            found = _exchanged(claim, relation, theirs)
            if found:
                yield found
                return
    for sentence in cited:
        if near_copy(claim, sentence):
            found = _turned(claim, sentence)
            if found:
                yield found
                return


def relations(text: Phrases) -> list[Relation]:
    """List the relations of a text."""
    found = []
    for at, word in enumerate(text.words):
        family, way, last = "", 0, at
        if word.text == "than" and text.text(at - 1) not in ("rather", "other", "more", "less", "fewer"):
            compared = _compared(text, at)
            if compared:
                first, family, way = compared
                found.append(_relation(text, first, at, family, way))
            continue
        if word.text in _FIRST:
            family, way = _TOGETHER.get((word.text, text.text(at + 1)), ("", 0))
            last = at + 1
            if not family:
                family, way = _TOGETHER.get((word.text, ""), ("", 0))
                last = at
        if not family and word.stem in _VERBS:
            family, way = _VERBS[word.stem]
            if word.text.endswith(("ion", "ions", "or", "ors")):
                family = ""
        if family and not text.gap(at - 1).endswith("-"):
            if _passive(text, at):
                way, last = -way, at + 1
            found.append(_relation(text, at, last, family, way))
    return found


def _passive(text: Phrases, at: int) -> bool:
    """True if a verb is a participle with “by”."""
    return text.words[at].text.endswith(("ed", "en", "n", "t")) and text.text(at + 1) == "by"


def _compared(text: Phrases, than: int) -> tuple[int, str, int] | None:
    """The comparative that a “than” belongs to: its index, the family of its axis, and its direction."""
    for at in range(than - 1, max(-1, than - _REACH), -1):
        word = text.words[at].text
        if word in SIDES and (word.endswith(("er", "ier")) or word in ("more", "less", "worse", "superior")):
            axis, way = SIDES[word][0]
            if word in ("more", "less"):
                next_ = text.text(at + 1)
                axis, way = SIDES[next_][0] if next_ in SIDES else (axis, 1)
                way = way if word == "more" else -way
            return at, "better" if word in ("better", "worse") else f"than {axis}", way
        if word.endswith("er") and len(word) > 4 and not text.words[at].negated:
            return at, f"than {text.words[at].stem}", 1
    return None


def _relation(text: Phrases, first: int, last: int, family: str, way: int) -> Relation:
    clause = text.clause(first)
    begin = max(clause.start, first - _REACH)
    begin = max([at + 1 for at in range(begin, first) if text.words[at].text in ("that", "where")], default=begin)
    left = _nouns(text, range(begin, first))
    if not left and clause.start:
        before = text.clause(clause.start - 1)
        left = _nouns(text, range(max(before.start, clause.start - _REACH), clause.start))
    stop = last + 1
    end = text.clause(min(last + 1, len(text.words) - 1)).stop
    while stop < min(end, last + _REACH):
        if text.words[stop].text in _STOPS and text.content(range(last + 1, stop)):
            break
        stop += 1
    return Relation(first, family, way, frozenset(left), frozenset(_nouns(text, range(last + 1, stop))))


def _nouns(text: Phrases, indices: range) -> set[str]:
    """The stems of content words other than adverbs, and a mark for this work and for earlier work."""
    found = text.content(at for at in indices if not text.words[at].text.endswith("ly"))
    return found | {_WORKS[text.words[at].text] for at in indices if text.words[at].text in _WORKS}


_WORKS = {
    **dict.fromkeys("our ours we proposed this".split(), "(ours)"),
    **dict.fromkeys("existing previous prior earlier conventional traditional baseline baselines".split(), "(theirs)"),
}


def _exchanged(claim: Phrases, relation: Relation, theirs: Sequence[tuple[Phrases, Relation]]) -> Doubt | None:
    worst: tuple[int, Phrases] | None = None
    if not (relation.left and relation.right):
        return None
    for sentence, other in theirs:
        if other.family != relation.family:
            continue
        near = near_copy(claim, sentence)
        alike = claim.words[relation.at].stem == sentence.words[other.at].stem
        if relation.family == "cause" and not alike and not near:
            continue
        left, right = (relation.left, relation.right) if relation.way == other.way else (relation.right, relation.left)
        first, second = other.left - other.right, other.right - other.left
        straight = len(left & first), len(right & second)
        crossed = len(left & second), len(right & first)
        if all(crossed) and not all(straight):
            worst = 2, sentence
        elif sum(straight) >= sum(crossed):
            if sum(straight):
                return None
        elif worst is None and not sum(straight) and (near or relation.family not in ("cause", "time", "into")):
            worst = 1, sentence
    if worst is None:
        return None
    strong = worst[0] == 2
    return claim.doubt(
        "order", relation.at, relation.at, "the sentence has the two sides the other way round", strong=strong
    )


def _turned(claim: Phrases, sentence: Phrases) -> Doubt | None:
    """Find any word of a near copy whose neighbours before and after it have changed places."""
    for at, word in enumerate(claim.words):
        places = sentence.places.get(word.stem, ())
        if len(places) != 1 or len(claim.places[word.stem]) != 1 or word.stem in _SYMMETRIC:
            continue
        other = places[0]
        if not word.content or word.text[0].isdigit() or _joined(claim, at) or _joined(sentence, other):
            continue
        if claim.text(at + 1) != sentence.text(other + 1) and not (
            claim.words[at + 1 : at + 2]
            and claim.words[at + 1].content
            and sentence.words[other + 1 : other + 2]
            and sentence.words[other + 1].content
        ):
            continue
        if _voice(claim, at) != _voice(sentence, other):
            continue
        left, right = _near(claim, at)
        first, second = _near(sentence, other)
        if left & second - first and right & first - second and not left & first and not right & second:
            return claim.doubt(
                "order", at, at, "the sentence has what is before and after it the other way round", strong=True
            )
    return None


def _joined(text: Phrases, at: int) -> bool:
    """True if a word stands in a list, whose members may change places."""
    return any(word in ("and", "or") for word in (text.text(at - 1), text.text(at + 1))) or "," in (
        text.gap(at).strip(), text.gap(at - 1).strip()
    )  # fmt: skip


def _voice(text: Phrases, at: int) -> bool:
    return any(text.text(next_) == "by" for next_ in range(at + 1, at + 3))


def _near(text: Phrases, at: int) -> tuple[set[str], set[str]]:
    """The stems of up to three content words before and after a word in its clause."""
    clause = text.clause(at)
    left = [other for other in range(at - 1, clause.start - 1, -1) if text.words[other].content][:3]
    right = [other for other in range(at + 1, clause.stop) if text.words[other].content][:3]
    return text.content(left), text.content(right)
