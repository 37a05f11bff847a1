"""
HTTP requests that are protected against SSRF, and against replies that are too large or too slow.

A host name is looked up once, and the connection goes to the address that was checked. If the connection looked the
name up again, a DNS server could first answer with a public address and then with one of this machine.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from typing import Any
from urllib.request import getproxies, proxy_bypass

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LONGEST_REPLY_S = 240.0
"""The longest time to wait for the headers of a reply; its body may take as long, and longer if it is large."""
SLOWEST_BYTES_PER_S = 50_000
"""A body gets a second more for so many bytes that came."""
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddress(Exception):
    """The host has an address of this machine or its network."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"{address}, an address of this machine or its network")


class TooLarge(Exception):
    """The reply has more bytes than the caller takes."""


@contextmanager
def streamed(
    client: httpx.Client, url: str, *, headers: Mapping[str, str] | None = None, longest_s: float | None = None
) -> Iterator[httpx.Response]:
    """
    Send a GET request and yield the reply, whose body is not read yet.

    The timeouts of httpx are for a single read: a server that sends a byte now and then never meets them. Here the
    connection is shut down when the headers have not arrived in time.

    Args:
        client: Its transport makes a new connection for each request, as `Guarded` does.
        url, headers: Of the request.
        longest_s: The longest time to wait for the headers; None is `LONGEST_REPLY_S`.

    Raises:
        httpx.ReadTimeout: The headers have not arrived in time.
        httpx.HTTPError, httpx.InvalidURL, PrivateAddress: As the client.
    """
    connections: list[Any] = []
    too_slow = threading.Event()

    def trace(event: str, details: Mapping[str, Any]) -> None:
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            connections.append(details["return_value"])
            if too_slow.is_set():
                shut_down()

    def shut_down() -> None:
        too_slow.set()
        for connection in connections[-1:]:  # none yet while it is being made, which has a timeout of its own
            with suppress(OSError):
                socket.socket.shutdown(connection.get_extra_info("socket"), socket.SHUT_RDWR)

    timer = threading.Timer(LONGEST_REPLY_S if longest_s is None else longest_s, shut_down)
    timer.daemon = True
    timer.start()
    try:
        with client.stream("GET", url, headers=headers, extensions={"trace": trace}) as reply:
            timer.cancel()
            yield reply
    except httpx.TransportError as error:
        if too_slow.is_set():
            raise httpx.ReadTimeout("the reply takes too long") from error
        raise
    finally:
        timer.cancel()


def blocks(reply: httpx.Response, *, max_bytes: int, longest_s: float | None = None) -> Iterator[bytes]:
    """
    Read the body of a reply in blocks, decoded of gzip.

    Args:
        reply: From `streamed`.
        max_bytes: The largest body.
        longest_s: The longest time for a small body; None is `LONGEST_REPLY_S`.

    Raises:
        TooLarge: The body has more bytes.
        httpx.ReadTimeout: The body takes longer than `longest_s` and a second for every `SLOWEST_BYTES_PER_S`.
    """
    began, received = time.monotonic(), 0
    longest_s = LONGEST_REPLY_S if longest_s is None else longest_s
    for block in reply.iter_bytes():
        received += len(block)
        if received > max_bytes:
            raise TooLarge
        if time.monotonic() - began > longest_s + received / SLOWEST_BYTES_PER_S:
            raise httpx.ReadTimeout("the reply takes too long")
        yield block


def is_public(address: Address) -> bool:
    """
    Tell whether an address is a public one; an IPv6 address that stands for an IPv4 address is judged as that.

    >>> is_public(ipaddress.ip_address("::ffff:127.0.0.1")), is_public(ipaddress.ip_address("2606:4700::1111"))
    (False, True)
    """
    if isinstance(address, ipaddress.IPv6Address):
        if inner := address.ipv4_mapped or address.sixtofour:
            return is_public(inner)
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast


def resolved(host: str) -> list[Address]:
    """Look up the addresses of a host. Raises httpx.ConnectError where there are none."""
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{host} is not known") from error
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


class Guarded(httpx.BaseTransport):
    """
    A transport that connects to public addresses only, with a new connection for each request.

    A proxy of the environment is used, as by any client. The proxy looks names up itself. Therefore a name that this
    machine can look up is checked here, and a name that it cannot look up is left to the proxy.

    Args:
        allow_private: Connect to any address.
        public: Tells whether an address is public.

    Raises:
        PrivateAddress: From a request, before anything is sent.
    """

    def __init__(self, *, allow_private: bool = False, public: Callable[[Address], bool] = is_public) -> None:
        self._allow_private, self._public = allow_private, public
        self._transports: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to an address that is allowed."""
        proxy = _proxy(request.url)
        if proxy not in self._transports:
            once = httpx.Limits(max_keepalive_connections=0)
            self._transports[proxy] = httpx.HTTPTransport(verify=_trusted(), proxy=proxy, limits=once)
        transport = self._transports[proxy]
        addresses = [] if self._allow_private else self._checked(request.url.host, proxied=proxy is not None)
        if proxy or not addresses:
            return transport.handle_request(request)
        for address in addresses[:-1]:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return transport.handle_request(_to(address, request))
        return transport.handle_request(_to(addresses[-1], request))

    def _checked(self, host: str, *, proxied: bool) -> list[Address]:
        try:
            addresses = resolved(host)
        except httpx.ConnectError:
            if proxied:
                return []
            raise
        for address in addresses:
            if not self._public(address):
                raise PrivateAddress(address)
        return addresses

    def close(self) -> None:
        """Close all connections."""
        for transport in self._transports.values():
            transport.close()


def is_private(url: str) -> bool:
    """Tell whether the host of a URL has an address of this machine or its network. Raises httpx.InvalidURL."""
    try:
        return not all(map(is_public, resolved(httpx.URL(url).host)))
    except httpx.ConnectError:
        return False


@cache
def _trusted() -> ssl.SSLContext:
    """The trusted certificates; reading them takes longer than fetching a page."""
    return httpx.create_ssl_context()


def _to(address: Address, request: httpx.Request) -> httpx.Request:
    """The request to an address. The host stays in the Host header, and the certificate must name it."""
    return httpx.Request(
        request.method,
        request.url.copy_with(host=str(address)),
        headers=request.headers,
        stream=request.stream,
        extensions={**request.extensions, "sni_hostname": request.url.raw_host.decode("ascii")},
    )


def _proxy(url: httpx.URL) -> str | None:
    """The proxy that the environment names for a URL."""
    proxies = getproxies()
    proxy = None if proxy_bypass(url.netloc.decode("ascii")) else proxies.get(url.scheme) or proxies.get("all")
    return f"http://{proxy}" if proxy and "://" not in proxy else proxy
