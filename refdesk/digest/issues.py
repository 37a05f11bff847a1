"""The issues of an open library: made, shown, asked, delivered; `Library.issues` is this."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from rag.digests.period import between, last_whole, parse
from rag.errors import BadFilter, ConfigError
from rag.types import Digest, Filter, Period, Subscription
from refdesk.ask import Answering
from refdesk.render import issue
from refdesk.settings.config import Config
from refdesk.settings.subscriptions import chosen, subscriptions
from stores.store import LibraryStore

if TYPE_CHECKING:
    from refdesk.digest.builder import Made
    from refdesk.digest.run import Running, Step


class Issues:
    """
    Issues of a library.

    Args:
        store: The open library.
        settings: Its settings.
        answering: Writes with the model, where there is one.
    """

    def __init__(self, store: LibraryStore, settings: Config, answering: Answering) -> None:
        self._store, self._settings, self._answering = store, settings, answering

    def make(
        self,
        period: str | None = None,
        *,
        subscription: str | None = None,
        fresh: bool = False,
        extractive: bool = False,
    ) -> Made:
        """
        The issue of a period with the decision on every paper that was listed; as `Library.digest`.

        Args:
            period, subscription, fresh: As there.
            extractive: Ask no model, for who wants the decisions alone.
        """
        from refdesk.digest.builder import Digesting

        wanted = self._subscription(subscription)
        settings = replace(self._settings, model=None) if extractive else self._settings
        making = Digesting(self._store, settings, self._answering, self._store.notify)
        return making.make(self._period(period, wanted), wanted, fresh=fresh)

    def span(self, since: str | None, until: str | None) -> str:
        """The name of the period of a first and a last day, each perhaps a month or a year. Raises BadFilter."""
        return between(since, until, date.fromisoformat(self._store.now()[:10])).name

    def rendered(self, digest: Digest, format_name: str) -> bytes:
        """
        An issue as `text`, `md`, `html`, `json`, or `eml`, a message to its first reader with an id of its own.
        """
        if format_name != "eml":
            return issue.rendered(digest, format_name).encode()
        to = self._subscription(digest.subscription).to
        sender = str(self._settings.email.get("from") or "refdesk@localhost")
        return issue.message(digest, sender=sender, to=to[0] if to else sender)

    def papers(self, period: str, *, subscription: str | None = None) -> tuple[str, ...]:
        """
        The ids of the papers that an issue cites, as it was delivered, or else as it would be made now without a model.

        Raises:
            BadFilter: It is no period, or the issue cites no paper.
            ConfigError: As `make`.
        """
        wanted = self._subscription(subscription)
        about = self._period(period, wanted).name
        record = self._store.catalog.issues().find(wanted.name, about)
        if record:
            document = record.document
        else:
            document = self.make(about, subscription=wanted.name, extractive=True).digest.to_dict()
        if not document["sources"]:
            raise BadFilter(f"The issue {about} has no papers.", hint=f"`refdesk digest --week {about}` shows it.")
        return tuple(sorted(source["paper_id"] for source in document["sources"]))

    def within(self, period: str, filter_: Filter, *, subscription: str | None = None) -> Filter:
        """A filter narrowed to the papers of an issue. Raises as `papers`, and BadFilter where none is left."""
        papers = self.papers(period, subscription=subscription)
        left = tuple(each for each in papers if each in filter_.papers) if filter_.papers else papers
        if not left:
            raise BadFilter(f"The issue {period} cites none of these papers.", hint="Leave out --paper.")
        return replace(filter_, papers=left)

    def run(self, *, resend: str | None = None) -> Iterator[Step]:
        """
        Sync, make every issue that is due, and deliver what is undelivered, step by step; safe at any time.

        Args:
            resend: The id of a delivery that failed or whose fate is unknown, to be sent again.

        Raises:
            ConfigError: A setting is wrong; nothing was done.
            LibraryLocked: Another run is at work.
            InputError: There is no such delivery, or it was sent.
        """
        return self._running.run(resend=resend)

    def status(self) -> dict[str, Any]:
        """Subscriptions with their last issue and how many are due, deliveries that are not sent, and ratings."""
        from rag.delivery.outbox import explain
        from refdesk.digest.run import due

        catalog = self._store.catalog
        found: dict[str, Any] = {"subscriptions": [], "outbox": [explain(each) for each in catalog.outbox().unsent()]}
        now = datetime.fromisoformat(self._store.now())
        try:
            known = subscriptions(self._settings.subscriptions, file=self._settings.file)
        except ConfigError as error:  # what is here is told all the same
            known, found["error"] = {}, error.message
        for each in known.values():
            last = catalog.issues().last(each.name)
            waiting = [period.name for period in due(each, last, now)]
            row = {"name": each.name, "every": each.every, "last": last.period if last else None, "due": waiting}
            found["subscriptions"].append(row)
        ratings = catalog.ratings().all()
        found["liked"] = [paper_id for paper_id, rating in ratings.items() if rating > 0]
        found["disliked"] = [paper_id for paper_id, rating in ratings.items() if rating < 0]
        return found

    @cached_property
    def _running(self) -> Running:
        from refdesk.digest.run import Running

        return Running(self._store, self._settings, self._answering)

    def _subscription(self, name: str | None) -> Subscription:
        return chosen(subscriptions(self._settings.subscriptions, file=self._settings.file), name)

    def _period(self, name: str | None, subscription: Subscription) -> Period:
        if name is not None:
            return parse(name, subscription.timezone)
        return last_whole(datetime.fromisoformat(self._store.now()), subscription.every, subscription.timezone)
