"""
Selection of papers: the candidates of a period, the subscription's filters, and the cut by score and size.

Every candidate gets exactly one decision: its rank in the issue, or the reason why it is excluded. Scores come from
`rag.digests.ranking`; nothing is scored here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from rag import identity
from rag.digests.ranking import Ranked
from rag.types import Coverage, JsonDict, Notice, Paper, PaperStatus, Revision, Subscription
from rag.types.digest import ALSO_NEAR

_NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MOST_NEAR, NEAR = 8, 0.5
"""Titles of papers that are also near, at most; with interests those of at least such a share of the least score."""
DROP, BEFORE_DROP = 0.7, 3
"""A score that is below such a share of the mean of the scores before is a drop, from so many scores on; as
docs/evaluation.md, “Cards”, says."""
REVISED = 3
"""Revised papers get one place of so many, if new ones would fill the issue."""
MATERIAL = 0.9
"""Two texts at least this alike differ in wording only, unless a number changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """
    A paper that may be shown: it was listed in the period, or comes back.

    Args:
        paper: As it now is.
        status: `new`, or `revised` or `withdrawn` since an earlier issue showed it.
        changes: What changed in its text since then.
        late: True if it was imported after the issue of its own period was made.
        reason: Why it is excluded; None for a paper that is ranked.
    """

    paper: Paper
    status: PaperStatus = "new"
    changes: str | None = None
    late: bool = False
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EarlierPaper:
    """
    A paper that an earlier issue showed.

    Args:
        paper: As it now is.
        text_hash: The hash of its text when it was last shown.
        status: Its status then.
        revisions: All its texts; they may be left out where the text is the one that was shown.
        notice: The notice of its retraction, if it is known.
    """

    paper: Paper
    text_hash: str
    status: PaperStatus
    revisions: Sequence[Revision] = ()
    notice: Notice | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The decision on a candidate: its rank in the issue, or the reason why it is excluded."""

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

    @property
    def also_near(self) -> bool:
        """True if the issue names the paper and does not tell it."""
        return self.reason == ALSO_NEAR


def candidates(listed: Iterable[Paper], late: Iterable[Paper], shown: Sequence[EarlierPaper]) -> list[Candidate]:
    """
    List the candidates of a period: its papers, late ones, and papers of earlier issues that changed since.

    Args:
        listed: The papers of the period.
        late: Papers of earlier periods that were imported after their issue was made.
        shown: The papers of earlier issues.
    """
    shown_ids = {earlier.paper.paper_id for earlier in shown}
    found: dict[str, Candidate] = {}
    for paper, is_late in [*((paper, False) for paper in listed), *((paper, True) for paper in late)]:
        reason = "shown in an earlier issue" if paper.paper_id in shown_ids else None
        found[paper.paper_id] = Candidate(paper=paper, late=is_late, reason=reason)
    for earlier in shown:
        back = returning(earlier.paper, earlier.text_hash, earlier.revisions, earlier.notice)
        if back and earlier.status != "withdrawn":  # a withdrawal is shown once
            found[earlier.paper.paper_id] = back
    return list(found.values())


def eligible(candidates: Iterable[Candidate]) -> tuple[Paper, ...]:
    """The papers of the candidates that are not excluded."""
    return tuple(candidate.paper for candidate in candidates if not candidate.reason)


def apply_filters(
    candidates: Iterable[Candidate], subscription: Subscription, own: Iterable[Paper] = ()
) -> list[Candidate]:
    """The candidates by id; those that the subscription does not want or that the reader has have the reason."""
    known = {name for paper in own for name in (paper.paper_id, *paper.aliases)}
    wanted = {name.lower() for name in subscription.categories}
    must, must_not = (_pattern(words) for words in (subscription.must, subscription.must_not))
    liked, disliked = set(subscription.liked), set(subscription.disliked)

    def exclusion_reason(candidate: Candidate) -> str | None:
        paper = candidate.paper
        text = f"{paper.title}\n{paper.abstract}"
        if candidate.reason:
            return candidate.reason
        if not paper.abstract:
            return "it has no abstract"
        if "withdrawn" in paper.flags and candidate.status != "withdrawn":
            return "withdrawn"
        if wanted and wanted.isdisjoint(name.lower() for name in paper.categories):
            return "in none of the categories"
        if must and not must.search(text):
            return "without a word that must occur"
        if must_not and must_not.search(text):
            return "with a word that must not occur"
        if disliked & {paper.paper_id, *paper.aliases}:
            return "disliked"
        if liked & {paper.paper_id, *paper.aliases}:
            return "liked, and so known"
        return "in your own library" if known & {paper.paper_id, *paper.aliases} else None

    by_id = sorted(candidates, key=lambda candidate: candidate.paper.paper_id)
    return [replace(candidate, reason=exclusion_reason(candidate)) for candidate in by_id]


def _pattern(words: Sequence[str]) -> re.Pattern[str] | None:
    """A pattern for any of the words or phrases, as whole words, in any case and spacing."""
    parts = [r"\s+".join(map(re.escape, phrase.split())) for phrase in words if phrase.strip()]
    return re.compile(rf"(?<!\w)(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE) if parts else None


def select(candidates: Sequence[Candidate], ranked: Sequence[Ranked], subscription: Subscription) -> list[Decision]:
    """
    Decide on each candidate: first the shown ones by rank, then the others, those nearest to being shown first.

    Shown are, at most as many as the size, the papers down to the threshold. Without a threshold of the reader's own
    these are only papers that are near to an interest directly, and no further than to where the scores drop. The next
    ones are also near.

    Args:
        candidates: As `apply_filters` gives them.
        ranked: Those that are not excluded, best first.
        subscription: Its threshold, which does not bind papers that come back, and its size, which does not bind
            withdrawn ones; revised ones get at most a third of it where new ones fill it. The papers of its authors
            come first whatever their score.
    """
    by_id = {candidate.paper.paper_id: candidate for candidate in candidates}
    by_interest = subscription.order == "interest"
    interested = subscription.interested
    of_authors, others, revised, withdrawn = _grouped(by_id, ranked, subscription)
    asked = interested or not (subscription.authors and by_interest)  # else for the papers of the authors alone
    new, rest = ([*of_authors, *others], []) if asked else (of_authors, others)
    wanted = [each for each in new if each.score >= subscription.least]
    if interested and subscription.threshold is None:
        wanted = [each for each in wanted if each.direct]
        wanted = wanted[: len(of_authors) + until_drop([each.score for each in wanted[len(of_authors) :]])]
    places = max(subscription.size // REVISED, subscription.size - len(wanted), 1)
    back = revised[:places]
    chosen = [*wanted[: subscription.size - len(back)], *back, *withdrawn]
    decided = [_decided(by_id[each.paper_id], each, rank=rank) for rank, each in enumerate(chosen, start=1)]
    least_near, near = subscription.least * (NEAR if interested else 1.0), 0
    chosen_ids = {each.paper_id for each in chosen}
    for each in (*revised, *new):
        if each.paper_id not in chosen_ids:
            enough = each.score >= subscription.least and each.direct
            reason = "beyond the size of the issue" if enough else "below the threshold"
            if near < MOST_NEAR and each.score >= least_near and each.direct:
                near, reason = near + 1, ALSO_NEAR
            decided.append(_decided(by_id[each.paper_id], each, reason=reason))
    decided += [_decided(by_id[each.paper_id], replace(each, score=0.0), reason="below the threshold") for each in rest]
    filtered = [Decision(candidate=candidate, reason=candidate.reason) for candidate in candidates if candidate.reason]
    return [*decided, *filtered]


def _grouped(
    by_id: Mapping[str, Candidate], ranked: Sequence[Ranked], subscription: Subscription
) -> tuple[list[Ranked], list[Ranked], list[Ranked], list[Ranked]]:
    """The ranked papers of the subscription's authors, other new ones, revised and withdrawn ones."""
    followed = {_name(name): name for name in subscription.authors}
    of_authors, others = list[Ranked](), list[Ranked]()
    revised, withdrawn = list[Ranked](), list[Ranked]()
    for each in ranked:
        candidate = by_id[each.paper_id]
        author = next((followed[name] for name in map(_name, candidate.paper.authors) if name in followed), None)
        if candidate.status != "new":  # readers must hear what became of it
            group = revised if candidate.status == "revised" else withdrawn
            group.append(replace(each, why="an earlier issue had it"))
        elif author:
            of_authors.append(replace(each, score=1.0, why=f"by {author}, whom you follow"))
        else:
            others.append(each)
    return of_authors, others, revised, withdrawn


def until_drop(scores: Sequence[float], drop: float = DROP) -> int:
    """
    How many scores stand before the first drop; all of them where there is none.

    >>> until_drop([0.5, 0.45, 0.4, 0.38, 0.2, 0.19])
    4
    """
    for at in range(BEFORE_DROP, len(scores)):
        if scores[at] < drop * sum(scores[:at]) / at:
            return at
    return len(scores)


def _decided(candidate: Candidate, ranked: Ranked, *, rank: int | None = None, reason: str | None = None) -> Decision:
    return Decision(candidate=candidate, rank=rank, score=ranked.score, why=ranked.why, reason=reason)


def coverage(decisions: Sequence[Decision], feeds: Sequence[JsonDict]) -> Coverage:
    """Count the candidates, the shown ones, and the others by reason; with the states of the feeds."""
    return Coverage(
        listed=len(decisions),
        included=sum(decision.rank is not None for decision in decisions),
        excluded=excluded(decisions),
        late=sum(decision.candidate.late for decision in decisions),
        feeds=tuple(feeds),
    )


def excluded(decisions: Iterable[Decision]) -> dict[str, int]:
    """The number of candidates excluded for each reason, the most frequent first."""
    counts = Counter(decision.reason for decision in decisions if decision.reason)
    return {str(reason): count for reason, count in sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))}


def _name(name: str) -> str:
    """
    A name in the form in which names are compared: normalised, given names before the family name.

    >>> _name("Ó Muirthile, Pádraic") == _name("Padraic O Muirthile")
    True
    """
    family, comma, given = name.partition(",")
    return identity.normalised_title(f"{given} {family}" if comma else name)


def returning(
    paper: Paper, shown: str, revisions: Sequence[Revision], notice: Notice | None = None
) -> Candidate | None:
    """
    Make a paper of an earlier issue a candidate again if it was withdrawn or materially revised since; else None.

    Args:
        paper: As it now is.
        shown: The hash of its text when it was last shown.
        revisions: All its texts.
        notice: The notice of its retraction, if it is known.
    """
    if "withdrawn" in paper.flags:
        why = f"{notice}, since an earlier issue had it" if notice else "the paper was withdrawn"
        return Candidate(paper=paper, status="withdrawn", changes=why)
    before = next((revision for revision in revisions if revision.hash == shown), None)
    if before is None or identity.content_hash(paper.title, paper.abstract) == shown:
        return None
    changes = _changes(before, paper)
    return Candidate(paper=paper, status="revised", changes=changes) if changes else None


def _changes(before: Revision, paper: Paper) -> str | None:
    """The changes of a text in words; None if only the wording changed."""
    old, new = (f"{each.title} {each.abstract}" for each in (before, paper))
    numbers = Counter(_NUMBER.findall(old)) != Counter(_NUMBER.findall(new))
    if not numbers and identity.similarity(old, new) >= MATERIAL:
        return None
    old_sentences = {" ".join(before.abstract[start:end].split()).casefold() for start, end in before.spans}
    changed = sum(sentence.text.casefold() not in old_sentences for sentence in paper.sentences)
    parts = [f"{changed} of {len(paper.spans)} sentences are new or changed"] if changed else []
    parts += ["numbers changed"] if numbers else []
    parts += ["the title changed"] if identity.normalised_title(before.title) != _title(paper) else []
    return ", ".join(parts) or "sentences were left out"


def _title(paper: Paper) -> str:
    return identity.normalised_title(paper.title)
