"""Actors: what existing methods do told of this one, and the other way round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag.checking.doubt import Doubt
from rag.checking.phrases import Phrases

_PRIOR = frozenset(
    "existing previous prior earlier traditional conventional current recent most many other standard".split()
)
_WORKS = frozenset(
    "method methods approach approaches work works model models technique techniques study "
    "studies system systems baseline "
    "baselines dataset datasets benchmark benchmarks algorithm algorithms framework frameworks "
    "solution solutions research "
    "strategies architectures detectors pipelines evaluations metrics tools".split()
)
_OTHERS = _PRIOR - {"most", "many"} | frozenset(
    "others past so far baseline baselines known rival rivals usual state others literature "
    "before already today typical alternatives "
    "competitors competing competitor until hitherto established common older".split()
)
_THEIRS = frozenset(
    "existing previous previously prior earlier traditional conventional current currently "
    "others other past baseline baselines "
    "literature standard recent recently rivals far state many most known competing alternatives".split()
)
_OURS = frozenset("we our ours proposed this".split())
_REACH = 18  # words after the subject
_THIS = frozenset("we our ours proposed introduce present propose".split())
_LEAD = frozenset(
    "while although though however yet but despite as since because and in most many the that "
    "many these all for of contrast "
    "whereas unfortunately nevertheless moreover furthermore still such some even when".split()
)


def actors(claim: Phrases, cited: Sequence[Phrases]) -> Iterator[Doubt]:
    """Find what a claim tells of another actor than its sentences."""
    if claim.texts.isdisjoint(_THEIRS):
        theirs = [(sentence, prior) for sentence in cited for prior in _prior(sentence)]
        for sentence, (first, predicate) in theirs:
            said = sentence.content(predicate)
            ours = [word for word in claim.words if word.content and word.stem not in claim.names]
            shared = [word for word in ours if word.stem in said]
            elsewhere = [word for word in ours if word.stem not in said
                         and any(word.stem in other.places for other in cited)]  # fmt: skip
            if len(shared) >= 3 and len(shared) > len(elsewhere):
                what = f"{sentence.words[first].text} {sentence.words[predicate.start - 1].text}"
                explicit = not claim.texts.isdisjoint(_OURS - sentence.texts)
                yield claim.doubt("actor", 0, 0, f"the sentence says it of {what}", strong=explicit)
                return
    else:
        for first, predicate in _prior(claim):
            if any(sentence.words[at].text in _OTHERS for sentence in cited for at in range(len(sentence.words))):
                continue
            if any(not sentence.texts.isdisjoint(_THIS) for sentence in cited):
                yield claim.doubt("actor", first, predicate.start - 1, "the cited sentence says it of its own work")
                return


def _prior(text: Phrases) -> list[tuple[int, range]]:
    """Where others' work is the subject: the index of its adjective, and the indices of what is said of it."""
    found = []
    for at, word in enumerate(text.words):
        if word.text not in _PRIOR:
            continue
        clause = text.clause(at)
        if any(text.words[other].text not in _LEAD for other in range(clause.start, at)):
            continue
        noun = next(
            (other for other in range(at + 1, min(at + 6, clause.stop)) if text.words[other].text in _WORKS), None
        )
        if (
            word.text in ("most", "many", "other", "recent")
            and text.text(at + 1) not in _PRIOR
            and not (noun == at + 1 and word.text != "many" and word.text != "most")
        ):
            continue
        if noun is not None and noun + 2 < clause.stop:
            found.append((at, range(noun + 1, min(noun + _REACH, len(text.words)))))
    return found
