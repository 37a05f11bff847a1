"""
Agreement and contradiction detection: papers that say the same, or the opposite, of one thing.

Papers agree if their results say that one thing rises, or falls, and enough of them give a number. They differ only if
one subject of the topic, such as “self-correction”, stands before both verbs; whatever else rises in one paper and
falls in another need not be a disagreement. So differences are rare.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rag.answers import sentences
from rag.checking.words import stems
from rag.question.words import FUNCTION_WORDS
from rag.reviews.effects import Effect, effects
from rag.reviews.figures import figure
from rag.types import Direction, Evidence, Paper, Sentence

MOST = 5
"""Agreements of a review, at most."""
WITH_NUMBER, WITHOUT = 2, 4
"""The least papers of an agreement, if so many give a number; and if not."""
_SOFT = frozenset(
    stems(
        "interpretability scalability trustworthiness robustness reliability transparency coherence quality".split()
        + "capability capabilities flexibility safety adaptability".split()
    )
)
"""Things that are praised more often than measured: they need numbers."""
_TELLING = ("result", "conclusion")

Said = tuple[Paper, Sentence]


@dataclass(frozen=True, slots=True)
class Common:
    """Papers that say that one thing rises or falls, each with its sentence; those with a number first."""

    about: str
    direction: Direction
    said: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Opposed:
    """Papers that say that a subject raises a thing, and others that say that it lowers it."""

    about: str
    up: tuple[Said, ...]
    down: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class _Stated:
    paper: Paper
    sentence: Sentence
    effect: Effect
    has_number: bool


def agreements(papers: Sequence[Paper], topic: str) -> list[Common]:
    """
    What several papers say of one thing, those that most papers say first.

    Args:
        papers: Those of the review, the nearest to the topic first.
        topic: Its words; that the topic itself rises or falls is what all of them are about.
    """
    of_topic = frozenset(stems(topic.lower().replace("-", " ").split()))
    by_thing: dict[tuple[tuple[str, ...], Direction], dict[str, _Stated]] = defaultdict(dict)
    for each in _stated(papers):
        key = each.effect.key
        if not each.effect.is_vague and not of_topic.issuperset(key):
            held = by_thing[key[-2:], each.effect.direction]
            known = held.get(each.paper.paper_id)
            if known is None or each.has_number > known.has_number:
                held[each.paper.paper_id] = each
    found = []
    for (key, direction), held in by_thing.items():
        numbers = sum(each.has_number for each in held.values())
        if numbers >= WITH_NUMBER or (len(held) >= WITHOUT and key[-1] not in _SOFT):
            stated = sorted(held.values(), key=lambda each: not each.has_number)  # else in the order of the papers
            names = Counter(_shared(each.effect, key) for each in stated)
            about = min(names, key=lambda name: (-names[name], len(name), name))
            said = tuple((each.paper, each.sentence) for each in stated)
            found.append(Common(_as_written(about, said), direction, said))
    found.sort(key=lambda each: (-len(each.said), each.about, each.direction))
    once = {frozenset((paper.paper_id, sentence.number) for paper, sentence in each.said): each for each in found[::-1]}
    return [each for each in found if each in once.values()][:MOST]  # errors fall by two measures in one sentence


def _as_written(about: str, said: Sequence[Said]) -> str:
    """A thing with the capitals of acronyms, as the first sentence that has it writes it: FLOPs, MAE."""
    for _, sentence in said:
        if found := re.search(rf"\b{re.escape(about)}\b", sentence.text, re.IGNORECASE):
            return " ".join(word if word[1:] != word[1:].lower() else word.lower() for word in found.group().split())
    return about


def _shared(effect: Effect, key: tuple[str, ...]) -> str:
    """The words of a thing that all papers of an agreement share: “attack success rates” of “privacy attack …”."""
    parts = effect.thing.split()
    stemmed = [stems(part.split("-")) for part in parts]
    for at in range(len(parts) - 1, 0, -1):
        if [stem for part in stemmed[at:] for stem in part][: len(key)] == list(key):
            return " ".join(parts[at:])
    return effect.thing


def differences(papers: Sequence[Paper], subjects: Sequence[str]) -> list[Opposed]:
    """
    What papers say the opposite of: a subject raises a thing in one and lowers it in another.

    Args:
        papers: Those of the review.
        subjects: Names of what the topic is about; one of them must stand before both verbs.
    """
    names = [tuple(stems(name.lower().replace("-", " ").split())) for name in subjects]
    by_thing: dict[tuple[str, tuple[str, ...]], dict[Direction, dict[str, _Stated]]] = {}
    for each in _stated(papers):
        subject = _subject(each.effect, names, subjects)
        if subject and not sentences.is_hollow(each.sentence.text):
            sides = by_thing.setdefault((subject, each.effect.key), {"up": {}, "down": {}})
            sides[each.effect.direction].setdefault(each.paper.paper_id, each)
    found = []
    for (subject, _), sides in sorted(by_thing.items()):
        up, down = sides["up"], sides["down"]
        if up and down and up.keys().isdisjoint(down):
            thing = next(iter(up.values())).effect.thing
            rows = [tuple((each.paper, each.sentence) for each in side.values()) for side in (up, down)]
            found.append(Opposed(f"{subject} and {thing}", rows[0], rows[1]))
    return found


def _stated(papers: Sequence[Paper]) -> Iterator[_Stated]:
    """The effects that results of the papers state, where their sentences can be read alone."""
    for paper in papers:
        for sentence, role in zip(paper.sentences, paper.roles, strict=True):
            if role.name not in _TELLING:
                continue
            evidence = Evidence(paper=paper, sentence=sentence, score=0.0)
            if sentences.supports_nothing(evidence) or sentences.needs_the_sentence_before(sentence.text):
                continue
            has_number = figure(sentence.text) is not None
            for effect in effects(sentence.text):
                yield _Stated(paper, sentence, effect, has_number)


def _subject(effect: Effect, names: Sequence[tuple[str, ...]], subjects: Sequence[str]) -> str:
    """The subject that stands right before the verb; empty if none does."""
    words = [word for part in effect.before for word in part.split("-")]
    while words and (words[-1].endswith("ly") or words[-1] in FUNCTION_WORDS):
        words.pop()
    held = tuple(stems(words))
    return next((subject for name, subject in zip(names, subjects, strict=True) if held[-len(name) :] == name), "")
