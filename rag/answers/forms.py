"""
Forms of an extractive answer: which sentences or papers answer a question of each kind.

Findings are result and conclusion sentences; a definition says what a thing is; a comparison names both sides; a number
stands with its thing; a list holds papers. What shares the question's words but not its phrases is left out.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from rag import identity
from rag.answers import sentences
from rag.answers.lists import Listed, listed, mentions, names
from rag.question import Understood
from rag.question.forms import ASKS
from rag.retrieval.retriever import Retrieved
from rag.types import Evidence, Outcome

SAME_SENTENCE = 0.7
"""Two sentences with at least this overlap say the same; one of them is enough."""
AGAIN = 0.95
"""The factor on each further sentence of one paper. On SciFact's training claims .95 shows 2.3 papers where 1 shows
1.6, at the same evidence hit@5 (.832)."""
KEPT = 0.8
"""A sentence is shown if its score is at least this share of the best one's."""
ON_PHRASE = 0.5
FEW_UNITS = 3
"""… and, if the question has at most so many phrases and words, if it holds this share of the most that a sentence
holds of them. A longer question is put in other words more often; on SciFact's training claims this would cost .06 of
evidence hit@5."""
NUMBERED, COMPARING, CAUSAL = 1.1, 1.15, 1.1
"""The factor on a sentence that has a number, compares or gives a cause, where that is asked for."""
PROPOSING, HOLLOW = 0.9, 0.95
"""The factor on a sentence that only says what its authors make, and on one that praises or hopes without a number."""
ROLES: Mapping[str, Mapping[str, float]] = {
    "definition": {"result": 0.9, "conclusion": 0.9, "method": 0.95, "objective": 0.95},
    "claim": {},
    "findings": {"method": 0.9, "background": 0.85, "other": 0.85, "objective": 0.75},
    "limits": {"objective": 0.9, "other": 0.88},
}
"""
By what is asked: the factor on the score of a sentence that surely has a role; 1 where none is given. A statement that
is looked up finds its evidence in any sentence.
"""

_LIMITS_ASKED = re.compile(
    r"\b(?:limitations?|limits?|drawbacks?|weakness\w*|shortcomings?|fail\w*|downsides?|disadvantages?|pitfalls?)\b",
    re.IGNORECASE,
)
_WHY = re.compile(r"\b(?:why|causes?|explains?|reasons?|drives?|come from|due to|leads? to)\b", re.IGNORECASE)
_COUNTED = re.compile(
    r"\bhow (?:many|much) (?:\w+ing )?(?!\w+er\b|more\b|less\b|worse\b|do|does|did|is|are|was|were|can)"
    r"(?P<noun>[^\W\d_]+)",
    re.IGNORECASE,
)
_COMPARING = re.compile(
    r"\b(?:than|compar\w+|versus|vs|outperform\w*|unlike|while|whereas|both|better|worse|differ\w*|contrast|trade-?offs?|surpass\w*|"
    r"exceed\w*|match\w*|alternative)\b",
    re.IGNORECASE,
)
NO_LIMITS = "no sentence found here tells of limits or failures"
NOT_DENIED = "no sentence found here denies it; what is shown is the other side"
NO_NUMBER = "no sentence found here gives a number"
MISSING = (NO_LIMITS, NOT_DENIED, NO_NUMBER)
"""What the sentences of an answer may leave open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """
    What an answer shows: sentences, or papers each with the sentence that tells its finding.

    Args:
        evidence: The sentences, best first.
        papers: The papers of a list with their finding, in their order.
        reason: Why the question is only touched on; the outcome is then `mentioned`.
        missing: What the sentences leave open.
    """

    evidence: tuple[Evidence, ...] = ()
    papers: Listed = ()
    reason: str = ""
    missing: str | None = None

    @property
    def outcome(self) -> Outcome:
        """`mentioned` if none of the sentences states the answer, else `answered`; `absent` if there is nothing."""
        if self.reason:
            return "mentioned" if self.papers else "absent"
        return "answered" if self.evidence or self.papers else "absent"


def form_of(
    retrieved: Retrieved, *, limit: int | None, usual: int, newest_first: bool = False, as_list: bool = False
) -> Form:
    """
    Choose what answers a question, by its kind.

    Args:
        retrieved: The question with its evidence.
        limit: The most sentences or papers, if the reader said so.
        usual: The most sentences otherwise.
        newest_first: The newest papers first.
        as_list: A list of papers, whatever the kind.
    """
    asked = retrieved.understood or Understood(question=retrieved.question)
    if asked.kind == "metadata" and asked.fact in ("authors", "date"):
        return Form(reason=f"no paper here has the title {_quoted(asked.topic)}")
    if as_list or asked.kind in ("list", "overview", "metadata"):
        papers, reason = listed(retrieved, asked, limit, newest_first=newest_first)
        return Form(papers=papers, reason=reason)
    most = limit or usual
    if asked.kind == "comparison":
        return _comparison(retrieved, asked, most)
    if asked.kind == "definition":
        return _definition(retrieved, asked, most)
    if asked.kind == "number":
        return _number(retrieved, asked, most)
    if asked.polarity < 0 and asked.question.rstrip().endswith("?"):
        return _negative(retrieved, asked, most)
    return _findings(retrieved, asked, most)


def select(evidence: Sequence[Evidence], *, limit: int) -> list[Evidence]:
    """
    Select the best sentences, the best first, without those that repeat a better one.

    Each further sentence of a paper counts a little less than the one before, so that another paper, which may agree
    or contradict, has its chance.
    """
    pool = [
        (candidate, identity.words(candidate.sentence.text))
        for candidate in evidence
        if not sentences.supports_nothing(candidate)
    ]
    chosen: list[Evidence] = []
    while pool and len(chosen) < limit:
        used = Counter(selected.paper.paper_id for selected in chosen)
        best, words = max(pool, key=lambda entry: entry[0].score * AGAIN ** used[entry[0].paper.paper_id])
        chosen.append(best)
        pool = [entry for entry in pool if identity.overlap(entry[1], words) < SAME_SENTENCE]
    return chosen


def stating(retrieved: Retrieved, kind: str = "findings") -> list[Evidence]:
    """
    The sentences that state something, by their scores for a kind of question, best first.

    A sentence on another thing that has the question's words, though not its phrases, is left out.
    """
    weighed = [_weighed(found, kind) for found in retrieved.evidence if not sentences.states_nothing(found)]
    weighed.sort(key=lambda found: (-found.score, found.paper.paper_id, found.sentence.number))
    if not weighed:
        return []
    best = weighed[0].score
    least = ON_PHRASE * max(found.held for found in weighed[:10]) if retrieved.units <= FEW_UNITS else 0.0
    return [found for found in weighed if found.score >= KEPT * best and found.held >= least]


def _weighed(found: Evidence, kind: str) -> Evidence:
    role = sentences.role(found)
    factor = 1 - role.probability * (1 - ROLES[kind].get(role.name, 1.0))
    if kind == "findings" and sentences.measures(found.sentence.text):  # a result, whatever the model takes it for
        factor = 1.0
    if kind == "findings":
        factor *= PROPOSING if sentences.only_proposes(found.sentence.text) else 1.0
        factor *= HOLLOW if sentences.is_hollow(found.sentence.text) else 1.0
    return replace(found, score=found.score * factor)


def _findings(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    if asked.kind == "findings" and not ASKS.search(asked.question):
        return Form(evidence=_whole(select(stating(retrieved, "claim"), limit=limit), limit))
    found = stating(retrieved)
    found = [each for each in found if sentences.tells(each)] or found
    if _WHY.search(asked.question):
        found = [
            replace(each, score=each.score * (CAUSAL if sentences.tells_a_cause(each.sentence.text) else 1.0))
            for each in found
        ]
    return Form(evidence=_whole(select(found, limit=limit), limit))


def _negative(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    """What is not so, or its limits; the other side if that is all there is, and said."""
    if _LIMITS_ASKED.search(asked.question):
        found = stating(retrieved, "limits")
        negative = [each for each in found if sentences.tells_limits(each.sentence.text)]
        missing = NO_LIMITS
    else:
        found = stating(retrieved)
        negative = [each for each in found if sentences.denies(each.sentence.text)]
        missing = NOT_DENIED
    chosen = _whole(select(negative or found, limit=limit), limit)
    return Form(evidence=chosen, missing=None if negative else missing)


def _definition(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    topic = asked.quoted[0] if asked.quoted else asked.topic
    defining = [
        replace(weighed, score=weighed.score * (1 + 0.15 * (level - 1)))
        for found in retrieved.evidence
        if (level := sentences.definition_level(found.sentence.text, topic))
        and not found.sentence.text.endswith("?")
        and not sentences.needs_the_sentence_before(found.sentence.text)
        for weighed in [_weighed(found, "definition")]
    ]
    if not defining:
        return Form(papers=mentions(retrieved), reason=f"no sentence here says what {_quoted(topic)} is")
    return Form(evidence=_whole(select(defining, limit=min(limit, 3)), limit))


def _comparison(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    first, second = asked.sides
    both = [
        replace(found, score=found.score * (COMPARING if _COMPARING.search(found.sentence.text) else 1.0))
        for found in retrieved.evidence
        if not found.sentence.text.endswith("?") and all(names(found.sentence.text, side) for side in asked.sides)
    ]
    if not both:
        return Form(
            papers=mentions(retrieved, asked.sides),
            reason=f"no sentence here compares {_quoted(first)} and {_quoted(second)}",
        )
    telling = [found for found in both if not sentences.states_nothing(found)]
    weighed = [_weighed(found, "findings") for found in telling or both]
    least = KEPT * max(found.score for found in weighed)
    return Form(evidence=_whole(select([found for found in weighed if found.score >= least], limit=limit), limit))


def _number(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    found = stating(retrieved)
    numbered = [each for each in found if sentences.holds_a_number(each.sentence.text)]
    if wanted := _COUNTED.search(asked.question):
        noun = wanted["noun"]
        numbered = [each for each in numbered if sentences.counts(each.sentence.text, noun)]
        if not numbered:
            return Form(papers=mentions(retrieved), reason=f"no sentence here says how many {noun}")
        return Form(evidence=_whole(select(numbered, limit=limit), limit))
    first = [replace(each, score=each.score * (NUMBERED if each in numbered else 1.0)) for each in found]
    missing = None if numbered else NO_NUMBER
    return Form(evidence=_whole(select(first, limit=limit), limit), missing=missing)


def _whole(chosen: Sequence[Evidence], limit: int) -> tuple[Evidence, ...]:
    """
    Sentences that can be read: with the one before where a sentence refers back, and the one that tells what it counts.

    A sentence is left out if there is no room for the one that it needs, or if that one refers back too.
    """
    found: dict[tuple[str, int], Evidence] = {}
    for each in chosen:
        group = [each]
        if sentences.needs_the_sentence_before(each.sentence.text):
            before = sentences.sentence_before(each)
            if not before or sentences.needs_the_sentence_before(before.text):
                continue
            if sentences.only_proposes(each.sentence.text):  # “To address this, we propose …” tells no finding
                continue
            group.insert(0, replace(each, sentence=before))
        if sentences.is_told_by_the_next(each.sentence.text):
            after = sentences.sentence_after(each)
            if not after:
                continue
            group.append(replace(each, sentence=after))
        new = {(part.paper.paper_id, part.sentence.number): part for part in group}
        if len(found | new) <= max(limit, len(new)) and not any(map(sentences.supports_nothing, group)):
            found |= new
    return tuple(found.values())


def _quoted(topic: str) -> str:
    return f"“{' '.join(topic.split())[:80]}”"
