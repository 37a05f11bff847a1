"""The public Python API: a library that is open."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from rag.embedders import canonical
from rag.errors import BadFilter, StoreError
from rag.types import Answer, Claim, Filter, Finding, Hit, ImportReport, Paper, Revision
from refdesk import filters, wiring
from refdesk.ask import Answering
from refdesk.settings import config as configuration
from stores.store import LibraryStore

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import Runnable

    from rag.retrieval.retriever import Retrieved, Retriever
    from rag.types import Digest
    from refdesk.digest.issues import Issues
    from refdesk.feeds.syncing import FeedReport
    from refdesk.verify import Verified

EVERY_PAPER = Filter()


def open_library(
    path: str | Path,
    *,
    embedder: str | None = None,
    model: str | None = None,
    config: str | Path | None = None,
    read_only: bool = False,
    create: bool = True,
    notify: Callable[[str], None] = lambda _: None,
) -> Library:
    """
    Open a library, which is made where it is absent.

    Args:
        path: Its folder.
        embedder: `static` (the default), `minilm` or `openai:<model>`; only a new library can choose.
        model: A chat model to write answers with, such as `openai:gpt-4o-mini`; None takes that of the settings, and
            without one answers are in the papers' own sentences.
        config: A configuration file to read in place of the library's `refdesk.toml`.
        read_only: Never write, not even to finish what a killed process left.
        create: Whether to make it where it is absent.
        notify: Told, in a sentence, when there is something to wait for.

    Raises:
        ConfigError: A setting is wrong.
        StoreError: The library cannot be used; see `refdesk.errors`.
    """
    folder = Path(path)
    settings = configuration.load(folder, file=Path(config) if config else None, embedder=embedder, model=model)
    return Library(wiring.store(folder, settings, create=create, read_only=read_only, notify=notify), settings)


def open_to_reindex(
    path: str | Path, *, config: str | Path | None = None, notify: Callable[[str], None] = lambda _: None
) -> Library:
    """Open a library whichever embedder the settings ask for, to rebuild it with that or another one."""
    folder = Path(path)
    settings = replace(configuration.load(folder, file=Path(config) if config else None), embedder=None)
    return Library(wiring.store(folder, settings, create=False, notify=notify), settings)


class Library:
    """
    An open library; `open_library` makes one. A context manager: leaving it closes the library.

    Every sentence of its answers cites sentences of papers, with their places in the stored abstracts.
    """

    def __init__(self, store: LibraryStore, settings: configuration.Config) -> None:
        self._store = store
        self._settings = settings
        self._answering = Answering(store, settings)
        self._made_retriever: Retriever | None = None
        self._making_retriever = Lock()

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of files and connections."""
        self._store.close()

    @property
    def model(self) -> str | None:
        """The chat model that writes its answers."""
        return self._settings.model

    # ---- putting papers in

    def add(
        self,
        *names: str | Path,
        format_name: str | None = None,
        listed: str | None = None,
        tags: Sequence[str] = (),
        progress: Callable[[int, float], None] = lambda _records, _share: None,
    ) -> ImportReport:
        """
        Import files; each is recognised by its content.

        Args:
            names: Paths, folders, patterns such as `*.bib`, zip files, http(s) URLs, or `-` for standard input.
            format_name: Force a format; `refdesk.library.formats()` names them.
            listed: The listing date of records that have none.
            tags: Added to every paper.
            progress: Told the number of records read and the share of bytes, 0 to 1.

        Returns:
            What became of every record. With several inputs, one that cannot be read at all is a reject.

        Raises:
            UnreadableInput, UnknownFormat: The only input cannot be read.
            BadFilter: `listed` is no date, or a tag cannot be printed.
        """
        began = time.perf_counter()
        if listed is not None:
            listed = filters.day(listed, "listed")
        if unprintable := [tag for tag in tags if not tag.isprintable()]:
            raise BadFilter(f"The tag {unprintable[0]!r} cannot be printed.", hint="Use letters, digits and signs.")
        from refdesk.ingest import add as adding  # a dozen parsers, which a question does not need

        total = adding.add(self._store, [str(name) for name in names], format_name, listed, tuple(tags), progress)
        return replace(total, took_ms=(time.perf_counter() - began) * 1000)

    # ---- asking

    def search(self, query: str, *, limit: int = 10, filter: Filter = EVERY_PAPER) -> list[Hit]:  # noqa: A002 - the public name
        """
        The papers that best match, best first.

        Raises:
            BadQuestion: There is nothing in the query to look for.
            BadFilter, PaperNotFound: A date that is none, or a paper that is not here.
        """
        return list(self.retrieve(query, filter=filter, depth=limit).hits[:limit])

    def ask(self, question: str, *, filter: Filter = EVERY_PAPER, **options: Any) -> Answer:  # noqa: A002
        """
        A cited answer, or an abstention; with a model as it writes and we check it, else in the papers' own sentences.

        Args:
            question: In natural language.
            filter: Which papers to look at.
            options: As in `stream`.

        Raises:
            BadQuestion: There is nothing in the question to look for.
            BadFilter, PaperNotFound: A date that is none, or a paper that is not here.
            ModelUnavailable: The model failed, and `strict` was asked for.
        """
        *_, answer = self.stream(question, filter=filter, **options)
        assert isinstance(answer, Answer)
        return answer

    def stream(
        self,
        question: str,
        *,
        filter: Filter = EVERY_PAPER,  # noqa: A002
        max_sentences: int | None = None,
        fresh: bool = False,
        strict: bool = False,
        keep_unsupported: bool = False,
    ) -> Iterator[Claim | Answer]:
        """
        The claims of an answer one by one, each checked, and the Answer last. Raises as `ask`.

        Args:
            question, filter: As in `ask`.
            max_sentences: The most claims.
            fresh: Ask the model anew, also what it was asked before.
            strict: Raise where the model fails, in place of an extractive answer that is marked `degraded`.
            keep_unsupported: Keep claims of the model that did not pass the check, marked as unsupported.
        """
        began = time.perf_counter()
        for each in self._answering.stream(
            question,
            lambda query: self.retrieve(query, filter=filter),
            max_sentences=max_sentences,
            fresh=fresh,
            strict=strict,
            keep_unsupported=keep_unsupported,
        ):
            yield replace(each, took_ms=(time.perf_counter() - began) * 1000) if isinstance(each, Answer) else each

    def sync(self, *names: str, tell: Callable[[FeedReport], None] = lambda _: None) -> list[FeedReport]:
        """
        Pull feeds of the settings, all or those named. One that fails has the state `broken` in its report.

        Raises:
            ConfigError: There is no feed, or none of a name.
            LibraryLocked: Another sync is at work.
        """
        from refdesk.feeds.syncing import sync

        return sync(self._store, self._settings, names, tell=tell)

    def digest(self, period: str | None = None, *, subscription: str | None = None, fresh: bool = False) -> Digest:
        """
        The issue of a period, every sentence of which cites; nothing is recorded or sent.

        Args:
            period: `2026-W27`, `2026-06`, `2026-06-29` or `2026-06-01--2026-06-20`; None is the last whole one.
            subscription: Of the settings; None is the only one, or all papers where none is configured.
            fresh: Ask the model anew, also what it was asked before.

        Raises:
            BadFilter: It is no period.
            ConfigError: There is no such subscription, or one of its settings is wrong.
        """
        return self.issues.make(period, subscription=subscription, fresh=fresh).digest

    @cached_property
    def issues(self) -> Issues:
        """Its issues: `make`, `rendered`, `run`, and what has become of them."""
        from refdesk.digest.issues import Issues

        return Issues(self._store, self._settings, self._answering)

    def condense(self, history: Sequence[str], question: str) -> str:
        """A follow-up as a question that stands for itself, by the model. Raises ModelUnavailable."""
        return self._answering.condense(history, question)

    def replay(self, generation_id: str) -> Answer:
        """A stored reply of a model, checked anew. Raises PaperNotFound where there is none of this id."""
        return self._answering.replay(generation_id)[1]

    def verify(self, document: str) -> list[Verified]:
        """
        Check a document that Refdesk wrote, JSON or Markdown, claim by claim.

        Raises:
            UnreadableInput: It holds no claim.
        """
        from refdesk.verify import verify

        return verify(document, Answering(self._store, self._settings))

    def retrieve(self, question: str, *, filter: Filter = EVERY_PAPER, depth: int = 0) -> Retrieved:  # noqa: A002
        """What `search` and `ask` are made of: ranked papers and ranked sentences. Raises as `ask` does."""
        checked = filters.checked(self._store.catalog, filter)
        question = question.encode(errors="replace").decode()  # what a terminal could not decode is no word
        self._store.refresh()
        self._store.health.require()
        try:
            return self._retriever().retrieve(question, filter_=checked, depth=depth)
        except StoreError:
            if not self._store.written_since_refresh():
                raise
        self._store.refresh()  # the indexes were rebuilt under the question
        return self._retriever().retrieve(question, filter_=checked, depth=depth)

    def _retriever(self) -> Retriever:
        with self._making_retriever:
            if self._made_retriever is None or self._made_retriever.embedder is not self._store.embedder:
                self._made_retriever = wiring.retriever(
                    self._store
                )  # the first, or somebody reindexed with another one
            return self._made_retriever

    def as_retriever(self, *, limit: int = 8, filter: Filter = EVERY_PAPER) -> BaseRetriever:  # noqa: A002
        """A LangChain retriever: a question to `limit` Documents, one a paper, its best sentence in the metadata."""
        from rag.retrieval.langchain import PaperRetriever

        return PaperRetriever(search=lambda query: self.search(query, limit=limit, filter=filter))

    def as_runnable(self, *, filter: Filter = EVERY_PAPER) -> Runnable[str, Answer]:  # noqa: A002
        """A LangChain Runnable from a question to an Answer."""
        from langchain_core.runnables import RunnableLambda

        return RunnableLambda(lambda question: self.ask(question, filter=filter), name="refdesk")

    def within_issue(self, period: str, filter: Filter = EVERY_PAPER, *, subscription: str | None = None) -> Filter:  # noqa: A002
        """A filter narrowed to the papers that an issue cites. Raises BadFilter, PaperNotFound, ConfigError."""
        return self.issues.within(period, filters.checked(self._store.catalog, filter), subscription=subscription)

    def rate(self, paper: str, rating: int) -> Paper:
        """Say that papers like this are wanted in issues (1) or not (-1), or nothing (0). Raises PaperNotFound."""
        found = self.show(paper)
        self._store.require_writable()
        self._store.catalog.ratings().rate(found.paper_id, rating, now=self._store.now())
        return found

    # ---- looking

    def show(self, paper: str) -> Paper:
        """
        A paper by any of its ids; the scheme may be left out where that is not ambiguous.

        Raises:
            PaperNotFound: No paper has this id.
        """
        paper_id = filters.resolve(self._store.catalog, paper)
        self._store.health.tell_problems()
        return self._store.catalog.papers([paper_id])[paper_id]

    def revisions(self, paper: str) -> list[Revision]:
        """All texts that a paper has had, the first seen first. Raises PaperNotFound."""
        return self._store.catalog.revisions(filters.resolve(self._store.catalog, paper))

    def papers(self, *, filter: Filter = EVERY_PAPER) -> Iterator[Paper]:  # noqa: A002
        """All papers that pass a filter, by id. Raises BadFilter."""
        ids = self._store.catalog.matching(filters.checked(self._store.catalog, filter))
        for at in range(0, len(ids), 500):
            yield from self._store.catalog.papers(ids[at : at + 500]).values()

    def status(self) -> dict[str, Any]:
        """What is here, as `status --json` prints it."""
        from refdesk.status import status

        return {**status(self._store, self._settings), **self.issues.status()}

    # ---- keeping it whole

    def check(self) -> list[Finding]:
        """All that is amiss between the catalog and the indexes; nothing is a whole library."""
        from stores.consistency import check

        self._store.health.tell_problems()
        return check(self._store)

    def reindex(self, *, embedder: str | None = None, progress: Callable[[int], None] = lambda _: None) -> int:
        """
        Rebuild the indexes from the catalog, with another embedder if one is named.

        Returns:
            How many papers were indexed.
        """
        return self._store.reindex(canonical(embedder) if embedder else None, progress)


def formats() -> dict[str, str]:
    """The names of the formats that `add` reads, and what they are."""
    from rag import sources

    return {each.name: each.description for each in sources.FORMATS}


def examples() -> Path:
    """The folder of the sample library, whose papers are invented."""
    here = Path(__file__).parent
    return next(folder for folder in (here / "examples", here.parent / "examples") if folder.is_dir())
