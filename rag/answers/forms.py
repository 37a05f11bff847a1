"""
Forms of an extractive answer: which sentences or papers answer a question of each kind.

Findings are result and conclusion sentences; a cause is told with “because” and its like; a definition says what a
thing is; a comparison sets both sides against each other; a number stands with its thing; a list holds papers. What
shares the question's words but not its phrases is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from rag.answers import sentences, wanted
from rag.answers.comparing import compares, is_of_both
from rag.answers.coverage import ABOUT_AS_MUCH, FEW_THINGS, HALF, covering, lacked, nearest_first
from rag.answers.defining import DEFINES, DESCRIBES, definition_level
from rag.answers.form import (
    NO_CAUSE,
    NO_FINDING,
    NO_LIMITS,
    NO_NUMBER,
    NOT_DEFINED,
    NOT_DENIED,
    NOT_NAMED,
    Form,
    Sort,
    all_of,
    quoted,
)
from rag.answers.lists import WHOLLY, findings_of, listed, mentions, names, nearest, saying
from rag.answers.selection import select, whole
from rag.answers.stated import on_phrase, stated, stating, weighted
from rag.answers.telling import praises_its_own, tells_a_cause_of
from rag.question import Understood
from rag.question.context import core
from rag.question.forms import ASKS
from rag.retrieval.found import Retrieved
from rag.retrieval.topic import holds
from rag.roles import finding
from rag.types import Evidence

FEW_OTHERS = 3
"""The most sentences that name what is asked about and are not of the sort that is asked for."""
CAUSAL = 1.15
"""The factor on a sentence that gives a cause, where that is asked for."""
OF_A_PAPER = 2
"""The most sentences of a paper, one more where there is no other."""
BOTH = 0.8
"""The share of its few things, by weight, that must be named where an effect or a yes or no is asked for: the effect on
another thing is no answer."""
DEFINITIONS = 2
"""The most sentences that say what a thing is."""


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
    asked = replace(asked, question=core(asked.question))
    if asked.kind == "metadata" and asked.fact in ("authors", "date"):
        return Form(reason=f"no paper here has the title {quoted(asked.topic)}")
    ways = asked.kind == "findings" and bool(wanted.WAYS.match(asked.question)) and bool(retrieved.phrases)
    if as_list or ways or asked.kind in ("list", "overview", "metadata"):
        papers, reason, on_topic = listed(retrieved, asked, limit, newest_first=newest_first)
        if papers or not ways:
            sort: Sort = "overview" if asked.kind == "overview" else "ways" if ways else "list"
            return Form(papers=papers, reason=reason, sort=sort, on_topic=on_topic)
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


def _findings(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    if asked.kind == "findings" and not ASKS.search(asked.question):
        return Form(evidence=whole(select(stating(retrieved, "claim"), limit=limit), limit), sort="claim")
    if wanted.WHY.search(asked.question):
        return _cause(retrieved, limit)
    found = stated(retrieved)
    if one := wanted.of_what(asked.question):  # “the population of Berlin” is no population in a paper on Berlin
        found = [each for each in found if any(holds(each.sentence.text, words) for words in one)]
        if not found:
            return Form(papers=mentions(retrieved), reason=f"no sentence here tells {quoted(one[0])}")
        return _telling(retrieved, found, lambda _: True, limit, missing=NO_FINDING)
    only_findings = asked.kind == "yes_no" or wanted.EFFECT.search(asked.question)
    reason = _not_together(retrieved.things) if only_findings and retrieved.things else ""
    if only_findings:  # the success of a method says little of an effect
        others = [each for each in found if sentences.tells(each) and not praises_its_own(each.sentence.text)]
        least = BOTH if len(retrieved.things) <= FEW_THINGS else None
        if covering(on_phrase(retrieved, others), retrieved.things, least_named=least).is_enough:
            found = others
    return _telling(retrieved, found, sentences.tells, limit, missing=NO_FINDING, reason=reason)


def _cause(retrieved: Retrieved, limit: int) -> Form:
    """
    Sentences of any role that give a cause, and what else the papers found that are about it.

    Of “why does A reduce B” the last thing is the effect.
    """
    effect = list(retrieved.things)[-1 if wanted.WHY_DOES.match(retrieved.question) else 0 :]
    about_it = {hit.paper_id for hit in retrieved.hits if hit.named >= HALF}
    wanted_ones: dict[tuple[str, int], Evidence] = {}
    findings = stated(retrieved)
    for each in findings:
        rank = finding.ranked(each.paper).index(each.sentence.number)
        is_found = rank < OF_A_PAPER if each.paper.paper_id in about_it else each.held >= WHOLLY
        if is_found and sentences.tells(each) and not praises_its_own(each.sentence.text):
            wanted_ones[each.paper.paper_id, each.sentence.number] = each
    causes = False
    for each in (found := stated(retrieved, "cause")):
        text, tells = each.sentence.text, each.paper.paper_id in about_it and sentences.tells(each)
        if not praises_its_own(text) and (tells_a_cause_of(text, effect) or (tells and tells_a_cause_of(text, ()))):
            wanted_ones[each.paper.paper_id, each.sentence.number] = replace(each, score=each.score * CAUSAL)
            causes = True
    if not causes:
        named = [each for each in findings if each.paper.paper_id in about_it and sentences.tells(each)]
        reason = "" if named else NO_CAUSE
        found = named or found
        return _telling(retrieved, found, lambda _: False, limit, missing=NO_CAUSE, reason=reason, sort="cause")
    rest = [each for each in found if (each.paper.paper_id, each.sentence.number) not in wanted_ones]
    ranked = sorted([*wanted_ones.values(), *rest], key=lambda each: -each.score)
    return _telling(
        retrieved,
        ranked,
        lambda each: (each.paper.paper_id, each.sentence.number) in wanted_ones,
        limit,
        missing=NO_CAUSE,
        sort="cause",
    )


def _negative(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    """
    What is not so, or its limits; the other side if that is all there is, and said.

    A background sentence that does not name the thing tells the limits of what was there before it.
    """
    if wanted.LIMITS.search(asked.question):
        found = stated(retrieved, "limits")
        return _telling(
            retrieved,
            found,
            lambda each: (
                sentences.tells_limits(each.sentence.text)
                and not sentences.makes_something(each.sentence.text)
                and (each.held > HALF or sentences.role(each).name != "background")
            ),
            limit,
            missing=NO_LIMITS,
            sort="negative",
        )
    found = stated(retrieved)
    found = [each for each in found if sentences.tells(each)] or found
    return _telling(
        retrieved,
        found,
        lambda each: not each.lacks and sentences.denies(each.sentence.text),
        limit,
        missing=NOT_DENIED,
        sort="negative",
    )


def _telling(
    retrieved: Retrieved,
    found: Sequence[Evidence],
    is_wanted: Callable[[Evidence], bool],
    limit: int,
    *,
    missing: str,
    reason: str = "",
    sort: Sort = "findings",
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
        sort: The sort of answer.
    """
    things = retrieved.things
    if not found:
        return Form()
    least = BOTH if reason and len(things) <= FEW_THINGS else None
    telling = covering(on_phrase(retrieved, [each for each in found if is_wanted(each)]), things, least_named=least)
    if telling.is_enough:
        is_told = missing == NO_NUMBER or (len(things) <= FEW_THINGS and telling.held < 1)  # a number is of one thing
        without = telling.without if is_told else ()
        named = NOT_NAMED.format(all_of(without)) if without else None
        shown = whole(select(telling.found, limit=limit, of_paper=OF_A_PAPER), limit)
        titled = {hit.paper_id for hit in retrieved.hits if hit.named >= WHOLLY}
        of_title = bool(shown) and shown[0].paper.paper_id in titled
        return Form(evidence=shown, missing=named, held=telling.held, sort=sort, titled=of_title)
    other = covering(on_phrase(retrieved, list(found)), things)
    if other.is_enough and not reason:
        chosen = select(other.found, limit=min(limit, FEW_OTHERS), of_paper=OF_A_PAPER)
        return Form(evidence=whole(chosen, limit), missing=missing, held=other.held, sort=sort)
    near = nearest_first(found, things)
    most = min(lacked(near[0], things) + ABOUT_AS_MUCH, HALF)
    near = [each for each in near if lacked(each, things) <= most]
    near.sort(key=lambda each: not is_wanted(each))
    return Form(papers=nearest(retrieved, near), reason=reason or _not_together(things), sort=sort)


def _definition(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    topic = asked.quoted[0] if asked.quoted else asked.topic
    levels: dict[int, list[Evidence]] = {}
    for found in _sentences_of_hits(retrieved, topic):
        if level := definition_level(found.sentence.text, topic):
            levels.setdefault(level, []).append(weighted(found, "definition"))
    for level in (DEFINES, DESCRIBES):
        if chosen := sorted(levels.get(level, ()), key=lambda each: -each.score):
            shown = whole(select(chosen, limit=min(limit, DEFINITIONS)), limit)
            return Form(evidence=shown, missing=None if level == DEFINES else NOT_DEFINED, sort="definition")
    return Form(
        papers=saying(retrieved, topic), reason=f"no sentence here says what {quoted(topic)} is", sort="definition"
    )


def _sentences_of_hits(retrieved: Retrieved, topic: str) -> list[Evidence]:
    """The sentences of the papers found that name a topic and can be read alone, with the score of their paper."""
    return [
        Evidence(paper=hit.paper, sentence=sentence, score=hit.score * (1.1 if holds(hit.title, topic) else 1.0))
        for hit in retrieved.hits
        if hit.held > 0
        for sentence in hit.paper.sentences
        if not sentence.text.endswith("?") and not sentences.needs_the_sentence_before(sentence.text)
    ]


def _comparison(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    first, second = asked.sides
    found = stated(retrieved)
    both = [each for each in found if compares(each.sentence.text, asked.sides)]
    of_sides = {thing for thing in retrieved.things if any(names(side, thing) for side in asked.sides)}
    setting = {thing: share for thing, share in retrieved.things.items() if thing not in of_sides}
    if not both and (titled := _titled(retrieved, asked.sides)):
        return Form(evidence=whole(select(titled, limit=limit), limit), sort="comparison")
    if not both:
        return Form(
            papers=mentions(retrieved, asked.sides),
            reason=f"no sentence here compares {quoted(first)} and {quoted(second)}",
            sort="comparison",
        )
    both = [
        replace(each, lacks=_within(each.lacks, setting), lacks_in_context=_within(each.lacks_in_context, setting))
        for each in both
    ]
    chosen = covering(both, setting)
    missing = NOT_NAMED.format(all_of(chosen.without)) if chosen.without else None
    return Form(evidence=whole(select(chosen.found, limit=limit), limit), missing=missing, sort="comparison")


def _titled(retrieved: Retrieved, sides: tuple[str, ...]) -> list[Evidence]:
    """What the papers found whose titles set one side against the other."""
    hits = [hit for hit in retrieved.hits if compares(hit.title, sides) or is_of_both(hit.title, sides)]
    return [
        found
        for hit in hits
        for found in findings_of(hit)[:OF_A_PAPER]
        if not sentences.needs_the_sentence_before(found.sentence.text)
    ]


def _within(lacked_things: Sequence[str], setting: Iterable[str]) -> tuple[str, ...]:
    return tuple(thing for thing in lacked_things if thing in setting)


def _number(retrieved: Retrieved, asked: Understood, limit: int) -> Form:
    """A number of the thing that is counted, or any number where something is measured."""
    found = stated(retrieved)
    if (one := wanted.of_what(asked.question)) and not retrieved.phrases:  # “the speed of light”
        found = [each for each in found if any(holds(each.sentence.text, words) for words in one)]
        if not found:
            return Form(papers=mentions(retrieved), reason=f"no sentence here tells {quoted(one[0])}", sort="number")
    if versions := wanted.versions(asked.question):
        found = [
            each for each in found if all(holds(f"{each.paper.title} {each.sentence.text}", one) for one in versions)
        ]
        if not found:
            return Form(papers=mentions(retrieved), reason=f"no sentence here says it of {all_of(versions)}")
    if named := wanted.own_names(asked.question):
        found = [
            each for each in found if all(name in f"{each.paper.title} {each.paper.abstract}".lower() for name in named)
        ]
        if not found:
            return Form(papers=mentions(retrieved), reason=f"no sentence here says it of {all_of(named)}")
    if noun := wanted.counted(asked.question):
        found = [replace(each, lacks=tuple(thing for thing in each.lacks if thing != noun)) for each in found]
        reason = f"no sentence here says how many {noun}"
        return _telling(
            retrieved,
            found,
            lambda each: sentences.counts(each.sentence.text, noun),
            limit,
            missing=NO_NUMBER,
            reason=reason,
            sort="number",
        )
    of_it = wanted.measured(asked.question)
    return _telling(
        retrieved,
        found,
        lambda each: (
            sentences.holds_a_number(each.sentence.text) and (not of_it or bool(of_it.search(each.sentence.text)))
        ),
        limit,
        missing=NO_NUMBER,
        sort="number",
    )


def _not_together(things: Iterable[str]) -> str:
    asked_about = list(things)
    if len(asked_about) > FEW_THINGS:
        return "no sentence here names most of what is asked about; it may be said in other words"
    if len(asked_about) == 1:
        return f"no sentence here says what was found on {all_of(asked_about)}"
    return f"no sentence here names {all_of(asked_about)} together; it may be said in other words"
