"""The public Python API: open a library, put papers in, ask, make issues, keep it consistent."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any, BinaryIO, Unpack

from rag.embedders import canonical
from rag.types import Filter, FilterOptions, Finding, ImportReport, Paper, SplitReport, choose_filter
from rag.types.reader import LOCAL
from refdesk import issue_wiring
from refdesk.arguments import check_rating
from refdesk.filters import checked_filter, resolve_paper
from refdesk.ingest import examples as examples
from refdesk.ingest import formats as formats
from refdesk.served import Served
from refdesk.settings import config as configuration
from refdesk.settings.serving import serving

if TYPE_CHECKING:
    from rag.types import Digest
    from refdesk.digest.issues import Issues
    from refdesk.feeds.syncing import FeedReport
    from refdesk.ingest.add import ReadingOptions


class Library(Served):
    """
    An open library, made by `open_library`. It is a context manager, which closes the library at its end.

    `Questions` has the methods that search and answer, `Looking` those that show papers, `Served` what a server needs.
    Every sentence of an answer cites sentences of papers, with their places in the stored abstracts.
    """

    def __enter__(self) -> Library:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close files and connections."""
        self._store.close()

    def reload(self) -> None:
        """
        Read the settings again: `refdesk.toml` and the environment. Nothing else does, so call it after an edit.

        `embedder`, `catalog` and `vectors` hold until the library is opened again, and so does `lock_timeout_s`.

        Raises:
            ConfigError: A setting is wrong, or one that an open library keeps has changed; the old ones stay in use.
        """
        settings = configuration.reloaded(self._settings, self._load())
        serving(settings.serve, file=settings.file)  # a server needs it for every request
        self._use(settings)

    # ---- putting papers in

    def add(
        self,
        *names: str | Path,
        format_name: str | None = None,
        encoding: str | None = None,
        listed: str | None = None,
        tags: Sequence[str] = (),
        keep_without_abstract: bool = False,
        ray: str | None = None,
        progress: Callable[[int, float], None] = lambda _records, _share: None,
    ) -> ImportReport:
        """
        Import papers from files; the format of each file is recognised by its content.

        Args:
            names: Paths, folders, patterns such as `*.bib`, zip files, http(s) URLs, or `-` for standard input.
            format_name, encoding: Force a format (`refdesk.library.formats()` names them) or an encoding (`cp1250`).
            listed: The listing date of records that have none.
            tags: Added to every paper.
            keep_without_abstract: Keep records without an abstract: they are found by title, and support no answer.
            ray: Let Ray's workers parse and embed: `local` starts Ray on this machine, `auto` takes the one that runs
                here; otherwise its address, such as `ray://head:10001`.
            progress: Called with the number of records read and the share of bytes read, 0 to 1.

        Returns:
            The number of records added, updated and unchanged, and the rejected ones with the reason. Of several
            inputs, one that cannot be read is a reject.

        Raises:
            UnreadableInput, UnknownFormat: The only input cannot be read.
            BadFilter: `listed` is not a date, or a tag cannot be printed.
            RayUnavailable: Ray is missing or away, or one of its workers lacks a file or this Refdesk.
        """
        began = time.perf_counter()
        from refdesk.ingest import add as adding  # a dozen parsers, which a question does not need

        reading = adding.reading(
            format_name=format_name,
            encoding=encoding,
            listed=listed,
            tags=tags,
            keep_without_abstract=keep_without_abstract,
        )
        total = adding.add(self._store, [str(name) for name in names], reading, progress, ray)
        return replace(total, took_ms=(time.perf_counter() - began) * 1000)

    def add_stream(
        self,
        stream: BinaryIO,
        filename: str,
        *,
        progress: Callable[[int, float], None] = lambda _records, _share: None,
        **options: Unpack[ReadingOptions],
    ) -> ImportReport:
        """
        Import the records of a stream that somebody else sent: they only add what is unknown.

        The report names the first 1,000 rejects and notes, and counts the others.

        Args:
            stream: Seekable bytes; a zip archive is imported file by file.
            filename: What to call it in reports; it scopes ids of no known scheme. No file is opened by it.
            progress, options: As in `add`.

        Raises:
            UnreadableInput, UnknownFormat, BadFilter: As `add`.
        """
        from refdesk.ingest import add as adding

        return adding.add_stream(self._store, stream, filename, adding.reading(**options), progress)

    def sync(self, *names: str, tell: Callable[[FeedReport], None] = lambda _: None) -> list[FeedReport]:
        """
        Pull new papers from the feeds of the settings. A feed that fails has the state `broken` in its report.

        Args:
            names: The feeds to pull; none means all.
            tell: Called with the report of each feed as soon as it is pulled.

        Raises:
            ConfigError: The settings have no feed, or none with this name.
            LibraryLocked: Another sync is running.
        """
        from refdesk.feeds.syncing import sync
        from refdesk.ingest.add import add_file

        return sync(self._store, issue_wiring.feed_settings(self._settings), names, add_file=add_file, tell=tell)

    def digest(
        self,
        period: str | None = None,
        *,
        subscription: str | None = None,
        fresh: bool = False,
        cancel: Event | None = None,
    ) -> Digest:
        """
        Make the issue of a period; every sentence of it cites. Nothing is recorded or sent.

        Args:
            period: `2026-W27`, `2026-06`, `2026-06-29` or `2026-06-01--2026-06-20`; None is the last whole period.
            subscription: A name of the settings; None is the only subscription, or all papers where there is none.
            fresh: Ask the model again, even where its reply is stored.
            cancel: Set it from another thread to stop; the model's call ends within one chunk of its reply.

        Raises:
            BadFilter: The period is not valid.
            CancelledError: `cancel` was set while the model wrote.
            ConfigError: The settings have no such subscription, or one of its settings is wrong.
        """
        return self.issues.make(period, subscription=subscription, fresh=fresh, cancel=cancel).digest

    @property
    def issues(self) -> Issues:
        """The issues of the library: make, render, run, and their status. Each use reads the subscriptions anew."""
        from refdesk.digest.issues import Issues

        return Issues(
            self._store,
            issue_wiring.digest_settings(self._store, self._settings),
            self._ask,
            model=self._settings.model,
        )

    def within_issue(
        self,
        period: str,
        filter: Filter | None = None,  # noqa: A002
        *,
        subscription: str | None = None,
        **filters: Unpack[FilterOptions],
    ) -> Filter:
        """
        Narrow a filter to the papers that an issue cites. Filters as in `search`.

        Raises:
            BadFilter, PaperNotFound: As `search`; or the issue cites no paper of the filter.
            ConfigError: The settings have no such subscription.
        """
        checked = checked_filter(self._store.catalog, choose_filter(filter, filters))
        return self.issues.within(period, checked, subscription=subscription)

    def rate(self, paper: str, rating: int, *, reader: str = LOCAL) -> Paper:
        """
        Rate a paper: 1 asks for papers like it in the issues, -1 for none like it, 0 takes a rating back.

        Args:
            paper: As in `show`.
            rating: 1, -1 or 0.
            reader: Who rates; `local` is the command line.

        Raises:
            BadFilter: The rating is another number.
            PaperNotFound: As `show`.
        """
        check_rating(rating)
        found = self.show(paper)
        self._store.require_writable()
        self._store.catalog.ratings(reader).rate(found.paper_id, rating, now=self._store.now())
        return found

    def split(self, paper: str) -> SplitReport:
        """
        Undo a union: part a paper that a record wrongly united with another one.

        Args:
            paper: As in `show`; the id of the paper to restore, or of the united one, whose newest union is undone.

        Returns:
            Both papers, and who had united them. No record unites them again.

        Raises:
            NothingToSplit: No union of the paper is known. What an earlier version united is not.
            PaperNotFound: As `show`.
        """
        from stores.splitting import split

        return split(self._store, resolve_paper(self._store.catalog, paper), named=paper)

    def status(self, *, reader: str | None = None) -> dict[str, Any]:
        """
        Report what the library holds and how its feeds and issues do, as `status --json` prints it.

        Args:
            reader: Who is told, in a browser or an assistant: without places on the disk, and of no other's ratings,
                subscriptions and deliveries; what is wrong with feeds and with deliveries of shared subscriptions
                is told to curators. None tells all.
        """
        from refdesk.status import for_readers, status

        feeds = issue_wiring.feed_states(self._store, self._settings)
        errors = issue_wiring.settings_errors(self._settings)
        document = status(self._store, feeds=feeds, reranker=self._settings.reranker, errors=errors)
        if reader:
            document = for_readers(document, curates=self.issues.curates(reader))
        return {**document, **self.issues.status(reader)}

    # ---- keeping it consistent

    def lacks(self) -> dict[str, int]:
        """
        By index, how many papers it lacks; the next writer indexes them. Empty if both are complete.

        An index that is to be built anew lacks them all.
        """
        return self._store.health.lacks()

    def change_counter(self) -> str | None:
        """A value that changes with every change of papers or indexes; None while the open indexes are behind."""
        return self._store.change_counter()

    def follow(self) -> bool:
        """
        Index in this folder what other machines added to a catalog that they share; a question does so by itself.

        Returns:
            False where the catalog is this folder's alone, so that there is nothing to follow.
        """
        self._store.follow()
        return bool(self._store.catalog.changes.own)

    def catch_up(self, progress: Callable[[int], None] = lambda _: None) -> int:
        """
        Index what a killed import or an interrupted rebuild left; whoever searches meanwhile uses what is there.

        Returns:
            The number of papers indexed.

        Raises:
            LibraryLocked: Another process is writing, and did not finish in time.
        """
        with self._store.writing():
            return self._store.catch_up(progress)

    def check(self) -> list[Finding]:
        """Compare the indexes with the catalog; an empty list means that they agree."""
        from stores.consistency import check

        self._store.health.tell_problems()
        return check(self._store)

    def backup(self, file: str | Path) -> int:
        """
        Write the catalog, the settings and the files of issues to one tar, while others use the library.

        Args:
            file: The tar, readable by its owner alone. `refdesk restore` makes a library of it.

        Returns:
            The number of papers in it.

        Raises:
            StoreError: The catalog cannot be read, or the file cannot be written.
        """
        from stores.backup import write_backup

        return write_backup(self._store.place, Path(file))

    def reindex(self, *, embedder: str | None = None, progress: Callable[[int], None] = lambda _: None) -> int:
        """
        Rebuild the indexes from the catalog.

        Args:
            embedder: Another embedder to change to.
            progress: Called with the number of papers of each batch when it is indexed.

        Returns:
            The number of papers indexed.
        """
        return self._store.reindex(canonical(embedder) if embedder else None, progress)
