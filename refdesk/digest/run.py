"""
`refdesk run`: pull the feeds, make every issue that is due, deliver what is undelivered. Safe to call at any time.

An issue and its deliveries are stored in one transaction, and deliveries start from there only (a transactional
outbox). So a run that is killed has either not made an issue, and the next run makes it, or has left it in the outbox.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from rag.delivery import outbox
from rag.digests.build import BuiltIssue
from rag.digests.period import containing
from rag.errors import ConfigError, LibraryLocked, RefdeskError
from rag.ports import Delivery
from rag.types import JsonDict, Period, Subscription
from refdesk.digest.deliver import ISSUES, Sender, addresses, planned, renderings
from refdesk.digest.due import Due, caught_up, due
from refdesk.digest.settings import DigestSettings
from stores.locks import ProcessLock
from stores.sql.catalog import SQLCatalog
from stores.sql.issues import IssueRecord
from stores.store import LibraryStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a run did: what kind, for which feed, issue or reader, its outcome, and the details."""

    step: Literal["sync", "issue", "delivery"]
    name: str
    outcome: Literal["done", "nothing", "failed"]
    detail: str
    hint: str | None = None
    more: JsonDict = field(default_factory=dict)

    def to_dict(self) -> JsonDict:
        """The step as `run --json` prints it."""
        document = {"step": self.step, "name": self.name, "outcome": self.outcome, "detail": self.detail}
        return {**document, "hint": self.hint, **self.more}


class Run:
    """
    Runs over an open library.

    Args:
        store: The library.
        settings: Subscriptions, mail and feeds.
        make: Makes the issue of a period.

    Raises:
        ConfigError: `[email]` or `[serve]` is wrong; nothing was done.
    """

    def __init__(
        self, store: LibraryStore, settings: DigestSettings, make: Callable[[Period, Subscription], BuiltIssue]
    ) -> None:
        self._store, self._make, self._sync = store, make, settings.sync
        self._outbox = store.catalog.outbox()
        self._errors = dict(settings.broken)
        mail = settings.mail()
        self._subscriptions: dict[str, Subscription] = {}
        for name, subscription in settings.subscriptions.items():
            if error := delivery_error(subscription, has_mail=mail is not None):
                self._errors[name] = error
            else:
                self._subscriptions[name] = subscription
        self._sender = Sender(
            store, self._subscriptions, broken=frozenset(self._errors), mail=mail, public_url=settings.public_url()
        )

    def run(
        self, *, resend: str | None = None, dismiss: str | None = None, catch_up: int | None = None
    ) -> Iterator[Step]:
        """
        Do all that is due, step by step.

        Args:
            resend: The id of a delivery that failed or whose fate is unknown, to be sent again.
            dismiss: The id of a delivery that is not wanted any more.
            catch_up: How many of the newest periods without an issue are made, for each subscription.

        Raises:
            ConfigError: After the last step: a subscription is wrong; the others had their issues.
            LibraryLocked: Another run is at work.
            LibraryReadOnly: The library cannot be written; nothing was fetched or sent.
            InputError: There is no such delivery, or it was sent.
        """
        self._store.require_writable()
        with self._alone():
            if resend:
                outbox.resend(self._outbox, resend, now=self._now())
            if dismiss:
                outbox.dismiss(self._outbox, dismiss, now=self._now())
            yield from self._synced()
            for subscription in self._subscriptions.values():
                yield from self._issued(subscription, self._due(subscription, catch_up))
            for delivery in outbox.deliver(self._outbox, self._sender.send, now=self._now):
                yield _delivered(delivery)
            for subscription in self._subscriptions.values():
                yield from self._restored(subscription)
        if errors := list(dict.fromkeys(self._errors.values())):
            raise ConfigError(" ".join(error.message for error in errors), hint=errors[0].hint)

    def deliver(self) -> Iterator[Step]:
        """Deliver what is undelivered and due; pull nothing, make no issue. Raises LibraryLocked, LibraryReadOnly."""
        self._store.require_writable()
        with self._alone():
            for delivery in outbox.deliver(self._outbox, self._sender.send, now=self._now):
                yield _delivered(delivery)

    def _alone(self) -> AbstractContextManager[None]:
        """Be the only run. Raises LibraryLocked."""
        busy = "Another run is at work in this library."
        return ProcessLock(self._store.place.folder / "run.lock", busy=busy).held()

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._store.now())

    # ---- feeds

    def _synced(self) -> Iterator[Step]:
        if not self._sync:
            return
        try:
            reports = self._sync()
        except LibraryLocked as error:  # another one is at work; issues need not wait for it
            yield Step(step="sync", name="feeds", outcome="failed", detail=error.message, hint=error.hint)
            return
        for report in reports:
            counts = (f"{getattr(report, name):,} {name}" for name in ("added", "updated") if getattr(report, name))
            outcome: Literal["done", "nothing", "failed"] = "failed" if report.error else "nothing"
            if outcome == "nothing" and (report.added or report.updated):
                outcome = "done"
            detail = report.error or ", ".join(counts) or "nothing new"
            if report.rejects:
                detail += f"; {report.rejected:,} rejected: {report.rejects[0].where}: {report.rejects[0].reason}"
            more = {"state": report.state, "added": report.added, "updated": report.updated}
            more["rejected"] = report.rejected
            yield Step(step="sync", name=report.name, outcome=outcome, detail=detail, hint=report.hint, more=more)

    # ---- issues

    def _due(self, subscription: Subscription, catch_up: int | None) -> Due:
        made = self._store.catalog.issues().periods(subscription.name)
        if catch_up is None:
            return due(subscription, made, self._now())
        days = self._store.catalog.days()
        since = date.fromisoformat(days[0]) if days else date.max
        return Due(periods=caught_up(subscription, made, self._now(), count=catch_up, since=since))

    def _issued(self, subscription: Subscription, wanted: Due) -> Iterator[Step]:
        if wanted.ahead:
            detail = f"The issue {wanted.ahead} is of a time to come, so a clock was wrong when it was made."
            yield Step(step="issue", name=subscription.name, outcome="nothing", detail=detail)
        if missed := wanted.left_out:
            detail = f"{len(missed):,} missed periods, {missed[0].name} to {missed[-1].name}, are left out."
            asked = f"If the clock is right, `refdesk run --catch-up {len(missed)}` makes them."
            yield Step(step="issue", name=subscription.name, outcome="nothing", detail=detail, hint=asked)
        for period in wanted.periods:
            name = f"{period.name}.{subscription.name}"
            try:
                built = self._make(period, subscription)
                self._keep(subscription, built)
            except RefdeskError as error:  # the others go on; the next run tries this one again
                yield Step(step="issue", name=name, outcome="failed", detail=error.message, hint=error.hint)
                return
            except CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - one subscription's surprise does not stop the others
                detail = f"Refdesk failed: {type(error).__name__}: {error}"
                yield Step(step="issue", name=name, outcome="failed", detail=detail, hint="Report it.")
                return
            coverage = built.digest.coverage
            detail = f"{coverage.included:,} of {coverage.listed:,} papers"
            if built.digest.degraded:
                detail += f"; {built.digest.degraded['reason']}"
            hint = None if coverage.listed else elsewhere(self._store.catalog)
            more: JsonDict = {"listed": coverage.listed, "included": coverage.included, "mode": built.digest.mode}
            more["usage"] = built.digest.usage
            yield Step(step="issue", name=name, outcome="done", detail=detail, hint=hint, more=more)

    def _restored(self, subscription: Subscription) -> Iterator[Step]:
        """Write the files of the last issues again that are missing in the library's folder."""
        for name, files in self._sender.restore(subscription).items():
            more: JsonDict = {"channel": "file", "target": ISSUES, "state": "sent"}
            detail = f"Missing files are written again: {', '.join(files)}."
            yield Step(step="delivery", name=f"{name} to {ISSUES}", outcome="done", detail=detail, more=more)

    def _keep(self, subscription: Subscription, built: BuiltIssue) -> None:
        digest, now = built.digest, self._now()
        record = IssueRecord(
            subscription=subscription.name,
            period=digest.period.name,
            first=digest.period.first.isoformat(),
            end=digest.period.end.isoformat(),
            created=now.isoformat(),
            document=digest.to_dict(),
            forms=renderings(digest),
            considered=built.considered,
        )
        without = self._store.catalog.subscriptions().unsubscribed(subscription.name)
        deliveries = planned(subscription, record.period, now, without=without)
        self._store.catalog.issues().keep(record, deliveries)


def elsewhere(catalog: SQLCatalog) -> str:
    """The hint for an empty issue: where the papers of the library are."""
    if not (days := catalog.days()):
        return "The library is empty: `refdesk add FILE`, or configure feeds."
    week = containing(date.fromisoformat(days[1]), "week").name
    return f"The library's papers are of {days[0]} to {days[1]}; `refdesk digest --week {week}` shows the last."


def delivery_error(subscription: Subscription, *, has_mail: bool) -> ConfigError | None:
    """The error of a subscription whose issues could not be delivered, and so are not made; None for others."""
    try:
        readers = addresses(subscription)
    except ConfigError as error:
        return error
    if readers and not has_mail:
        return ConfigError(
            f"The subscription “{subscription.name}” has readers, and refdesk.toml no [email].",
            hint="docs/running.md has the settings of the usual providers.",
        )
    return None


def _delivered(delivery: Delivery) -> Step:
    name = f"{delivery.period}.{delivery.subscription} to {delivery.target}"
    outcome: Literal["done", "nothing", "failed"] = "done" if delivery.state == "sent" else "failed"
    explained = outbox.explain(delivery)
    hint = explained["command"] and f"Send it again: `{explained['command']}`."
    more = {key: explained[key] for key in ("id", "channel", "target", "state", "attempts")}
    settled = delivery.state == "planned"  # a run was killed before it had sent anything
    return Step(
        step="delivery",
        name=name,
        outcome="nothing" if settled else outcome,
        detail=delivery.detail,
        hint=hint or (explained["next"] if outcome == "failed" else None),
        more=more,
    )
