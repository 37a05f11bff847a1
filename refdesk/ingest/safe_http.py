"""
Requests that do not reach into the reader's own network: what is connected to is the very address that was judged.

Were the name only looked up and the connection left to look it up again, a server of names could answer the first time
with a public address and the second time with one of this machine.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from urllib.request import getproxies, proxy_bypass

import httpx

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class PrivateAddress(Exception):
    """What is asked for lies at an address of this machine or its network."""

    def __init__(self, address: Address) -> None:
        super().__init__(f"{address}, an address of this machine or its network")


def is_public(address: Address) -> bool:
    """
    Whether an address is one of the internet; one that stands for an IPv4 address is judged as that.

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
    """The addresses of a host. Raises httpx.ConnectError where it is not known."""
    try:
        found = socket.getaddrinfo(host, None, proto=socket.IPPROTO_TCP)
    except (OSError, UnicodeError) as error:
        raise httpx.ConnectError(f"{host} is not known") from error
    return list(dict.fromkeys(ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found))


class Guarded(httpx.BaseTransport):
    """
    A transport that connects to public addresses only.

    A proxy of the environment is used as by any client. It looks names up itself, so that what this machine knows of a
    name is judged, and a name that this machine does not know is the proxy's affair.

    Args:
        allow_private: Connect to any address.
        public: Judges an address.

    Raises:
        PrivateAddress: From a request, before anything is sent.
    """

    def __init__(self, *, allow_private: bool = False, public: Callable[[Address], bool] = is_public) -> None:
        self._allow_private, self._public = allow_private, public
        self._ways: dict[str | None, httpx.HTTPTransport] = {}

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to where it may go."""
        proxy = _proxy(request.url)
        if proxy not in self._ways:
            self._ways[proxy] = httpx.HTTPTransport(verify=_trusted(), proxy=proxy)
        way = self._ways[proxy]
        addresses = [] if self._allow_private else self._judged(request.url.host, proxied=proxy is not None)
        if proxy or not addresses:
            return way.handle_request(request)
        for address in addresses[:-1]:
            with suppress(httpx.ConnectError, httpx.ConnectTimeout):
                return way.handle_request(_to(address, request))
        return way.handle_request(_to(addresses[-1], request))

    def _judged(self, host: str, *, proxied: bool) -> list[Address]:
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
        for way in self._ways.values():
            way.close()


def is_private(url: str) -> bool:
    """Whether a URL names, as it stands, an address of this machine or its network. Raises httpx.InvalidURL."""
    try:
        return not all(map(is_public, resolved(httpx.URL(url).host)))
    except httpx.ConnectError:
        return False


@cache
def _trusted() -> ssl.SSLContext:
    """The certificates, which take longer to read than a page to fetch."""
    return httpx.create_ssl_context()


def _to(address: Address, request: httpx.Request) -> httpx.Request:
    """The request for an address; its host stays in the Host header, and is whom the certificate must name."""
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
    found = None if proxy_bypass(url.netloc.decode("ascii")) else proxies.get(url.scheme) or proxies.get("all")
    return f"http://{found}" if found and "://" not in found else found
