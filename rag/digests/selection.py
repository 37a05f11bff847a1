"""
Which papers of a period an issue shows, and for each of the others the reason why not.

Every paper that was listed gets exactly one decision; nothing is left out without a word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from rag import identity
from rag.digests.ranking import Ranked
from rag.types import JsonDict, Paper, PaperStatus, Revision, Subscription

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MATERIAL = 0.9
"""The likeness of two texts from which on a revision is a matter of wording, unless a number changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    A paper that was listed in the period, or comes back; `reason` says why it is left out, where it is.

    `changes` says what became of the text of one that an earlier issue showed; `late` that it came in after the issue
    of its own period had been made.
    """

    paper: Paper
    status: PaperStatus = "new"
    changes: str | None = None
    late: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What became of a candidate: its rank in the issue, or the reason why it has none."""

    candidate: Candidate
    rank: int | None = None
    score: float = 0.0
    why: str = ""
    reason: str | None = None

    def to_dict(self) -> JsonDict:
        """The decision as `digest --explain --json` prints it."""
        paper = self.candidate.paper
        return {
            "paper_id": paper.paper_id,
            "title": paper.title,
            "included": self.rank is not None,
            "rank": self.rank,
            "score": round(self.score, 4),
            "why": self.why,
            "reason": self.reason,
            "status": self.candidate.status,
            "late": self.candidate.late,
        }


def apply_filters(candidates: Iterable[Candidate], subscription: Subscription) -> list[Candidate]:
    """The candidates, by id, those that the subscription does not want with the reason."""
    wanted = {name.lower() for name in subscription.categories}
    must, must_not = (_pattern(words) for words in (subscription.must, subscription.must_not))
    liked, disliked = set(subscription.liked), set(subscription.disliked)

    def reason(each: Candidate) -> str | None:
        paper = each.paper
        text = f"{paper.title}\n{paper.abstract}"
        if each.reason:
            return each.reason
        if "withdrawn" in paper.flags and each.status != "withdrawn":
            return "withdrawn"
        if wanted and wanted.isdisjoint(name.lower() for name in paper.categories):
            return "in none of the categories"
        if must and not must.search(text):
            return "without a word that must occur"
        if must_not and must_not.search(text):
            return "with a word that must not occur"
        if disliked & {paper.paper_id, *paper.aliases}:
            return "disliked"
        return "liked, and so known" if liked & {paper.paper_id, *paper.aliases} else None

    by_id = sorted(candidates, key=lambda each: each.paper.paper_id)
    return [replace(each, reason=reason(each)) for each in by_id]


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    """Any of the words or phrases, as whole words, whatever their case and spacing."""
    parts = [r"\s+".join(map(re.escape, phrase.split())) for phrase in words if phrase.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE) if parts else None


def select(candidates: Sequence[Candidate], ranked: Sequence[Ranked], subscription: Subscription) -> list[Decision]:
    """
    A decision on each candidate: those that are shown by rank, then the others, the nearest to being shown first.

    Args:
        candidates: As `sieve` gives them.
        ranked: Those without a reason, best first.
        subscription: Its threshold and size, which do not bind papers that come back, and the authors whose papers
            come first whatever their score.
    """
    by_id = {each.paper.paper_id: each for each in candidates}
    followed = {_name(name): name for name in subscription.authors}
    by_interest = subscription.order == "interest"
    only_authors = bool(followed) and by_interest and not (subscription.topics or subscription.liked)
    first, others, back = [], [], []
    for each in ranked:
        by = next((followed[name] for name in map(_name, by_id[each.paper_id].paper.authors) if name in followed), None)
        if by_id[each.paper_id].status != "new":
            back.append(replace(each, why="an earlier issue had it"))  # its readers must hear what became of it
        elif by:
            first.append(replace(each, score=1.0, why=f"by {by}, whom you follow"))
        else:
            others.append(replace(each, score=0.0) if only_authors else each)
    shown: list[Decision] = []
    left: list[Decision] = []
    for each in (*first, *others):
        candidate = by_id[each.paper_id]
        if each.score < subscription.least or (only_authors and each.score == 0):
            left.append(_decided(candidate, each, reason="below the threshold"))
        elif len(shown) == subscription.size:
            left.append(_decided(candidate, each, reason="beyond the size of the issue"))
        else:
            shown.append(_decided(candidate, each, rank=len(shown) + 1))
    shown += [_decided(by_id[each.paper_id], each, rank=rank) for rank, each in enumerate(back, start=len(shown) + 1)]
    refused = [Decision(candidate=each, reason=each.reason) for each in candidates if each.reason]
    return [*shown, *left, *refused]


def _decided(candidate: Candidate, ranked: Ranked, *, rank: int | None = None, reason: str | None = None) -> Decision:
    return Decision(candidate=candidate, rank=rank, score=ranked.score, why=ranked.why, reason=reason)


def excluded(decisions: Iterable[Decision]) -> dict[str, int]:
    """How many were left out for each reason, the most frequent first."""
    counts = Counter(each.reason for each in decisions if each.reason)
    return {str(reason): count for reason, count in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))}


def _name(name: str) -> str:
    """
    A name as it is compared: given names before the family's, folded.

    >>> _name("Ó Muirthile, Pádraic") == _name("Padraic O Muirthile")
    True
    """
    family, comma, given = name.partition(",")
    return identity.normalised_title(f"{given} {family}" if comma else name)


def returning(paper: Paper, shown: str, revisions: Sequence[Revision]) -> Candidate | None:
    """
    A paper that an earlier issue showed, where something became of it since: withdrawn, or materially revised.

    Args:
        paper: As it now is.
        shown: The hash of its text when it was last shown.
        revisions: All its texts.
    """
    if "withdrawn" in paper.flags:
        return Candidate(paper=paper, status="withdrawn", changes="the paper was withdrawn")
    before = next((each for each in revisions if each.hash == shown), None)
    if before is None or identity.content_hash(paper.title, paper.abstract) == shown:
        return None
    said = _changes(before, paper)
    return Candidate(paper=paper, status="revised", changes=said) if said else None


def _changes(before: Revision, paper: Paper) -> str | None:
    """What changed of a text, in words; None where it is a matter of wording."""
    old, new = (f"{each.title} {each.abstract}" for each in (before, paper))
    numbers = Counter(_NUMBER.findall(old)) != Counter(_NUMBER.findall(new))
    if not numbers and identity.similarity(old, new) >= MATERIAL:
        return None
    had = {" ".join(before.abstract[start:end].split()).casefold() for start, end in before.spans}
    fresh = sum(sentence.text.casefold() not in had for sentence in paper.sentences)
    parts = [f"{fresh} of {len(paper.spans)} sentences are new or changed"] if fresh else []
    parts += ["numbers changed"] if numbers else []
    parts += ["the title changed"] if identity.normalised_title(before.title) != _title(paper) else []
    return ", ".join(parts) or "sentences were left out"


def _title(paper: Paper) -> str:
    return identity.normalised_title(paper.title)
