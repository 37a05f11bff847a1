"""
What the evidence does not say, in a model's words: which claims are about the evidence itself, and what may be shown.

It is the one text of a model that no sentence bears out. So it is short, has no links, numbers or names of its own, and
is shown as unchecked.
"""

from __future__ import annotations

import re

from rag import text as prose
from rag.answers.context import Context
from rag.checking import links
from rag.checking.features import read
from rag.checking.words import is_known

LONGEST = 300
"""The most characters that are shown."""
_OF_EVIDENCE = re.compile(
    r"^(?:however, |but |unfortunately, )?(?:(?:the|this|these|those|none of the|no) )?"
    r"(?:(?:given|provided|available|cited|shown|listed|retrieved|above|other|of the|of these) )*"
    r"(?:evidence|excerpts?|sentences?|sources?|abstracts?|passages?|context)\b[^.;:]{0,40}?"
    r"\b(?:says?|mentions?|mentioned|specif(?:y|ies)|describes?|discuss(?:es)?|addresse?s?|contains?|includes?|states?|"
    r"stated|reports?|provides?|gives?|quantif(?:y|ies)|compares?|answers?|covers?|(?:is|are) silent)\b"
    r"|^(?:there (?:is|are) )?(?:no|nothing) (?:[\w-]+ ){0,6}?"
    r"(?:(?:is|are) (?:given|provided|mentioned|reported|stated) )?in the "
    r"(?:(?:given|provided|available|cited) )?(?:evidence|excerpts?|sentences?|sources?|abstracts?|passages?)\b",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(?:not|no|none|nothing|neither|nor|only|silent|without|never|cannot|insufficient)\b|n't\b", re.I
)
_NOTHING = re.compile(r"\W*(?:nothing|none|n/?a|no|null|-|nothing is missing|nothing missing)?\W*", re.IGNORECASE)
_SAYING = frozenset(
    """
    evidence sentence source abstract passage excerpt context text say mention specify describe discuss address contain
    include state report provide give quantify compare comparison answer cover detail information explicit explicitly
    direct directly exact exactly specific value figure number quantitative result whether beyond available
    """.split()
)
_OPEN_QUESTION = re.compile(r"(?:whether|how|what|which|why|when|where|who)\b[^.?!;:]*\.?$", re.IGNORECASE)
LEAST_KNOWN = 0.6
"""The least share of its words that must stand in the question or the evidence."""


def is_about_evidence(claim: str) -> bool:
    """True if a claim tells what the evidence does not say, which no sentence of it can bear out."""
    return bool(_OF_EVIDENCE.search(claim) and _DENIED.search(claim))


def showable(missing: str, question: str, context: Context) -> str | None:
    """
    What a model says that the evidence leaves open, fit to be shown as unchecked; None if it is not.

    Args:
        missing: In the model's words.
        question: The question; it must share a content word with it.
        context: The sentences that the model saw.
    """
    try:
        cleaned = prose.clean(missing)
    except prose.UnprintableText:
        return None
    if _NOTHING.fullmatch(cleaned) or len(cleaned) > LONGEST or links(cleaned) or prose.flags("", cleaned):
        return None
    if not (is_about_evidence(cleaned) or _OPEN_QUESTION.match(cleaned)):
        return None  # it tells of the world
    told, asked = read(cleaned), read(question)
    shown = [read(cited.sentence.text) for cited in context.sentences.values()]
    known = {word.stem for features in (asked, *shown) for word in features.words}
    words = [word for word in told.content if word.text not in _SAYING and word.stem not in _SAYING]
    if not words or not {word.stem for word in words} & {word.stem for word in asked.content}:
        return None
    if sum(word.stem in known for word in words) < LEAST_KNOWN * len(words):
        return None
    texts = [asked, *shown]
    numbers = {quantity.value for features in texts for quantity in features.held}
    if any(quantity.value not in numbers for quantity in told.claimed):
        return None
    if any(not any(is_known(name, features.nameable) for features in texts) for name in told.names):
        return None
    return cleaned.rstrip(".")
