"""
Headings of an issue, made from its own papers: phrases that at least two of them are about.

A heading that would name one paper is no heading. Papers that share no phrase with another one have none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.words import stems
from rag.digests.keyphrases import Phrase, Phrases, tokens_of
from rag.types import Paper

SAMPLE = 300
"""Other papers of the period that tell which phrases are an issue's own."""
FEWEST = 2
"""Papers that a heading names at least."""
WIDEST = 0.6
"""A phrase that a larger share of the papers are about divides nothing."""
_WORD = re.compile(r"[^\W_]+(?:[-'’][^\W_]+)*")


def headings(papers: Sequence[Paper], others: Sequence[Paper], *, subject: str = "") -> dict[str, str]:
    """
    The heading of each paper that has one, by id.

    The phrase that most papers are about comes first, then the one that most of the rest are about; ties by salience.

    Args:
        papers: Those that are told one after another, by rank.
        others: All papers of the period, in any order.
        subject: The only topic of the reader, which is no heading.
    """
    if len(papers) <= FEWEST:
        return {}
    ids = {paper.paper_id for paper in papers}
    rest = sorted((paper for paper in others if paper.paper_id not in ids), key=lambda paper: paper.paper_id)
    sample = rest[:: max(1, len(rest) // SAMPLE)][:SAMPLE]
    texts = [_Text(paper) for paper in papers]
    groups = [
        (phrase, {at for at, text in enumerate(texts) if at in phrase.holders and text.is_about(phrase.text)})
        for phrase in Phrases(tokens_of([*papers, *sample])).salience(range(len(papers)), least=FEWEST)
    ]
    widest = max(FEWEST, WIDEST * len(papers))
    found: dict[str, str] = {}
    said = [set(_stems(subject))] if subject else []
    free = set(range(len(papers)))
    while groups:
        groups = [(phrase, about & free) for phrase, about in groups]
        groups = [group for group in groups if FEWEST <= len(group[1]) <= widest and _is_new(group[0].text, said)]
        if groups:
            phrase, about = max(groups, key=_worth)
            found |= {papers[at].paper_id: phrase.text[0].upper() + phrase.text[1:] for at in sorted(about)}
            free -= about
            said.append(set(_stems(phrase.text)))
    return found


def _is_new(phrase: str, said: Sequence[set[str]]) -> bool:
    """True if a phrase is no part of one that was said, nor one with words added."""
    words = set(_stems(phrase))
    return not any(words <= other or other <= words for other in said)


def _worth(group: tuple[Phrase, set[int]]) -> tuple[int, float, str]:
    phrase, about = group
    return min(len(about), 4), phrase.score, phrase.text


class _Text:
    """The stems of a paper's title and of its abstract."""

    def __init__(self, paper: Paper) -> None:
        self._title, self._abstract = _stems(paper.title), _stems(paper.abstract)

    def is_about(self, phrase: str) -> bool:
        """True if the title has all words of a phrase, or the abstract has the phrase twice."""
        wanted = _stems(phrase)
        if set(wanted) <= set(self._title):
            return True
        width = len(wanted)
        return sum(self._abstract[at : at + width] == wanted for at in range(len(self._abstract))) >= FEWEST


def _stems(text: str) -> list[str]:
    return list(stems(_WORD.findall(text.lower())))
