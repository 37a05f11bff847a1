"""
Delivery of issues: files in folders, an Atom feed and mail.

It renders and hands over what the catalog has of an issue. When an attempt is made, and what its outcome leads to, is
decided in `rag.delivery.outbox` (a transactional outbox).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from rag.delivery import atom, message, outbox, smtp
from rag.delivery.files import write_issue
from rag.delivery.outcome import HandOver, Outcome
from rag.files import write
from rag.ports import Delivery
from rag.types import Digest, Subscription
from refdesk.digest.mail_links import NO_LINKS, MailLinks, mail_links
from refdesk.render import issue as rendering
from refdesk.render.wording import counted
from refdesk.settings.email import Mail
from stores.sql.issues import IssueRecord
from stores.store import LibraryStore

ISSUES = "issues"
"""The folder of issue files in a library, and the target of deliveries to it."""
RESTORED = 4
"""The last issues of a subscription whose files are written again where they are missing."""
FEED_ENTRIES = 26
WHOLE_ENTRIES = 4
"""The newest entries of the feed hold the whole issue; the others hold its summary."""


class Sender:
    """
    Makes one attempt at a delivery.

    Args:
        store: The library.
        subscriptions: The valid ones by name.
        broken: The names of the others; their deliveries wait.
        mail: How messages are sent; None where they cannot be.
        public_url: The address that readers open; None if mails cannot link to it.
    """

    def __init__(
        self,
        store: LibraryStore,
        subscriptions: Mapping[str, Subscription],
        *,
        broken: Collection[str],
        mail: Mail | None,
        public_url: str | None = None,
    ) -> None:
        self._store, self._subscriptions, self._broken, self._mail = store, subscriptions, broken, mail
        self._public_url = (public_url or "").rstrip("/")

    def send(self, delivery: Delivery, hand_over: HandOver) -> Outcome:
        """Deliver an issue to one place; call `hand_over` right before a mail server may have the message."""
        issue = self._store.catalog.issues().find(delivery.subscription, delivery.period)
        if issue is None:
            return Outcome("refused", "The library does not have this issue.")
        home = self._store.place.folder / ISSUES
        if delivery.channel == "atom":
            write(home / f"{issue.subscription}.atom", self._feed(issue.subscription))
            return Outcome("sent", f"The feed {home / issue.subscription}.atom has it.")
        if issue.subscription in self._broken:
            return Outcome("later", f"The settings of “{issue.subscription}” are wrong.")
        subscription = self._subscriptions.get(issue.subscription, Subscription())
        if delivery.channel == "email":
            return self._mailed(issue, subscription, delivery.target, hand_over)
        folder = home if delivery.target == ISSUES else Path(delivery.target)
        files = self._files(issue, subscription)
        write_issue(folder, f"{issue.period}.{issue.subscription}", files)
        return Outcome("sent", f"{counted(len(files), 'file is', 'files are')} in {folder}.")

    def restore(self, subscription: Subscription) -> dict[str, list[str]]:
        """
        Write the files of the last four issues again that are missing in the library's folder; send nothing.

        Returns:
            The names of the files that were missing, by issue.
        """
        home, found = self._store.place.folder / ISSUES, dict[str, list[str]]()
        for issue in self._store.catalog.issues().all(subscription.name, limit=RESTORED):
            name = f"{issue.period}.{issue.subscription}"
            missing = {
                suffix: content
                for suffix, content in self._files(issue, subscription).items()
                if not (home / f"{name}.{suffix}").exists()
            }
            if written := write_issue(home, name, missing):
                found[name] = [path.name for path in written]
        feed = home / f"{subscription.name}.atom"
        if found and not feed.exists():
            write(feed, self._feed(subscription.name))
            found[next(reversed(found))].append(feed.name)
        return found

    def _files(self, issue: IssueRecord, subscription: Subscription) -> dict[str, bytes]:
        """The content of an issue's files by suffix."""
        files = {name: issue.forms[name].encode() for name in subscription.formats if name in issue.forms}
        if "eml" in subscription.formats and self._mail:
            to = subscription.to[0] if subscription.to else self._mail.sender
            files["eml"] = self._message(issue, to, self._mail).as_bytes()
        return files

    def _mailed(self, issue: IssueRecord, subscription: Subscription, to: str, hand_over: HandOver) -> Outcome:
        if not self._mail:
            return Outcome("later", "refdesk.toml has no valid [email].")
        if to.casefold() not in map(str.casefold, addresses(subscription)):
            return Outcome("refused", f"{to} is no longer a reader of “{issue.subscription}”.")
        if to.casefold() in self._store.catalog.subscriptions().unsubscribed(issue.subscription):
            return Outcome("refused", f"{to} has unsubscribed from “{issue.subscription}”.")
        links = self._links(issue, subscription, to)
        return smtp.send(self._message(issue, to, self._mail, links), self._mail.server, hand_over=hand_over)

    def _links(self, issue: IssueRecord, subscription: Subscription, to: str) -> MailLinks:
        """The links of a message. They rate papers if one reader has the address; of several, the subscription's."""
        readers = self._store.catalog.readers()
        owner = readers.find(subscription.reader)
        same = [each for each in readers.all() if (each.email or "").casefold() == to.casefold()]
        reader = same[0] if len(same) == 1 else next((each for each in same if each == owner), None)
        return mail_links(issue, self._public_url, owner=owner, reader=reader, to=to)

    def _message(self, issue: IssueRecord, to: str, mail: Mail, links: MailLinks = NO_LINKS) -> EmailMessage:
        return message.message(
            subject=issue.forms["subject"],
            text=links.in_text(issue.forms["text"]),
            html=links.in_html(rendering.folded_away(issue.forms["html"])),
            sender=mail.sender,
            to=to,
            message_id=message.message_id(
                library=self._library, subscription=issue.subscription, period=issue.period, sender=mail.sender
            ),
            list_id=message.list_id(subscription=issue.subscription, sender=mail.sender),
            date=datetime.fromisoformat(issue.created),
            list_unsubscribe=links.list_unsubscribe or mail.list_unsubscribe,
        )

    def _feed(self, subscription: str) -> bytes:
        return feed(self._store, subscription)

    @property
    def _library(self) -> str:
        """The id of this library, which is part of ids that must never change."""
        return self._store.indexes.library_id


def feed(store: LibraryStore, subscription: str) -> bytes:
    """The Atom feed of a subscription's last issues."""
    issues = store.catalog.issues().all(subscription, limit=FEED_ENTRIES)
    entries = [
        atom.Entry(
            period=issue.period,
            title=issue.forms["subject"],
            updated=datetime.fromisoformat(issue.created),
            summary=issue.forms["summary"],
            html=rendering.body(issue.forms["html"]) if number >= len(issues) - WHOLE_ENTRIES else None,
        )
        for number, issue in enumerate(issues)
    ]
    title = f"Refdesk digest: {subscription}"
    return atom.feed(
        entries, library=store.indexes.library_id, subscription=subscription, title=title, author="Refdesk"
    )


def planned(subscription: Subscription, period: str, now: datetime, *, without: Collection[str] = ()) -> list[Delivery]:
    """
    The deliveries of an issue: the library's folder and feed, each reader, and the subscription's own folder.

    `without` has the addresses that unsubscribed, in lower case.
    """
    readers = [address for address in addresses(subscription) if address.casefold() not in without]
    places = [("file", ISSUES), ("atom", ISSUES), *(("email", address) for address in readers)]
    if subscription.folder:
        places.append(("file", str(Path(subscription.folder).expanduser().absolute())))
    return [
        outbox.planned(subscription=subscription.name, period=period, channel=channel, target=target, now=now)
        for channel, target in places
    ]


def renderings(digest: Digest) -> dict[str, str]:
    """The renderings of an issue that are delivered: each format, the subject and the summary."""
    formats = {name: rendering.rendered(digest, name) for name in rendering.FORMATS}
    return {**formats, "subject": rendering.subject(digest), "summary": rendering.summary(digest)}


def addresses(subscription: Subscription) -> list[str]:
    """
    The readers' addresses without their names, each once: two that differ in case are one.

    Raises:
        ConfigError: One is not an address.
    """
    found: dict[str, str] = {}
    for reader in subscription.to:
        address = message.mailbox(reader).addr_spec
        found.setdefault(address.casefold(), address)
    return list(found.values())
