"""
Forms of an extractive answer: which sentences or papers answer a question of each kind.

Findings are result and conclusion sentences; a definition says what a thing is; a comparison names both sides; a number
stands with its thing; a list holds papers. What shares the question's words but not its phrases is left out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag.answers import sentences
from rag.answers.comparing import compares
from rag.answers.coverage import (
    ABOUT_AS_MUCH,
    FEW_THINGS,
    HALF,
    as_meant,
    covering,
    lacked,
    near_the_best,
    nearest_first,
)
from rag.answers.lists import Listed, listed, mentions, names, nearest
from rag.answers.selection import select, whole
from rag.question import Understood
from rag.question.forms import ASKS
from rag.retrieval.retriever import Retrieved
from rag.retrieval.topic import holds
from rag.types import Evidence, Outcome

ON_PHRASE = 0.5
FEW_UNITS = 3
"""Where a question has at most so many phrases and words, a sentence holds this share of the most that one holds of
them. A longer question is put in other words more often; on SciFact's training claims this would cost .06 of
evidence hit@5."""
CAUSAL = 1.1
"""The factor on a sentence that gives a cause, where that is asked for."""
FEW_OTHERS = 3
"""The most sentences that name what is asked about and are not of the sort that is asked for."""
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
_EFFECT = re.compile(r"\b(?:affects?|effects?|impacts?|influences?)\b", re.IGNORECASE)
_VERSIONED = re.compile(r"\b[A-Z][\w.]*(?:[ -][A-Z][\w.]*)?[ -]?\d[\w.]*")
"""A name with its version: “Gemini 3”."""
_COUNTED = re.compile(
    r"\bhow (?:many|much) (?:\w+ing )?(?!\w+er\b|more\b|less\b|worse\b|do|does|did|is|are|was|were|can)"
    r"(?P<noun>[^\W\d_]+)",
    re.IGNORECASE,
)
NO_LIMITS = "no sentence found here tells of limits or failures"
NOT_DENIED = "no sentence found here denies it; what is shown is the other side"
NO_NUMBER = "no sentence found here gives a number"
NO_FINDING = "no sentence found here tells a finding on this"
NOT_NAMED = "no sentence found here names {}"
MISSING = (NO_LIMITS, NOT_DENIED, NO_NUMBER, NO_FINDING)
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
        held: The share of the question's things that the sentences name.
    """

    evidence: tuple[Evidence, ...] = ()
    papers: Listed = ()
    reason: str = ""
    missing: str | None = None
    held: float = 1.0

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


def stating(retrieved: Retrieved, kind: str = "findings") -> list[Evidence]:
    """
    The sentences that state something and come near the best one, by their scores for a kind of question.

    A sentence on another thing that has the question's words, though not its phrases, is left out.
    """
    weighed = _stated(retrieved, kind)
    least = ON_PHRASE * max((found.held for found in weighed[:10]), default=0.0)
    on_phrase = [found for found in weighed if found.held >= least] if retrieved.units <= FEW_UNITS else weighed
    return list(near_the_best(on_phrase))


def _stated(retrieved: Retrieved, kind: str = "findings") -> list[Evidence]:
    weighed = [
        as_meant(_weighed(found, kind), retrieved.things)
        for found in retrieved.evidence
        if not sentences.states_nothing(found)
    ]
    return sorted(weighed, key=lambda found: (-found.score, found.paper.paper_id, found.sentence.number))


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
        return Form(evidence=whole(select(stating(retrieved, "claim"), limit=limit), limit))
    found = _stated(retrieved)
    if _WHY.search(asked.question):
        found = [
            replace(each, score=each.score * (CAUSAL if sentences.tells_a_cause(each.sentence.text) else 1.0))
            for each in found
        ]
    only_findings = asked.kind == "yes_no" or _EFFECT.search(asked.question)
    reason = _not_together(retrieved.things) if only_findings and retrieved.things else ""
    return _telling(retrieved, found, sentences.tells, limit, missing=NO_FINDING, reason=reason)


def _negative(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    """What is not so, or its limits; the other side if that is all there is, and said."""
    if _LIMITS_ASKED.search(asked.question):
        found = _stated(retrieved, "limits")
        return _telling(
            retrieved, found, lambda each: sentences.tells_limits(each.sentence.text), limit, missing=NO_LIMITS
        )
    found = _stated(retrieved)
    found = [each for each in found if sentences.tells(each)] or found
    return _telling(
        retrieved,
        found,
        lambda each: not each.lacks and sentences.denies(each.sentence.text),
        limit,
        missing=NOT_DENIED,
    )


def _telling(
    retrieved: Retrieved,
    found: Sequence[Evidence],
    is_wanted: Callable[[Evidence], bool],
    limit: int,
    *,
    missing: str,
    reason: str = "",
) -> Form:
    """
    The sentences of the wanted sort that name what is asked about; else others that do, and what is missing.

    Where none names enough of it, the papers that touch on it, and why.

    Args:
        retrieved: The question with its evidence.
        found: Sentences that state something, best first.
        is_wanted: True for a sentence of the wanted sort.
        limit: The most sentences.
        missing: What is missing where only other sentences name what is asked about.
        reason: Why no other sentence will do; empty if one does.
    """
    things = retrieved.things
    if not found:
        return Form()
    wanted = [each for each in found if is_wanted(each)]
    telling = covering(wanted, things)
    if telling.is_enough:
        is_told = missing == NO_NUMBER or (len(things) <= FEW_THINGS and telling.held < 1)  # a number is of one thing
        without = telling.without if is_told else ()
        named = NOT_NAMED.format(_all(without)) if without else None
        return Form(evidence=whole(select(telling.found, limit=limit), limit), missing=named, held=telling.held)
    other = covering(found, things)
    if other.is_enough and not reason:
        chosen = select(other.found, limit=min(limit, FEW_OTHERS))
        return Form(evidence=whole(chosen, limit), missing=missing, held=other.held)
    near = nearest_first(found, things)
    least = min(lacked(near[0], things) + ABOUT_AS_MUCH, HALF)
    near = [each for each in near if lacked(each, things) <= least]
    near.sort(key=lambda each: not is_wanted(each))
    return Form(papers=nearest(retrieved, near), reason=reason or _not_together(things))


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
    return Form(evidence=whole(select(defining, limit=min(limit, 3)), limit))


def _comparison(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    first, second = asked.sides
    stated = _stated(retrieved)
    both = [found for found in stated if compares(found.sentence.text, asked.sides)]
    if not both:
        naming = [found for found in stated if all(names(found.sentence.text, side) for side in asked.sides)]
        return Form(
            papers=nearest(retrieved, naming) or mentions(retrieved, asked.sides),
            reason=f"no sentence here compares {_quoted(first)} and {_quoted(second)}",
        )
    of_sides = {thing for thing in retrieved.things if any(names(side, thing) for side in asked.sides)}
    setting = {thing: share for thing, share in retrieved.things.items() if thing not in of_sides}
    both = [
        replace(found, lacks=_within(found.lacks, setting), lacks_in_context=_within(found.lacks_in_context, setting))
        for found in both
    ]
    chosen = covering(both, setting)
    missing = NOT_NAMED.format(_all(chosen.without)) if chosen.without else None
    return Form(evidence=whole(select(chosen.found, limit=limit), limit), missing=missing)


def _within(lacked_things: Sequence[str], setting: Mapping[str, float]) -> tuple[str, ...]:
    return tuple(thing for thing in lacked_things if thing in setting)


def _number(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    """A number of the thing that is counted, or any number where something is measured."""
    found = _stated(retrieved)
    if versions := _VERSIONED.findall(asked.question.rstrip("?")):
        found = [
            each for each in found if all(holds(f"{each.paper.title} {each.sentence.text}", one) for one in versions)
        ]
        if not found:
            return Form(papers=mentions(retrieved), reason=f"no sentence here says it of {_all(versions)}")
    if wanted := _COUNTED.search(asked.question):
        noun = wanted["noun"]
        reason = f"no sentence here says how many {noun}"
        return _telling(
            retrieved,
            found,
            lambda each: sentences.counts(each.sentence.text, noun),
            limit,
            missing=NO_NUMBER,
            reason=reason,
        )
    return _telling(
        retrieved, found, lambda each: sentences.holds_a_number(each.sentence.text), limit, missing=NO_NUMBER
    )


def _not_together(things: Iterable[str]) -> str:
    asked_about = list(things)
    if len(asked_about) > FEW_THINGS:
        return "no sentence here names most of what is asked about; it may be said in other words"
    if len(asked_about) == 1:
        return f"no sentence here says what was found on {_all(asked_about)}"
    return f"no sentence here names {_all(asked_about)} together; it may be said in other words"


def _all(things: Iterable[str]) -> str:
    """Things in quotation marks: “a”, “b” and “c”."""
    *others, last = map(_quoted, things)
    return f"{', '.join(others)} and {last}" if others else last


def _quoted(topic: str) -> str:
    return f"“{' '.join(topic.split())[:80]}”"
