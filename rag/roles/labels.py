"""
Section labels inside abstracts (`RESULTS:`, `Conclusions.`, `METHODS AND FINDINGS`), and the roles that they allow.

PubMed's structured abstracts come with them; other publishers print them in the text. A label counts only where a
sentence begins. What a word such as "results" says within a sentence is the model's to judge.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from rag.types import RoleName

ROLES: tuple[RoleName, ...] = ("background", "objective", "method", "result", "conclusion", "other")
"""The names of the roles, in the order of the model's columns."""

_STEMS: dict[RoleName, str] = {
    "background": "background introduction context rationale importance what_is_known",
    "objective": "objective objectives aim aims purpose purposes goal goals hypothesis hypotheses question questions",
    "method": (
        "method methods methodology methodologies design setting settings participants patients subjects patient "
        "intervention interventions measure measures measurements materials material procedure procedures analysis "
        "analyses data sample experimental population approach eligibility sources source selection extraction "
        "synthesis exposure exposures animals samples cohort search"
    ),
    "result": "result results finding findings outcome outcomes",
    "conclusion": (
        "conclusion conclusions interpretation interpretations discussion implication implications significance "
        "relevance summary limitations limitation"
    ),
    "other": "funding registration sponsorship disclosures keywords",
}
_ROLE_OF = {word: role for role, words in _STEMS.items() for word in words.split()}
_FILLERS = frozenset(
    """
    and or of the for in study main primary secondary clinical principal key major statistical research trial trials
    review new brief specific abstract theoretical practical level evidence our general number identifier
    clinicaltrials.gov author authors author's authors'
    """.split()
)
_WORD = r"[A-Za-z][A-Za-z']*(?:\.[a-z]+)*"
_LABEL = re.compile(
    rf"(?:Abstract:?\s+)?((?:{_WORD})(?:(?:\s*[/,&-]\s*|\s+)(?:{_WORD}|&)){{0,6}}?)\s*(?::|[.](?=\s|$)|\s[-–—]\s)"
)
_CAPITALS = re.compile(r"(?:Abstract:?\s+)?([A-Z]{3,}(?:(?:\s*[/,&-]\s*|\s+)(?:[A-Z]{2,}|&))*)(?=\s+[A-Z0-9\"“(])")
_INNER = re.compile(rf"[.!?)] ((?:{_WORD})(?: (?:and|&) {_WORD})?)(?::|[.]$)")
_BARE = re.compile(
    r"(?:Abstract:?\s+)?((?:Background|Introduction|Objectives?|Aims?|Purpose|Methods?|Results?|Findings|Conclusions?"
    r"|Discussion)(?:\s(?:and|&)\s(?:aims?|objectives?|methods?|results?|findings|conclusions?))?)(?=\s+(?:[A-Z]|\d))"
)


class Label(NamedTuple):
    """A section label at the beginning of a sentence: where it ends, and the roles that its section may have."""

    end: int
    roles: frozenset[RoleName]
    sure: bool


def label(sentence: str) -> Label | None:
    """
    The section label with which a sentence begins.

    It is sure if a colon follows, or if it is in capitals. `Results.` and `Methods We …` are sure only where the
    abstract has another label.

    >>> label("RESULTS: Of 40 patients, 12 relapsed.").roles
    frozenset({'result'})
    >>> sorted(label("Methods and Findings. We followed 300 children.").roles)
    ['method', 'result']
    >>> label("Results show that this helps.") is None
    True
    """
    if not sentence[:1].isupper():
        return None
    if match := _LABEL.match(sentence):
        if found := section_roles(match[1]):
            return Label(match.end(), found, sure=match[0].endswith(":") or match[1].isupper())
        if match[1].isupper() and match[0].endswith(":") and len(match[1]) > 6:
            return Label(match.end(), frozenset(ROLES), sure=False)
    if (match := _CAPITALS.match(sentence)) and (found := section_roles(match[1])):
        return Label(match.end(), found, sure=True)
    if (match := _BARE.match(sentence)) and (found := section_roles(match[1])):
        return Label(match.end(), found, sure=False)
    return None


def section_roles(name: str) -> frozenset[RoleName]:
    """The roles that a label names; none if it has a word that no label has."""
    words = re.split(r"[\s/,&.-]+", name.lower().strip("."))
    known = [word for word in words if word and word not in _FILLERS]
    if not known or any(word not in _ROLE_OF for word in known):
        return frozenset()
    found = dict.fromkeys(_ROLE_OF[word] for word in known)
    if len(found) > 1 and "outcome" in name.lower() and "method" in found:
        del found["result"]  # "main outcome measures"
    if len(found) > 1 and "data" in words and "conclusion" in found:
        del found["method"]
    return frozenset(found)


def allowed(sentences: Sequence[str]) -> list[frozenset[RoleName] | None]:
    """
    The roles that section labels leave to each sentence of one abstract; None where no label speaks.

    A label holds until the next one. One that is not sure needs another in the same abstract.
    """
    found = [label(sentence) for sentence in sentences]
    named = {role for one in found if one for role in one.roles}
    speaks = any(one and one.sure for one in found) or len({one.roles for one in found if one}) >= 2
    if not speaks or len(named) < 1:
        return [None] * len(sentences)
    section: frozenset[RoleName] | None = None
    result: list[frozenset[RoleName] | None] = []
    for sentence, one in zip(sentences, found, strict=True):
        if one is not None:
            section = one.roles if len(one.roles) < len(ROLES) else None
        result.append(section)
        if (inner := _INNER.search(sentence)) and (roles := section_roles(inner[1])):  # the splitter missed an end
            section = roles
    return result
