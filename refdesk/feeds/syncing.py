"""
`refdesk sync`: pull each feed since its watermark, import the papers, and report the state of the feed.

Each page is imported before the next is fetched. The watermark moves after the last page. A sync that was killed is
therefore simply repeated, and importing a paper again changes nothing.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any, Literal

from rag import sources
from rag.errors import ConfigError, InputError, RefdeskError, UnknownFormat, UnreadableInput
from rag.origins import Origin, of_feed
from rag.sources.decoding import HEAD_BYTES, open_text
from rag.sources.repetition import Repetition, without_notices
from rag.types import ImportReport, JsonDict, Reject
from refdesk.feeds.fetching import PACES, Fetcher
from refdesk.feeds.providers import PROVIDERS
from refdesk.feeds.pulling import Document, Pull
from refdesk.feeds.retractions import OVERLAP_DAYS, PAUSE_S, pull_retractions
from refdesk.settings.feeds import FeedSettings, begin, check, fingerprint
from stores.locks import ProcessLock
from stores.sql.feeds import FeedRecord, Run
from stores.store import LibraryStore

FIRST_DAYS = 7
"""How far back a new feed begins without the setting `since`."""
KEPT_RUNS = 200
_MARK, _HINT = "settings", "hint"
"""Keys in a feed's state beside those of its provider: the fingerprint of its settings, and the hint of its error."""
SHOWN_REJECTS = 10
"""A report has the first rejected records, at most so many."""
SHOWN_NOTES = 100
"""The same for notes."""
AddFile = Callable[[LibraryStore, Path, str, tuple[str, ...], str | None, bool], ImportReport]
State = Literal["fresh", "quiet", "stale", "partial", "broken", "new"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedReport:
    """The result of one pull of one feed."""

    name: str
    kind: str
    state: State
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    rejects: tuple[Reject, ...] = ()
    notes: tuple[str, ...] = ()
    requests: int = 0
    error: str | None = None
    hint: str | None = None
    took_ms: float = 0.0

    def to_dict(self) -> JsonDict:
        """The report as `sync --json` prints it."""
        rejects = [reject.to_dict() for reject in self.rejects]
        return {**asdict(self), "rejects": rejects, "notes": list(self.notes), "took_ms": round(self.took_ms, 1)}


def sync(
    library: LibraryStore,
    settings: FeedSettings,
    names: Sequence[str] = (),
    *,
    add_file: AddFile,
    tell: Callable[[FeedReport], None] = lambda _: None,
    sleep: Callable[[float], None] = time.sleep,
) -> list[FeedReport]:
    """
    Pull feeds, one after the other. A feed that fails does not stop the others.

    Args:
        library: An open library.
        settings: The feeds and how they are pulled.
        names: The feeds to pull; empty means all.
        add_file: Imports a file of a folder feed: `refdesk.ingest.add.add_file`.
        tell: Called with each report.
        sleep: Waits between requests.

    Raises:
        ConfigError: The settings have no feed, or none with this name.
        LibraryLocked: Another sync is running.
    """
    feeds = settings.tables
    if unknown := [name for name in names if name not in feeds]:
        known = f"the feeds are {', '.join(feeds)}" if feeds else "none is configured"
        raise ConfigError(f"There is no feed “{unknown[0]}”; {known}.", hint="Check refdesk.toml.")
    if not feeds:
        raise ConfigError(
            "No feed is configured.",
            hint='Write one into refdesk.toml: `[feeds.cs]`, `kind = "arxiv"`, `categories = ["cs.CL"]`.',
        )
    lock = ProcessLock(library.place.folder / "sync.lock", busy="Another sync is at work in this library.")
    with library.writing():  # a library that cannot be written is told before anything is fetched
        library.catch_up()
    clocks = dict.fromkeys(PACES, time.monotonic())  # another process may have asked a moment ago
    with lock.held():
        reports = []
        for name in dict.fromkeys(names or feeds):
            reports.append(_pulled(library, settings, name, add_file, sleep, clocks))
            tell(reports[-1])
        return reports


def _pulled(
    library: LibraryStore,
    settings: FeedSettings,
    name: str,
    add_file: AddFile,
    sleep: Callable[[float], None],
    clocks: dict[str, float],
) -> FeedReport:
    """Pull a feed, record how it went, and report it."""
    feed = settings.tables[name]
    kind = str(feed.get("kind", ""))
    record = library.catalog.feeds().find(name) or FeedRecord(name=name)
    now = library.now()
    today = date.fromisoformat(now[:10])
    began = time.perf_counter()
    error: RefdeskError | None = None
    total = ImportReport()
    fetcher = _fetcher(library, settings, feed, sleep, clocks)
    anew = record.state.get(_MARK, fingerprint(feed)) != fingerprint(feed)
    state = {} if anew else {key: value for key, value in record.state.items() if key not in (_MARK, _HINT)}
    try:
        check(name, feed, file=settings.file)
        origin = of_feed(name, kind, str(feed.get("url", "")))
        repetition = Repetition(keep_without_abstract=feed.get("keep_without_abstract") is True)
        provider, fetcher.pause_s, overlap = PROVIDERS.get(kind, (None, PAUSE_S, OVERLAP_DAYS))
        since = _since(record, feed, today, overlap, anew=anew)
        pull = Pull(feed, fetcher, since, today, state, keys=settings.keys)
        if provider is None:
            total += pull_retractions(library, pull, origin)
        for document in provider(pull) if provider else ():
            total += _imported(library, document, feed, today, add_file, origin, repetition)
    except RefdeskError as failed:
        error = failed
    except Exception as failed:  # noqa: BLE001 - one feed's surprise does not stop the others
        error = RefdeskError(f"The feed failed: {type(failed).__name__}: {failed}.", hint="Report it.")
    run = Run(day=now[:10], new=total.added + total.updated, failed=error is not None)
    record = _after(record, run, now, state={**state, _MARK: fingerprint(feed)}, anew=anew, error=error)
    library.catalog.feeds().keep(record)
    return FeedReport(
        name=name,
        kind=kind,
        state=state_of(record, today),
        added=total.added,
        updated=total.updated,
        unchanged=total.unchanged,
        rejected=len(total.rejected),
        rejects=total.rejected[:SHOWN_REJECTS],
        notes=total.notes[:SHOWN_NOTES],
        requests=fetcher.requests,
        error=error.message if error else None,
        hint=error.hint if error else None,
        took_ms=(time.perf_counter() - began) * 1000,
    )


def _fetcher(
    library: LibraryStore,
    settings: FeedSettings,
    feed: Mapping[str, Any],
    sleep: Callable[[float], None],
    clocks: dict[str, float],
) -> Fetcher:
    """The HTTP client of a feed; the pause between its requests is still to be set."""
    return Fetcher(
        pause_s=0.0,
        contact=settings.contact,
        allow_private=feed.get("allow_private") is True,
        timeout_s=settings.timeout_s,
        sleep=sleep,
        now=lambda: datetime.fromisoformat(library.now()),
        kind=str(feed.get("kind", "")),
        clocks=clocks,
    )


def _after(
    record: FeedRecord, run: Run, now: str, *, state: dict[str, str], anew: bool, error: RefdeskError | None
) -> FeedRecord:
    """The record of a feed after a pull; the watermark moves, and the state is replaced, only without an error."""
    runs = (*record.runs, run)[-KEPT_RUNS:]
    if error:
        state = {**record.state, _HINT: error.hint or ""}
        return replace(record, runs=runs, checked=now, error=error.message, state=state)
    return replace(record, runs=(run,) if anew else runs, checked=now, error=None, watermark=run.day, state=state)


def _since(record: FeedRecord, feed: Mapping[str, Any], today: date, overlap: int, *, anew: bool) -> date:
    """The first day to ask for. A feed with other settings than before begins again, without leaving a gap."""
    first = begin(feed) or today - timedelta(days=FIRST_DAYS)
    if not record.watermark or (anew and begin(feed)):
        return first
    following = date.fromisoformat(record.watermark) - timedelta(days=overlap)
    return min(first, following) if anew else following


def _imported(
    library: LibraryStore,
    document: Document,
    feed: Mapping[str, Any],
    today: date,
    add_file: AddFile,
    origin: Origin,
    repetition: Repetition,
) -> ImportReport:
    from rag.embedders.worker import ahead, at_once
    from stores.ingest import import_records

    tags, encoding = tuple(feed.get("tags", ())), feed.get("encoding")
    if document.path:  # a file that cannot be read does not fail the whole feed
        try:
            return add_file(library, document.path, document.name, tags, encoding, repetition.keep_without_abstract)
        except InputError as error:
            return ImportReport(rejected=(Reject(where=document.name, reason=error.message),))
    try:
        records, usage = sources.parse(
            io.BytesIO(document.body),
            document.name,
            today=today.isoformat(),
            format_name=document.format_name or _format(document, feed, origin),
            encoding=encoding,
            tags=tags,
            keep_without_abstract=repetition.keep_without_abstract,
        )
        records = without_notices(records, repetition)
        report = import_records(library, records, ahead=ahead, at_once=at_once, notes=usage.about_text, origin=origin)
    except InputError as error:
        raise UnreadableInput(f"A page of the feed cannot be read: {error.message}", hint=error.hint) from error
    if cut := next((reject for reject in report.rejected if "not read further" in reject.reason), None):
        raise UnreadableInput(f"A page of the feed is incomplete: {cut.reason}.", hint="Try again later.")
    return report


def _format(document: Document, feed: Mapping[str, Any], origin: Origin) -> str | None:
    """`rss` for a page that is written like arXiv's and is not from arXiv; None to recognise the format."""
    if feed.get("kind") != "rss" or origin.schemes:
        return None
    text, _ = open_text(io.BytesIO(document.body), document.name, feed.get("encoding"))
    try:
        found = sources.recognise(text.read(HEAD_BYTES), document.name).name
    except UnknownFormat:
        return None
    return "rss" if found in ("arxiv", "arxiv_rss") else None


def state_of(record: FeedRecord, today: date) -> State:
    """
    Judge the state of a feed by its own rhythm.

    `broken`: the last pull failed. `fresh`: the day of the last pull brought papers, in this pull or an earlier one.
    `partial`: that day brought less than a quarter of the usual number for a day. `stale`: nothing new for three times
    the usual gap between two days with papers (a week at least). `quiet`: nothing new, but not for so long. `new`:
    never pulled.
    """
    if record.error:
        return "broken"
    complete = [run for run in record.runs if not run.failed]
    if not complete:
        return "new"
    new_by_day: dict[str, int] = {}
    for run in record.runs:  # a pull that failed may have brought papers before
        new_by_day[run.day] = new_by_day.get(run.day, 0) + run.new
    days_with_papers = [day for day, new in new_by_day.items() if new]
    usual = median(new_by_day[day] for day in days_with_papers[:-1]) if len(days_with_papers) > 4 else 0
    if last_day := new_by_day[complete[-1].day]:
        return "partial" if last_day < usual / 4 else "fresh"
    days = sorted(map(date.fromisoformat, days_with_papers))
    gaps = [(later - earlier).days for earlier, later in pairwise(days)]
    rhythm = max(7, 3 * (median(gaps) if gaps else 1))
    last = days[-1] if days else date.fromisoformat(complete[0].day)
    return "stale" if (today - last).days > rhythm else "quiet"


def states(library: LibraryStore, settings: FeedSettings, *, at_last_pull: bool = False) -> Iterator[JsonDict]:
    """Yield each configured feed with its state today, or on the day of its last pull, for `status` and digests."""
    today = date.fromisoformat(library.now()[:10])
    for name, feed in settings.tables.items():
        record = library.catalog.feeds().find(name) or FeedRecord(name=name)
        try:
            check(name, feed, file=settings.file)
        except ConfigError as error:
            record = replace(record, error=error.message, state={_HINT: error.hint or ""})
        yield {
            "name": name,
            "kind": str(feed.get("kind", "")),
            "state": state_of(record, _day(record) if at_last_pull and record.checked else today),
            "checked": record.checked,
            "last": next((run.day for run in reversed(record.runs) if run.new), None),
            "error": record.error,
            "hint": record.state.get(_HINT) or None if record.error else None,
        }


def _day(record: FeedRecord) -> date:
    return date.fromisoformat((record.checked or "")[:10])
