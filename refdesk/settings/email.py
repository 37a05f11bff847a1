"""How messages are sent: the table `[email]` of `refdesk.toml`, and a password that stands elsewhere."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag.delivery.message import mailbox
from rag.delivery.smtp import Server
from rag.errors import ConfigError

PASSWORD = "REFDESK_SMTP_PASSWORD"  # noqa: S105 - the variable's name
_TEXTS = ("host", "security", "username", "password_file", "ca_file", "from", "list_unsubscribe")
_NUMBERS = ("port", "timeout_s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """The server, the mailbox that sends, and where readers unsubscribe."""

    server: Server
    sender: str
    list_unsubscribe: str | None = None


def mail(table: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Mail:
    """
    What the table says.

    Args:
        table: `[email]`.
        environment: Where the password is looked up, if no file has it.

    Raises:
        ConfigError: A setting that is missing, is none, or is of the wrong kind; a password in the table.
    """
    for name, value in table.items():
        if "password" in name and name != "password_file":
            raise ConfigError(
                "A password stands in refdesk.toml.", hint=f"Put it into {PASSWORD}, or a file named by password_file."
            )
        if name not in (*_TEXTS, *_NUMBERS):
            known = ", ".join((*_TEXTS, *_NUMBERS))
            raise ConfigError(f"[email] sets “{name}”, which is no setting.", hint=f"The settings are {known}.")
        number = isinstance(value, int | float) and not isinstance(value, bool) and value > 0
        if not (number if name in _NUMBERS else isinstance(value, str) and value):
            kind = "a number" if name in _NUMBERS else "a text"
            raise ConfigError(f"[email] sets {name} to {value!r}.", hint=f"Write {kind}.")
    for name in ("host", "from"):
        if name not in table:
            raise ConfigError(f"[email] lacks “{name}”.", hint="docs/running.md has an example.")
    mailbox(table["from"])
    server = Server(
        host=table["host"],
        port=int(table["port"]) if "port" in table else None,
        security=table.get("security", "starttls"),
        username=table.get("username"),
        password=_password(table, environment) if "username" in table else None,
        ca_file=Path(table["ca_file"]).expanduser() if "ca_file" in table else None,
        timeout_s=float(table.get("timeout_s", 30)),
    )
    return Mail(server=server, sender=table["from"], list_unsubscribe=table.get("list_unsubscribe"))


def _password(table: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    if "password_file" in table:
        path = Path(table["password_file"]).expanduser()
        try:
            return path.read_text(encoding="utf-8").strip("\r\n")
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"The file {path} with the mail password cannot be read.", hint="Check it.") from error
    if given := environment.get(PASSWORD):
        return given
    raise ConfigError(
        "[email] has a username and no password.", hint=f"Set {PASSWORD}, or name a file with password_file."
    )
