"""The readers of a served library: who they are, what each may do, and how they sign in."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta

from rag.errors import InputError, NotThere
from rag.types.reader import LOCAL, READER_ROLES, ReaderRole, TokenScope
from refdesk.confirming import mail_address
from stores.sql.readers import ReaderRecord
from stores.sql.sign_ins import in_memory
from stores.sql.tokens import TokenRecord
from stores.store import LibraryStore

CODE = timedelta(minutes=10)
SESSION = timedelta(days=30)
NAME = r"^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$"
"""What a reader may be called."""
_NAME = re.compile(NAME)


class Readers:
    """
    The readers of an open library.

    Args:
        store: The library.
    """

    def __init__(self, store: LibraryStore) -> None:
        self._store = store
        self._readers, self._tokens = store.catalog.readers(), store.catalog.tokens()
        self._sign_ins = in_memory() if store.read_only else store.catalog.sign_ins()

    # ---- who they are

    def add(self, name: str, *, role: ReaderRole = "reader", email: str | None = None) -> ReaderRecord:
        """
        Add a reader.

        Raises:
            InputError: The name, the role or the address is not valid, or the name is taken.
        """
        self._check(name, role, email)
        if not self._readers.add(name, role=role, email=email or None, now=self._store.now()):
            raise InputError(f"There is a reader {name} already.", hint=f"`refdesk reader set {name}` changes them.")
        return self.get(name)

    def set(self, name: str, *, role: ReaderRole | None = None, email: str | None = None) -> ReaderRecord:
        """Change the role or the mail address of a reader; an empty address ends their mail. Raises as `add`."""
        before = self.get(name)
        self._check(name, role or before.role, email)
        if name == LOCAL and role not in (None, "admin"):
            raise InputError("`local` is the command line's reader, an admin.", hint="Add another reader.")
        if role:
            self._readers.set_role(name, role)
        if email is not None:
            self._readers.set_email(name, email or None)
        return self.get(name)

    def remove(self, name: str) -> None:
        """
        Delete a reader with their answers, ratings, tokens and subscriptions.

        Raises:
            InputError: It is `local`.
            NotThere: There is no such reader.
        """
        self._store.require_writable()
        if name == LOCAL:
            raise InputError("`local` is the command line's reader and stays.", hint="Name another reader.")
        if not self._readers.remove(name):
            raise _unknown(name)

    def get(self, name: str) -> ReaderRecord:
        """The reader of a name. Raises NotThere."""
        if not (found := self._readers.find(name)):
            raise _unknown(name)
        return found

    def find(self, name: str) -> ReaderRecord | None:
        """The reader of a name; None if there is none."""
        return self._readers.find(name)

    def admit(self, name: str) -> ReaderRecord | None:
        """
        The reader of a name that a proxy vouches for, added as a `reader` at first.

        Returns:
            None for what is no name, and for `local`, which belongs to whoever has the library's files.
        """
        if name == LOCAL or not _NAME.fullmatch(name):
            return None
        found = self._readers.find(name)
        if found is None and not self._store.read_only:
            self._readers.add(name, role="reader", now=self._store.now())
            found = self._readers.find(name)
        return found

    def all(self) -> list[ReaderRecord]:
        """All readers, by name."""
        return self._readers.all()

    def counts(self) -> dict[str, dict[str, int]]:
        """How many answers, ratings, tokens and subscriptions each reader has, by name."""
        return self._readers.counts()

    def _check(self, name: str, role: str, email: str | None) -> None:
        self._store.require_writable()
        if not _NAME.fullmatch(name):
            raise InputError(f"{name[:80]!r} is no name of a reader.", hint="Use letters, digits and . _ @ + -.")
        if role not in READER_ROLES:
            raise InputError(f"There is no role {role[:80]!r}.", hint=f"There are {', '.join(READER_ROLES)}.")
        if email:
            mail_address(email)

    # ---- browsers

    def code(self, name: str) -> str:
        """A code that signs a reader in once, within ten minutes. Raises NotThere."""
        return self._sign_ins.add("code", self.get(name).name, until=self._in(CODE), now=self._now())

    def begin_with_token(self, secret: str) -> str | None:
        """Begin a session of 30 days for the reader of a token that may write; None for another."""
        found = self.of_token(secret)
        if not found or found[1] != "write":
            return None
        return self._sign_ins.add("session", found[0].name, until=self._in(SESSION), now=self._now())

    def signs_in(self, code: str, token: str) -> str | None:
        """The name of the reader whom a code or a token would sign in; None if it would nobody."""
        if code:
            return self._sign_ins.reader_of(code, "code", now=self._now())
        found = self.of_token(token)
        return found[0].name if found and found[1] == "write" else None

    def begin(self, code: str) -> str | None:
        """Take a code, and begin a session of 30 days; None if the code is not valid, or no longer."""
        reader = self._sign_ins.take(code, now=self._now())
        return self._sign_ins.add("session", reader, until=self._in(SESSION), now=self._now()) if reader else None

    def of_session(self, session: str) -> ReaderRecord | None:
        """Whose session this is; None if it is nobody's, or has ended."""
        name = self._sign_ins.reader_of(session, now=self._now()) if session else None
        return self._readers.find(name) if name else None

    def end(self, session: str) -> None:
        """End a session."""
        self._sign_ins.end(session)

    def _now(self) -> str:
        return datetime.fromisoformat(self._store.now()).isoformat(timespec="seconds")

    def _in(self, span: timedelta) -> str:
        return (datetime.fromisoformat(self._store.now()) + span).isoformat(timespec="seconds")

    # ---- programs

    def add_token(
        self, reader: str = LOCAL, *, name: str = "", scope: TokenScope = "write", expires: str | None = None
    ) -> tuple[TokenRecord, str]:
        """
        Make a token, by which a program signs in as a reader.

        Args:
            reader: Whose it is.
            name: What to call it.
            scope: `read` changes nothing; `write` may what its reader may.
            expires: The last day on which it is good.

        Returns:
            Its record, and its secret, which is shown this once.

        Raises:
            NotThere: There is no such reader.
            InputError: `expires` is no day.
        """
        self._store.require_writable()
        found = self.get(reader).name
        try:
            expires = date.fromisoformat(expires).isoformat() if expires else None
        except ValueError as error:
            raise InputError(f"{expires!r:.80} is no day.", hint="Write it as 2026-12-31.") from error
        return self._tokens.add(found, now=self._store.now(), name=name, scope=scope, expires=expires)

    def tokens(self, reader: str | None = None) -> list[TokenRecord]:
        """The tokens of a reader, or all; the oldest first."""
        return self._tokens.all(reader)

    def revoke(self, id_: str, reader: str | None = None) -> bool:
        """End a token, of a reader or anybody's, and its reader's sessions; False if there is none with this id."""
        self._store.require_writable()
        return self._tokens.revoke(id_, reader)

    def of_token(self, secret: str) -> tuple[ReaderRecord, TokenScope] | None:
        """Whose token this is, and what it may; None if it is nobody's. Only the first use of a day is written."""
        day = self._store.now()[:10]
        found = self._tokens.find(secret, day=day)
        if found and not self._store.read_only and (found.used or "") < day:
            self._tokens.use(found.id, day=day)
        reader = self._readers.find(found.reader) if found else None
        return (reader, found.scope) if found and reader else None


def _unknown(name: str) -> NotThere:
    return NotThere(f"There is no reader {name[:80]!r}.", hint="`refdesk reader list` names them.")
