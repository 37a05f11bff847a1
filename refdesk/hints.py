"""
Hints in the words of each face. An error is raised with the hint of the command line; where that names a command, an
option or a setting, a page, the API and an assistant have words of their own.
"""

from __future__ import annotations

import re
from typing import Literal

from rag import errors
from rag.types import JsonDict

Face = Literal["page", "api", "tool"]
_COMMAND = r"`refdesk|(?<!\w)--\w|refdesk\.toml|\bcommand\b|\blibrary=|read_only"
_FOREIGN = {"page": re.compile(rf"`|{_COMMAND}"), "api": re.compile(_COMMAND), "tool": re.compile(_COMMAND)}
"""What a hint names that is not there in a face."""
_KEEPER = "Tell whoever keeps this library."
_TOPIC = "Name the topic, a method or a finding in a few words."
_AGAIN = "Try again in a minute: the library is being written."
_READ = "This library can only be read here."
_HINTS: dict[Face, tuple[tuple[type[errors.RefdeskError], str], ...]] = {
    "page": (
        (errors.BadQuestion, _TOPIC),
        (errors.BadFilter, "Change the filters, or leave them out."),
        (errors.PaperNotFound, "Search for a few words of its title."),
        (errors.NotAllowed, "An admin of the library can give you the role."),
        (errors.InputError, "Go back and change what you wrote."),
        (errors.LibraryLocked, _AGAIN),
        (errors.LibraryReadOnly, _READ),
        (errors.ModelError, "Try again later."),
        (errors.RefdeskError, _KEEPER),
    ),
    "api": (
        (errors.BadQuestion, _TOPIC),
        (errors.PaperNotFound, "GET /api/v1/search finds papers and their ids."),
        (errors.NotAllowed, "An admin of the library can give the role."),
        (errors.InputError, "/api/v1/openapi.json says what is taken."),
        (errors.LibraryLocked, _AGAIN),
        (errors.LibraryReadOnly, _READ),
        (errors.ModelError, "Try again later."),
        (errors.RefdeskError, _KEEPER),
    ),
    "tool": (
        (errors.BadQuestion, _TOPIC),
        (errors.BadFilter, "Change the filters, or leave them out."),
        (errors.PaperNotFound, "`search` and `find_papers` give ids."),
        (errors.InputError, "Change the arguments."),
    ),  # an assistant may hand other hints to a person, who has the command line
}


def hint(error: errors.RefdeskError, face: Face) -> str | None:
    """
    The hint of an error in the words of a face.

    >>> hint(errors.BadFilter("“soon” is not a date.", hint="Write it as 2024-06."), "page")
    'Write it as 2024-06.'
    >>> missing = errors.PaperNotFound("No paper has this id.", hint="`refdesk search WORDS` shows ids.")
    >>> hint(missing, "page")
    'Search for a few words of its title.'
    >>> hint(missing, "tool")
    '`search` and `find_papers` give ids.'
    """
    if not error.hint or not _FOREIGN[face].search(error.hint):
        return error.hint
    return next((words for kind, words in _HINTS[face] if isinstance(error, kind)), error.hint)


def told(error: errors.RefdeskError, face: Face) -> JsonDict:
    """An error as a document, as `--json` prints it, with the hint of a face."""
    return {"error": {"type": type(error).__name__, "message": error.message, "hint": hint(error, face)}}
