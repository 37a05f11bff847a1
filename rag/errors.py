"""
Errors: every exception that Refdesk raises on purpose.

    RefdeskError                 exit 1
    ├── ConfigError              exit 3   a setting is wrong
    ├── InputError               exit 4   the input cannot be used
    │   ├── UnknownFormat                 no importer recognises the bytes
    │   ├── UnreadableInput               empty, binary, missing, or over a limit
    │   ├── BadQuestion                   a question without a word to search for
    │   ├── BadFilter                     a filter that is not valid, such as a date
    │   ├── PaperNotFound                 no paper of the library has this id
    │   ├── NotThere                      no answer, reader, token or job has this name
    │   ├── NotAllowed                    the reader has not the role for it
    │   └── NothingToSplit                no union of the paper is known
    ├── StoreError               exit 5   the library cannot be used
    │   ├── LibraryNotFound               there is none at this place
    │   ├── LibraryLocked                 another process is writing
    │   ├── LibraryReadOnly               it must be written and cannot be
    │   ├── StoreMismatch                 made with other settings, or by a newer Refdesk
    │   ├── StoreDamaged                  a store cannot be read
    │   ├── StoreFull                     the disk has no room
    │   └── VectorsUnavailable            the server of the vectors cannot be used now
    └── ModelError               exit 6   an embedder, a feed or Ray could not be reached
        ├── EmbedderUnavailable
        ├── ModelUnavailable              the chat model failed, or its reply could not be used
        ├── FeedUnavailable               a provider could not be reached, or its answer holds no papers
        ├── HubUnavailable                a model could not be downloaded
        └── RayUnavailable                Ray is missing or away, or its workers lack something

A message is one sentence that names the offending value; a hint is the next command or step.
"""

from __future__ import annotations

import errno


class RefdeskError(Exception):
    """
    A failure that Refdesk explains.

    Args:
        message: One sentence with the offending value.
        hint: What to do next, a command where there is one.
    """

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def to_dict(self) -> dict[str, object]:
        """The error as `--json` prints it."""
        return {"error": {"type": type(self).__name__, "message": self.message, "hint": self.hint}}


class ConfigError(RefdeskError):
    """A setting is wrong."""

    exit_code = 3


class InputError(RefdeskError):
    """The input cannot be used."""

    exit_code = 4


class UnknownFormat(InputError):
    """No importer recognises the bytes, or no importer has this name."""


class UnreadableInput(InputError):
    """The input is missing, empty, binary, or over a limit."""


class BadQuestion(InputError):
    """A question without a word to search for."""


class BadFilter(InputError):
    """A filter that is not valid, such as a date that does not exist."""


class NothingToSplit(InputError):
    """No union of the paper is known."""


class PaperNotFound(InputError):
    """No paper of the library has this id."""


class NotThere(InputError):
    """No answer, reader, token or job has this name."""


class NotAllowed(InputError):
    """The reader has not the role for it."""


class StoreError(RefdeskError):
    """The library cannot be used."""

    exit_code = 5


class LibraryNotFound(StoreError):
    """There is no library at this place."""


class LibraryLocked(StoreError):
    """Another process is writing to the library."""


class LibraryReadOnly(StoreError):
    """The library must be written and cannot be."""


class StoreMismatch(StoreError):
    """The library was made with other settings, or by a newer Refdesk."""


class StoreDamaged(StoreError):
    """A store cannot be read."""


class StoreFull(StoreError):
    """The disk has no room."""


class VectorsUnavailable(StoreError):
    """The server of the vectors cannot be used now; questions are answered by words alone."""


class ModelError(RefdeskError):
    """An embedder, a model or a feed could not be used."""

    exit_code = 6


class EmbedderUnavailable(ModelError):
    """The embedder cannot be loaded or reached."""


class FeedUnavailable(ModelError):
    """A feed's provider could not be reached, or its answer holds no papers."""


class HubUnavailable(ModelError):
    """A model could not be downloaded, or is not the one that was expected."""


class RayUnavailable(ModelError):
    """Ray is not installed or not reached, or a worker of it lacks a file, Refdesk, or this version of it."""


class ModelUnavailable(ModelError):
    """
    The chat model failed, or its reply could not be used.

    Args:
        may_pass: True if asking again may help.
    """

    def __init__(self, message: str, *, hint: str | None = None, may_pass: bool = True) -> None:
        super().__init__(message, hint=hint or "Leave out the model to get an answer in the papers' own sentences.")
        self.may_pass = may_pass


def is_disk_full(error: OSError) -> bool:
    """True if a write failed because the disk, or the user's share of it, has no room."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT)


def disk_full(path: object) -> StoreFull:
    """The error of a write to `path` for which the disk has no room."""
    return StoreFull(
        f"{path} cannot be written: the disk is full.",
        hint="Free some space and run the command again; nothing is lost.",
    )
