"""Connect to Ray, or start it on this machine; and say in a sentence what goes wrong with it."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Iterator
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

from rag.errors import RayUnavailable, RefdeskError
from refdesk._version import __version__

CONNECT_S = 10.0
STORE_BYTES = 256 << 20
"""Ray's memory for results, where we start it."""
_INSTALL = "pip install 'refdesk[ray]'"


@contextmanager
def connected(address: str) -> Iterator[Any]:
    """Yield Ray, connected; where this process was connected before, it stays so. Raises RayUnavailable."""
    with _settings(address):
        try:
            import ray
        except ImportError as error:
            raise RayUnavailable("Ray is not installed.", hint=f"Install it: `{_INSTALL}`.") from error
        if ray.is_initialized():
            yield ray
            return
        folder = None
        with _quiet():
            try:
                context = _begun(ray, address)
                folder = context.address_info["session_dir"] if address == "local" else None
                yield ray
            finally:
                ray.shutdown()
                if folder:
                    shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _quiet() -> Iterator[None]:
    """
    Keep what Ray tells of workers that died off standard output, where commands print their documents.

    Ray has no setting for it; `log_to_driver` is about what workers print.
    """
    from ray._private import worker

    before = worker._worker_logs_enabled
    worker._worker_logs_enabled = False
    try:
        yield
    finally:
        worker._worker_logs_enabled = before


@contextmanager
def _settings(address: str) -> Iterator[None]:
    """
    What Ray reads from the environment: it tells nobody that it is used, and whom it starts here knows a secret.

    Its ports are open to the network, and who may use them can run code. Ray would keep its own secret in a file.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    secret = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    if address != "local" or any(name.startswith("RAY_AUTH_") for name in os.environ):
        secret = {}
    os.environ |= secret
    try:
        yield
    finally:
        for name in secret:
            os.environ.pop(name, None)


def _begun(ray: Any, address: str) -> Any:
    _refuse_unreachable(address)
    options = {"include_dashboard": False, "object_store_memory": STORE_BYTES} if address == "local" else {}
    for is_last in (False, True):
        try:
            with chdir(Path(__file__).parents[2]):  # workers look for modules in this folder first
                return ray.init(address, logging_level="ERROR", log_to_driver=False, **options)
        except Exception as error:  # ConnectionError, RuntimeError, ValueError, TimeoutError: Ray raises what it meets
            # Ray forks a server for each client from outside, beside gRPC's threads, and now and then that one hangs
            if isinstance(error, ConnectionAbortedError) and not is_last:
                continue
            raise RayUnavailable(
                f"Ray at {address} cannot be used: {first_line(error)}.",
                hint="Check the address, and that Ray and Python have the same versions on all machines.",
            ) from error
    raise AssertionError("the last attempt returns or raises")


def _refuse_unreachable(address: str) -> None:
    """Raise RayUnavailable if nothing listens at an address; Ray itself would try for minutes."""
    if address in ("local", "auto"):
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    hint = "Name `local`, `auto`, `ray://host:10001`, or `host:6379` on a machine of the cluster."
    if not host or not port.isdecimal() or int(port) > 65535:
        raise RayUnavailable(f"“{address}” is no address of Ray.", hint=hint)
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=CONNECT_S).close()
    except OSError as error:
        raise RayUnavailable(f"Ray at {address} cannot be reached: {error.strerror or error}.", hint=hint) from error


def of_worker(error: Any) -> RefdeskError:
    """What a worker raised, as an error of ours."""
    cause = error.cause
    if isinstance(cause, RefdeskError):
        return cause
    if isinstance(cause, ImportError):
        return RayUnavailable(
            f"A worker of Ray has not this Refdesk: {first_line(cause)}.",
            hint=f"Install Refdesk {__version__} and what it needs on all machines of the cluster.",
        )
    return RayUnavailable(
        f"A worker of Ray failed: {type(cause).__name__}: {first_line(cause)}.",
        hint="Run it again with -v, which shows where; what was imported is kept.",
    )


def first_line(error: object) -> str:
    """
    The first line of an error that says anything, as the end of a sentence; with the last one where it leads to that.

    >>> first_line("Failure from server:\\nTraceback (most recent call last):\\nRuntimeError: No backend.")
    'Failure from server: RuntimeError: No backend'
    """
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    said = f"{lines[0]} {lines[-1]}" if lines[0].endswith(":") and len(lines) > 1 else lines[0]
    return said[:300].rstrip(".")
