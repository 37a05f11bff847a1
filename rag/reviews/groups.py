"""
Grouping by keyphrases, greedily: the themes of a review are phrases that several of its papers are about.

A theme is a phrase: each of its papers has it in the title, or says it more than once. A paper is in one theme at most,
that of the first phrase that is chosen, the one that most papers are about. Papers that share no phrase are in none.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from rag.checking.words import stems
from rag.digests.keyphrases import OFTEN, Phrase, Phrases, tokens_of
from rag.digests.themes import capitalized
from rag.types import Paper, Theme

FEWEST = 12
"""A review of fewer papers has no themes."""
SMALLEST, WIDEST = 3, 0.4
"""The least papers of a theme, and the largest share of the papers that a phrase may have."""
MOST = 7
KEYWORDS, FEWEST_HOLDERS = 6, 2
"""Keywords of a theme at most, and the papers of it that must hold one."""
_EMPTY = frozenset(
    stems(
        """
        model task method dataset data network system image text language performance output input quality setting
        scenario sample training inference application object region large automated llm vision visual multimodal multi
        modal deep neural novel framework approach benchmark study problem technique real world attack
        """.split()
    )
)
"""Stems that say nothing beside the words of the topic: “segmentation tasks” of papers on segmentation."""
_WORD = re.compile(r"[^\W_]+")


def themes(papers: Sequence[Paper], topic: str) -> tuple[Theme, ...]:
    """
    The themes among papers, the largest first.

    Args:
        papers: Those of the review, the nearest to the topic first.
        topic: The words of the topic, which name no theme.
    """
    if len(papers) < FEWEST:
        return ()
    corpus = Phrases(tokens_of(papers))
    of_topic = frozenset(_stems(topic))
    candidates = [
        phrase
        for phrase in corpus.candidates(least=SMALLEST, most=len(papers))
        if _says_more(frozenset(_stems(phrase.text)), of_topic)
    ]
    about = corpus.mentions([phrase.key for phrase in candidates]) >= OFTEN
    about[:, about.sum(axis=0) > WIDEST * len(papers)] = False
    chosen: list[tuple[Phrase, list[int]]] = []
    free = np.ones(len(papers), dtype=bool)
    while candidates and len(chosen) < MOST:
        sizes = (about & free[:, None]).sum(axis=0)
        column = min(range(len(candidates)), key=lambda at: (-int(sizes[at]), candidates[at].key))
        if sizes[column] < SMALLEST:
            break
        rows = np.flatnonzero(about[:, column] & free)
        chosen.append((candidates[column], rows.tolist()))
        free[rows] = False
    return tuple(_theme(number, phrase, rows, papers, corpus) for number, (phrase, rows) in enumerate(chosen, start=1))


def _says_more(words: frozenset[str], of_topic: frozenset[str]) -> bool:
    """True if a phrase is not the topic itself with an empty word."""
    return words.isdisjoint(of_topic) or not words - of_topic <= _EMPTY


def _theme(number: int, phrase: Phrase, held: Sequence[int], papers: Sequence[Paper], corpus: Phrases) -> Theme:
    others = (each.text for each in corpus.salience(held, least=FEWEST_HOLDERS) if each.key != phrase.key)
    return Theme(
        id=f"t{number}",
        name=capitalized(phrase.text),
        keywords=(phrase.text, *others)[:KEYWORDS],
        size=len(held),
        previous_size=None,
        status="new",
        paper_ids=tuple(papers[row].paper_id for row in held),
        share=len(held) / len(papers),
    )


def _stems(text: str) -> list[str]:
    return list(stems(_WORD.findall(text.lower())))
