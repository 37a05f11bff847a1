"""Pronouns of a follow-up: “it” and “they” stand for the one thing of the last question, if there is one. Pure."""

from __future__ import annotations

import re

from rag.question.places import noun_phrases, stem, things
from rag.question.understand import Understood
from rag.question.words import SCAFFOLD_NOUNS

_PRONOUN = re.compile(
    r"\b(?P<person>it|its|they|them|their|he|him|his|she|her)\b(?![-'])|"
    r"(?:(?<=^is )|(?<=^does )|(?<=^did )|(?<=^was )|(?<=^can )|(?<=^will )|(?<=^would ))(?P<that>that)\b|"
    r"(?P<last>\b(?:this|that|these|those))(?=\s*[?.!]*$)|"
    r"\b(?P<this>this|these|those)(?: (?P<noun>[^\W\d_][\w-]*))?",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(
    r"\b(?:is|was|does|would|can|could|will|makes?) it (?:be )?(?:help|matter|make sense|pay|take|true|possible|"
    r"necessary|better|best|worth|hard|easy|safe|enough|that)\b|\bit is (?:true|possible|known|the case)\b",
    re.IGNORECASE,
)
_JOINS = frozenset(
    "when if that because as while whether what how why where after before since than and but or although though until "
    "which".split()
)
_POSSESSIVE = ("its", "their", "his", "her")
_SINGLE_PERSON = ("he", "him", "his", "she", "her")
_PLURAL = ("they", "them", "their", "these", "those")
_TIMES = frozenset("month week year day morning time decade quarter library way case".split())
_TOPICS = frozenset("topic subject field area phenomenon idea concept".split())
_OWNED = re.compile(r"\s+((?:[^\W\d_][\w-]*\s+)?[^\W\d_][\w-]*)(?=\s*[?.,!]|\s*$|\s+(?:in|on|for|of|with|to|and)\b)")


def replaced_pronouns(line: str, last: Understood) -> tuple[str, str]:
    """
    A line with its pronouns replaced by the one thing of the last question that fits.

    Returns:
        The line, and the pronoun that could not be replaced, empty if there is none. A pronoun that stands for a word
        of the line itself stays.
    """
    if _EXPLETIVE.search(line):
        return line, ""
    question = line
    for match in reversed([match for match in _PRONOUN.finditer(line) if _refers_back(match, line)]):
        thing = _meant(match, last)
        if not thing:
            return line, _word(match, last)
        question = _with(question, match, thing)
    return question, ""


def _refers_back(match: re.Match[str], line: str) -> bool:
    """True if nothing before a pronoun in its own line may be what it stands for."""
    if match["noun"] and match["noun"].lower() in _TIMES:
        return False
    before = line[: match.start()].lower()
    joined = before.split()[-1:] and before.split()[-1].strip(",") in _JOINS
    return not ((joined or match.group().lower() in _POSSESSIVE) and noun_phrases(before))


def _is_with_noun(match: re.Match[str], last: Understood) -> bool:
    """True for “these papers”, but not for “does this hold”."""
    noun = stem(match["noun"] or "")
    heads = {stem(thing.split()[-1]) for thing in things(last)}
    return bool(noun) and (noun in heads | _TOPICS or noun in {stem(word) for word in SCAFFOLD_NOUNS})


def _word(match: re.Match[str], last: Understood) -> str:
    whole = match.group().lower()
    return whole if _is_with_noun(match, last) else whole.split()[0]


def _meant(match: re.Match[str], last: Understood) -> str | None:
    """The one thing that a pronoun stands for; None if there are several, or none that it fits."""
    word = match.group().lower().split()[0]
    if word in _SINGLE_PERSON:
        return last.authors[0] if len(last.authors) == 1 else None
    if last.authors and word in ("they", "them", "their"):
        return " and ".join(last.authors)
    fitting = things(last)
    if _is_with_noun(match, last):
        noun = stem(match["noun"])
        fitting = [thing for thing in fitting if noun in _TOPICS or stem(thing.split()[-1]) == noun]
    elif word in _PLURAL:
        fitting = [thing for thing in fitting if stem(thing) != thing.lower()]
    elif word in ("this", "that") and last.kind not in ("definition", "overview", "list"):
        return None  # it may be the whole statement
    return fitting[0] if len(fitting) == 1 else None


def _with(question: str, match: re.Match[str], thing: str) -> str:
    start, end = match.span()
    if match["noun"] and stem(match["noun"]) not in {stem(thing.split()[-1]), *_TOPICS}:
        end = start + len(match["this"])
    if match.group().lower() in _POSSESSIVE:
        if owned := _OWNED.match(question, end):
            return f"{question[:start]}the {owned[1]} of {thing}{question[owned.end() :]}"
        thing = f"{thing}'s"
    return f"{question[:start]}{thing}{question[end:]}"
