"""
HTTP requests to Chroma's server: the token, timeouts, retries with backoff, and one sentence for each way they fail.

Chroma's own client has none of these: it waits for ever, and takes a page of HTML for an answer.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import orjson
from chromadb.api.fastapi import FastAPI
from chromadb.config import Settings, System
from chromadb.errors import error_types
from overrides import override
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt, wait_exponential, wait_random

from rag.errors import ConfigError, VectorsUnavailable
from stores.urls import ChromaAddress

_PASSING = (429, 502, 503, 504)
"""Statuses after which the same request may succeed."""
_HINTS = {429: "Wait a little, or ask for a higher limit.", 413: "Let the proxy before it take requests of 64 MB."}
_ERRNO = re.compile(r"^\[Errno -?\d+\] ")
_RUNNING = "Is it running? `chroma run --path DIR --port N` starts one."


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds to connect, and for the whole answer; how often to try, and the longest wait between."""

    connect_s: float
    answer_s: float
    tries: int
    wait_s: float


QUESTION = Patience(connect_s=3.0, answer_s=10.0, tries=3, wait_s=0.5)
"""For a request that a reader waits for."""
WRITE = Patience(connect_s=5.0, answer_s=60.0, tries=5, wait_s=8.0)
"""For a write, and for what reads a whole collection."""
LOOK = Patience(connect_s=2.0, answer_s=2.0, tries=1, wait_s=0.0)
"""For a look whether the server is there."""
_looking: ContextVar[bool] = ContextVar("looking", default=False)


@contextmanager
def looking() -> Iterator[None]:
    """Within it, this thread sends each request once, and waits as `LOOK` says."""
    before = _looking.set(True)
    try:
        yield
    finally:
        _looking.reset(before)


class Requests(FastAPI):  # type: ignore[misc]
    """
    Chroma's client for one server. All its requests are idempotent, so each may be repeated.

    Args:
        address: The server.
        token: Sent as `Authorization: Bearer` and as `X-Chroma-Token`, unless it is empty.

    Raises:
        ConfigError: The token cannot be sent, or the file of authorities cannot be read.
    """

    def __init__(self, address: ChromaAddress, token: str) -> None:
        settings = Settings(
            chroma_api_impl="chromadb.api.fastapi.FastAPI",
            chroma_server_host=address.host,
            chroma_server_http_port=address.port,
            anonymized_telemetry=False,
        )
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise ConfigError(
                f"{address.token_name} holds a space or a character that cannot be sent.",
                hint="Set it to the token alone, without quotes or “Bearer”.",
            )
        try:
            super().__init__(System(settings))
        except OSError as error:  # SSL_CERT_FILE leads nowhere, or to no certificate
            raise ConfigError(
                f"The certificates that SSL_CERT_FILE or SSL_CERT_DIR names cannot be read: {error}.",
                hint="Name a file of PEM certificates there, or unset it.",
            ) from error
        self._api_url = f"{address.base}/api/v2"
        self._address, self._token = address, token
        if token:
            self._session.headers.update({"Authorization": f"Bearer {token}", "X-Chroma-Token": token})

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    @override  # type: ignore[untyped-decorator, unused-ignore]
    def _make_request(self, method: str, path: str, **kwargs: Any) -> Any:
        """
        Send a request and return the document that answers it.

        Raises:
            ChromaError: The server refused it, with its own words.
            VectorsUnavailable: The server cannot be reached, or something else answered.
        """
        body = kwargs.pop("json", None)
        patience = LOOK if _looking.get() else QUESTION if _is_of_a_question(method, path, body) else WRITE
        if body is not None:
            kwargs["content"] = orjson.dumps(body, option=orjson.OPT_SERIALIZE_NUMPY)
        url = self._api_url + quote(path, safe="/")
        try:
            for attempt in _retrying(patience):
                with attempt:
                    return self._answer(method, url, patience, kwargs)
        except httpx.HTTPError as error:
            raise self._no_connection(error, patience) from error
        except _Refused as error:
            raise self._unavailable(error.reason, error.hint) from error
        raise AssertionError("the last attempt returns or raises")

    def _answer(self, method: str, url: str, patience: Patience, kwargs: Mapping[str, Any]) -> Any:
        until = time.monotonic() + patience.answer_s
        timeout = httpx.Timeout(patience.answer_s, connect=patience.connect_s)
        received = bytearray()
        with self._session.stream(method, url, timeout=timeout, **kwargs) as reply:
            for part in reply.iter_bytes():
                received += part
                if time.monotonic() > until:  # a timeout of HTTP is one of each part
                    raise httpx.ReadTimeout("The answer took too long.")
        return self._document(reply, bytes(received))

    def _document(self, reply: httpx.Response, content: bytes) -> Any:
        status = reply.status_code
        if status in (401, 403):
            raise self._unauthorized(status)
        try:
            document = orjson.loads(content)
        except orjson.JSONDecodeError:
            document = _NONE
        if status in _PASSING or (status >= 300 and not _is_chromas(document)):
            raise _refused(reply, self._hidden(reply.reason_phrase))
        if status >= 300:
            raise error_types[document["error"]](self._hidden(str(document.get("message", ""))))
        if document is _NONE:
            kind = reply.headers.get("content-type", "nothing").partition(";")[0][:40]
            raise _Refused(
                f"it answered with {kind}, and not as Chroma's server does",
                "Check the URL in the setting `vectors`: something else seems to be there.",
            )
        return document

    def _hidden(self, text: str) -> str:
        """What a server said, without the token: a careless one shows what it was sent."""
        return text.replace(self._token, "***") if self._token else text

    def _unauthorized(self, status: int) -> _Refused:
        name = self._address.token_name
        if self._token:
            return _Refused(f"it refused the token in {name} ({status})", f"Set {name} to a valid token.")
        return _Refused(f"it asks for a token ({status})", f"Set {name} in the environment.")

    def _no_connection(self, error: httpx.HTTPError, patience: Patience) -> VectorsUnavailable:
        if isinstance(error, httpx.ConnectTimeout):
            return self._unavailable(f"no connection within {patience.connect_s:g} s", "Check host, port and firewall.")
        if isinstance(error, httpx.TimeoutException):
            return self._unavailable(
                f"no answer within {patience.answer_s:g} s",
                "Look at the load of the server, and restart it if it hangs.",
            )
        reason = _ERRNO.sub("", " ".join(str(error).split()))[:200] or type(error).__name__
        if certificate := _certificate_problem(error):
            return self._unavailable(
                f"its certificate is not accepted: {certificate}",
                "If your own authority signed it, name that authority's file in SSL_CERT_FILE.",
            )
        return self._unavailable(reason, _RUNNING)

    def _unavailable(self, reason: str, hint: str) -> VectorsUnavailable:
        return unavailable(self._address, reason, hint)


def unavailable(address: ChromaAddress, reason: str, hint: str = _RUNNING) -> VectorsUnavailable:
    """The error of a server that cannot be used."""
    return VectorsUnavailable(f"The Chroma server {address.shown} cannot be used: {reason}.", hint=hint)


_NONE = object()


class _Refused(Exception):
    """An answer that is not Chroma's; `may_pass` if the same request may succeed, after `wait_s` if that is known."""

    def __init__(self, reason: str, hint: str, *, may_pass: bool = False, wait_s: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.hint, self.may_pass, self.wait_s = reason, hint, may_pass, wait_s


def _refused(reply: httpx.Response, reason: str) -> _Refused:
    status, wait = reply.status_code, reply.headers.get("retry-after", "")
    return _Refused(
        f"it answered {status} ({reason[:60]})",
        _HINTS.get(status, "Is Chroma's server running, and does the proxy before it lead there?"),
        may_pass=status in _PASSING,
        wait_s=float(wait) if wait.isdecimal() else None,
    )


def _is_chromas(document: Any) -> bool:
    """True if a document is an error as Chroma's server gives it."""
    return isinstance(document, dict) and document.get("error") in error_types


def _is_of_a_question(method: str, path: str, body: Any) -> bool:
    """True if a reader waits for the answer; it is small."""
    if path.endswith("/get"):
        return bool(body and body.get("ids"))
    return path.endswith("/query") or (method.lower() == "get" and not path.endswith("/count"))


def _retrying(patience: Patience) -> Retrying:
    backoff = wait_exponential(multiplier=0.2, max=patience.wait_s) + wait_random(0, 0.1)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = error.wait_s if isinstance(error, _Refused) else None
        return backoff(state) if asked is None else min(asked, patience.wait_s)

    return Retrying(
        stop=stop_after_attempt(patience.tries), wait=wait, retry=retry_if_exception(_may_pass), reraise=True
    )


def _may_pass(error: BaseException) -> bool:
    """True if the same request may succeed a moment later. A server that was waited for in vain is not asked again."""
    if isinstance(error, _Refused):
        return error.may_pass
    is_connection = isinstance(error, httpx.TransportError) and not isinstance(error, httpx.TimeoutException)
    return is_connection and not _certificate_problem(error)


def _certificate_problem(error: BaseException | None) -> str:
    """Why a certificate was refused; empty if that is not what failed."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return ""
