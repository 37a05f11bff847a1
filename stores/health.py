"""
Index health: what the indexes of a library lack, whether one is missing or of an older layout, and its repair.

It compares no papers: `stores.consistency` does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from rag.errors import StoreDamaged, StoreError, VectorsUnavailable
from rag.types import JsonDict, Paper
from stores.hnsw import graph_problem
from stores.indexes import Indexes
from stores.sql.catalog import SQLCatalog
from stores.sql.changes import LEXICAL, VECTORS, IndexState, Span
from stores.urls import masked

REBUILD = "rebuild"
"""Setting: `yes` if the indexes are to be emptied and filled anew."""
PAGE = 1_000
"""Papers that a rebuild reads at once."""
_NAMES = {LEXICAL: "word index", VECTORS: "vector index"}


class IndexHealth:
    """
    The health of a library's indexes.

    Args:
        catalog: Its catalog, with the indexes' positions.
        indexes: Its indexes.
        notify: Called with a sentence when there is something to say.
    """

    def __init__(self, catalog: SQLCatalog, indexes: Indexes, notify: Callable[[str], None]) -> None:
        self._catalog, self._indexes, self._notify = catalog, indexes, notify
        self._told: set[str] = set()
        indexes.tell_away, indexes.tell_unread = self._tell_away, self._tell_unread

    # ---- lag

    def needs_rebuild(self) -> bool:
        """True if both indexes are to be emptied and filled anew: a `reindex` began, or a write damaged them."""
        return self._catalog.setting(REBUILD) == "yes"

    def damage(self) -> str | None:
        """What is wrong with the files of vectors in a folder, as a part of a sentence; nobody may write them now."""
        place = self._indexes.place(VECTORS)
        return graph_problem(place) if isinstance(place, Path) else None

    def states(self) -> dict[str, JsonDict]:
        """
        Position and lag of each index in the change log, and its problem as a whole, if it has one.

        If both are to be rebuilt, each lacks every paper. A server of the vectors is asked, once and for seconds only.
        """
        states, problems = self._catalog.changes.indexes(), self.problems(look_at_vectors=True)
        rebuild = self.needs_rebuild()
        papers = self._catalog.count() if rebuild else 0
        return {
            name: {
                "position": 0 if rebuild else state.position,
                "lag": papers if rebuild else state.lag,
                "problem": problems.get(name),
            }
            for name, state in states.items()
        }

    def lacks(self) -> dict[str, int]:
        """By index, how many papers it lacks, all where it is to be built anew; only those that lack some."""
        states, problems = self._catalog.changes.indexes(), self.problems()
        every = states.keys() if self.needs_rebuild() else problems.keys()
        papers = self._catalog.count() if every else 0
        found = {name: papers if name in every else state.lag for name, state in states.items()}
        return {name: lag for name, lag in found.items() if lag}

    def tell_lag(self, states: Mapping[str, IndexState], *, rebuild: bool, follows: bool) -> None:
        """
        Say that papers cannot be found yet, or by their words alone; say it again only after no index lacked any.

        Args:
            states: The state of each index.
            rebuild: As `needs_rebuild`.
            follows: True if this process indexes what other machines added.
        """
        if rebuild:
            self.tell_once(
                "lag", "A rebuild of the indexes is at work or was interrupted; `refdesk reindex` finishes it."
            )
        elif lag := states[LEXICAL].lag:
            how = "the next `refdesk add` or `sync`, or `refdesk reindex`, indexes them"
            if follows and LEXICAL in self._catalog.changes.own:
                how = "each question and `refdesk serve` index more of them"
            self.tell_once("lag", f"{_papers(lag)} cannot be found yet; {how}.")
        elif lag := states[VECTORS].lag:
            found = "is found by its words" if lag == 1 else "are found by their words"
            self.tell_once(
                "lag", f"{_papers(lag)} {found} alone until the next `refdesk add`, `sync` or `reindex` writes vectors."
            )
        else:
            self._told.discard("lag")

    # ---- problems of an index as a whole

    def problems(self, *, look_at_vectors: bool = False) -> dict[str, str]:
        """
        By index, a sentence with its problem as a whole and the next step.

        Args:
            look_at_vectors: See whether the vectors can be read: open those in a folder, which takes a moment, or ask
                their server, once and for seconds only.
        """
        found = {name: f"{self._is_missing(name)} Run `refdesk reindex`." for name in self._missing(ask_server=False)}
        look = {LEXICAL: self._problem_of_words}
        if look_at_vectors:
            look[VECTORS] = self._problem_of_vectors
        for name in sorted(look.keys() - found.keys()):
            try:
                problem = look[name]()
            except StoreError as error:
                problem = f"{error.message} {error.hint or ''}".rstrip()
            if problem:
                found[name] = problem
        return found

    def _problem_of_words(self) -> str | None:
        lexical = self._indexes.lexical
        if lexical.layout >= lexical.newest_layout:
            return None
        return (
            f"The word index has the layout {lexical.layout} of an earlier version; it is used as it is, "
            "and the next `refdesk add` or `sync` rebuilds it."
        )

    def _problem_of_vectors(self) -> str | None:
        if not self._indexes.on_server:
            return self._indexes.vectors.problem
        try:
            if self._indexes.vectors.look() or not self._catalog.changes.indexes()[VECTORS].position:
                return None
            problem = self._lost_vectors()
        except VectorsUnavailable as error:
            problem = f"{error.message} {error.hint or ''}".rstrip()
        return f"{problem} Meanwhile papers are found by their words alone."

    def _lost_vectors(self) -> str:
        return f"{self._is_missing(VECTORS)} The next `refdesk add` or `sync` builds it from the catalog."

    def tell_problems(self) -> None:
        """Say once which problem an index has as a whole, and the next step."""
        for name, sentence in self.problems().items():
            self.tell_once(name, sentence)

    def require(self) -> str | None:
        """
        Check that the indexes can be searched; say once if the vectors cannot be read.

        Returns:
            Why questions are to be answered by words alone; None if they are not.

        Raises:
            StoreDamaged: An index that held papers is missing.
            StoreMismatch: The vectors are those of another library.
        """
        for name in self._missing(ask_server=False):
            raise StoreDamaged(
                self._is_missing(name), hint="Run `refdesk reindex`, which rebuilds it from the catalog."
            )
        problem = self._indexes.vectors.problem
        if not problem and self._missing(ask_server=True):
            problem = self._lost_vectors()
        if problem:
            self.tell_once("vectors", problem)
        else:
            self._told.discard("vectors")
        return problem

    def ask_server(self, *, strict: bool = False) -> bool:
        """
        Ask the server of the vectors whether they can be written; to be called by the one writer as it begins.

        Vectors in a folder always can.

        Args:
            strict: Raise VectorsUnavailable if they cannot; otherwise say it once, and leave them out.
        """
        self._indexes.away = None
        if not self._indexes.on_server:
            return True
        vectors = self._indexes.vectors
        vectors.reopen()  # the collection may have been lost under this process
        try:
            vectors.look(to_write=True)
            self._told.discard("away")
        except VectorsUnavailable as error:
            if strict:
                raise
            self._indexes.away = error
            self._tell_away(error)
        return not self._indexes.away

    def writable(self) -> dict[str, IndexState]:
        """The indexes that can be written now: not the vectors while their server is away."""
        states = self._catalog.changes.indexes()
        return {name: state for name, state in states.items() if name != VECTORS or not self._indexes.away}

    def _tell_away(self, error: VectorsUnavailable) -> None:
        self.tell_once("away", f"{error.message} The next `refdesk add` or `sync` writes the vectors.")

    def _tell_unread(self, error: VectorsUnavailable) -> None:
        why = "" if "vectors" in self._told else f"{error.message} "
        self.tell_once("unread", f"{why}The vectors that are needed are computed anew, which takes longer.")

    def repair(self) -> None:
        """
        Tidy up, reset the position of a missing index, rebuild one of an older layout, claim the vectors.

        To be called by the one writer, which catches up afterwards. Vectors whose server is away are left as they are.

        Raises:
            StoreMismatch: The vectors are those of another library.
        """
        changes, lexical = self._catalog.changes, self._indexes.lexical
        self._indexes.tidy()
        ask_server = not self._indexes.away
        if missing := self._missing(ask_server=ask_server):
            changes.reset(missing)
        if lexical.exists and lexical.layout < lexical.newest_layout:
            position = changes.indexes()[LEXICAL].position
            lexical.rebuild(self._batches())
            changes.advance([LEXICAL], Span(position, position))  # so that readers reopen it
        if ask_server:
            self._indexes.claim(lambda paper_ids: len(self._catalog.resolve(paper_ids)))

    def _missing(self, *, ask_server: bool) -> list[str]:
        """The indexes that held papers and do not exist; those of a new library are not missing."""
        absent = self._indexes.missing(ask_server=ask_server)
        if not absent:
            return []
        states = self._catalog.changes.indexes()
        return [name for name in absent if states[name].position]

    def _is_missing(self, name: str) -> str:
        place = self._indexes.place(name)
        printable = masked(place) if isinstance(place, str) else place
        return f"The {_NAMES[name]} is missing: there is none at {printable}."

    def _batches(self) -> Iterator[Sequence[Paper]]:
        ids = self._catalog.ids()
        for at in range(0, len(ids), PAGE):
            yield list(self._catalog.papers(ids[at : at + PAGE]).values())

    def tell_once(self, what: str, sentence: str) -> None:
        """Say a sentence, unless one about this was said before."""
        if what not in self._told:
            self._told.add(what)
            self._notify(sentence)


def _papers(count: int) -> str:
    return "1 paper" if count == 1 else f"{count:,} papers"
