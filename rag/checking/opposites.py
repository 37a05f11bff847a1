"""Opposites: *with* and *without*, a word and its negative form, and pairs such as *shared* and *separate*."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.checking.phrases import Doubt, Phrases, near_copy

_PREFIXES = ("un", "in", "im", "ir", "il", "non", "dis", "anti", "a", "de")
_PAIRS = """
    sustain sustains sustained sustaining retain retains retained preserve preserves preserved preserving maintain maintains maintained maintaining keep keeps kept|lose loses lost losing
    shared common joint|separate distinct disjoint
    similar same identical equal|different dissimilar unequal
    explicit|implicit vague
    common frequent|rare uncommon infrequent
    succeed succeeds succeeded success successful successfully|fail fails failed failure unsuccessful
    linear linearly|nonlinear non-linear nonlinearly
    supervised|unsupervised
    substantial substantially large largely considerable considerably marked markedly strong strongly significantly drastically dramatically|little negligible marginal marginally minor slight slightly barely
    robust|fragile brittle sensitive vulnerable
    transfer transfers transferable generalize generalizes|specific
    static|dynamic
    local locally|global globally
    homogeneous|heterogeneous
    dependent|independent
    symmetric|asymmetric
    synchronous|asynchronous
    open|closed
    online|offline
    rich|poor
    safe|unsafe dangerous harmful
    helpful useful|useless unhelpful harmful
    pre|post
    internal|external
    present presence|absent absence
    increase increases increased|constant unchanged
    manual manually|automatic automatically
    sparse|dense
    necessary required|unnecessary optional
    attract attracts|repel repels
    agree agrees agreed agreement|disagree disagrees disagreed disagreement
    accept accepts accepted|reject rejects rejected
    trained training|untrained training-free
    certain confident high-confidence|uncertain
    true|false
    gain gains|loss losses
    benign|malignant
    acute|chronic
    upstream|downstream
    hard|soft
    old older|young younger new
""".strip().splitlines()
_SIDES: dict[str, list[tuple[int, int]]] = {}
for _axis, _line in enumerate(_PAIRS):
    for _side, _words in zip((1, -1), _line.split("|"), strict=True):
        for _word in _words.split():
            _SIDES.setdefault(_word, []).append((_axis, _side))
_WINDOW = 4


def opposites(claim: Phrases, cited: Sequence[Phrases]) -> Iterator[Doubt]:
    """Find words of a claim whose opposite the sentences have in the same surroundings."""
    for find in (_with, _prefixed, _paired, _zero):
        found = find(claim, cited)
        if found:
            yield found
            return


def _with(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    """Find “with X” where the sentences have “without X”, and the other way round."""
    for at, word in enumerate(claim.words):
        if word.text not in ("with", "without", "using") or at + 1 >= len(claim.words):
            continue
        nouns = _next(claim, at)
        if not nouns:
            continue
        ways = set()
        for sentence in cited:
            for other, their in enumerate(sentence.words):
                if their.text in ("with", "without", "using") and _next(sentence, other)[:2] == nouns[:2]:
                    ways.add(their.text == "without")
        if ways == {word.text != "without"}:
            other_word = "with" if word.text == "without" else "without"
            return claim.doubt("negation", at, at, f"the sentence says {other_word}", strong=True)
    return None


def _next(text: Phrases, at: int) -> list[str]:
    clause = text.clause(at)
    return [text.words[other].stem for other in range(at + 1, min(at + 6, clause.stop)) if text.words[other].content]


def _prefixed(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    """Find a word whose negative form, or whose positive form, the sentences have and not itself."""
    texts = {word.text: word.negated for sentence in cited for word in sentence.words}
    for at, word in enumerate(claim.words):
        if (
            not word.content
            or word.text in texts
            or len(word.text) < 5
            or any(word.stem in one.places for one in cited)
        ):
            continue
        for other in _forms(word.text):
            if other in texts and texts[other] == word.negated and len(other) > 4 and other not in claim.texts:
                near = any(near_copy(claim, sentence) for sentence in cited)
                return claim.doubt("negation", at, at, f"the sentence says {other}", strong=near)
    return None


def _forms(word: str) -> list[str]:
    """The word without and with a negative prefix."""
    if "prove" in word:
        return []  # improve is no negative of prove
    return [word.removeprefix(prefix) for prefix in _PREFIXES[:7] if word.startswith(prefix)] + [
        prefix + word for prefix in _PREFIXES[:7]
    ]


def _paired(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    """Find a word that a sentence has the opposite of, next to the same words."""
    ours = {side for word in claim.words for side in _SIDES.get(word.text, ())}
    for at, word in enumerate(claim.words):
        sides = _SIDES.get(word.text)
        if not sides or any(word.stem in sentence.places for sentence in cited):
            continue
        around = claim.content(_around(claim, at)) - {word.stem}
        for sentence in cited:
            theirs = {side for other in sentence.words for side in _SIDES.get(other.text, ())}
            for other, their in enumerate(sentence.words):
                opposed = {(axis, -side) for axis, side in sides} & set(_SIDES.get(their.text, ()))
                opposed = {side for side in opposed if side not in ours and (side[0], -side[1]) not in theirs}
                if not opposed or their.negated != word.negated:
                    continue
                shared = around & sentence.content(_around(sentence, other))
                if len(shared) > 1 or (shared and near_copy(claim, sentence)):
                    return claim.doubt("negation", at, at, f"the sentence says {their.text}")
    return None


def _around(text: Phrases, at: int) -> range:
    clause = text.clause(at)
    return range(max(clause.start, at - _WINDOW), min(at + _WINDOW + 1, clause.stop))


def _zero(claim: Phrases, cited: Sequence[Phrases]) -> Doubt | None:
    """Find “zero X” or “no X” where a sentence counts X."""
    for at, word in enumerate(claim.words):
        if word.text not in ("zero", "no"):
            continue
        nouns = _next(claim, at)[:2]
        counts = []
        for sentence in cited:
            for place in sentence.places.get(nouns[-1], ()) if nouns else ():
                before = [sentence.text(other) for other in range(max(0, place - 3), place)]
                if any(one in ("zero", "no", "0", "not", "without", "any") for one in before):
                    return None
                counts += [one for one in before if one.isdigit()]
        if counts:
            return claim.doubt("negation", at, at, f"the sentence has {counts[0]}", strong=True)
    return None
