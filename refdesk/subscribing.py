"""
Subscriptions that readers make for themselves, on the page, by the API or on the command line.

They are kept in the catalog. Those of refdesk.toml go before one of the same name, and are not changed here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rag.errors import InputError, NotThere
from rag.types import DEFAULT_SUBSCRIPTION, JsonDict
from rag.types.reader import LOCAL
from refdesk.settings.config import Config
from refdesk.settings.subscriptions import mailed_to, own_table
from stores.sql.readers import ReaderRecord
from stores.sql.subscriptions import SubscriptionRecord
from stores.store import LibraryStore

MOST = 50
"""So many subscriptions a reader may have; `local` has no limit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """
    A reader's subscription.

    Args:
        name: Its name, which its issues have too.
        reader: Whose it is.
        settings: As a table of refdesk.toml has them.
        is_own: False if it stands in refdesk.toml, and is changed there alone.
        hidden: True if refdesk.toml has another one of this name, so that this one is not used.
        mailed_to: Where its issues are mailed; None if they are not.
        unsubscribed: True if its reader unsubscribed from its mails by the link of one.
        feed: The secret in the address of its feed; None if it has no address.
    """

    name: str
    reader: str
    settings: JsonDict
    is_own: bool = True
    hidden: bool = False
    mailed_to: str | None = None
    unsubscribed: bool = False
    feed: str | None = None

    def to_dict(self) -> JsonDict:
        """The subscription as `subscribe --json` prints it, without the secret."""
        return {
            "name": self.name,
            "reader": self.reader,
            "settings": self.settings,
            "is_own": self.is_own,
            "hidden": self.hidden,
            "mailed_to": self.mailed_to,
        }


class Subscribing:
    """
    The subscriptions of the readers of an open library.

    Args:
        store: The library.
        config: The settings.
    """

    def __init__(self, store: LibraryStore, config: Config) -> None:
        self._store, self._config = store, config
        self._kept, self._readers = store.catalog.subscriptions(), store.catalog.readers()

    def all(self, reader: str = LOCAL) -> list[Subscribed]:
        """A reader's subscriptions, by name, with those that refdesk.toml has for them."""
        tables, links = self._config.subscriptions, self._kept.links(reader)
        record = self._readers.find(reader)
        found = [
            Subscribed(name=name, reader=reader, settings=dict(table), is_own=False, feed=links.get(name))
            for name, table in tables.items()
            if table.get("reader", LOCAL) == reader
        ]
        for each in self._kept.all():
            if each.reader == reader:
                hidden = each.name in tables
                is_out = self._is_out(each.name, record)
                to = mailed_to(each, record, has_mail=bool(self._config.email))
                found.append(
                    Subscribed(
                        name=each.name,
                        reader=reader,
                        settings=each.settings,
                        hidden=hidden,
                        mailed_to=None if hidden or is_out else to,
                        unsubscribed=is_out,
                        feed=links.get(each.name),
                    )
                )
        return sorted(found, key=lambda each: each.name)

    def get(self, name: str, reader: str = LOCAL) -> Subscribed:
        """A reader's subscription. Raises NotThere."""
        found = next((each for each in self.all(reader) if each.name == name), None)
        if not found:
            raise _unknown(name)
        return found

    def put(self, name: str, settings: Mapping[str, Any], reader: str = LOCAL) -> Subscribed:
        """
        Make a subscription, or put other settings in the place of its own.

        Args:
            name: Letters, digits, - and _.
            settings: `OWN_FIELDS`, and `mail`; what is left out has the default of refdesk.toml. Only `mail` set
                to True mails issues again to a reader who unsubscribed by the link of a mail.
            reader: Whose it is.

        Raises:
            InputError: A name or a setting is not valid, or the name is another subscription's, or was that of one
                whose issues are stored: who has a name sees the issues that have it.
        """
        self._store.require_writable()
        table = own_table(name, settings)
        if name in (*self._config.subscriptions, DEFAULT_SUBSCRIPTION):
            raise InputError(f"The subscription “{name}” is of refdesk.toml.", hint="Choose another name.")
        kept = self._kept.all()
        is_new = all(each.name != name for each in kept)
        if is_new and reader != LOCAL and sum(each.reader == reader for each in kept) >= MOST:
            raise InputError(f"You have {MOST} subscriptions, the most.", hint="Delete one, or change it.")
        if is_new and reader != LOCAL and self._store.catalog.issues().last(name):
            raise InputError(f"Issues of an earlier subscription “{name}” are stored.", hint="Choose another name.")
        record = SubscriptionRecord(name=name, reader=reader, settings=table)
        if not self._kept.put(record, now=self._store.now()):
            raise InputError(f"Another reader has a subscription “{name}”.", hint="Choose another name.")
        found = self._readers.find(reader)
        if found and found.email and settings.get("mail"):
            self._kept.resubscribe(name, found.email)
        return self.get(name, reader)

    def delete(self, name: str, reader: str = LOCAL) -> None:
        """Delete a reader's subscription; its issues stay. Raises NotThere, and InputError for one of refdesk.toml."""
        self._store.require_writable()
        if name in self._config.subscriptions:
            raise InputError(f"The subscription “{name}” is of refdesk.toml.", hint="Delete its table there.")
        if not self._kept.delete(name, reader):
            raise _unknown(name)

    def toml(self, reader: str = LOCAL) -> str:
        """A reader's own subscriptions as tables of refdesk.toml."""
        import tomli_w

        tables: dict[str, JsonDict] = {}
        for each in self.all(reader):
            if each.is_own:
                table = {key: value for key, value in each.settings.items() if key != "mail"}
                to = {"to": [each.mailed_to]} if each.mailed_to else {}
                tables[each.name] = {**table, **to, **({} if reader == LOCAL else {"reader": reader})}
        return tomli_w.dumps({"subscriptions": tables}) if tables else ""

    # ---- feeds

    def link(self, name: str, reader: str = LOCAL) -> str:
        """
        The secret in the address of a feed of a reader's subscription, made at first.

        Raises:
            NotThere: The reader has no such subscription.
            InputError: refdesk.toml has another one of its name, so that it has no issues.
        """
        self._store.require_writable()
        if self.get(name, reader).hidden:
            raise InputError(f"The subscription “{name}” is of refdesk.toml.", hint="Choose another name.")
        return self._kept.link(name, reader)

    def unlink(self, name: str, reader: str = LOCAL) -> None:
        """End the address of a feed. Raises NotThere."""
        self._store.require_writable()
        self._kept.unlink(self.get(name, reader).name, reader)

    def linked(self, secret: str) -> str | None:
        """The subscription whose feed has an address; None if that has ended, or its reader has it no more."""
        name, reader = self._kept.linked(secret) or ("", "")
        return name if any(each.name == name and not each.hidden for each in self.all(reader)) else None

    # ---- mails

    def unsubscribe(self, name: str, address: str) -> None:
        """Send an address no mails of a subscription any more."""
        self._store.require_writable()
        self._kept.unsubscribe(name, address, now=self._store.now())

    def resubscribe(self, name: str, address: str) -> None:
        """Send an address mails of a subscription again."""
        self._store.require_writable()
        self._kept.resubscribe(name, address)

    def _is_out(self, name: str, reader: ReaderRecord | None) -> bool:
        return bool(reader and reader.email and reader.email.casefold() in self._kept.unsubscribed(name))


def _unknown(name: str) -> NotThere:
    return NotThere(f"There is no subscription “{name[:80]}”.", hint="`refdesk subscribe` lists yours.")
