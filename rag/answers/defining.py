"""Defining sentences: those that say what a thing is, and those of which it is at least the subject."""

from __future__ import annotations

import re
from functools import lru_cache

from rag.answers.telling import announces

_BEFORE = re.compile(
    r"(?:^|[,;:(“\"'`]\s*|\b(?:an?|the|as|of|by|that|with|and|or|via|using|employ|use|utilize|leverage|adopt|study|"
    r"while|"
    r"although|introduces?|presents?|proposes?|called|termed|named|defines?|explores?|investigates?|recently|on|in|"
    r"for|when|"
    r"where|however|such as)\s+)(?:[^\W\d_]+ly\s+)?$",
    re.IGNORECASE,
)
"""What may stand before a topic that is not the end of a longer name, as “Fashion” before “Retrieval-Augmented …”."""
_OPENS = re.compile(
    r"^\W*(?:(?:recently|currently|today|while|although|however|specifically|in [^,]{2,40}|"
    r"as [^,]{2,60}),? )?(?:an? |the )?$",
    re.IGNORECASE,
)
_IS = re.compile(
    r"\W{0,3}(?:(?:is|are|was|were) (?:\w+ly )?(?:defined|an?\b|the (?:process|task|ability|phenomenon|practice|"
    r"problem|study|use|"
    r"act|idea|tendency|capacity|concept|principle|art)|one of|when\b|where\b)|(?:refers?|referred|denotes?|means|"
    r"describes|stands? for)\b|"
    r"(?:which|that) (?:(?:is|are) (?:an?|the|defined|designed|when)|refers?|denotes?|describes?|means)\b|(?:where|"
    r"in which|i\.e\.|that is,|namely) |"
    r"(?:-{2,3}|—|–|:) ?(?:an?|the|where|when|in which|that is|i\.e\.)\b)",
    re.IGNORECASE,
)
_APPOSITION = re.compile(
    r"\s*,\s*(?:an?|the) (?:[\w-]+ ){0,5}?(?:process|task|ability|phenomenon|practice|problem|paradigm|method|"
    r"technique|"
    r"approach|framework|family|class|type|form|kind|strategy|tendency|property|setting|procedure|mechanism|concept|"
    r"architecture|model|algorithm|disease|condition|measure|metric|scenario|area|field|variant|benchmark|data ?set|"
    r"corpus|tool|toolkit|library|system|suite|agent|language|module|platform)s?\b",
    re.IGNORECASE,
)
_CALLED = re.compile(
    r"(?:\b(?:known as|called|termed|dubbed|referred to as|term|coined as|named|i\.e\.,?|namely)\s+(?:the |"
    r"an? )?[\"“'`*_\\{}]*\s*|"
    r"\b(?:phenomenon|problem|process|practice|paradigm|setting|effect|task|behaviou?r) (?:of|as) )$",
    re.IGNORECASE,
)
"""“…, a phenomenon known as X”."""
_DOES = re.compile(
    r"\W{0,2}(?:has |have |can |may |could |typically |often |usually |generally |commonly |primarily )*"
    r"(?:aims?|seeks?|involves?|enables?|allows?|uses?|trains?|learns?|combines?|addresse?s?|provides?|offers?|"
    r"extends?|augments?|"
    r"improves?|reduces?|replaces?|integrates?|leverages?|generates?|predicts?|models?|represents?|evaluates?|"
    r"assigns?|guides?|measures?|"
    r"captures?|decomposes?|requires?|consists?|occurs?|arises?|happens?|emerges?|employs?|relies|rely|works?|maps?|"
    r"selects?|adapts?|"
    r"transfers?|compresses?|accelerates?|eliminates?|removes?|detects?|estimates?|supports?|makes?|updates?|"
    r"optimi[sz]es?|"
    r"distil[ls]*|encodes?|decodes?|drafts?|verif(?:y|ies)|retrieves?|teaches?|mitigates?|encourages?|searches|"
    r"explores)\b",
    re.IGNORECASE,
)
"""What a thing does, in the present tense: “X aims to …”."""
_BY = re.compile(r"\b(?:by|using|through|via) (?:\w+ ){0,3}?\w+", re.IGNORECASE)
"""“X accelerates inference by …” says what X is."""
_WHERE = re.compile(r", (?:where|wherein|in which|i\.e\.)\b", re.IGNORECASE)
"""“X is a threat, where models …” says when there is X."""
_BECAME = re.compile(
    r"\W{0,2}(?:has|have) (?:\w+ly )?(?:(?:emerged|arisen|been proposed) as|become) (?:an?|the)\b", re.IGNORECASE
)
_TELLS = re.compile(r"\W{0,2}(?!(?:and|or|with|for|in|of|on|to|by|from|at|as|via)\b)[^\W\d_]+", re.IGNORECASE)
DEFINES, DESCRIBES, NAMES = 3, 2, 1
"""A sentence that says what a topic is; one that says what it does; one of which it is the subject."""


def definition_level(text: str, topic: str) -> int:
    """
    How far a sentence says what a topic is.

    3 if it defines it, 2 if it says what it does, 1 if the topic is its subject, else 0.

    >>> definition_level("Grokking is a delayed generalization.", "grokking")
    3
    >>> definition_level("Grokking involves circuits.", "grokking"), definition_level("Grokking came late.", "grokking")
    (2, 1)
    >>> definition_level("We study grokking.", "grokking")
    0
    """
    named = _pattern(topic)
    if named is None:
        return 0
    return max((_level(text, *found.span()) for found in named.finditer(text)), default=0)


@lru_cache(maxsize=64)
def _pattern(topic: str) -> re.Pattern[str] | None:
    """A topic as a text may write it, in the singular or the plural, with its abbreviation behind it or in front."""
    words = re.findall(r"[^\W_]+", topic)
    if not words:
        return None
    named = r"[\W_]+".join(re.escape(re.sub(r"(?<=[^\W\d_]{3})s$", "", word)) + "(?:e?s)?" for word in words)
    short = ""
    if len(words) == 1 and (words[0].isupper() or not words[0].islower()) and 2 <= len(words[0]) <= 8:
        of_letters = r"[\s-]+(?:(?:of|and|the|for|with|to|a)[\s-]+)?".join(
            rf"{re.escape(letter)}[\w]*" for letter in words[0].rstrip("s")
        )
        short = rf"{of_letters} \({re.escape(words[0].rstrip('s'))}s?\)|"
    return re.compile(rf"\b(?:{short}{named}\b(?: ?\([^)]{{1,60}}\))?)", re.IGNORECASE)


def _level(text: str, start: int, end: int) -> int:
    """How far a sentence defines a topic that stands in it from `start` to `end`."""
    before, after = text[:start], text[end:].lstrip("”\"'`})*")
    if _CALLED.search(before) and len(before) > 40:
        return DEFINES if not announces(text) else NAMES
    if not _BEFORE.search(before):
        return 0
    if _IS.match(after) and (_OPENS.match(before) or not re.match(r"\W{0,3}(?:is|are|was|were)\b", after)):
        return DEFINES
    if _APPOSITION.match(after):
        return DEFINES
    if not _OPENS.match(before):
        return 0
    if does := _DOES.match(after):
        return DEFINES if _BY.search(after, does.end()) or _WHERE.search(after) else DESCRIBES
    if _TELLS.match(after) and _WHERE.search(after):
        return DEFINES
    if _BECAME.match(after):
        return DESCRIBES
    return NAMES if _TELLS.match(after) else 0
