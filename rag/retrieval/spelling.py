"""
Spelling correction of a question's words from the library's own vocabulary.

A word that no paper holds, or next to none, is read as the nearest word that papers do hold: one edit away, or two in
a long word, where an exchange of neighbouring letters is one edit (optimal string alignment). Names, numbers and
short words stay as they are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from rag.ports import Catalog, Lexical

SHORTEST, TWO_EDITS_FROM = 5, 11
RARE, COMMONER = 2, 50
"""A word of at most so many papers may be misspelt, where another is so many times as common."""
_PAPERS = 8
"""Papers in which the spelling of a term is looked up."""
_MOST_CANDIDATES = 6
_SUFFIX = 4
_WORD = re.compile(r"[^\W\d_]+")


def corrections(text: str, lexical: Lexical, catalog: Catalog) -> dict[str, str]:
    """
    Words of a text that are misspelt, lower case, and what they are read as.

    Args:
        text: The topic of a question.
        lexical: The word index.
        catalog: The papers, for how a term is spelt in them.
    """
    found: dict[str, str] = {}
    for word in dict.fromkeys(_WORD.findall(text)):
        if len(word) < SHORTEST or not (word.islower() or word.istitle()):
            continue
        lowered = word.lower()
        stem = next(iter(lexical.terms(lowered)), lowered)
        held = lexical.frequency(stem)
        if held <= RARE and (corrected := _nearest(lowered, held, lexical, catalog)):
            found[lowered] = corrected
    return found


def corrected(text: str, found: Mapping[str, str]) -> str:
    """
    The text with its misspelt words replaced.

    >>> corrected("Retreival of papers", {"retreival": "retrieval"})
    'retrieval of papers'
    """
    return _WORD.sub(lambda match: found.get(match.group().lower(), match.group()), text) if found else text


def _nearest(word: str, held: int, lexical: Lexical, catalog: Catalog) -> str | None:
    vocabulary = lexical.vocabulary()
    alike = [
        (term, count)
        for term, count in vocabulary.items()
        if term[:1] == word[:1] and count > max(RARE, held * COMMONER) and -_SUFFIX <= len(term) - len(word) + 1 <= 2
    ]
    terms = [term for term, _ in alike]
    edits = 2 if len(word) >= TWO_EDITS_FROM else 1
    near: dict[str, float] = {}
    for end in range(max(SHORTEST - 1, len(word) - _SUFFIX), len(word) + 1):  # a term is a word without its suffix
        for term, distance, _ in process.extract(
            word[:end], terms, scorer=OSA.distance, score_cutoff=edits + 1, limit=_MOST_CANDIDATES
        ):
            near[term] = min(distance, near.get(term, distance))
    counts = dict(alike)
    likely = sorted(near, key=lambda term: (near[term], -counts[term], term))[: 2 * _MOST_CANDIDATES]
    spelt = {
        spelling: (OSA.distance(word, spelling), -counts[term], spelling)
        for term in likely
        for spelling in _spellings(term, lexical, catalog)
    }
    best = min(spelt, key=lambda spelling: spelt[spelling], default=None)
    if not best or best == word or spelt[best][0] > edits:
        return None
    # a word that a paper has is right as often as not: “bread”, where others write “broad”
    return best if not held or sorted(best) == sorted(word) else None


def _spellings(term: str, lexical: Lexical, catalog: Catalog) -> Sequence[str]:
    """The words of a few papers that have a term as their stem."""
    papers = catalog.papers([paper_id for paper_id, _ in lexical.search([term], limit=_PAPERS)])
    words = {word.lower() for paper in papers.values() for word in _WORD.findall(f"{paper.title} {paper.abstract}")}
    begin = term[: max(3, len(term) - 3)]
    return sorted(word for word in words if word.startswith(begin) and lexical.terms(word) == [term])
