"""The settings of a served library: the table `[serve]` of `refdesk.toml`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from refdesk.settings.config import FILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """
    How the library is served.

    Args:
        public_url: The address that readers open, `https://papers.example.org`; mails link to it.
        trusted_proxies: Addresses or networks whose `X-Forwarded-User` is believed.
        answers_days: How many days an answer is kept after it was last given; 0 keeps none.
        searches_per_second: Searches that a reader may make in a second, with bursts of four seconds' worth.
        model_questions_per_hour: Questions that a reader may put to the model in an hour.
        model_questions_at_once: How many of them may run at a time.
    """

    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    answers_days: int = 90
    searches_per_second: int = 5
    model_questions_per_hour: int = 30
    model_questions_at_once: int = 2


def serving(table: Mapping[str, Any], *, file: str = FILE) -> Serving:
    """The settings of the table `[serve]`. Raises ConfigError."""
    if not table:
        return Serving()
    from refdesk.settings.tables import Serve
    from refdesk.settings.validation import checked

    found = checked(Serve, table, place="serve", file=file)
    return Serving(**{key: getattr(found, key) for key in found.model_fields_set})
