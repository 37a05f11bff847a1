"""
`refdesk run`: sync, every issue that is due, and every delivery that is due. Safe to call at any time.

An issue and its deliveries are kept in one transaction, and a delivery is attempted only from there: a run that is
killed has either not made an issue, and the next one does, or has left it in the outbox.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Literal
from uuid import uuid4

from filelock import FileLock, Timeout

from rag.delivery import atom, message, outbox, smtp
from rag.delivery.files import write, write_issue
from rag.delivery.outcome import HandOver, Outcome
from rag.digests.period import containing, following, last_whole, span
from rag.errors import ConfigError, LibraryLocked, RefdeskError
from rag.ports import Delivery
from rag.types import Digest, JsonDict, Period, Subscription
from refdesk.ask import Answering
from refdesk.digest.builder import Digesting, Made
from refdesk.render import issue as issuing
from refdesk.settings.config import Config
from refdesk.settings.email import Mail, mail
from refdesk.settings.subscriptions import subscriptions
from stores.sql.issues import IssueRecord
from stores.store import LibraryStore

ISSUES = "issues"
"""The folder of issue files in a library, and what a delivery to it is called."""
FEED_ENTRIES = 26
SHOWN_ENTRIES = 4
"""Issues of the feed that are in it whole; of the others it has the summary."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing that a run did: what, to which feed, issue or reader, what became of it, and why."""

    step: Literal["sync", "issue", "delivery"]
    name: str
    outcome: Literal["done", "nothing", "failed"]
    detail: str
    hint: str | None = None
    more: JsonDict = field(default_factory=dict)

    def to_dict(self) -> JsonDict:
        """The step as `run --json` prints it."""
        said = {"step": self.step, "name": self.name, "outcome": self.outcome, "detail": self.detail}
        return {**said, "hint": self.hint, **self.more}


class Running:
    """
    Runs over an open library.

    Args:
        store: The library.
        settings: Its settings.
        answering: Writes with the model, where there is one.

    Raises:
        ConfigError: A subscription or `[email]` is wrong, or somebody is to get mail and nobody said how.
    """

    def __init__(self, store: LibraryStore, settings: Config, answering: Answering) -> None:
        self._store, self._settings = store, settings
        self._subscriptions = subscriptions(settings.subscriptions)
        self._mail: Mail | None = mail(settings.email) if settings.email else None
        for each in self._subscriptions.values():
            for reader in each.to:
                message.mailbox(reader)
            if each.to and not self._mail:
                raise ConfigError(
                    f"The subscription “{each.name}” has readers, and refdesk.toml no [email].",
                    hint="docs/running.md has the settings of the usual providers.",
                )
        self._digesting = Digesting(store, settings, answering, store.notify)
        self._outbox = store.catalog.outbox()

    def run(self, *, resend: str | None = None) -> Iterator[Step]:
        """
        All that is due, step by step.

        Args:
            resend: The id of a delivery that failed or whose fate is unknown, to be sent again.

        Raises:
            LibraryLocked: Another run is at work.
            InputError: There is no such delivery, or it was sent.
        """
        with self._store.writing():
            pass  # a library that cannot be written is told before anything is fetched or sent
        lock = FileLock(self._store.place.folder / "run.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            raise LibraryLocked("Another run is at work in this library.", hint="Wait for it to end.") from error
        try:
            if resend:
                outbox.resend(self._outbox, resend, now=self._now())
            yield from self._synced()
            for subscription in self._subscriptions.values():
                yield from self._issued(subscription)
            for delivery in outbox.deliver(self._outbox, self._send, now=self._now):
                yield _delivered(delivery)
        finally:
            lock.release()

    def _now(self) -> datetime:
        return datetime.fromisoformat(self._store.now())

    # ---- feeds

    def _synced(self) -> Iterator[Step]:
        if not self._settings.feeds:
            return
        from refdesk.feeds.syncing import sync
        from refdesk.ingest.add import add_file

        try:
            reports = sync(self._store, self._settings, add_file=add_file)
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

    def _issued(self, subscription: Subscription) -> Iterator[Step]:
        last = self._store.catalog.issues().last(subscription.name)
        for period in due(subscription, last, self._now()):
            name = f"{period.name}.{subscription.name}"
            try:
                made = self._digesting.make(period, subscription)
                self._keep(subscription, made)
            except RefdeskError as error:  # the others go on; the next run tries this one again
                yield Step(step="issue", name=name, outcome="failed", detail=error.message, hint=error.hint)
                return
            except Exception as error:  # noqa: BLE001 - one subscription's surprise does not stop the others
                said = f"Refdesk failed: {type(error).__name__}: {error}"
                yield Step(step="issue", name=name, outcome="failed", detail=said, hint="Report it.")
                return
            coverage = made.digest.coverage
            said = f"{coverage.included:,} of {coverage.listed:,} papers"
            if made.digest.degraded:
                said += f"; {made.digest.degraded['reason']}"
            hint = None if coverage.listed else self._elsewhere()
            more: JsonDict = {"listed": coverage.listed, "included": coverage.included, "mode": made.digest.mode}
            more["usage"] = made.digest.usage
            yield Step(step="issue", name=name, outcome="done", detail=said, hint=hint, more=more)

    def _elsewhere(self) -> str | None:
        """Where the papers are, if not in this period."""
        if not (days := self._store.catalog.days()):
            return "The library is empty: `refdesk add FILE`, or configure feeds."
        week = containing(date.fromisoformat(days[1]), "week").name
        return f"The library's papers are of {days[0]} to {days[1]}; `refdesk digest --week {week}` shows the last."

    def _keep(self, subscription: Subscription, made: Made) -> None:
        digest, now = made.digest, self._now()
        record = IssueRecord(
            subscription=subscription.name,
            period=digest.period.name,
            first=digest.period.first.isoformat(),
            end=digest.period.end.isoformat(),
            created=now.isoformat(),
            document=digest.to_dict(),
            forms=_forms(digest),
            considered=made.considered,
        )
        places = [("file", ISSUES), ("atom", ISSUES), *(("email", address) for address in _addresses(subscription))]
        if subscription.folder:
            places.append(("file", str(Path(subscription.folder).expanduser().absolute())))
        deliveries = [
            outbox.planned(
                subscription=subscription.name, period=record.period, channel=channel, target=target, now=now
            )
            for channel, target in places
        ]
        with self._store.writing():
            self._store.catalog.issues().keep(record, deliveries)

    # ---- deliveries

    def _send(self, delivery: Delivery, hand_over: HandOver) -> Outcome:
        issue = self._store.catalog.issues().find(delivery.subscription, delivery.period)
        if issue is None:
            return Outcome("refused", "The library does not have this issue.")
        if delivery.channel == "email":
            return self._mailed(issue, delivery.target, hand_over)
        home = self._store.place.folder / ISSUES
        if delivery.channel == "atom":
            write(home / f"{issue.subscription}.atom", self._feed(issue.subscription))
            return Outcome("sent", f"The feed {home / issue.subscription}.atom has it.")
        folder = home if delivery.target == ISSUES else Path(delivery.target)
        subscription = self._subscriptions.get(issue.subscription, Subscription())
        forms = {name: issue.forms[name].encode() for name in subscription.formats if name in issue.forms}
        if "eml" in subscription.formats and self._mail:
            to = subscription.to[0] if subscription.to else self._mail.sender
            forms["eml"] = self._message(issue, to, self._mail).as_bytes()
        write_issue(folder, f"{issue.period}.{issue.subscription}", forms)
        return Outcome("sent", f"{len(forms)} files are in {folder}.")

    def _mailed(self, issue: IssueRecord, to: str, hand_over: HandOver) -> Outcome:
        if not self._mail:
            return Outcome("later", "refdesk.toml has no [email].")
        if to not in _addresses(self._subscriptions.get(issue.subscription, Subscription())):
            return Outcome("refused", f"{to} is no longer a reader of “{issue.subscription}”.")
        return smtp.send(self._message(issue, to, self._mail), self._mail.server, hand_over=hand_over)

    def _message(self, issue: IssueRecord, to: str, mail: Mail) -> EmailMessage:
        return message.message(
            subject=issue.forms["subject"],
            text=issue.forms["text"],
            html=issue.forms["html"],
            sender=mail.sender,
            to=to,
            message_id=message.message_id(
                library=self._library, subscription=issue.subscription, period=issue.period, sender=mail.sender
            ),
            list_id=message.list_id(subscription=issue.subscription, sender=mail.sender),
            date=datetime.fromisoformat(issue.created),
            list_unsubscribe=mail.list_unsubscribe,
        )

    def _feed(self, subscription: str) -> bytes:
        issues = self._store.catalog.issues().all(subscription, limit=FEED_ENTRIES)
        entries = [
            atom.Entry(
                period=each.period,
                title=each.forms["subject"],
                updated=datetime.fromisoformat(each.created),
                summary=each.forms["summary"],
                html=issuing.body(each.forms["html"]) if number >= len(issues) - SHOWN_ENTRIES else None,
            )
            for number, each in enumerate(issues)
        ]
        title = f"Refdesk digest: {subscription}"
        return atom.feed(entries, library=self._library, subscription=subscription, title=title, author="Refdesk")

    @property
    def _library(self) -> str:
        """What tells this library from others, for ids that must never change."""
        if not (name := self._store.catalog.setting("library_id")):
            name = uuid4().hex
            self._store.catalog.set({"library_id": name})
        return name


def due(subscription: Subscription, last: IssueRecord | None, now: datetime) -> list[Period]:
    """
    The periods that have ended and have no issue, since the last that has one; at first the last whole one.

    Where `every` was changed since, the first of them is what is left of its week or month.
    """
    zone = subscription.timezone
    newest = last_whole(now, subscription.every, zone)
    if last is None:
        return [newest]
    end = date.fromisoformat(last.end)
    at = containing(end, subscription.every, zone)
    missed: list[Period] = []
    while at.end <= newest.end:
        missed.append(at if at.first >= end else span(end, at.end - timedelta(days=1), zone))
        at = following(at)
    if subscription.catch_up == "merge" and missed:
        return [span(missed[0].first, missed[-1].end - timedelta(days=1), zone)]
    return missed[-1:] if subscription.catch_up == "skip" else missed


def _addresses(subscription: Subscription) -> list[str]:
    """The readers' addresses without their names: one who is written in two ways gets one message."""
    return list(dict.fromkeys(message.mailbox(reader).addr_spec for reader in subscription.to))


def _forms(digest: Digest) -> dict[str, str]:
    """What is delivered of an issue."""
    forms = {name: issuing.rendered(digest, name) for name in issuing.FORMATS}
    return {**forms, "subject": issuing.subject(digest), "summary": issuing.summary(digest)}


def _delivered(delivery: Delivery) -> Step:
    name = f"{delivery.period}.{delivery.subscription} to {delivery.target}"
    outcome: Literal["done", "nothing", "failed"] = "done" if delivery.state == "sent" else "failed"
    told = outbox.explain(delivery)
    hint = told["command"] and f"Send it again: `{told['command']}`."
    more = {key: told[key] for key in ("id", "channel", "target", "state", "attempts")}
    settled = delivery.state == "planned"  # a run was killed before it had sent anything
    return Step(
        step="delivery",
        name=name,
        outcome="nothing" if settled else outcome,
        detail=delivery.detail,
        hint=hint or (told["next"] if outcome == "failed" else None),
        more=more,
    )
