"""Reading a form with files as it arrives: no file is held whole, in memory or on the disk, and the fields are few."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import anyio
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import Request

from rag.errors import InputError
from refdesk.jobs import Upload
from refdesk.serve.requests import in_thread

MOST_FILES, MOST_FIELDS, MOST_FIELD = 100, 100, 10_000
FILE = "file"
"""The name of the field that files come in."""


class FilesForm:
    """
    A form of `multipart/form-data`, whose files go to an upload.

    Args:
        upload: Takes the files.
        limiter: Of the threads that write.
    """

    def __init__(self, upload: Upload, limiter: anyio.CapacityLimiter) -> None:
        self._upload, self._limiter = upload, limiter
        self.fields: dict[str, list[str]] = {}
        self._todo: list[Callable[[], None]] = []
        self._files = 0
        self._header, self._value = bytearray(), bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._name = self._filename = ""
        self._in_file = self._is_begun = False
        self._text = bytearray()

    async def read(self, request: Request) -> None:
        """
        Read a request to its end. Afterwards `fields` has the values of all fields but the files, by name.

        Raises:
            InputError: It is no such form, it breaks off, or has too many parts.
            ClientDisconnect: The client went away, or the body is too long.
        """
        kind, options = parse_options_header(request.headers.get("content-type"))
        if kind != b"multipart/form-data" or not options.get(b"boundary"):
            raise InputError("The body is not `multipart/form-data`.", hint=f"Send files in the field `{FILE}`.")
        ended = False

        def end() -> None:
            nonlocal ended
            ended = True

        try:
            parser = MultipartParser(
                options[b"boundary"],
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, stop: self._header.extend(data[start:stop]),
                    "on_header_value": lambda data, start, stop: self._value.extend(data[start:stop]),
                    "on_header_end": self._end_header,
                    "on_headers_finished": self._begin_data,
                    "on_part_data": self._data,
                    "on_part_end": self._end_part,
                    "on_end": end,
                },
            )
            async for chunk in request.stream():
                parser.write(chunk)
                if self._todo:
                    todo, self._todo = self._todo, []
                    await in_thread(partial(_all, todo), self._limiter)
        except FormParserError as error:
            raise InputError(f"The form cannot be read: {error}", hint="Send it again.") from error
        if not ended:
            raise InputError("The form breaks off before its end.", hint="Send it again.")

    def _begin(self) -> None:
        self._headers.clear()
        self._text.clear()
        self._in_file = self._is_begun = False

    def _end_header(self) -> None:
        self._headers[bytes(self._header).lower()] = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _begin_data(self) -> None:
        _, options = parse_options_header(self._headers.get(b"content-disposition", b""))
        self._name = options.get(b"name", b"").decode(errors="replace")
        filename = options.get(b"filename")
        if filename is None:
            return
        if self._name != FILE:
            raise InputError(f"There is no file field `{self._name[:80]}`.", hint=f"Send files in the field `{FILE}`.")
        self._in_file = True
        self._filename = filename.decode(errors="replace")
        if filename:  # a browser sends an empty one, and no bytes, where no file was chosen
            self._begin_file()

    def _begin_file(self) -> None:
        self._is_begun = True
        self._files += 1
        if self._files > MOST_FILES:
            raise InputError(f"More than {MOST_FILES} files were sent.", hint="Send a zip archive of them.")
        self._todo.append(partial(self._upload.begin_file, self._filename))

    def _data(self, data: bytes, start: int, stop: int) -> None:
        if self._in_file:
            if not self._is_begun:
                self._begin_file()
            self._todo.append(partial(self._upload.write, data[start:stop]))
            return
        self._text += data[start:stop]
        if len(self._text) > MOST_FIELD:
            raise InputError(f"The field `{self._name[:80]}` is too long.", hint=f"Send files in the field `{FILE}`.")

    def _end_part(self) -> None:
        if self._in_file:
            return
        self.fields.setdefault(self._name, []).append(self._text.decode(errors="replace"))
        if sum(map(len, self.fields.values())) > MOST_FIELDS:
            raise InputError(f"The form has more than {MOST_FIELDS} fields.", hint="Send fewer.")


def _all(todo: list[Callable[[], None]]) -> None:
    for each in todo:
        each()
