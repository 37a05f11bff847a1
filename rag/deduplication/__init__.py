"""
Deduplication: decides whether a record is a new paper, a revision of a known one, more about it, or nothing new.

Pure: given the known papers, it returns the paper as it is afterwards. Joining a record a second time changes nothing,
whatever the order of the records. It reads and writes no store.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from rag import identity
from rag.deduplication.known import Known
from rag.deduplication.sameness import another_paper_under_its_id, near, same_papers
from rag.origins import OWNER, Origin
from rag.types import Attention, Paper, Reject, Union

__all__ = ["Known", "MergeResult", "join"]

Outcome = Literal["added", "updated", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeResult:
    """
    The result of joining one record.

    `paper` is the library's paper afterwards; `text` is the record's title and abstract if the library had not seen
    them; `merged` says that the paper was known under another id. `unions` has each known paper that
    was found to be this one; its id is an alias now. `noticed` says that popularity signals changed, which alone
    does not count as a change of the paper. `notes` say what the record was not allowed to do.
    """

    outcome: Outcome
    paper: Paper
    text: Paper | None
    merged: bool
    unions: tuple[Union, ...] = ()
    noticed: bool = False
    notes: tuple[str, ...] = ()

    @property
    def merged_ids(self) -> tuple[str, ...]:
        """The ids of the known papers that were found to be this one."""
        return tuple(union.merged.paper_id for union in self.unions)


def join(record: Paper, known: Known, where: str, origin: Origin = OWNER) -> MergeResult | Reject:
    """
    Join one record to what is known, and update `known`.

    The record is a known paper if the two share an alias and do not have different arXiv ids. It is also a known paper
    if the titles are equal and the abstracts nearly so, unless both carry different ids of one scheme. A title alone
    does not decide, nor does a row number beside a better id, nor a citation key that another paper has. A record that
    is the same paper as several merges them, under the best of their ids. Another text under the same id is a revision.
    It replaces the text unless its version is older. A record without an abstract replaces no text, and fills none in;
    a paper without one takes that of any record of its title.

    `origin` says what the record may replace (`rag.origins`). What it may not is left out, and noted.
    """
    if record.source == "rss":  # a feed's item, also in a file that the owner saved
        origin = replace(origin, owner=False)
    if not origin.speaks_for([record.paper_id]):
        record = replace(record, version=None)  # a high version would keep the true ones out
    hash_ = identity.content_hash(record.title, record.abstract)
    same = same_papers(record, known, hash_)
    if not same:
        return _added(record, known)
    same, notes = _united(record, same, known, where, origin)
    if hash_ not in known.hashes[same[0].paper_id] and another_paper_under_its_id(record, same[0]):
        if record.source in ("bibtex", "ris", "mods"):  # its id is a key, which two files of one name may have
            own = identity.title_id(record.title)
            return join(replace(record, paper_id=own, aliases=(own,)), known, where, origin)
        return Reject(
            where=where,
            reason=f"its id is that of another paper of the file, “{same[0].title[:80]}”",
            title=record.title,
        )
    new_name = all(record.paper_id not in paper.aliases for paper in same)
    paper, *others = sorted(same, key=lambda known_paper: identity.rank(known_paper.paper_id))
    unions: list[Union] = []
    for other in others:
        before, hashes = paper, known.hashes
        texts = frozenset(hashes[paper.paper_id]), frozenset(hashes[other.paper_id])
        paper = _merged(paper, other, unites=origin.unites(record.source))
        known.merge(other.paper_id, paper)
        unions.append(
            Union(
                surviving=before,
                merged=other,
                after=paper,
                surviving_texts=texts[0],
                merged_texts=texts[1],
                format_name=record.source,
            )
        )
    seen = hash_ in known.hashes[paper.paper_id]
    by_own_id = record.paper_id == paper.paper_id
    newer, older = _ordered(record.version, paper.version)
    fills = bool(record.abstract) and not paper.abstract
    revised = (by_own_id or newer or fills) and not seen and bool(record.abstract)
    titled = identity.normalised_title(record.title) == identity.normalised_title(paper.title)
    if revised and not (fills and titled) and not origin.speaks_for([paper.paper_id]):
        revised = False
        notes.append(f"{where}: its text of {paper.paper_id} was not taken; it is not from that id's own source")
    aliases = tuple(alias for alias in record.aliases if known.owners.get(alias, paper.paper_id) == paper.paper_id)
    allowed, refused = _allowed(replace(record, aliases=aliases), paper, where, origin, seen=seen)
    aliases = allowed.aliases
    notes += refused
    filled = paper
    if fills and origin.speaks_for(record.aliases):  # a stranger may have come first, with a title alone
        filled = replace(
            paper,
            url=record.url or paper.url,
            venue=record.venue or paper.venue,
            published=record.published or paper.published,
        )
    after = _joined(filled, allowed, takes_text=revised and (fills or not older))
    known.put(after, [hash_] if revised else [])
    changed = replace(after, attention=paper.attention) != paper or revised or others
    return MergeResult(
        outcome="updated" if changed else "unchanged",
        paper=after,
        text=record if revised else None,
        merged=bool(others) or (new_name and record.paper_id in aliases),
        unions=tuple(unions),
        noticed=after.attention != paper.attention,
        notes=tuple(notes),
    )


def _united(
    record: Paper, same: list[Paper], known: Known, where: str, origin: Origin
) -> tuple[list[Paper], list[str]]:
    """Those of the papers that the record names which it may unite, and a note on each of the others."""
    if len(same) == 1:
        return same, []
    nearest = max(same, key=lambda paper: (bool(paper.abstract), identity.similarity(record.abstract, paper.abstract)))
    united, why_not = [nearest], {}
    for paper in same:
        if paper is nearest:
            continue
        if any(known.are_apart(paper, other) for other in united):
            why_not[paper.paper_id] = "which were split"
        elif not origin.unites(record.source) and not near(nearest, paper):
            why_not[paper.paper_id] = "whose texts differ"
        else:
            united.append(paper)
    return united, [
        f"{where}: it names {nearest.paper_id} and {other}, {reason}; it joined the first only"
        for other, reason in why_not.items()
    ]


def _allowed(record: Paper, paper: Paper, where: str, origin: Origin, *, seen: bool) -> tuple[Paper, list[str]]:
    """The record with only what its origin may add to the paper, and a note on each thing that was left out."""
    notes: list[str] = []
    shared = set(record.aliases) & set(paper.aliases)
    owns = origin.owns(shared)
    new_flag = "withdrawn" in record.flags and "withdrawn" not in paper.flags
    if new_flag and not (owns or (origin.owner and shared)):
        record = replace(record, flags=tuple(flag for flag in record.flags if flag != "withdrawn"))
        notes.append(f"{where}: it calls {paper.paper_id} withdrawn, which only that id's own source may say")
    if origin.owner or owns:
        return record, notes
    if record.listed and not origin.lists and record.listed != paper.listed:
        notes.append(f"{where}: its listing date {record.listed} of {paper.paper_id} was not taken")
    is_near = seen or near(record, paper)
    new_aliases = [alias for alias in record.aliases if alias not in shared]
    if new_aliases and not is_near:
        notes.append(f"{where}: it names {', '.join(new_aliases)} with another text than {paper.paper_id} has")
    return replace(
        record,
        listed=record.listed if origin.lists else None,
        updated=None,
        aliases=record.aliases if is_near else tuple(alias for alias in record.aliases if alias in shared),
    ), notes


def _merged(paper: Paper, other: Paper, *, unites: bool) -> Paper:
    """Merge two known papers into one, under the id of the first. A stranger's union withdraws nothing."""
    if not unites:
        other = replace(other, flags=tuple(flag for flag in other.flags if flag != "withdrawn"))
    newer, _ = _ordered(other.version, paper.version)
    newer = bool(other.abstract) and (newer or not paper.abstract)
    imported = min(filter(None, (paper.imported, other.imported)), default=paper.imported)
    return replace(_joined(paper, other, takes_text=newer), imported=imported)


def _added(record: Paper, known: Known) -> MergeResult:
    if record.paper_id in known.owners and not record.abstract:  # the same title, authors and year, or none of them
        owner = known.papers[known.owners[record.paper_id]]
        return MergeResult(outcome="unchanged", paper=owner, text=None, merged=False)
    if record.paper_id in known.owners:  # a second "Editorial": its title's id is taken by another abstract
        title_id = identity.title_id(record.title, record.abstract)
        if title_id in known.papers:
            return MergeResult(outcome="unchanged", paper=known.papers[title_id], text=None, merged=False)
        record = replace(record, paper_id=title_id, aliases=(title_id,))
    record = replace(record, aliases=tuple(alias for alias in record.aliases if alias not in known.owners))
    known.put(record, [identity.content_hash(record.title, record.abstract)])
    return MergeResult(outcome="added", paper=record, text=record, merged=False)


def _joined(paper: Paper, record: Paper, *, takes_text: bool) -> Paper:
    """
    The paper with what the record adds. Where both have a value, the paper's stays, unless the text is new.

    The flag `withdrawn` stays once any record has it; other flags are those of the text.
    """
    first, second = (record, paper) if takes_text else (paper, record)
    withdrawn = {"withdrawn"} & {*paper.flags, *record.flags}
    return replace(
        paper,
        title=first.title,
        abstract=first.abstract,
        flags=tuple(sorted({*first.flags, *withdrawn})),
        attention=_latest(paper.attention, record.attention),
        spans=first.spans,
        roles=first.roles,
        authors=first.authors or second.authors,
        published=_more_exact(paper.published, record.published),
        updated=max(filter(None, (paper.updated, record.updated)), default=None),
        listed=_more_exact(paper.listed, record.listed),
        url=paper.url or record.url,
        venue=paper.venue or record.venue,
        version=max((v for v in (paper.version, record.version) if v is not None), default=None),
        categories=tuple(dict.fromkeys(paper.categories + record.categories)),
        tags=tuple(dict.fromkeys(paper.tags + record.tags)),
        aliases=tuple(sorted({*paper.aliases, *record.aliases}, key=identity.rank)),
    )


def _latest(have: Iterable[Attention], new: Iterable[Attention]) -> tuple[Attention, ...]:
    """The latest count of each popularity signal, with the first day on which it was seen; by name."""
    found = {signal.name: signal for signal in have}
    for signal in new:
        known = found.setdefault(signal.name, signal)
        if (signal.seen, signal.count) > (known.seen, known.count) and signal.count != known.count:
            found[signal.name] = signal
    return tuple(found[name] for name in sorted(found))


def _ordered(version: int | None, known: int | None) -> tuple[bool, bool]:
    """(True if a version is newer than the known one, True if it is older); both False if one is not known."""
    return (version > known, version < known) if version is not None and known is not None else (False, False)


def _more_exact(have: str | None, new: str | None) -> str | None:
    return new if new and (not have or (new.startswith(have) and len(new) > len(have))) else have
