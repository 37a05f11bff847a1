"""Confirming a mail address: a reader gives one, and it becomes theirs by a link that is mailed to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from html import escape

from rag.delivery import message, smtp
from rag.errors import ConfigError, InputError
from refdesk.settings.email import Mail
from refdesk.signing import read, sign
from stores.sql.readers import ReaderRecord
from stores.store import LibraryStore

ACT = "confirm"
WITHIN = timedelta(days=2)


class Confirming:
    """
    Confirms addresses of the readers of an open library.

    Args:
        store: The library.
        mail: How messages are sent.
        public_url: The address that readers open.
    """

    def __init__(self, store: LibraryStore, mail: Mail, public_url: str) -> None:
        self._store, self._mail, self._public_url = store, mail, public_url

    def ask(self, reader: ReaderRecord, address: str) -> None:
        """
        Mail a link to an address; opened within two days, it makes the address the reader's.

        Raises:
            InputError: It is no address, or the server did not take the mail.
        """
        self._store.require_writable()
        to = mail_address(address)
        now = datetime.fromisoformat(self._store.now())
        until = (now + WITHIN).isoformat()
        link = f"{self._public_url}/confirm/{sign(reader, ACT, to, until)}"
        wanted = f"{reader.name} wants Refdesk to mail issues to this address."
        sender = self._mail.sender
        made = message.message(
            subject="Refdesk: is this your address?",
            text=f"{wanted}\n\nIf that is you, open within two days:\n{link}\n\nElse do nothing.\n",
            html=f'<p>{escape(wanted)}</p><p>If that is you, <a href="{escape(link)}">confirm it</a> within two days. '
            "Else do nothing.</p>",
            sender=sender,
            to=to,
            message_id=message.message_id(
                library=self._store.indexes.library_id, subscription=f"{ACT} {to}", period=until, sender=sender
            ),
            list_id=message.list_id(subscription=ACT, sender=sender),
            date=now,
        )
        outcome = smtp.send(made, self._mail.server)
        if outcome.result != "sent":
            raise InputError(f"The mail to {to} was not sent: {outcome.detail}", hint="Check the address.")


def confirmed(store: LibraryStore, signed: str) -> tuple[ReaderRecord, str] | None:
    """The reader and the address of a mailed link; None if it is not ours, or older than two days."""
    found = read(signed, store.catalog.readers().find, act=ACT)
    if not found or len(found.parts) != 2 or found.parts[1] < store.now():
        return None
    return found.reader, found.parts[0]


def mail_address(text: str) -> str:
    """The address of a mailbox, without its name. Raises InputError."""
    try:
        return message.mailbox(text).addr_spec
    except ConfigError as error:
        raise InputError(error.message, hint=error.hint) from error
