"""
Links, markup and signs that hide or turn text in a claim, by pattern.

A name with a dot, as node.js or GPT-4.1, is no link.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rag.checking.features import TextFeatures
from rag.checking.normalize import normalize
from rag.checking.problems import problem_at
from rag.types import Problem

_TAGS = "a|b|i|p|img|svg|div|span|script|style|iframe|link|meta|form|input|object|embed|base|html|body|video|br"
_DOMAINS = (
    "com|org|net|io|ai|co|dev|xyz|ru|cn|info|biz|app|ly|me|zip|top|site|online|sh|pw|tk|cc|gg|vip|club|shop|store|tech|space|"
    "website|live|link|click|icu|edu|gov|de|uk|fr|jp|eu|mov|page|login"
)
_FILES = (
    "js|ts|jsx|tsx|mjs|py|rs|go|md|json|jsonl|yaml|yml|toml|csv|tsv|xml|txt|pdf|c|h|cc|cpp|hpp|java|rb|jl|ipynb|tex|bib|r|m|"
    "php"
)
_DOT = r"(?:[.。]|\[\.\]|\(\.\))"
_LINK = re.compile(
    r"\b(?:h(?:tt|xx)ps?|ftp|file|javascript|vbscript|mailto|data|tel):\S+|\b[a-z][a-z0-9+-]{1,15}(?:\[:\]|:)//\S+|\bwww[.。]\S+|"
    r"\]\(|\]\[(?!:\])|"
    rf"\b[\w-]+{_DOT}(?:{_DOMAINS})\b(?![-\w])(?:[/:?#]\S*)?|"
    rf"\b[\w-]{{2,}}(?:{_DOT}[\w-]+)*{_DOT}(?!(?:{_FILES})\b)[a-z]{{2,24}}(?::\d+)?[/?#][\w~%?#&=.@-]\S*|"
    r"\b\d{1,3}(?:\.\d{1,3}){3}\b(?:[:/]\S*)?|\bxn--\S+|"
    rf"<\s*/?\s*(?:{_TAGS})\s*/?>|<\s*(?:{_TAGS})[\s/][^<>]*=|\b[\w.+-]+@[\w-]+\.[\w.-]*\w",
    re.IGNORECASE,
)
_MAY_LINK = re.compile(r"[:<@\]]|[.。]\S|xn--", re.IGNORECASE)
"""What each alternative of `_LINK` has; to look for it takes a tenth of the time."""
_HIDING = re.compile(
    "[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]+"  # directions and tags
    "|.[\u0334-\u0338\u20d2\u20d3\u20d8-\u20da\u20e5\u20e6\u20ea\u20eb]+"  # a sign that is struck through
)


def links(claim: str) -> list[str]:
    """List what is a link or markup in a claim, or may become one."""
    text = normalize(claim).text
    return [found[0] for found in _LINK.finditer(text)] if _MAY_LINK.search(text) else []


def unlawful(claim: TextFeatures, sentences: Sequence[TextFeatures]) -> Iterable[Problem]:
    """Find links, and signs that hide or turn text, that no cited sentence has."""
    for found in _LINK.finditer(claim.normalized.text):
        if not any(found[0].rstrip(".,;)") in sentence.normalized.text for sentence in sentences):
            yield problem_at("source", claim, *found.span(), "no cited sentence has this link")
    for found in _HIDING.finditer(claim.original):
        if not any(found[0] in sentence.original for sentence in sentences):
            detail = "it holds a sign that hides or turns text"
            yield Problem(kind="source", found=found[0], at=found.span(), detail=detail)
