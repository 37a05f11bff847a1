"""
Themes of a review: phrases that several of its papers are about, and few other papers near the topic hold.

A theme is a phrase: each of its papers has it in the title, or says it more than once. A paper is in one theme at most,
that of the first phrase that is chosen. Papers that share no phrase are in none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from rag.checking.words import stems
from rag.digests.keyphrases import Phrase, Phrases
from rag.types import Paper, Theme

FEWEST = 12
"""A review of fewer papers has no themes."""
SMALLEST, WIDEST = 3, 0.4
"""The least papers of a theme, and the largest share of the papers that a phrase may have."""
MOST = 7
KEYWORDS, FEWEST_HOLDERS = 6, 2
"""Keywords of a theme at most, and the papers of it that must hold one."""
BACKGROUND = 300
"""Other papers near the topic, at most, that tell which phrases are common in the field."""
_EMPTY = frozenset(
    stems(
        """
        model task method dataset data network system image text language performance output input quality setting
        scenario sample training inference application object region
        """.split()
    )
)
"""Stems that say nothing beside a word of the topic: “segmentation tasks” of papers on segmentation."""
_VERB = re.compile(r"[a-z]+(?<![sui])s|generate|accelerate|improve|reduce", re.ASCII)
"""A first word that is likely a verb, as in “accelerates inference”."""
_WORD = re.compile(r"[^\W_]+")


def themes(papers: Sequence[Paper], background: Sequence[Paper], topic: str) -> tuple[Theme, ...]:
    """
    The themes among papers, the largest first.

    Args:
        papers: Those of the review, the nearest to the topic first.
        background: Papers near the topic that do not treat it, the nearest first.
        topic: The words of the topic, which name no theme.
    """
    if len(papers) < FEWEST:
        return ()
    rows = range(len(papers))
    corpus = Phrases([*papers, *background[:BACKGROUND]])
    texts = [_Text(paper) for paper in papers]
    of_topic = frozenset(_stems(topic))
    candidates = [
        (phrase, {row for row in phrase.holders.intersection(rows) if texts[row].is_about(phrase.text)})
        for phrase in corpus.salience(rows, least=SMALLEST)
        if _is_name(phrase, of_topic)
    ]
    chosen: list[tuple[Phrase, list[int]]] = []
    free = set(rows)
    while len(chosen) < MOST:
        left = [(phrase, about & free) for phrase, about in candidates if len(about) <= WIDEST * len(papers)]
        left = [(phrase, about) for phrase, about in left if len(about) >= SMALLEST]
        if not left:
            break
        phrase, about = max(left, key=lambda each: (_worth(each[0], len(each[1])), each[0].text))
        chosen.append((phrase, sorted(about)))
        free -= about
    chosen.sort(key=lambda each: (-len(each[1]), each[1]))
    return tuple(_theme(number, phrase, held, papers, corpus) for number, (phrase, held) in enumerate(chosen, start=1))


def _is_name(phrase: Phrase, of_topic: frozenset[str]) -> bool:
    """True if a phrase of two words or more says more than the topic does."""
    first, *others = re.split(r"[\s-]", phrase.text)
    if not others or _VERB.fullmatch(first):
        return False
    words = set(_stems(phrase.text))
    return len(words - of_topic) * 2 >= len(words) and not words - of_topic <= _EMPTY


def _worth(phrase: Phrase, free: int) -> float:
    return round(float(free * max(phrase.score, 0.0) ** 0.5), 9)


class _Text:
    """The stems of a paper's title, and of each of its sentences."""

    def __init__(self, paper: Paper) -> None:
        self._title = _stems(paper.title)
        self._sentences = [_stems(sentence.text) for sentence in paper.sentences]

    def is_about(self, phrase: str) -> bool:
        """True if the title has all words of a phrase, or two sentences have the phrase."""
        wanted = _stems(phrase)
        if set(wanted) <= set(self._title):
            return True
        width = len(wanted)
        return (
            sum(
                any(words[at : at + width] == wanted for at in range(len(words) - width + 1))
                for words in self._sentences
            )
            > 1
        )


def _theme(number: int, phrase: Phrase, held: Sequence[int], papers: Sequence[Paper], corpus: Phrases) -> Theme:
    name = phrase.text[0].upper() + phrase.text[1:] if phrase.text.split()[0].islower() else phrase.text
    keywords = [
        phrase.text,
        *(each.text for each in corpus.salience(held, least=FEWEST_HOLDERS) if each.text != phrase.text),
    ]
    return Theme(
        id=f"t{number}",
        name=name,
        keywords=tuple(keywords[:KEYWORDS]),
        size=len(held),
        previous_size=None,
        status="new",
        paper_ids=tuple(papers[row].paper_id for row in held),
        share=len(held) / len(papers),
    )


def _stems(text: str) -> list[str]:
    return list(stems(_WORD.findall(text.lower())))
