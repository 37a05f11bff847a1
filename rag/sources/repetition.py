"""
Duplicate detection of abstracts: one text under three titles is no abstract, but a notice of the publisher.

The first records of an input wait for each other; behind them only short abstracts are compared and wait, as notices
are short. So the first ones under a notice are rejected too. To compare all of a large file would slow its parsing by a
thirtieth, and to let all wait by a fifteenth.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice, starmap

from rag import identity
from rag.sources.records import SHORT_CHARS, printable, without_abstract
from rag.types import Paper, Reject

TITLES = 3
"""From so many different titles on, the text under them is no abstract."""
FIRST = 1_000
"""So many records wait at the beginning."""
WAITING = 5_000
"""So many of the later ones wait at most, if their abstracts are short."""
MOST = 100_000
"""So many abstracts are remembered; then counting begins anew, but notices that were found stay known."""
REASON = "no abstract: records of other titles have the same text"


@dataclass(slots=True)
class Repetition:
    """
    What was seen of the abstracts of one file, or of all pages of one pull.

    Args:
        titles: By the hash of an abstract, the title of its first record.
        shared: The normalised titles of an abstract that has several, by its hash.
        notices: The hashes of the texts that are notices.
        keep_without_abstract: Whether a record under a notice is a paper without an abstract, not a Reject.
    """

    titles: dict[int, str] = field(default_factory=dict)
    shared: dict[int, set[str]] = field(default_factory=dict)
    notices: set[int] = field(default_factory=set)
    keep_without_abstract: bool = False

    def note(self, record: Paper | Reject) -> None:
        """Count a paper's abstract under its title."""
        if isinstance(record, Reject) or not record.abstract:
            return
        if len(self.titles) > MOST:
            self.titles.clear()
            self.shared.clear()
        key, title = hash(record.abstract), record.title
        if (first := self.titles.setdefault(key, title)) == title:
            return
        titles = self.shared.setdefault(key, {identity.normalised_title(first)})
        titles.add(identity.normalised_title(title))
        if len(titles) >= TITLES:
            self.notices.add(key)

    def judged(self, record: Paper | Reject, number: int) -> Paper | Reject:
        """The record, the input's `number`-th; as a Reject, or without an abstract, if its abstract is a notice."""
        if isinstance(record, Paper) and hash(record.abstract) in self.notices:
            if self.keep_without_abstract:
                return without_abstract(record)
            return Reject(where=f"record {number}", reason=REASON, title=printable(record.title))
        return record


def without_notices(records: Iterable[Paper | Reject], seen: Repetition) -> Iterator[Paper | Reject]:
    """Yield each record; one whose abstract is a notice as a Reject. Those that wait come later than they stood."""
    records = iter(records)
    first = list(islice(records, FIRST))
    for record in first:
        seen.note(record)
    yield from map(seen.judged, first, count(1))
    waiting: deque[tuple[Paper | Reject, int]] = deque()
    for number, record in enumerate(records, start=len(first) + 1):
        if type(record) is not Paper or len(record.abstract) >= SHORT_CHARS:
            yield seen.judged(record, number) if seen.notices else record
            continue
        seen.note(record)
        waiting.append((record, number))
        if len(waiting) > WAITING:
            yield seen.judged(*waiting.popleft())
    yield from starmap(seen.judged, waiting)
