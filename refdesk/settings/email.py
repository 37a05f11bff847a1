"""Mail settings: the table `[email]` of `refdesk.toml`, and the password, which is elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rag.delivery.smtp import Server
from rag.errors import ConfigError
from refdesk.settings.config import FILE

if TYPE_CHECKING:
    from refdesk.settings.tables import Email

PASSWORD = "REFDESK_SMTP_PASSWORD"  # noqa: S105 - the variable's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The server, the mailbox that sends, and where readers unsubscribe."""

    server: Server
    sender: str
    list_unsubscribe: str | None = None


def mail(table: Mapping[str, Any], environment: Mapping[str, str] = os.environ, *, file: str = FILE) -> Mail:
    """
    Validate `[email]` and read the password.

    Args:
        table: `[email]`.
        environment: Where the password is looked up, if no file has it.
        file: Where the table was read, for messages.

    Raises:
        ConfigError: A setting is unknown, missing or impossible; a password is in the table, or there is none.
    """
    found = check(table, file=file)
    server = Server(
        host=found.host,
        port=found.port,
        security=found.security,
        username=found.username,
        password=_password(found, environment, file) if found.username else None,
        ca_file=Path(found.ca_file).expanduser() if found.ca_file else None,
        timeout_s=found.timeout_s,
    )
    return Mail(server=server, sender=found.sender, list_unsubscribe=found.list_unsubscribe)


def check(table: Mapping[str, Any], *, file: str = FILE) -> Email:
    """
    Validate `[email]`; look up no password.

    Raises:
        ConfigError: A setting is unknown, missing or impossible, or a password is in the table.
    """
    from refdesk.settings.tables import Email
    from refdesk.settings.validation import checked

    if any("password" in name and name != "password_file" for name in table):
        raise ConfigError(
            f"{file}: `email` contains a password.",
            hint=f"Put it into {PASSWORD}, or into a file and name that with `password_file`.",
        )
    return checked(Email, table, place="email", file=file)


def _password(email: Email, environment: Mapping[str, str], file: str) -> str:
    if email.password_file:
        path = Path(email.password_file).expanduser()
        try:
            return path.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(
                f"The file {path} with the mail password cannot be read.", hint="Check `email.password_file`."
            ) from error
    if given := environment.get(PASSWORD):
        return given
    raise ConfigError(
        f"{file}: `email.username` needs a password.", hint=f"Set {PASSWORD}, or name a file with `password_file`."
    )
