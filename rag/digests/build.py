"""
Extractive multi-document summarization: build an issue of a digest from inputs that were read beforehand.

The stages: track themes among all papers, rank and select papers, choose sentences, compose the issue.
Without a model `build` is pure: it reads no store, takes no lock and asks no clock, and the same inputs give the same
issue. With a model, `rag.digests.generation` writes the same parts through the ports that it was given.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rag.digests import compose, selection, themes
from rag.digests.compose import HEADLINE, Part
from rag.digests.headings import headings
from rag.digests.inputs import DigestInputs
from rag.digests.parts import choose_sentences, first_three, headline_of_themes, of_several, written_themes
from rag.digests.popularity import trending
from rag.digests.ranking import Interests, Ranked, rank
from rag.digests.selection import Decision
from rag.digests.themes import PaperSet
from rag.digests.tracking import TrackedPeriod
from rag.digests.typical import representative
from rag.types import Claim, Digest, Paper, Theme

if TYPE_CHECKING:
    from rag.digests.generation import Writer, Written


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltIssue:
    """
    An issue with what became of each paper that was listed.

    Args:
        digest: The issue.
        decisions: What became of each candidate.
        considered: The hash of each candidate's text, by id.
    """

    digest: Digest
    decisions: tuple[Decision, ...]
    considered: Mapping[str, str]


def build(inputs: DigestInputs, writer: Writer | None = None) -> tuple[BuiltIssue, tuple[TrackedPeriod, ...]]:
    """
    Build an issue.

    Args:
        inputs: All that it is made from.
        writer: Writes the parts with a model; None leaves them in the papers' own sentences.

    Returns:
        The issue; and the tracked themes of the past periods that had none stored, and of this one, for the next issue.

    Raises:
        CancelledError: The writer was cancelled.
    """
    subscription, eligible = inputs.subscription, inputs.eligible
    periods = [PaperSet(name, past.papers, past.vectors) for name, past in inputs.past]
    periods.append(PaperSet(inputs.period.name, eligible.papers, eligible.vectors))
    found, tracked = themes.track(periods, inputs.tracked)
    del periods  # with the texts of all of them, which nothing below reads
    in_no_theme = len(eligible.papers) - sum(theme.size for theme in found) if found else 0
    decisions = selection.select(inputs.candidates, _ranked(inputs, found), subscription)
    shown = [decision for decision in decisions if decision.rank]
    three = first_three(shown, found)
    interested = subscription.interested or bool(subscription.authors)
    to_write = written_themes(found, shown, interested=interested)
    by_id = {candidate.paper.paper_id: candidate.paper for candidate in inputs.candidates}
    parts = choose_sentences(shown, three, to_write, by_id)
    written = _written(writer, parts, to_write, by_id) if writer else None
    claims: dict[str, Sequence[Claim]] = {part.name: part.claims for part in parts}
    claims |= written.claims if written else {}
    subject = subscription.topics[0] if len(subscription.topics) == 1 and subscription.interested else ""
    told_later = [each.candidate.paper for each in shown if each.candidate.paper.paper_id not in three]
    considered = compose.text_hashes(by_id.values())
    digest = compose.issue(
        period=inputs.period,
        subscription=subscription,
        decisions=decisions,
        coverage=selection.coverage(decisions, inputs.feeds),
        headings=headings(told_later, eligible.papers, subject=subject),
        three=three,
        themes=found,
        in_no_theme=in_no_theme,
        parts=claims,
        papers=by_id,
        considered=considered,
        manifest={
            "refdesk": inputs.version,
            "embedder": inputs.embedder,
            "prompts": writer.prompts if writer else {},
        },
        model=writer.model if writer and written and written.claims else None,
        usage=written.usage if written else None,
        degraded=written.degraded if written else None,
    )
    return BuiltIssue(digest=digest, decisions=tuple(decisions), considered=considered), tracked


def _written(writer: Writer, parts: Sequence[Part], themes: Sequence[Theme], papers: Mapping[str, Paper]) -> Written:
    """What a model writes: themes and papers, and then the headline over what it wrote of themes."""
    if not parts:
        return writer.write(parts)
    headline, *others = parts

    asked: list[Part] = []

    def over_themes(claims: Mapping[str, Sequence[Claim]]) -> Part:
        asked.append(headline_of_themes(headline, themes, claims, papers))
        return asked[-1]

    written = writer.write(others, (headline, over_themes))
    if asked[-1] != headline and HEADLINE in written.claims:
        written.claims[HEADLINE] = of_several(written.claims[HEADLINE])
        if not written.claims[HEADLINE]:
            del written.claims[HEADLINE]
            written.failures[HEADLINE] = "the model told of single papers where several were asked for"
    return written


def _ranked(inputs: DigestInputs, found: Sequence[Theme]) -> list[Ranked]:
    """The eligible papers, best first."""
    eligible, subscription = inputs.eligible, inputs.subscription
    if subscription.order == "trending":
        return trending(eligible.papers, on=inputs.period.end)
    ranked = rank(
        eligible.papers,
        eligible.vectors,
        Interests(
            topics=subscription.topics,
            liked=inputs.liked.papers,
            disliked=inputs.disliked.papers,
            own=inputs.own.papers,
        ),
        topic_vectors=inputs.topics,
        liked_vectors=inputs.liked.vectors,
        disliked_vectors=inputs.disliked.vectors,
        own_vectors=inputs.own.vectors,
        background=inputs.background.papers,
        background_vectors=inputs.background.vectors,
    )
    if subscription.topics or inputs.liked.papers or inputs.own.papers:
        return ranked
    disliked = [paper.paper_id for paper in inputs.disliked.papers]
    return representative(ranked, found, {paper.paper_id: paper for paper in eligible.papers}, disliked)
