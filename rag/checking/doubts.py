"""
Doubts about a claim: differences from the cited sentences that need an understanding of both to decide.

A veto is what words alone decide, such as a number that no cited sentence holds. A doubt is evidence for a judge;
where there is none, a strong doubt or two doubts refuse the claim, and one makes it weak.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from rag.checking.actors import actors
from rag.checking.additions import Alike, additions
from rag.checking.binding import binding
from rag.checking.bounds import bounds
from rag.checking.certainty import certainty
from rag.checking.comparisons import comparisons
from rag.checking.doubt import Doubt
from rag.checking.features import TextFeatures
from rag.checking.opposites import opposites
from rag.checking.phrases import Phrases, phrases
from rag.checking.quantifiers import quantifiers
from rag.checking.scope import scope

_RULES: Sequence[Callable[[Phrases, Sequence[Phrases]], Iterable[Doubt]]] = (
    binding, comparisons, quantifiers, certainty, bounds, scope, actors, opposites,
)  # fmt: skip


def doubts(claim: TextFeatures, cited: Sequence[TextFeatures], alike: Alike | None = None) -> list[Doubt]:
    """
    The doubts that compare what a claim binds together with what the cited sentences bind together.

    Args:
        claim: The claim.
        cited: The sentences that it cites.
        alike: Cosines between words; without them no additions are found.
    """
    ours = phrases(claim)
    if not ours.words:
        return []
    theirs = [sentence for sentence in map(phrases, cited) if sentence.words]
    found = [doubt for rule in _RULES for doubt in rule(ours, theirs)]
    return [*found, *additions(ours, theirs, alike)] if alike else found
