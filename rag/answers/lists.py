"""Lists of papers on a topic, each with a sentence: its finding, what it offers, or what it says of the topic."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import zip_longest

from rag.answers import sentences, wanted
from rag.answers.confidence import THRESHOLD, confidence
from rag.answers.coverage import HALF, is_in
from rag.answers.form import Listed, all_of
from rag.question import Understood
from rag.retrieval.found import Retrieved
from rag.retrieval.topic import holds
from rag.roles import finding
from rag.types import Evidence, Hit, Paper

ON_TOPIC = 0.7
"""The share of the question's phrases that a listed paper holds."""
NEAR_THE_BEST = 0.6
"""… and the share of the best paper's score."""
IN_PART = 0.4
"""… and that of a paper that is listed as near it where none holds so much."""
WHOLLY = 0.95
"""… and the share from which a paper holds all of it."""
CLOSE = 0.8
"""The share of the best paper's score from which a paper may fill a list whose papers name the topic."""
ENOUGH = 3
"""So many papers that name the topic are enough; those that only mention it are left out."""
OF_A_SIDE = 2
"""Papers of each side of a comparison that no paper makes."""
LENGTH, LENGTH_OF_OVERVIEW, LENGTH_OF_MENTIONS = 10, 8, 5
"""Papers that a list holds, unless told otherwise."""

_DATASETS = re.compile(r"\b(?:data ?sets?|benchmarks?|corpus|corpora|test ?beds?|collections?)\b", re.IGNORECASE)
_OFFERS_DATA = re.compile(
    r"\b(?:introduc|present|propos|releas|construct|creat|build|collect|curat|contribut|develop|provid|assembl|"
    r"compil|annotat)\w*"
    r"(?:(?!\b(?:on|across|over|with|using|from|via|by|through|results?)\b)[^.;]){0,90}?"
    r"\b(?:data ?sets?|benchmarks?|corpus|corpora|test ?beds?|collection)\b",
    re.IGNORECASE,
)
"""“We introduce X, a benchmark”, not “we present results on ten benchmarks”."""
_SURVEYS = re.compile(r"\b(?:surveys?|reviews?|overviews?|roadmap|tutorial)\b", re.IGNORECASE)
_WAYS = re.compile(r"\w")
"""What is proposed, whatever it is called."""
_WANTED = (
    (re.compile(r"\b(?:datasets?|benchmarks?|corpora|corpus)\b", re.IGNORECASE), _DATASETS, "a data set or benchmark"),
    (re.compile(r"\b(?:surveys?|reviews?)\b", re.IGNORECASE), _SURVEYS, "a survey"),
)
"""Sorts of papers that a list may ask for: the question's words, the papers', and the sort."""


def listed(
    retrieved: Retrieved, asked: Understood, limit: int | None, *, newest_first: bool
) -> tuple[Listed, str, int | None]:
    """
    List the papers on the question's topic.

    Returns:
        The papers; why they are only near what was asked for, empty if they are what was asked for; and how many of
        them hold the topic as it is asked for, None if all do.
    """
    topics = retrieved.phrases or ((asked.topic,) if len(asked.topic.split()) == 1 else ())
    hits = _as_written(_wholly(on_topic(retrieved.hits)), topics)
    if not hits and retrieved.things and confidence(retrieved.signals) >= THRESHOLD:
        near = [hit for hit in retrieved.hits if hit.held >= IN_PART and "withdrawn" not in hit.paper.flags]
        either = near if re.search(r"\bor\b", asked.topic) else []
        of_papers, _ = _sort_of(asked)
        having = either or [hit for hit in near if all(is_in(hit.paper, thing) for thing in retrieved.things)]
        having = [hit for hit in having if not of_papers or _is_of(hit, of_papers)]
        if having:  # its words apart, or one of two things
            told = _told(_ordered(having, limit or LENGTH_OF_MENTIONS, newest_first=newest_first), of_papers)
            return told, "", len(having) if either else 0
        return _told(near[:LENGTH_OF_MENTIONS]), f"no paper found here names {all_of(retrieved.things)} together", 0
    if wanted.WAYS.match(asked.question) and asked.kind != "overview":
        named = [hit for hit in hits if hit.named >= ON_TOPIC]
        if len(named) >= ENOUGH or asked.kind == "findings":
            hits = named
        hits = _doing(hits, wanted.action(asked.question, topics))
        return _told(_ordered(hits, limit or LENGTH_OF_OVERVIEW, newest_first=newest_first), _WAYS), "", None
    of_papers, sort = _sort_of(asked)
    exact = [hit for hit in hits if not of_papers or _is_of(hit, of_papers)]
    surely = sum(hit.named >= HALF or retrieved.units <= 1 for hit in exact)
    fitting = _filled(exact, retrieved, of_papers)
    if asked.kind == "overview":
        open_ones = bool(wanted.LIMITS.search(asked.question))
        length = limit or LENGTH_OF_OVERVIEW
        return _said(fitting, topics, length, newest_first=newest_first, only_open=open_ones), "", surely
    if of_papers and not fitting:
        return mentions(retrieved), f"no paper found here says that it is {sort}", 0
    return _told(_ordered(fitting, limit or LENGTH, newest_first=newest_first), of_papers), "", surely


def _sort_of(asked: Understood) -> tuple[re.Pattern[str] | None, str]:
    """What sort of papers a list asks for: the words of such papers, and the sort; None if of any."""
    if asked.kind == "list":
        for question_words, of_papers, sort in _WANTED:
            if question_words.search(asked.question):
                return of_papers, sort
    return None, ""


def _is_of(hit: Hit, of_papers: re.Pattern[str]) -> bool:
    return bool(of_papers.search(hit.title)) or _offered(hit.paper, of_papers) is not None


def _filled(hits: Sequence[Hit], retrieved: Retrieved, of_papers: re.Pattern[str] | None) -> Sequence[Hit]:
    """A short list with the papers that have every word of the topic in some form, and come near the best one."""
    if len(hits) >= ENOUGH or not retrieved.things or not retrieved.hits:
        return hits
    known = {hit.paper_id for hit in hits}
    best = max([hit.score for hit in hits] or [retrieved.hits[0].score])
    more = [
        hit
        for hit in retrieved.hits
        if hit.paper_id not in known
        and "withdrawn" not in hit.paper.flags
        and hit.score >= CLOSE * best
        and (hit.held > 0 or hit.named > 0)
        and all(is_in(hit.paper, thing) for thing in retrieved.things)
        and (not of_papers or _is_of(hit, of_papers))
    ]
    return [*hits, *more[: ENOUGH + 1 - len(hits)]] if hits else hits


def mentions(retrieved: Retrieved, sides: Sequence[str] = ()) -> Listed:
    """The papers on the topic, of which none states the answer; of a comparison those on its sides, in turn."""
    if not sides:
        return _told(on_topic(retrieved.hits)[:LENGTH_OF_MENTIONS])
    hits = [hit for hit in retrieved.hits if "withdrawn" not in hit.paper.flags]
    both = [hit for hit in hits if all(names(f"{hit.title} {hit.paper.abstract}", side) for side in sides)]
    of_sides = [
        sorted(
            (hit for hit in hits if names(f"{hit.title} {hit.paper.abstract}", side)),
            key=lambda hit: (not names(hit.title, side), -hit.score),
        )[:OF_A_SIDE]
        for side in sides
    ]
    if not all(of_sides):
        return _naming([hit for of_side in of_sides for hit in of_side], sides) if on_topic(hits) else ()
    in_turn = [hit for pair in zip_longest(*of_sides) for hit in pair if hit]
    return _naming(list({hit.paper_id: hit for hit in [*both[:1], *in_turn]}.values())[:LENGTH_OF_MENTIONS], sides)


def saying(retrieved: Retrieved, topic: str) -> Listed:
    """The papers that name a topic, those whose title does first, each with the sentence that says most of it."""
    hits = [
        hit
        for hit in retrieved.hits
        if "withdrawn" not in hit.paper.flags and holds(f"{hit.title} {hit.paper.abstract}", topic)
    ]
    hits.sort(key=lambda hit: (not holds(hit.title, topic), -hit.score))
    return _naming(hits[:LENGTH_OF_MENTIONS], (topic,))


def _naming(hits: Sequence[Hit], topics: Sequence[str]) -> Listed:
    """Each paper with the sentence that names most of these topics, the finding before others."""
    found: list[tuple[Paper, Evidence | None]] = []
    for hit in hits:
        ranked = findings_of(hit)
        ranked.sort(key=lambda each: -sum(names(each.sentence.text, topic) for topic in topics))
        found.append((hit.paper, ranked[0] if ranked else None))
    return tuple(found)


def nearest(retrieved: Retrieved, found: Sequence[Evidence]) -> Listed:
    """
    The papers that a question touches on, each with the first of these sentences.

    Where no paper holds the question's phrases, they are listed only if the library has something on it.
    """
    on_it = {hit.paper_id for hit in on_topic(retrieved.hits)}
    if confidence(retrieved.signals) >= THRESHOLD:
        on_it |= {each.paper.paper_id for each in found}
    first: dict[str, Evidence] = {}
    for each in found:
        if each.paper.paper_id in on_it and not sentences.supports_nothing(each):
            first.setdefault(each.paper.paper_id, each)
    return tuple((each.paper, each) for each in list(first.values())[:LENGTH_OF_MENTIONS])


def names(text: str, thing: str) -> bool:
    """True if a text names a thing: its words side by side, or all of them."""
    return holds(text, thing) or (len(thing.split()) > 1 and all(holds(text, word) for word in thing.split()))


def on_topic(hits: Sequence[Hit]) -> list[Hit]:
    """The papers that hold the question's phrases and come near the best one, without withdrawn ones."""
    held = [hit for hit in hits if hit.held >= ON_TOPIC and "withdrawn" not in hit.paper.flags]
    return [hit for hit in held if hit.score >= NEAR_THE_BEST * held[0].score]


def _doing(hits: Sequence[Hit], action: Sequence[str]) -> Sequence[Hit]:
    """The papers that do what is asked for, such as “detect”, by title or by what they propose; all if too few do."""
    stems = [word[: max(4, len(word) - 3)] for word in action]
    does = []
    for hit in hits:
        found = _finding(hit, _WAYS)
        text = f"{hit.title} {found.sentence.text if found else ''}".lower()
        if any(stem in text for stem in stems):
            does.append(hit)
    return does if len(does) >= ENOUGH - 1 else hits


def _wholly(hits: list[Hit]) -> list[Hit]:
    """The papers that hold all of the question's phrases and words, if they are enough."""
    whole = [hit for hit in hits if hit.held >= WHOLLY]
    return whole if len(whole) >= ENOUGH else hits


def _as_written(hits: Sequence[Hit], topics: Sequence[str]) -> Sequence[Hit]:
    """The papers that have the topic as it is written, if they are enough; “token” is the stem of “tokenization”."""
    exact = [hit for hit in hits if all(holds(f"{hit.title} {hit.paper.abstract}", topic) for topic in topics)]
    return exact if len(exact) >= ENOUGH else hits


def _ordered(hits: Sequence[Hit], limit: int, *, newest_first: bool) -> list[Hit]:
    ranked = sorted(hits, key=lambda hit: hit.paper.day, reverse=True) if newest_first else hits
    return list(ranked[:limit])


def _told(hits: Sequence[Hit], of_papers: re.Pattern[str] | None = None) -> Listed:
    """Each paper with the sentence that tells its finding, or what it offers of the wanted sort."""
    return tuple((hit.paper, _finding(hit, of_papers)) for hit in hits)


def _said(
    hits: Sequence[Hit], topics: Sequence[str], limit: int, *, newest_first: bool, only_open: bool = False
) -> Listed:
    """
    Each paper with the result or conclusion that names the topic, or else with its finding.

    A paper that names the topic neither there nor in its title comes last, if it comes near the best one.
    """
    most = len(hits) if newest_first else limit
    if only_open and (limits := [(hit, found) for hit in hits if (found := _limits(hit, topics))]):
        of_hits = {hit.paper_id: found for hit, found in limits}
        return tuple(
            (hit.paper, of_hits[hit.paper_id])
            for hit in _ordered([hit for hit, _ in limits], limit, newest_first=newest_first)
        )
    about = {hit.paper_id: found for hit in hits if (found := _about(hit, topics))}
    naming = [hit for hit in hits if hit.paper_id in about or hit.named >= ON_TOPIC]
    others = [hit for hit in hits if hit not in naming and hit.score >= CLOSE * hits[0].score]
    chosen = [*naming, *others][: max(most, ENOUGH)] if naming else hits
    return tuple(
        (hit.paper, about.get(hit.paper_id) or _finding(hit, None))
        for hit in _ordered(chosen, limit, newest_first=newest_first)
    )


def _limits(hit: Hit, topics: Sequence[str]) -> Evidence | None:
    """The sentence of a paper that names a topic and tells of limits or what is open."""
    return next(
        (
            found
            for found in findings_of(hit)
            if sentences.tells_limits(found.sentence.text)
            and (not topics or any(holds(found.sentence.text, topic) for topic in topics))
        ),
        None,
    )


def _about(hit: Hit, topics: Sequence[str]) -> Evidence | None:
    """The result or conclusion of a paper that names all topics."""
    naming = [
        found
        for found in (_sentences_of(hit) if topics else ())
        if sentences.role(found).name in ("result", "conclusion")
        and sentences.is_plain(found.sentence.text)
        and not sentences.needs_the_sentence_before(found.sentence.text)
        and all(holds(found.sentence.text, topic) for topic in topics)
    ]
    return next((found for found in findings_of(hit) if found in naming), None) if naming else None


def findings_of(hit: Hit) -> list[Evidence]:
    """The sentences of a paper that may be shown, the one that tells its finding best first."""
    kept = [each for each in _sentences_of(hit) if not sentences.supports_nothing(each)]
    return [each for each in kept if not sentences.states_nothing(each)] or kept


def _sentences_of(hit: Hit) -> list[Evidence]:
    """The sentences of a paper, the one that tells its finding best first."""
    return [
        Evidence(paper=hit.paper, sentence=hit.paper.sentence(number), score=hit.score)
        for number in finding.ranked(hit.paper)
    ]


def _finding(hit: Hit, of_papers: re.Pattern[str] | None) -> Evidence | None:
    found = findings_of(hit)
    offered = _offered(hit.paper, of_papers) if of_papers else None
    return next((each for each in found if each.sentence.number == offered), found[0] if found else None)


def _offered(paper: Paper, of_papers: re.Pattern[str]) -> int | None:
    """The number of the sentence in which a paper offers such a thing."""
    return next(
        (
            sentence.number
            for sentence in paper.sentences
            if of_papers.search(sentence.text)
            and sentences.offers(sentence.text)
            and (of_papers is not _DATASETS or _OFFERS_DATA.search(sentence.text))
        ),
        None,
    )
