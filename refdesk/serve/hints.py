"""Hints in the words of a page: what a reader can do there, where an error's own hint names a command or a setting."""

from __future__ import annotations

import re

from rag import errors

_COMMAND = re.compile(r"`|(?<!\w)--\w|refdesk\.toml|\bcommand\b|\blibrary=|read_only")
_KEEPER = "Tell whoever keeps this library."
_HINTS: tuple[tuple[type[errors.RefdeskError], str], ...] = (
    (errors.BadQuestion, "Name the topic, a method or a finding in a few words."),
    (errors.BadFilter, "Change the filters, or leave them out."),
    (errors.PaperNotFound, "Search for a few words of its title."),
    (errors.InputError, "Go back and change what you wrote."),
    (errors.LibraryLocked, "Try again in a minute: the library is being written."),
    (errors.LibraryReadOnly, "This library can only be read here."),
    (errors.StoreError, _KEEPER),
    (errors.ConfigError, _KEEPER),
    (errors.ModelError, "Try again later."),
)


def page_hint(error: errors.RefdeskError) -> str | None:
    """
    The hint of an error for a reader of a page.

    >>> page_hint(errors.BadFilter("“soon” is not a date.", hint="Write it as 2024-06."))
    'Write it as 2024-06.'
    >>> page_hint(errors.PaperNotFound("No paper has this id.", hint="`refdesk search WORDS` shows ids."))
    'Search for a few words of its title.'
    """
    if not error.hint or not _COMMAND.search(error.hint):
        return error.hint
    return next((hint for kind, hint in _HINTS if isinstance(error, kind)), _KEEPER)
