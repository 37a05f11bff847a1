"""
Composition of an issue from its parts: headline, themes and papers, each a few claims that cite.

A part has an extractive text, whole sentences of its papers, and the sentences that a model may write it over
(`rag.digests.generation`). Which sentences those are is chosen in `rag.digests.salience`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from rag import identity
from rag.digests.selection import Decision
from rag.digests.telling import told
from rag.types import (
    AlsoNear,
    Citation,
    Claim,
    Closeness,
    Coverage,
    Digest,
    Evidence,
    IssuePaper,
    Paper,
    Period,
    Problem,
    Sentence,
    Source,
    Subscription,
    Support,
    Theme,
    in_reading_order,
)

HEADLINE = "headline"
HEADLINE_SENTENCES = 4
CLOSE = 0.35
"""The score from which a paper is close to the reader's interests, and not only near."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """
    One place of an issue.

    Args:
        name: `headline`, a theme's id, or a paper's id.
        question: What a model is asked.
        evidence: The sentences that it may rest on.
        claims: The extractive text.
        limit: The most claims.
    """

    name: str
    question: str
    evidence: tuple[Evidence, ...]
    claims: tuple[Claim, ...]
    limit: int


def part(
    name: str, question: str, evidence: Iterable[Evidence], chosen: Iterable[tuple[Paper, Sentence]], limit: int
) -> Part:
    """
    A part with its extractive text.

    Args:
        name, question, evidence, limit: As in `Part`.
        chosen: The sentences that are its text, each with its paper.
    """
    claims = tuple(verbatim(paper, sentence) for paper, sentence in chosen)
    return Part(name=name, question=question, evidence=tuple(evidence), claims=claims, limit=limit)


def verbatim(paper: Paper, sentence: Sentence) -> Claim:
    """A whole sentence of a paper as a claim that cites itself; one of a withdrawn paper is weak."""
    problems: tuple[Problem, ...] = ()
    if "withdrawn" in paper.flags:
        detail = "the paper was withdrawn"
        problems = (Problem(kind="flagged", found=sentence.text, at=(0, len(sentence.text)), detail=detail),)
    citation = Citation(
        source=0,
        paper_id=paper.paper_id,
        sentence=sentence.number,
        start=sentence.start,
        end=sentence.end,
        quote=sentence.text,
    )
    support: Support = "weak" if problems else "verbatim"
    return Claim(text=sentence.text, support=support, score=1.0, citations=(citation,), problems=problems)


def issue(
    *,
    period: Period,
    subscription: Subscription,
    decisions: Sequence[Decision],
    coverage: Coverage,
    headings: Mapping[str, str],
    three: Sequence[str],
    themes: Sequence[Theme],
    in_no_theme: int,
    parts: Mapping[str, Sequence[Claim]],
    papers: Mapping[str, Paper],
    considered: Mapping[str, str],
    manifest: Mapping[str, Any],
    model: str | None = None,
    usage: Mapping[str, Any] | None = None,
    degraded: Mapping[str, str] | None = None,
) -> Digest:
    """
    Put an issue together, its sources numbered in the order of reading.

    Args:
        decisions: Those on all candidates, first the papers that are shown by rank.
        headings: The heading of each paper that has one, by id.
        three: The ids of the papers to read first.
        themes: Without claims.
        in_no_theme: How many papers of the period are in no theme.
        parts: The claims of each part by its name, sources not yet numbered.
        papers: All that a claim may cite, by id.
        considered: The hash of each candidate's text, by id.
        manifest: What it was made from, without the hashes and the id.
        model: The model that wrote it, if one did.
    """
    theme_of = {paper_id: theme.id for theme in themes for paper_id in theme.paper_ids}
    shown = [
        _issue_paper(decision, parts[decision.candidate.paper.paper_id][0], theme_of, headings, subscription.interested)
        for decision in decisions
        if decision.rank
    ]
    numbering = _Numbering()
    headline = numbering.numbered(parts.get(HEADLINE, ()))
    for paper in in_reading_order(shown, three):
        numbering.numbered(filter(None, (paper.tldr, paper.finding, paper.contribution)))
    themes_with_claims = tuple(replace(theme, claims=numbering.numbered(parts.get(theme.id, ()))) for theme in themes)
    numbered = tuple(
        replace(
            paper,
            tldr=numbering.of(paper.tldr),
            finding=numbering.of(paper.finding) if paper.finding else None,
            contribution=numbering.of(paper.contribution) if paper.contribution else None,
        )
        for paper in shown
    )
    sources = tuple(Source(number=number, paper=papers[paper_id]) for paper_id, number in numbering.numbers.items())
    digest = Digest(
        period=period,
        subscription=subscription.name,
        mode="generated" if model else "extractive",
        headline=headline,
        themes=themes_with_claims,
        in_no_theme=in_no_theme,
        papers=numbered,
        coverage=coverage,
        sources=sources,
        manifest={},
        usage=usage,
        degraded=degraded,
        three=tuple(three),
        also_near=tuple(AlsoNear(paper=each.candidate.paper, score=each.score) for each in decisions if each.also_near),
    )
    hashes = {source.paper.paper_id: text_hash(source.paper) for source in sources}
    made_from = {**manifest, "considered": digest_of(considered), "model": model, "papers": hashes}
    contents = {key: value for key, value in digest.to_dict().items() if key != "id"}
    document = json.dumps([contents, made_from], sort_keys=True, ensure_ascii=False)
    return replace(digest, manifest={"id": "sha256:" + hashlib.sha256(document.encode()).hexdigest(), **made_from})


class _Numbering:
    """Numbers sources in the order of first citation."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def numbered(self, claims: Iterable[Claim]) -> tuple[Claim, ...]:
        """The claims with the numbers of their sources."""
        return tuple(map(self.of, claims))

    def of(self, claim: Claim) -> Claim:
        """The claim with the numbers of its sources."""
        return replace(claim, citations=tuple(map(self._numbered, claim.citations)))

    def _numbered(self, citation: Citation) -> Citation:
        return replace(citation, source=self.numbers.setdefault(citation.paper_id, len(self.numbers) + 1))


def _issue_paper(
    decision: Decision, tldr: Claim, theme_of: Mapping[str, str], headings: Mapping[str, str], interested: bool
) -> IssuePaper:
    candidate = decision.candidate
    paper, said = candidate.paper, told(candidate.paper)
    closeness: Closeness = "close" if decision.score >= CLOSE else "near"

    def claim(sentence: Sentence | None) -> Claim | None:
        if sentence is None or sentence == said.serves:
            return tldr if sentence else None
        return verbatim(paper, sentence)

    return IssuePaper(
        paper=paper,
        rank=decision.rank or 0,
        score=decision.score,
        why=decision.why,
        tldr=tldr,
        status=candidate.status,
        changes=candidate.changes,
        theme=theme_of.get(paper.paper_id),
        finding=claim(said.finding),
        contribution=claim(said.contribution),
        heading=headings.get(paper.paper_id),
        closeness=closeness if interested and candidate.status == "new" else None,
    )


def text_hashes(papers: Iterable[Paper]) -> dict[str, str]:
    """The hash of each paper's text, by id."""
    return {paper.paper_id: text_hash(paper) for paper in sorted(papers, key=lambda paper: paper.paper_id)}


def text_hash(paper: Paper) -> str:
    """The hash of a paper's text, as the catalog has it."""
    return identity.content_hash(paper.title, paper.abstract)


def digest_of(hashes: Mapping[str, str]) -> str:
    """One hash over papers and their texts' hashes, whatever their order."""
    lines = "\n".join(f"{paper_id} {hashes[paper_id]}" for paper_id in sorted(hashes))
    return "sha256:" + hashlib.sha256(lines.encode()).hexdigest()
