"""
The parts of an issue and their extractive text: sentences that cover the papers of the headline and of each theme
(facility location), and one salient sentence of each paper.

The papers and themes of an issue are given; `rag.digests.compose` puts the parts together.
"""

from __future__ import annotations

from collections.abc import Sequence

from rag.digests import compose, salience
from rag.digests.compose import HEADLINE, HEADLINE_SENTENCES, Part
from rag.digests.inputs import Embedded
from rag.digests.selection import Decision
from rag.types import Paper, Theme

TYPICAL = 60
"""The most typical papers of a theme; its sentences are chosen among theirs."""
MAIN_THEMES = 6
"""The largest themes, which have two sentences; the others have one. A page of forty papers stays below 100 KB."""

ASK_HEADLINE = "What are the main findings of these papers? Name the most important ones, each in one plain sentence."
ASK_THEME = "What do these papers on “{}” find? Name their main findings, each in one plain sentence."
ASK_PAPER = "What does this paper find or contribute? Say it in one plain sentence."


def choose_sentences(
    shown: Sequence[Decision], eligible: Embedded, found: Sequence[Theme], among: set[str]
) -> list[Part]:
    """
    The parts in their order: headline, themes, papers.

    Args:
        shown: The decisions on the papers of the issue, by rank.
        eligible: All eligible papers.
        found: The themes of the issue.
        among: The ids of the papers that a theme's sentences may come from.
    """
    papers = [decision.candidate.paper for decision in shown]
    salient = list(zip(papers, salience.salient_sentences(papers), strict=True))
    row = {paper.paper_id: number for number, paper in enumerate(eligible.papers)}
    groups: list[tuple[str, str, Sequence[Paper], Sequence[float], int]] = []
    if papers:
        groups.append((HEADLINE, ASK_HEADLINE, papers, [decision.score for decision in shown], HEADLINE_SENTENCES))
    for number, theme in enumerate(found):
        typical = [paper_id for paper_id in theme.paper_ids if paper_id in among][:TYPICAL]
        members = [eligible.papers[row[paper_id]] for paper_id in typical]
        typicality = [1 - at / (len(members) + 1) for at in range(len(members))]
        limit = 2 if number < MAIN_THEMES else 1
        groups.append((theme.id, ASK_THEME.format(theme.name), members, typicality, limit))
    covering = [
        salience.cover(group, eligible.vectors[[row[paper.paper_id] for paper in group]], weights, limit=limit)
        for _, _, group, weights, limit in groups
    ]
    parts = [
        compose.part(name, question, group, chosen, limit)
        for (name, question, group, _, limit), chosen in zip(groups, covering, strict=True)
    ]
    parts += [compose.part(paper.paper_id, ASK_PAPER, [paper], [(paper, sentence)], 1) for paper, sentence in salient]
    return parts
