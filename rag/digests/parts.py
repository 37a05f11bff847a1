"""
The parts of an issue: one sentence of each paper, the three papers to read first, and what a model may write.

The papers and themes of an issue are given; `rag.digests.compose` puts the parts together. Without a model, themes have
no sentences of their own, for their papers' cards have them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from rag.digests import compose
from rag.digests.compose import HEADLINE, HEADLINE_SENTENCES, Part
from rag.digests.selection import Decision
from rag.digests.telling import told
from rag.types import Claim, Evidence, Paper, Sentence, Theme

THREE, FEWEST = 3, 6
"""How many papers are to be read first; and of how many at least, for of fewer all are."""
FEWEST_CITED = 4
"""Papers that the claims of themes must cite for a headline to be made of them."""
WRITTEN = 8
"""Themes that a model writes, at most: those of the issue's papers, or else the largest."""
TYPICAL = 20
"""The most typical papers of a theme whose sentences a model is shown, two of each."""

ASK_HEADLINE = "What are the main findings of these papers? Name the most important ones, each in one plain sentence."
ASK_THEMES = (
    "What do several of these papers find together? Name the main developments, each in one plain sentence that rests "
    "on two papers or more."
)
ASK_THEME = (
    "What do several of these papers on “{}” have in common or disagree on? Say it in plain sentences, each of which "
    "rests on two papers or more."
)
ASK_PAPER = "What does this paper find or contribute? Say it in one plain sentence."


def first_three(shown: Sequence[Decision], themes: Sequence[Theme]) -> tuple[str, ...]:
    """
    The ids of the three papers to read first, by rank: each tells a specific result, and they are of different themes
    where there are such; none if the issue is short, or if fewer than three tell one.

    Args:
        shown: The decisions on the papers of the issue, by rank.
        themes: All themes of the period.
    """
    theme_of = theme_by_paper(themes)
    new = [each.candidate for each in shown if each.candidate.status == "new" and each.candidate.paper.spans]
    papers = [each.paper for each in new if told(each.paper).specific and not each.paper.flags]
    if len(shown) < FEWEST or len(papers) < THREE:
        return ()
    taken: list[str] = []
    for paper in papers:
        if len(taken) < THREE and not any(_same(theme_of, paper.paper_id, other) for other in taken):
            taken.append(paper.paper_id)
    taken += [paper.paper_id for paper in papers if paper.paper_id not in taken][: THREE - len(taken)]
    return tuple(paper.paper_id for paper in papers if paper.paper_id in taken)


def theme_by_paper(themes: Sequence[Theme]) -> dict[str, str]:
    """The id of each paper's theme, by the paper's id."""
    return {paper_id: theme.id for theme in themes for paper_id in theme.paper_ids}


def _same(theme_of: Mapping[str, str], one: str, other: str) -> bool:
    return theme_of.get(one) is not None and theme_of.get(one) == theme_of.get(other)


def choose_sentences(
    shown: Sequence[Decision], three: Sequence[str], themes: Sequence[Theme], papers: Mapping[str, Paper]
) -> list[Part]:
    """
    The parts in their order: headline, themes, papers.

    Args:
        shown: The decisions on the papers of the issue, by rank.
        three: The ids of those to read first.
        themes: The themes that a model may write.
        papers: The papers of the themes by id.
    """
    of_issue = [decision.candidate.paper for decision in shown]
    first = [paper for paper in of_issue if paper.paper_id in three] or of_issue[:THREE]
    chosen = [(paper, told(paper).serves) for paper in first]
    parts = []
    if of_issue:
        evidence = [each for paper in of_issue for each in _told(paper)]
        parts.append(compose.part(HEADLINE, ASK_HEADLINE, evidence, chosen, HEADLINE_SENTENCES))
    for theme in themes:
        typical = [papers[paper_id] for paper_id in theme.paper_ids if paper_id in papers][:TYPICAL]
        evidence = [each for paper in typical for each in _told(paper)]
        parts.append(compose.part(theme.id, ASK_THEME.format(theme.name), evidence, (), 2))
    for paper in of_issue:
        serves = told(paper).serves
        parts.append(compose.part(paper.paper_id, ASK_PAPER, _evidence(paper, paper.sentences), [(paper, serves)], 1))
    return parts


def headline_of_themes(
    headline: Part, themes: Sequence[Theme], claims: Mapping[str, Sequence[Claim]], papers: Mapping[str, Paper]
) -> Part:
    """The headline, to be written over the sentences that claims of themes cite; as it is if few papers have them."""
    of_themes = [claim for theme in themes for claim in claims.get(theme.id, ())]
    cited = {(each.paper_id, each.sentence): None for claim in of_themes for each in claim.citations}
    if len({paper_id for paper_id, _ in cited}) < FEWEST_CITED:
        return headline
    evidence = [
        each for paper_id, number in cited for each in _evidence(papers[paper_id], [papers[paper_id].sentence(number)])
    ]
    return replace(headline, question=ASK_THEMES, evidence=tuple(evidence))


def of_several(claims: Sequence[Claim]) -> tuple[Claim, ...]:
    """The claims that rest on two papers or more."""
    return tuple(claim for claim in claims if len({each.paper_id for each in claim.citations}) > 1)


def written_themes(themes: Sequence[Theme], shown: Sequence[Decision], *, interested: bool) -> list[Theme]:
    """The themes that a model writes: with interests those of the papers that are shown."""
    among = {decision.candidate.paper.paper_id for decision in shown}
    return [theme for theme in themes if not interested or among.intersection(theme.paper_ids)][:WRITTEN]


def _told(paper: Paper) -> list[Evidence]:
    """The two sentences of a paper that tell most of it."""
    said = told(paper)
    sentences = dict.fromkeys(filter(None, (said.finding, said.contribution, said.serves)))
    return _evidence(paper, list(sentences)[:2])


def _evidence(paper: Paper, sentences: Iterable[Sentence]) -> list[Evidence]:
    return [Evidence(paper=paper, sentence=sentence, score=1.0) for sentence in sentences]
