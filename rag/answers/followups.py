"""Conversations: a follow-up that the model condenses to a question of its own, and answers without repetitions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from rag.answers.budget import Options, within_budget
from rag.answers.extractive import marked
from rag.errors import ModelUnavailable
from rag.types import Answer, Citation, Claim

if TYPE_CHECKING:
    from rag.answers.generated import Generator

CONDENSED_HISTORY = 5
"""Earlier questions that the model is shown to condense one."""
CONDENSED_TOKENS = 100
"""The most tokens that a condensed question is expected to have."""

Shown = tuple[str, str]
"""A sentence that was shown: the id of its paper, and its text."""


def condensed(
    history: Sequence[str], question: str, generator: Generator, options: Options, *, cancelled: Callable[[], bool]
) -> str:
    """
    Have the model rewrite a follow-up as a question that stands for itself.

    Raises:
        ModelUnavailable: The model failed, or wrote no question.
        CancelledError: The call was cancelled.
    """
    listed = "\n".join(f"- {earlier}" for earlier in history[-CONDENSED_HISTORY:])
    chat = generator.new_chat(cancelled)
    messages = generator.prompts["condense"].render(history=listed, question=question)
    reply = "".join(within_budget(chat, messages, CONDENSED_TOKENS, options))
    found = next((line.strip() for line in reply.splitlines() if line.strip()), "")
    if not 3 <= len(found) <= 1_000:
        raise ModelUnavailable("The model did not put the question in other words.", may_pass=False)
    return found


def sentences_of(answer: Answer) -> list[Shown]:
    """The sentences that an answer quotes, in order."""
    claims = answer.claims or tuple(paper.finding for paper in answer.papers if paper.finding)
    return [(citation.paper_id, citation.quote) for claim in claims for citation in claim.citations]


def without_repetitions(answer: Answer, shown: Collection[Shown], *, limit: int) -> Answer:
    """
    An extractive answer without the sentences that were shown before.

    A sentence that was shown stays if the next one of its paper is new, because that one may refer back to it. Sources
    are numbered anew; of a list, the papers whose sentence was shown are left out.

    Args:
        answer: In the papers' own sentences.
        shown: The sentences that were shown.
        limit: The most new claims.
    """
    claims = answer.claims
    new = [any((place.paper_id, place.quote) not in shown for place in claim.citations) for claim in claims]
    chosen = [at for at, is_new in enumerate(new) if is_new][:limit]
    before = [at - 1 for at in chosen if at and _follows(claims[at - 1], claims[at])]
    kept = [claims[at] for at in sorted({*chosen, *before})]
    numbers: dict[int, int] = {}
    for claim in kept:
        for citation in claim.citations:
            numbers.setdefault(citation.source, len(numbers) + 1)
    renumbered = {claim: _renumbered(claim, numbers) for claim in kept}
    by_number = {source.number: source for source in answer.sources}
    return replace(
        answer,
        text=" ".join(marked(claim) for claim in renumbered.values()),
        claims=tuple(renumbered.values()),
        sources=tuple(replace(by_number[old], number=number) for old, number in numbers.items()),
        papers=tuple(
            replace(paper, source=numbers[paper.source], finding=renumbered[paper.finding])
            for paper in answer.papers
            if paper.finding in renumbered
        ),
    )


def _follows(first: Claim, second: Claim) -> bool:
    """True if the sentence of one claim stands right before that of another in the same abstract."""
    one, other = first.citations[:1], second.citations[:1]
    return bool(one and other) and (one[0].paper_id, one[0].sentence + 1) == (other[0].paper_id, other[0].sentence)


def _renumbered(claim: Claim, numbers: dict[int, int]) -> Claim:
    citations: tuple[Citation, ...] = tuple(
        replace(citation, source=numbers[citation.source]) for citation in claim.citations
    )
    return replace(claim, citations=citations)
