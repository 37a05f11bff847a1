"""Dependency injection for feeds and issues: their parts from the settings; `refdesk.wiring` has the rest."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from rag.errors import ConfigError, InputError
from refdesk.settings.config import Config
from stores.store import LibraryStore

if TYPE_CHECKING:
    from rag.types import JsonDict
    from refdesk.confirming import Confirming
    from refdesk.digest.settings import DigestSettings
    from refdesk.feeds.syncing import FeedReport
    from refdesk.settings.feeds import FeedSettings


def feed_settings(config: Config, *, environment: Mapping[str, str] = os.environ) -> FeedSettings:
    """The settings of feeds, with the providers' keys from the environment."""
    from refdesk.settings.feeds import KEYS, FeedSettings

    return FeedSettings(
        tables=config.feeds,
        file=config.file,
        contact=config.contact,
        timeout_s=config.feed_timeout_s,
        keys={name: environment[name] for name in KEYS if environment.get(name)},
    )


def feed_states(library: LibraryStore, config: Config, *, at_last_pull: bool = False) -> Sequence[JsonDict]:
    """The feeds with their states today, or as they were at their last pull."""
    if not config.feeds:
        return ()
    from refdesk.feeds.syncing import states

    return tuple(states(library, feed_settings(config), at_last_pull=at_last_pull))


def digest_settings(library: LibraryStore, config: Config) -> DigestSettings:
    """The settings of issues."""
    from refdesk.digest.settings import DigestSettings
    from refdesk.settings.email import mail
    from refdesk.settings.serving import serving
    from refdesk.settings.subscriptions import merged

    catalog = library.catalog
    valid, broken = merged(
        config.subscriptions,
        catalog.subscriptions().all(),
        catalog.readers().find,
        has_mail=bool(config.email),
        file=config.file,
    )

    def sync() -> list[FeedReport]:
        from refdesk.feeds import syncing
        from refdesk.ingest.add import add_file

        return syncing.sync(library, feed_settings(config), add_file=add_file)

    return DigestSettings(
        subscriptions=valid,
        broken=broken,
        sender=str(config.email.get("from") or "refdesk@localhost"),
        mail=lambda: mail(config.email, file=config.file) if config.email else None,
        feed_states=lambda: feed_states(library, config, at_last_pull=True),
        sync=sync if config.feeds else None,
        public_url=lambda: serving(config.serve, file=config.file).public_url,
    )


def settings_errors(config: Config) -> dict[str, ConfigError]:
    """The errors of subscriptions, of `[email]` and of local models, by name; those of feeds are with the feeds."""
    from refdesk.settings import email
    from refdesk.settings.serving import serving
    from refdesk.settings.subscriptions import checked

    valid, broken = checked(config.subscriptions, file=config.file)
    errors = {f"subscriptions.{name}": error for name, error in broken.items()}
    if config.subscriptions:
        from refdesk.digest.run import delivery_error

        for name, subscription in valid.items():
            if error := delivery_error(subscription, has_mail=bool(config.email)):
                errors[f"subscriptions.{name}"] = error
    checks: tuple[tuple[str, Callable[[], object]], ...] = (
        ("email", lambda: config.email and email.check(config.email, file=config.file)),
        ("serve", lambda: serving(config.serve, file=config.file)),
    )
    for name, check in checks:
        try:
            check()
        except ConfigError as error:
            errors[name] = error
    from refdesk.models.known import find

    for setting, model in (("reranker", config.reranker), ("entailment_model", config.entailment_model)):
        if model:
            try:
                find(model, wanted="a reranker" if setting == "reranker" else "an entailment model")
            except ConfigError as error:
                errors[setting] = error
    return errors


def confirming(library: LibraryStore, config: Config) -> Confirming:
    """What confirms mail addresses. Raises InputError where no mails are sent, or no link can be."""
    from refdesk.confirming import Confirming
    from refdesk.settings.email import mail
    from refdesk.settings.serving import serving

    public_url = serving(config.serve, file=config.file).public_url
    if not config.email or not public_url:
        raise InputError(
            "This library mails nothing that can be answered.",
            hint="An admin sets [email], and `public_url` in [serve], in refdesk.toml.",
        )
    return Confirming(library, mail(config.email, file=config.file), public_url.rstrip("/"))
