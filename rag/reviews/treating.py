"""
Topic filtering: a paper treats a topic if its title names it, or what its abstract aims at, does or finds.

A paper whose abstract only mentions the topic, as background or in a list, is counted and left out. Nothing is read or
ranked here: the candidates come from retrieval, with their scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag.answers.lists import ON_TOPIC
from rag.retrieval.found import Retrieved
from rag.retrieval.units import Units
from rag.reviews.naming import Topic, acronyms
from rag.types import Hit, Paper

FLOOR, FLOOR_OF_OTHERS = 0.4, 0.68
"""The least share of the best paper's score, of a paper whose title names the topic and of another."""
FLOOR_OF_FEW = 0.4
"""… of both, where few papers come so near."""
AS_BACKGROUND = 0.8
"""… of a paper that names the topic as background alone."""
ENOUGH = 8
"""So many papers that name all of a topic are enough; those that name most of it are then left out."""
MAIN = 0.25
"""A unit of at least this share of the weight must be treated; of a lighter one a mention is enough."""
FEW_UNITS, OF_MANY = 3, 0.5
"""Of a topic of more units this share of the weight is enough."""
_TREATED = frozenset(("objective", "method", "result", "conclusion"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Treated:
    """
    A paper that treats a topic.

    `score` as in its hit; `in_title` is true if the title names all that weighs; `sentences` are the numbers of those
    that name it.
    """

    paper: Paper
    score: float
    in_title: bool
    sentences: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """
    What a library has on a topic.

    `papers` treat it, best first; `mentioning` papers only mention it; `without` are the units that not all of the
    papers name, because too few do; `nearest` are the best hits that do not treat it.
    """

    topic: Topic
    papers: tuple[Treated, ...]
    mentioning: int
    without: tuple[str, ...]
    nearest: tuple[Hit, ...]


def topic_of(units: Units, retrieved: Retrieved) -> Topic:
    """The units of a topic that a paper must treat: those that are not common, if there are such."""
    weights = {
        words: retrieved.things.get(" ".join(words), 0.0) or (0.0 if retrieved.things else float(weight))
        for words, weight in zip(units.words, units.weights, strict=True)
    }
    kept = {words: weight for words, weight in weights.items() if weight}
    total = sum(kept.values()) or 1.0
    parts = {
        words: {words[piece]: worth for piece, worth in of_unit}
        for words, of_unit in zip(units.words, units.parts, strict=True)
    }
    known = acronyms(hit.paper.abstract for hit in retrieved.hits)
    return Topic({words: weight / total for words, weight in kept.items()}, parts, known)


def find(topic: Topic, hits: Sequence[Hit]) -> Found:
    """
    Sort candidates into those that treat a topic, those that mention it, and the others.

    Args:
        topic: With its units; without one no paper treats it.
        hits: Candidates, best first.
    """
    treated: list[tuple[Treated, float]] = []
    naming: list[Hit] = []
    others: list[Hit] = []
    least = OF_MANY if len(topic.names) > FEW_UNITS else ON_TOPIC
    for hit in hits:
        if "withdrawn" in hit.paper.flags or not hit.paper.spans:
            continue  # nothing of it can be quoted
        found, anywhere = _read(topic, hit)
        names_it = bool(topic.names) and anywhere >= least
        (naming if names_it else others).append(hit)
        if found and names_it:
            treated.append((found, anywhere))
    best = max((found.score for found, _ in treated), default=0.0)
    near = [(found, share) for found, share in treated if _is_close(found, best, FLOOR, FLOOR_OF_OTHERS)]
    if len(near) < ENOUGH:
        near = [(found, share) for found, share in treated if _is_close(found, best, FLOOR_OF_FEW, FLOOR_OF_FEW)]
    whole = [found for found, share in near if share > 1 - 1e-9]
    narrow = len(whole) >= ENOUGH or len(whole) == len(near)
    papers = whole if narrow else [found for found, _ in near]
    without = () if narrow else tuple(name for name, share in zip(topic.names, topic.shares, strict=True) if share < 1)
    chosen = {found.paper.paper_id for found in papers}
    mentions = [hit for hit in naming if hit.paper_id not in chosen]
    return Found(
        topic=topic,
        papers=tuple(papers),
        mentioning=len(mentions),
        without=without,
        nearest=(*mentions, *others),
    )


def _is_close(found: Treated, best: float, of_title: float, of_others: float) -> bool:
    """True if a paper comes near the best one; nearer if it names the topic as background alone."""
    if found.in_title:
        return found.score >= of_title * best
    as_what = (found.paper.roles[number - 1].name for number in found.sentences)
    return found.score >= (of_others if _TREATED.intersection(as_what) else AS_BACKGROUND) * best


def _read(topic: Topic, hit: Hit) -> tuple[Treated | None, float]:
    """How a paper treats a topic, None if no text of it names what weighs; and the share that it names anywhere."""
    paper = hit.paper
    title = topic.named(paper.title)
    by_sentence = [topic.named(sentence.text) for sentence in paper.sentences]
    anywhere = [any(column) for column in zip(title, *by_sentence, strict=True)]
    main = [share >= min(MAIN, max(topic.shares, default=1.0)) for share in topic.shares]

    def names_main(named: Sequence[bool]) -> bool:
        """True if a text names all that weighs; phrases, but not single words, may be in the title instead."""
        here = [is_named and weighs for is_named, weighs in zip(named, main, strict=True)]
        with_title = [
            each or (weighs and titled and " " in name)
            for each, weighs, titled, name in zip(here, main, title, topic.names, strict=True)
        ]
        return any(here) and with_title == main

    in_title = names_main(title)
    numbers = tuple(number for number, named in enumerate(by_sentence, start=1) if names_main(named))
    if not in_title and not numbers:
        return None, topic.share(anywhere)
    return Treated(paper=paper, score=hit.score, in_title=in_title, sentences=numbers), topic.share(anywhere)
