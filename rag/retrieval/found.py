"""What retrieval finds: candidates with their features, and the ranked papers and sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rag.question import Understood
from rag.retrieval.late_interaction import Array, MatchFeatures
from rag.retrieval.units import Units
from rag.types import Evidence, Hit, Paper


@dataclass(frozen=True, slots=True, kw_only=True)
class Signals:
    """
    Features from which the confidence of an answer is computed, of the paper of the best sentence.

    `cosine` is None if the calibration does not know the library's embedder. `terms` is the number of the question's
    terms; `units` is the share of its phrases and words that the paper holds; `apart` is the share of its words that
    stand in a phrase that no paper holds.
    """

    lexical: float
    covered: float
    cosine: float | None
    terms: int
    units: float
    apart: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """
    Candidates, their `cosine` (n,) and `features`; the question's `terms`, `units` and `apart` (see Signals).

    A paper without an abstract has the features of its title. With `words_only` the vectors could not be asked, and
    `cosine` is 0.
    """

    papers: tuple[Paper, ...]
    cosine: Array
    features: MatchFeatures
    terms: int
    units: Units
    apart: float
    words_only: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieved:
    """
    Papers and the best sentences for a question, best first; `signals` is None without a candidate.

    `phrases` are those of the question that papers hold word beside word; `units` is the number of these and of the
    single words beside them; `things` are those that an answer must name, with their weights, which sum to 1.
    `bare` are papers without an abstract, found by their titles: they are no evidence, and no answer names them.
    `unknown` is true if no paper holds a word of the question, or one near it in meaning. `nothing` says why there is
    no candidate, where more is known than that. With `words_only` the vectors could not be asked.
    """

    question: str
    understood: Understood | None = None
    phrases: tuple[str, ...] = ()
    units: int = 0
    things: Mapping[str, float] = field(default_factory=dict)
    unknown: bool = False
    nothing: str | None = None
    words_only: bool = False
    hits: tuple[Hit, ...] = ()
    bare: tuple[Hit, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    signals: Signals | None = None


def merged(first: Retrieved, second: Retrieved, *, signals: Signals | None) -> Retrieved:
    """Merge two retrievals for the question of the first; each paper and sentence has its better score."""
    evidence = sorted(
        [*first.evidence, *second.evidence],
        key=lambda found: (-found.score, found.paper.paper_id, found.sentence.number),
    )
    hits = sorted([*first.hits, *second.hits], key=lambda hit: (-hit.score, hit.paper_id))
    best_hits = {hit.paper_id: hit for hit in reversed(hits)}
    best_evidence = {(found.paper.paper_id, found.sentence.number): found for found in reversed(evidence)}
    return Retrieved(
        question=first.question,
        understood=first.understood,
        phrases=first.phrases,
        units=first.units,
        things=first.things,
        words_only=first.words_only or second.words_only,
        hits=tuple(best_hits[name] for name in dict.fromkeys(hit.paper_id for hit in hits)),
        evidence=tuple(
            best_evidence[key]
            for key in dict.fromkeys((found.paper.paper_id, found.sentence.number) for found in evidence)
        ),
        signals=signals,
    )
