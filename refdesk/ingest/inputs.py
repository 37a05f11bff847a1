"""Open the inputs of `add`: a file, standard input or a URL, as seekable bytes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from glob import glob
from pathlib import Path
from typing import IO, BinaryIO, cast
from urllib.parse import unquote, urlsplit

from rag.errors import StoreFull, UnreadableInput
from refdesk._version import __version__

MAX_DOWNLOAD_BYTES = 1 << 30
MAX_DOCUMENT_BYTES = 64 << 20
TIMEOUT_S = 30.0
_IN_MEMORY_BYTES = 16 << 20
_MAGIC = frozenset("*?[")


@contextmanager
def opened(name: str) -> Iterator[tuple[BinaryIO, str, int]]:
    """
    Open an input.

    Args:
        name: A path, `-` for standard input, or an http(s) URL.

    Yields:
        The bytes, the file's name, and the number of bytes.

    Raises:
        UnreadableInput: The input does not exist, is a folder, or cannot be fetched.
        StoreFull: A copy of the input does not fit into the temporary folder.
    """
    if name == "-":
        if sys.stdin is None:
            raise UnreadableInput("Standard input is closed.", hint="Pipe a file into it, or name one.")
        with _spooled() as copy:
            while block := sys.stdin.buffer.read(1 << 20):
                _keep(copy, block)
            yield cast(BinaryIO, copy), "stdin", copy.tell()
    elif is_url(name):
        with _spooled() as copy:
            _fetch(name, copy)
            yield (
                cast(BinaryIO, copy),
                unquote(Path(urlsplit(name).path).name) or urlsplit(name).netloc,
                copy.tell(),
            )
    else:
        with _file(Path(name)) as stream:
            yield stream, Path(name).name, os.fstat(stream.fileno()).st_size


def is_url(name: str) -> bool:
    """True for an input that is fetched from elsewhere."""
    return name.lower().startswith(("http://", "https://"))


def _file(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reasons: dict[type, str] = {IsADirectoryError: "is a folder", FileNotFoundError: "does not exist"}
        what = reasons.get(type(error), f"cannot be read: {getattr(error, 'strerror', None) or error}")
        raise UnreadableInput(
            f"{path} {what}.",
            hint="Give files of papers; `refdesk add --list-formats` lists what is read.",
        ) from error


def expanded(names: Sequence[str]) -> list[tuple[str, str | None]]:
    """
    Expand folders into their files and patterns such as `*.bib` into the files that match.

    Returns:
        Each input with the name that scopes its ids. For a file of a folder that is the path within the folder, since
        two folders may have files of the same name; otherwise None, the file's own name.
    """
    found: list[tuple[str, str | None]] = []
    for name in names:
        path = Path(name)
        if name == "-" or "://" in name or not (path.is_dir() or (_MAGIC & set(name) and not os.path.lexists(name))):
            found.append((name, None))
        elif path.is_dir():
            files = [file for file in path.rglob("*") if file.is_file() and not _hidden(file.relative_to(path))]
            if not files and len(names) > 1:
                found.append((name, None))  # becomes a reject: a folder cannot be read
            found += [(str(file), "-".join(file.relative_to(path).parts)) for file in sorted(files)]
        else:
            matched = sorted(glob(name, recursive=True)) or [name]  # noqa: PTH207 - takes absolute patterns
            found += [(match, None) for match in matched]
    return found


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def text_of(path: Path) -> str:
    """Read a file as UTF-8 text. Raises UnreadableInput."""
    with _file(path) as stream:
        return stream.read(MAX_DOCUMENT_BYTES).decode(errors="replace")


def refuse_absent(names: Sequence[str]) -> None:
    """Raise UnreadableInput if no input exists; URLs and standard input count as existing."""
    if names and all(name != "-" and "://" not in name and not os.path.lexists(name) for name in names):
        _file(Path(names[0])).close()


def _spooled() -> IO[bytes]:
    return cast(IO[bytes], tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))


def _keep(copy: IO[bytes], block: bytes) -> None:
    """Append to the copy of an input. Raises StoreFull where the temporary folder has no room."""
    try:
        copy.write(block)
    except OSError as error:
        raise StoreFull(
            f"The input does not fit into the temporary folder {tempfile.gettempdir()}: {error.strerror or error}.",
            hint="Free some space there, or set TMPDIR to a folder on another disk.",
        ) from error


def _fetch(url: str, copy: IO[bytes]) -> None:
    import httpx

    from refdesk.safe_http import Guarded, PrivateAddress, TooLarge, blocks, is_private, streamed

    agent = {"user-agent": f"refdesk/{__version__}"}
    try:
        guarded = Guarded(allow_private=is_private(url))  # a private address that the user typed is intended
        with (
            httpx.Client(transport=guarded, timeout=TIMEOUT_S, follow_redirects=True, headers=agent) as client,
            streamed(client, url) as reply,
        ):
            reply.raise_for_status()
            for block in blocks(reply, max_bytes=MAX_DOWNLOAD_BYTES):
                _keep(copy, block)
    except TooLarge as error:
        raise UnreadableInput(
            f"{url} is larger than {MAX_DOWNLOAD_BYTES >> 30} GB.", hint="Download and split it."
        ) from error
    except httpx.HTTPStatusError as error:
        raise UnreadableInput(
            f"{url} answered {error.response.status_code}.", hint="Check the address in a browser."
        ) from error
    except PrivateAddress as error:
        raise UnreadableInput(
            f"{url} redirects to {error}.", hint="If that is intended, give that address itself."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        reason = str(error) or type(error).__name__
        raise UnreadableInput(
            f"{url} could not be fetched: {reason}.", hint="Check the address and the network."
        ) from error
