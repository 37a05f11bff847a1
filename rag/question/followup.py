"""
Follow-up resolution by rule (ellipsis and pronouns): “and X?” takes the frame of the last question, “it” its one thing.

Pure: it reads the words of two questions, and no library or answer. What it cannot resolve it says; it never guesses
which of two things “it” is.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Literal

from rag.question.forms import ASKS, AUXILIARIES
from rag.question.places import WORD, Place, bare, noun_phrases, occurrences, replaceable, stem, things
from rag.question.pronouns import replaced_pronouns
from rag.question.spans import span
from rag.question.understand import Understood, understand
from rag.question.words import VERBS

Reading = Literal["own", "resolved", "more", "unclear"]
LONGEST = 8
"""The most words that may take a place in the last question; more words are a question of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """
    How a line of a conversation is read.

    Args:
        question: What to ask; it stands for itself unless the reading is `unclear`.
        reading: `own` is a question of its own; `resolved` took words of the last question; `more` asks the last
            question again, for what was not shown yet; `unclear` needs a name.
        word: The word of an unclear line that could not be resolved.
        candidates: What this word may mean.
    """

    question: str
    reading: Reading = "own"
    word: str = ""
    candidates: tuple[str, ...] = ()


_START = r"^(?:(?:ok|okay|well|so|and|but|or|then|great|thanks|yes|no)\b[,.! ]*)*"
_MORE = re.compile(
    _START + r"(?:(?:tell|show|give) me )?(?:(?:some |any )?more(?: (?:on|about) (?:this|that|it|these|them))?|go on|"
    r"continue|(?:what|anything|anyone) else|(?:any |some )?(?:more|other|further) (?:papers?|results?|findings?|"
    r"studies|sentences?|sources?|work))(?: please)?\s*[?.!]*$",
    re.IGNORECASE,
)
_WHY = re.compile(
    _START + r"(?P<word>why|how|when|where)(?: (?:is|was|does) (?:that|this|it))?(?: so)?\s*\?*$", re.IGNORECASE
)
_MARKED = tuple(
    re.compile(_START + pattern, re.IGNORECASE)
    for pattern in (
        r"(?:(?:what|how) about|what of|(?:the )?same (?:question |thing )?(?:for|about|with)|likewise for)\s+"
        r"(?P<rest>.+)$",
        r"(?:also|plus|now|only|just)\b[,:]?\s+(?P<rest>.+)$",
    )
)
_ADDED = re.compile(r"^(?:(?:ok|okay|well|so)\b[, ]*)?(?:and|but|or)\b[,:]?\s+(?P<rest>.+)$", re.IGNORECASE)
_PREPOSITION = re.compile(
    r"^(?P<word>in|for|on|about|with|without|of|at|to|by|from|since|until|before|after|during|among|under|using|within|"
    r"between|over) (?!what\b|which\b|how\b)(?P<object>.+)$",
    re.IGNORECASE,
)
_PLURAL = re.compile(r"[^\W\d_][^aisu\W\d_]s(?<!ics)$")
_INSTEAD = re.compile(r"[\s,]*\b(?:instead|too|as well)\s*[?.!]*$", re.IGNORECASE)
_END = re.compile(r"[\s,]*(?:\b(?:instead|too|as well|then|though|please)\b)?\s*[?.!]*$", re.IGNORECASE)
_CLAUSE = re.compile(
    r"^(?:when|if|where|while|unless|once)\b (?!(?:" + "|".join(sorted(AUXILIARIES)) + r")\b)", re.IGNORECASE
)
_LATEST = re.compile(
    r"^(?:the )?(?:latest|newest|newer|most recent|recent)(?: (?:ones?|papers?|work|results?))?$", re.IGNORECASE
)
_ONLY_A_PRONOUN = re.compile(r"(?:\w+ )?(?P<word>it|this|that|these|those|them|they)\s*[?.!]*", re.IGNORECASE)
_NAME = re.compile(r"(?:[A-Z][\w.’'-]*\s+)+(?:(?:van|von|de|der|den|la|le|al|bin)\s+)*[A-Z][\w’'-]+")
_ARTICLE = re.compile(r"^(?:the|an?)\s+", re.IGNORECASE)
_ASPECTS = frozenset(
    "limitations limits drawbacks disadvantages advantages benefits challenges problems causes effects findings "
    "results".split()
)
_SORTS = frozenset("datasets benchmarks methods approaches techniques tools models surveys".split())


def follow_up(line: str, last: Understood | None, *, today: date) -> FollowUp:
    """
    Read a line of a conversation in the light of the question before it.

    Args:
        line: What was typed.
        last: The last question that stood for itself, understood; None if there was none.
        today: The day from which “this month” counts.

    >>> last = understand("Does RAG reduce hallucinations in medicine?", today=date(2026, 8, 25))
    >>> follow_up("and in law?", last, today=date(2026, 8, 25)).question
    'Does RAG reduce hallucinations in law?'
    """
    line = " ".join(line.replace("’", "'").split())
    if last is None or last.kind == "none" or last.language != "en" or understand(line, today=today).language != "en":
        return FollowUp(question=line)
    if _MORE.match(line):
        return FollowUp(question=last.question, reading="more")
    if why := _WHY.match(line):
        return _why(why["word"], last)
    rest = _ellipsis(line)
    if rest is None or _is_a_question(rest, today):
        return _with_pronouns(rest or line, last)
    if pronoun := _ONLY_A_PRONOUN.fullmatch(rest):
        return FollowUp(question=line, reading="unclear", word=pronoun["word"].lower(), candidates=tuple(things(last)))
    placed = _placed(_END.sub("", rest), last, today)
    if not placed:
        return FollowUp(question=rest)
    if not last.question.rstrip().endswith("?") and not ASKS.match(placed):
        placed = placed.rstrip("?")  # a bare topic stays one
    return FollowUp(question=_capital(placed), reading="resolved")


def _why(word: str, last: Understood) -> FollowUp:
    """“Why?” after a question for yes or no asks why it is so."""
    question = bare(last.question)
    if question.split()[0].lower() in AUXILIARIES:
        return FollowUp(question=f"{word.capitalize()} {question[:1].lower()}{question[1:]}?", reading="resolved")
    return FollowUp(question=f"{word.capitalize()}?", reading="unclear", word=word.lower())


def _with_pronouns(line: str, last: Understood) -> FollowUp:
    question, unresolved = replaced_pronouns(line, last)
    if unresolved:
        candidates = () if " " in unresolved else tuple(things(last))
        return FollowUp(question=line, reading="unclear", word=unresolved, candidates=candidates)
    return FollowUp(question=line) if question == line else FollowUp(question=_capital(question), reading="resolved")


def _ellipsis(line: str) -> str | None:
    """The words of a line that belong into the last question; None if the line is not marked as a follow-up."""
    for form in (*_MARKED, _ADDED):
        if match := form.match(line):
            return _ellipsis(match["rest"]) or str(match["rest"])
    words = [word.lower() for word in WORD.findall(line)]
    if (
        len(words) > LONGEST
        or any(word in VERBS or word in AUXILIARIES for word in words)
        or ASKS.match(line.rstrip("?"))
    ):
        return None
    return line if _PREPOSITION.match(line) or _INSTEAD.search(line) else None


def _is_a_question(rest: str, today: date) -> bool:
    """True for words that ask by themselves: “does it scale?”, “LoRA vs DoRA”."""
    if _CLAUSE.match(rest):
        return False
    asks = re.match(r"(?:who|whom|whose|what|which|where|why|how|when)\b", rest, re.IGNORECASE)
    first = rest.split()[0].lower().strip(",")
    if asks or first in AUXILIARIES - {"may"} or len(rest.split()) > LONGEST:
        return True
    return understand(rest, today=today).kind in ("comparison", "metadata")


# ---- words in their place


def _placed(rest: str, last: Understood, today: date) -> str | None:
    """The last question with these words in the place of those that they are like, or behind it."""
    if found := span(rest, today=today):
        start, end = found.at
        words, others = rest[start:end].strip(" .,"), f"{rest[:start].rstrip()} {rest[end:].lstrip()}".strip(" ,")
        frame = _placed(others, last, today) if noun_phrases(others) else last.question
        return _with_span(frame, last.span_words, f"in {words}" if words.isdigit() else words) if frame else None
    if last.topic and _LATEST.match(rest):
        return f"Latest papers on {last.topic}?"
    if authored := _by_author(rest, last):
        return authored
    if _CLAUSE.match(rest):
        return f"{bare(last.question)} {rest}?"
    if match := _PREPOSITION.match(rest):
        return _at_preposition(match["word"].lower(), match["object"], last)
    words = _ARTICLE.sub("", rest).strip('"“”„')
    return _replaced(words, last) if noun_phrases(words) else _aspect(words, last)


def _with_span(frame: str, old: str, new: str) -> str | None:
    """A question with another time, in the place of the old one or at the end."""
    question = bare(frame)
    return _put(question, (occurrences(question, old) if old else [])[:1] or [(len(question),) * 2], new)


def _by_author(rest: str, last: Understood) -> str | None:
    """A name in the place of the last question's author, or “by NAME” as its author."""
    by = re.match(r"(?:by|from) (?P<name>.+)$", rest)
    name = by["name"] if by else rest
    if not _NAME.fullmatch(name) and not (by and last.authors):
        return None
    question = bare(last.question)
    if last.authors:
        return _put(question, occurrences(question, last.authors[0])[:1], name)
    return f"Papers by {name} on {last.topic}?" if by and last.topic else None


def _at_preposition(word: str, noun: str, last: Understood) -> str | None:
    """“In law”: in the place of the last “in …” of the question, or behind it; “on X” in the place of the topic."""
    question = bare(last.question)
    for start, end in reversed(replaceable(last)):
        if question[:start].lower().removesuffix("the ").split()[-1:] == [word]:
            return _put(question, [(start, end)], _ARTICLE.sub("", noun))
    return _replaced(noun, last) if word in ("on", "about") else f"{question} {word} {noun}?"


def _aspect(words: str, last: Understood) -> str | None:
    """“And the limitations?”: of the one thing that the last question is about, or in the place of its aspect."""
    noun = words.lower().split()[-1] if words else ""
    question, about = bare(last.question), things(last)
    if noun in _ASPECTS:
        asked = [match.span() for match in WORD.finditer(question) if match.group().lower() in _ASPECTS]
        if asked:
            return _put(question, asked[:1], words)
        return f"What are the {words} of {about[0]}?" if len(about) == 1 else None
    return f"Which {words} are there for {about[0]}?" if noun in _SORTS and len(about) == 1 else None


def _replaced(words: str, last: Understood) -> str | None:
    """
    The last question with these words in the place of its title, side or noun phrase.

    Of several noun phrases the one with the same head is replaced, else a name by a name, else the first; where a
    number is asked for, the last.
    """
    question = bare(last.question)
    fixed = last.quoted[:1] or ((last.topic,) if last.kind == "metadata" and last.topic else ())
    if fixed:
        return _put(question, occurrences(question, fixed[0])[:1], words)
    if last.sides:
        side = next((side for side in last.sides if _same_head(side, words)), last.sides[1])
        return _put(question, occurrences(question, side)[-1:], words)
    places = replaceable(last)
    alike = [place for place in places if _same_head(question[slice(*place)], words)]
    named = [place for place in places if _is_a_name(question[slice(*place)])] if _is_a_name(words) else []
    return _put(question, (alike or named)[:1] or (places[-1:] if last.kind == "number" else places[:1]), words)


def _put(question: str, places: list[Place], words: str) -> str | None:
    """The question with words in a place; None without a place."""
    for start, end in places:
        gap = " " if start == end else ""
        if _PLURAL.search(words) and question[end:] == "" and question[:start].lower() in ("what is ", "what are "):
            return f"What are {words}?"
        return f"{question[:start]}{gap}{words}{question[end:]}?"
    return None


def _same_head(first: str, second: str) -> bool:
    """True if the last words of two noun phrases are the same, in the singular or the plural."""
    return [stem(word) for word in WORD.findall(first)][-1:] == [stem(word) for word in WORD.findall(second)][-1:]


def _is_a_name(text: str) -> bool:
    return any(re.search(r"[A-Z].*[A-Z]|[A-Z].*\d|^[A-Z]", word) for word in text.split())


def _capital(question: str) -> str:
    """The question with a capital, unless its first word is a name such as “mBERT”."""
    first = question.split()[0] if question.split() else ""
    return question[:1].upper() + question[1:] if first.islower() and "-" not in first else question
