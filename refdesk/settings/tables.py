"""
The tables of `refdesk.toml` as pydantic models: a feed by its kind, a subscription, `[email]`.

As `validation`, nothing imports this before there is a table to check.
"""

from __future__ import annotations

import re
from dataclasses import fields
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args, get_type_hints
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, Field, create_model, model_validator

from rag.delivery import message
from rag.delivery.smtp import Security, Server
from rag.errors import ConfigError
from rag.types import Subscription, zone
from refdesk.settings.serving import Serving
from refdesk.settings.validation import (
    STRICT,
    Count,
    Day,
    Line,
    Port,
    PositiveCount,
    Share,
    Text,
    Texts,
    Timeout,
    UserPath,
    WebUrl,
    suggestion,
)

# ---- feeds


def _zotero_library(name: str) -> str:
    if not re.fullmatch(r"(users|groups)/[0-9]+", name):
        raise ValueError("must be users/… or groups/… with the number of the library")
    return name


def _encoding(name: str) -> str:
    from rag.sources.encodings import codec_name  # a dozen parsers, which most settings do not need

    if not codec_name(name):
        raise ValueError("must be the name of an encoding, such as cp1250 or mac_roman")
    return name


class Feed(BaseModel):
    """What every feed may have. `kind` chooses the model: `FEEDS`."""

    model_config = STRICT
    one_of: ClassVar[tuple[str, ...]] = ()
    """A feed of this kind needs one of these, or it would ask for nothing."""

    kind: str
    since: Day = None
    tags: Texts = ()
    encoding: Annotated[str, AfterValidator(_encoding)] | None = None
    allow_private: bool = Field(default=False, strict=True)
    keep_without_abstract: bool = Field(default=False, strict=True)

    @model_validator(mode="after")
    def _asks_for_something(self) -> Feed:
        if self.one_of and not any(getattr(self, name) for name in self.one_of):
            raise ValueError(f"needs {' or '.join(f'`{name}`' for name in self.one_of)}")
        return self


class Arxiv(Feed):
    """Listings and searches of arXiv."""

    one_of = ("categories", "query")
    categories: Texts = ()
    query: Text | None = None
    url: WebUrl | None = None
    oai_url: WebUrl | None = None


class HuggingFace(Feed):
    """The daily papers."""

    url: WebUrl | None = None


class OpenAlex(Feed):
    """Works of a search or a filter."""

    query: Text | None = None
    filter: Text | None = None
    url: WebUrl | None = None


class Search(Feed):
    """Semantic Scholar, PubMed and Europe PMC."""

    one_of = ("query",)
    query: Text | None = None
    url: WebUrl | None = None


class Preprints(Feed):
    """All preprints of bioRxiv or medRxiv, or those of some categories."""

    categories: Texts = ()
    url: WebUrl | None = None


class Zotero(Feed):
    """A library or a collection of it."""

    one_of = ("library",)
    library: Annotated[str, AfterValidator(_zotero_library)] | None = None
    collection: Line | None = None
    url: WebUrl | None = None


class Retractions(Feed):
    """Notices of retractions."""

    crossref_url: WebUrl | None = None
    pubmed_url: WebUrl | None = None


class Rss(Feed):
    """Any Atom or RSS feed."""

    one_of = ("url",)
    url: WebUrl | None = None


class Folder(Feed):
    """The files of a folder."""

    one_of = ("path",)
    path: UserPath | None = None


FEEDS: dict[str, type[Feed]] = {
    "arxiv": Arxiv,
    "huggingface": HuggingFace,
    "openalex": OpenAlex,
    "semanticscholar": Search,
    "pubmed": Search,
    "europepmc": Search,
    "biorxiv": Preprints,
    "medrxiv": Preprints,
    "zotero": Zotero,
    "retractions": Retractions,
    "rss": Rss,
    "folder": Folder,
}
"""By kind: what its table may hold."""


# ---- subscriptions


def _mailbox(text: str) -> str:
    try:
        message.mailbox(text)
    except ConfigError as error:
        raise ValueError("must be a mail address such as `Ada Byron <ada@example.org>`") from error
    return text


def _timezone(name: str) -> str:
    try:
        zone(name)
    except ConfigError as error:
        known = available_timezones()
        hint = suggestion(name, sorted(known), otherwise="Write it as Europe/Berlin.") if known else error.hint
        raise ValueError("must be a timezone such as Europe/Berlin", hint) from error
    return name


def _profile(text: str) -> str:
    if text.startswith("tag:") and text.removeprefix("tag:").strip():
        return text
    path = Path(text).expanduser()
    if not path.is_file():
        raise ValueError(
            "must be `tag:NAME` or a file of papers that there is, such as BibTeX",
            "A feed gives its papers a tag with `tags`.",
        )
    return str(path)


Mailbox = Annotated[Line, AfterValidator(_mailbox)]
Format = Literal["md", "html", "json", "eml"]
FORMATS = get_args(Format)
_NARROWED: dict[str, Any] = {
    "timezone": Annotated[Line, AfterValidator(_timezone)],
    "profile": Annotated[Line, AfterValidator(_profile)] | None,
    "threshold": Share | None,
    "size": PositiveCount,
    "to": tuple[Mailbox, ...],
    "formats": tuple[Format, ...],
    "folder": UserPath | None,
    "reader": Line,
    "shared": Annotated[bool, Field(strict=True)],
}
_FIELDS: dict[str, Any] = {
    name: (_NARROWED.get(name, Texts if kind == tuple[str, ...] else kind), None)
    for name, kind in get_type_hints(Subscription).items()
    if name != "name"
}
SubscriptionTable = create_model("SubscriptionTable", __config__=STRICT, **_FIELDS)
"""The fields of `Subscription` but its name; what a table leaves out keeps the default there."""


# ---- mail


def _unsubscribe(url: str) -> str:
    try:
        return message.unsubscribe_url(url)
    except ConfigError as error:
        raise ValueError("must be an https: or mailto: URL") from error


def _host(name: str) -> str:
    try:
        Server(host=name)
    except ConfigError as error:
        raise ValueError("must be the name of a mail server such as mail.example.org") from error
    return name


class Email(BaseModel):
    """How messages are sent."""

    model_config = STRICT

    host: Annotated[Line, AfterValidator(_host)]
    sender: Mailbox = Field(alias="from")
    port: Port | None = None
    security: Security = "starttls"
    username: Line | None = None
    password_file: UserPath | None = None
    ca_file: UserPath | None = None
    list_unsubscribe: Annotated[Line, AfterValidator(_unsubscribe)] | None = None
    timeout_s: Timeout = 30.0


# ---- serving


def _network(text: str) -> str:
    try:
        ip_network(text, strict=False)
    except ValueError as error:
        raise ValueError("must be an address or a network such as 10.0.0.0/8") from error
    return text


_SERVE: dict[str, Any] = {
    "public_url": WebUrl | None,
    "trusted_proxies": tuple[Annotated[Line, AfterValidator(_network)], ...],
    "answers_days": Count,
    **dict.fromkeys(("searches_per_second", "model_questions_per_hour", "model_questions_at_once"), PositiveCount),
}
_SERVE_FIELDS: dict[str, Any] = {field.name: (_SERVE[field.name], field.default) for field in fields(Serving)}
Serve = create_model("Serve", __config__=STRICT, **_SERVE_FIELDS)
"""The fields of `Serving`; what a table leaves out keeps the default there."""
