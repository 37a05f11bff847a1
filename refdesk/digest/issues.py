"""The issues of an open library: built, rendered, asked, delivered. `Library.issues` is an `Issues`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from threading import Event
from typing import TYPE_CHECKING, Any, Literal

from rag.digests.period import between, last_whole, parse
from rag.errors import BadFilter, ConfigError, NotThere
from rag.ports import Delivery
from rag.types import Digest, Filter, JsonDict, Paper, Period, Subscription
from rag.types.reader import LOCAL
from refdesk.ask import Ask
from refdesk.digest.named_papers import canonical_ids
from refdesk.digest.settings import DigestSettings
from refdesk.render import issue as rendering
from refdesk.settings.subscriptions import chosen
from stores.sql.issues import StoredIssue
from stores.store import LibraryStore

if TYPE_CHECKING:
    from rag.digests.build import BuiltIssue
    from refdesk.digest.run import Step


class Issues:
    """
    Issues of a library.

    Args:
        store: The open library.
        settings: The settings of issues.
        answering: Writes with the model.
        model: The model's name; None leaves issues in the papers' own sentences.
    """

    def __init__(self, store: LibraryStore, settings: DigestSettings, answering: Ask, *, model: str | None) -> None:
        self._store, self._settings, self._answering, self._model = store, settings, answering, model

    def make(
        self,
        period: str | None = None,
        *,
        subscription: str | None = None,
        fresh: bool = False,
        extractive: bool = False,
        cancel: Event | None = None,
    ) -> BuiltIssue:
        """
        The issue of a period with the decision on every paper that was listed; as `Library.digest`.

        Args:
            period, subscription, fresh: As there.
            extractive: Ask no model, for callers that want the decisions alone.
            cancel: Set it from another thread to stop; the model's call ends within one chunk of its reply.

        Raises:
            CancelledError: `cancel` was set.
        """
        wanted = self._subscription(subscription)
        days = self._period(period, wanted)
        return self._built(days, wanted, fresh=fresh, extractive=extractive, cancel=cancel)

    def span(self, since: str | None, until: str | None) -> str:
        """The name of the period of a first and a last day, each perhaps a month or a year. Raises BadFilter."""
        return between(since, until, date.fromisoformat(self._store.now()[:10])).name

    def rendered(self, digest: Digest, format_name: str) -> bytes:
        """
        An issue as `text`, `md`, `html`, `json`, or `eml`, a message to its first reader with an id of its own.
        """
        if format_name != "eml":
            return rendering.rendered(digest, format_name).encode()
        to = self._subscription(digest.subscription).to
        sender = self._settings.sender
        return rendering.message(digest, sender=sender, to=to[0] if to else sender)

    def papers(self, period: str, *, subscription: str | None = None) -> tuple[str, ...]:
        """
        The ids of the papers that an issue cites: as it was delivered, or else as it would be built now without a
        model.

        Raises:
            BadFilter: It is not a period, or the issue cites no paper.
            ConfigError: As `make`.
        """
        wanted = self._subscription(subscription)
        name = self._period(period, wanted).name
        record = self._store.catalog.issues().find(wanted.name, name)
        if record:
            document = record.document
        else:
            document = self.make(name, subscription=wanted.name, extractive=True).digest.to_dict()
        if not document["sources"]:
            raise BadFilter(f"The issue {name} has no papers.", hint=f"`refdesk digest --week {name}` shows it.")
        return tuple(sorted(source["paper_id"] for source in document["sources"]))

    def stored(self, reader: str | None = None) -> list[StoredIssue]:
        """The issues that were made for delivery, all or those that a reader may see, the newest first."""
        return [each for each in self._store.catalog.issues().listed() if self.shows(each.subscription, reader)]

    def citing(self, paper: Paper, reader: str | None = None) -> list[StoredIssue]:
        """The stored issues that cite a paper, all or those that a reader may see, the newest first."""
        found = self._store.catalog.issues().citing((paper.paper_id, *paper.aliases))
        return [each for each in found if self.shows(each.subscription, reader)]

    def shows(self, subscription: str, reader: str | None) -> bool:
        """True if a reader may see the issues of a subscription: their own, and shared ones. None sees all."""
        found = self._settings.subscriptions.get(subscription)
        return reader is None or self._owns(subscription, reader) or bool(found and found.shared)

    def _owns(self, subscription: str, reader: str | None) -> bool:
        found = self._settings.subscriptions.get(subscription)
        return reader == (found.reader if found else LOCAL)

    def curates(self, reader: str) -> bool:
        """True if a reader sees to feeds and deliveries."""
        found = self._store.catalog.readers().find(reader)
        return bool(found and found.may("curator"))

    def named(self, subscription: str | None, reader: str) -> str:
        """
        The name of the subscription that a reader means, among those that the reader may see.

        Args:
            subscription: Its name; None is the only one, or `default`.
            reader: The reader.

        Raises:
            NotThere: There is none of this name, or none at all, that the reader may see.
            BadFilter: There are several, and no name.
        """
        seen = {name: each for name, each in self._settings.subscriptions.items() if self.shows(name, reader)}
        if not seen or (subscription and subscription not in seen):
            which = f"called “{subscription[:80]}”" if subscription else "yours, or shared"
            raise NotThere(f"No subscription is {which}.", hint=f"You see {', '.join(seen) or 'none'}.")
        try:
            return chosen(seen, subscription).name
        except ConfigError as error:
            raise BadFilter(error.message, hint="Name one of them.") from error

    def stored_document(self, subscription: str, period: str) -> JsonDict | None:
        """A stored issue as `digest --json` printed it; None if there is no such issue."""
        record = self._store.catalog.issues().find(subscription, period)
        return record.document if record else None

    def stored_form(self, subscription: str, period: str, form: str) -> str | None:
        """
        A stored issue as `json`, or in a form that was delivered: `md`, `html` or `text`.

        Returns:
            The text, byte for byte as it was stored; None if there is no such issue, or no such form.
        """
        record = self._store.catalog.issues().find(subscription, period)
        if record and form == "json":
            return json.dumps(record.document, ensure_ascii=False)
        return record.forms.get(form) if record else None

    def feed(self, subscription: str) -> bytes:
        """The Atom feed of a subscription's last issues."""
        from refdesk.digest.deliver import feed

        return feed(self._store, subscription)

    def within(self, period: str, filter_: Filter, *, subscription: str | None = None) -> Filter:
        """A filter narrowed to the papers of an issue. Raises as `papers`, and BadFilter where none is left."""
        papers = self.papers(period, subscription=subscription)
        left = tuple(paper_id for paper_id in papers if paper_id in filter_.papers) if filter_.papers else papers
        if not left:
            raise BadFilter(f"The issue {period} cites none of these papers.", hint="Leave out --paper.")
        return replace(filter_, papers=left)

    def run(
        self,
        *,
        resend: str | None = None,
        dismiss: str | None = None,
        catch_up: int | None = None,
        cancel: Event | None = None,
    ) -> Iterator[Step]:
        """
        Sync, make every issue that is due, and deliver what is undelivered, step by step; safe at any time.

        Args:
            resend: The id of a delivery that failed or whose fate is unknown, to be sent again.
            dismiss: The id of a delivery that is not wanted any more: it is not tried again.
            catch_up: Make the newest periods that have no issue, so many for each subscription.
            cancel: As in `make`.

        Raises:
            CancelledError: `cancel` was set while an issue was written; the next run makes it.
            ConfigError: `[email]` or `[serve]` is wrong, and nothing was done; or, after the last step, a subscription
                is, and the others had their issues.
            LibraryLocked: Another run is at work.
            InputError: There is no such delivery, or it was sent.
        """
        from refdesk.digest.run import Run

        def make(period: Period, subscription: Subscription) -> BuiltIssue:
            return self._built(period, subscription, fresh=False, extractive=False, cancel=cancel)

        return Run(self._store, self._settings, make).run(resend=resend, dismiss=dismiss, catch_up=catch_up)

    def deliver(self) -> Iterator[Step]:
        """
        Deliver what is undelivered and due, step by step; pull nothing and make no issue.

        Raises:
            ConfigError: `[email]` or `[serve]` is wrong.
            LibraryLocked: A run is at work.
        """
        from refdesk.digest.run import Run

        def make(period: Period, subscription: Subscription) -> BuiltIssue:
            raise AssertionError(f"no issue is made: {subscription.name} {period.name}")

        return Run(self._store, self._settings, make).deliver()

    def decide(self, delivery: str, what: Literal["resend", "dismiss"], *, reader: str | None = None) -> Delivery:
        """
        Plan a delivery again that failed or may not have arrived, or settle one that is not wanted any more.

        Args:
            delivery: Its id, or the beginning of it.
            what: `resend` has the next run send it, `dismiss` has none do so.
            reader: Who decides, about what `shows` them; None is anybody.

        Raises:
            NotThere: There is no such delivery, or it is another reader's.
            InputError: It was sent, or is being sent.
            LibraryReadOnly: The library was opened read-only.
        """
        from rag.delivery import outbox

        self._store.require_writable()
        found = self._store.catalog.outbox().find(delivery)
        if not found or not self.shows(found.subscription, reader):
            raise NotThere(f"There is no delivery “{delivery:.40}”.", hint="The status lists those that are not sent.")
        decided = outbox.resend if what == "resend" else outbox.dismiss
        return decided(self._store.catalog.outbox(), found.id, now=datetime.fromisoformat(self._store.now()))

    def elsewhere(self) -> str:
        """The hint for an empty issue: where the papers of the library are."""
        from refdesk.digest.run import elsewhere

        return elsewhere(self._store.catalog)

    def ratings(self, reader: str = LOCAL) -> dict[str, int]:
        """1 for each paper that a reader likes, -1 for each disliked one, by paper id."""
        return self._store.catalog.ratings(reader).all()

    def status(self, reader: str | None = None) -> dict[str, Any]:
        """
        Subscriptions with their last issue and the periods that are due, deliveries not sent, and ratings.

        Args:
            reader: Who is told: of their own and of what is shared, whose deliveries curators see alone, since they
                name addresses; None tells of all, and of the ratings of `local`.
        """
        from rag.delivery.outbox import explain
        from refdesk.digest.due import due

        catalog = self._store.catalog
        now = datetime.fromisoformat(self._store.now())
        ratings = self.ratings(reader or LOCAL)
        liked = [paper_id for paper_id, rating in ratings.items() if rating > 0]
        disliked = [paper_id for paper_id, rating in ratings.items() if rating < 0]
        is_told = self.shows if reader is None or self.curates(reader) else self._owns
        unsent = [each for each in catalog.outbox().unsent() if is_told(each.subscription, reader)]
        found: dict[str, Any] = {"subscriptions": [], "outbox": [explain(each) for each in unsent]}
        if self._settings.broken and reader is None:
            found["error"] = " ".join(error.message for error in self._settings.broken.values())
        for subscription in self._settings.subscriptions.values():
            if not self.shows(subscription.name, reader):
                continue
            last = catalog.issues().last(subscription.name)
            found_due = due(subscription, catalog.issues().periods(subscription.name), now)
            ids = canonical_ids(catalog, (*subscription.liked, *subscription.disliked))
            row = {
                "name": subscription.name,
                "every": subscription.every,
                "last": last.period if last else None,
                "due": [period.name for period in found_due.periods],
                "left_out": len(found_due.left_out),
                "ahead": found_due.ahead,
                "missing": [name for name, paper_id in ids.items() if not paper_id],
            }
            found["subscriptions"].append(row)
        return {**found, "liked": liked, "disliked": disliked, "ratings": len(ratings)}

    def _built(
        self, period: Period, subscription: Subscription, *, fresh: bool, extractive: bool, cancel: Event | None
    ) -> BuiltIssue:
        from rag.digests.build import build
        from refdesk.digest.builder import Builder, writer

        builder = Builder(self._store, self._settings.feed_states)
        inputs = builder.load(period, subscription)
        model = None if extractive else self._model
        issue, tracked = build(inputs, writer(self._answering, model, self._store.notify, fresh=fresh, cancel=cancel))
        builder.remember(inputs.scope, tracked)
        return issue

    def _subscription(self, name: str | None) -> Subscription:
        known, broken = self._settings.subscriptions, self._settings.broken
        if name in broken or (name is None and broken):
            raise broken[name] if name else next(iter(broken.values()))
        return chosen(known, name)

    def _period(self, name: str | None, subscription: Subscription) -> Period:
        if name is not None:
            return parse(name, subscription.timezone)
        return last_whole(datetime.fromisoformat(self._store.now()), subscription.every, subscription.timezone)
