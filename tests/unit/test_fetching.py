"""Fetching from providers: how often, how patiently, how much, from where, and what is told of it."""

from __future__ import annotations

import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

import refdesk
from rag.errors import FeedUnavailable, UnreadableInput
from refdesk import __version__, safe_http
from refdesk.feeds.fetching import ATTEMPTS, LONGEST_WAIT_S, Fetcher
from refdesk.safe_http import Address, is_public
from tests.feed_server import FeedServer, entries, serving


class Clock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.waits: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.waits.append(round(seconds, 3))
        self.now += seconds

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def server() -> Iterator[FeedServer]:
    with serving() as running:
        running.papers = entries("2026-06-18", "2026-06-19")
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


def fetcher(given: Clock, **options: Any) -> Fetcher:
    defaults = {"pause_s": 0.0, "allow_private": True, "timeout_s": 5.0, "draw": lambda: 0.0}
    return Fetcher(**{"sleep": given.sleep, "clock": given, **defaults, **options})


def test_two_requests_are_the_providers_pause_apart(server: FeedServer, clock: Clock) -> None:
    fetch = fetcher(clock, pause_s=3.0)
    for _ in range(3):
        fetch.get(f"{server.url}/rss")
    assert clock.waits == [3.0, 3.0]
    clock.now += 2.5  # the caller was busy
    fetch.get(f"{server.url}/rss")
    clock.now += 9.0
    fetch.get(f"{server.url}/rss")
    assert clock.waits == [3.0, 3.0, 0.5]
    assert fetch.requests == len(server.asked) == 5


@pytest.mark.parametrize("mood", ["busy", "down"])
def test_a_retry_after_in_seconds_is_waited_for(server: FeedServer, clock: Clock, mood: str) -> None:
    server.moods = [mood]
    assert fetcher(clock).get(f"{server.url}/rss").body
    assert clock.waits == [7.0]


def test_a_retry_after_that_is_a_date_is_waited_for(server: FeedServer, clock: Clock) -> None:
    server.moods, server.retry_after = ["busy"], format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    assert fetcher(clock).get(f"{server.url}/rss").body
    assert 35 < clock.waits[0] <= 40


def test_a_retry_after_date_is_read_by_the_callers_clock(server: FeedServer, clock: Clock) -> None:
    now = datetime(2001, 1, 1, tzinfo=UTC)
    server.moods, server.retry_after = ["busy"], format_datetime(now + timedelta(seconds=40), usegmt=True)
    assert fetcher(clock, now=lambda: now).get(f"{server.url}/rss").body
    assert clock.waits == [40.0]


@pytest.mark.parametrize(
    "told", ["soon", "-5", "nan", "Fri, 30 Feb 2026 00:00:00 GMT", "Mon, 01 Jan 2001 00:00:00 GMT", ""]
)
def test_a_retry_after_that_says_nothing_falls_back_to_ever_longer_waits(
    server: FeedServer, clock: Clock, told: str
) -> None:
    server.moods, server.retry_after = ["down", "down"], told
    assert fetcher(clock).get(f"{server.url}/rss").body
    assert clock.waits == [0.5, 1.0]


def test_waits_are_spread_by_chance(server: FeedServer, clock: Clock) -> None:
    server.moods = ["failing", "failing", "failing"]
    fetcher(clock, draw=lambda: 1.0).get(f"{server.url}/rss")
    assert clock.waits == [1.0, 2.0, 4.0]


@pytest.mark.parametrize("told", [str(LONGEST_WAIT_S + 1), "86400", "inf"])
def test_a_provider_that_asks_for_too_long_a_wait_is_given_up_at_once(
    server: FeedServer, clock: Clock, told: str
) -> None:
    server.mood, server.retry_after = "busy", told
    with pytest.raises(FeedUnavailable, match="429, asking to wait"):
        fetcher(clock).get(f"{server.url}/rss")
    assert (clock.waits, len(server.asked)) == ([], 1)


@pytest.mark.parametrize("mood", ["busy", "down", "failing", "cut", "closed"])
def test_retries_are_bounded(server: FeedServer, clock: Clock, mood: str) -> None:
    server.mood = mood
    with pytest.raises(FeedUnavailable) as raised:
        fetcher(clock).get(f"{server.url}/rss")
    assert len(server.asked) == ATTEMPTS
    assert raised.value.hint
    assert len(clock.waits) == ATTEMPTS - 1


@pytest.mark.parametrize("mood", ["cut", "closed", "failing"])
def test_what_passes_is_tried_again(server: FeedServer, clock: Clock, mood: str) -> None:
    server.moods = [mood]
    assert fetcher(clock).get(f"{server.url}/rss").body.endswith(b"</rss>\n")


@pytest.mark.parametrize(("mood", "status"), [("gone", 404), ("forbidden", 403), ("bad request", 400)])
def test_what_does_not_pass_is_not_tried_again(server: FeedServer, clock: Clock, mood: str, status: int) -> None:
    server.mood = mood
    with pytest.raises(FeedUnavailable, match=str(status)):
        fetcher(clock).get(f"{server.url}/rss")
    assert len(server.asked) == 1


def test_a_provider_that_does_not_answer_in_time_is_given_up(server: FeedServer, clock: Clock) -> None:
    server.mood = "slow"
    began = time.monotonic()
    with pytest.raises(FeedUnavailable, match="timed out"):
        fetcher(clock, timeout_s=0.1).get(f"{server.url}/rss")
    assert time.monotonic() - began < 3
    assert len(server.asked) == ATTEMPTS


@pytest.mark.parametrize("mood", ["drip", "drip headers"])
def test_a_reply_that_drips_for_ever_is_given_up(server: FeedServer, clock: Clock, mood: str) -> None:
    server.mood = mood
    began = time.monotonic()
    with pytest.raises(FeedUnavailable, match="takes too long"):
        fetcher(clock, longest_s=0.3).get(f"{server.url}/rss")
    assert time.monotonic() - began < 10
    assert len(server.asked) == ATTEMPTS


@pytest.mark.parametrize("mood", ["drip", "drip headers"])
def test_a_file_that_drips_for_ever_is_given_up(
    server: FeedServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mood: str
) -> None:
    server.mood = mood
    monkeypatch.setattr(safe_http, "LONGEST_REPLY_S", 0.3)
    with (
        refdesk.open_library(tmp_path / "library") as library,
        pytest.raises(UnreadableInput, match=r"could not be fetched: the reply takes too long\."),
    ):
        library.add(f"{server.url}/rss")
    assert len(server.asked) == 1


def test_a_large_reply_that_keeps_coming_has_more_time_than_a_small_one(server: FeedServer, clock: Clock) -> None:
    server.mood = "steady"
    assert len(fetcher(clock, longest_s=0.5).get(f"{server.url}/rss").body) == 400_000
    assert len(server.asked) == 1


def test_nobody_listening_is_told(clock: Clock) -> None:
    with pytest.raises(FeedUnavailable, match="cannot be fetched"):
        fetcher(clock).get("http://127.0.0.1:9/")


def test_a_reply_that_is_zipped_arrives_unzipped(server: FeedServer, clock: Clock) -> None:
    server.mood = "zipped"
    assert fetcher(clock).get(f"{server.url}/rss").body.startswith(b"<?xml")
    assert "gzip" in server.asked[0].headers["accept-encoding"]


@pytest.mark.parametrize("mood", ["big", "bomb", "nested bomb"])
def test_a_reply_that_is_too_large_is_refused(server: FeedServer, clock: Clock, mood: str) -> None:
    server.mood = mood
    with pytest.raises(FeedUnavailable, match=r"more than 64 MB|packed more than once"):
        fetcher(clock, timeout_s=60.0).get(f"{server.url}/rss")
    assert len(server.asked) == 1


def test_a_bomb_in_a_bomb_is_refused_before_it_fills_the_memory(server: FeedServer, clock: Clock) -> None:
    server.mood = "nested bomb"
    with pytest.raises(FeedUnavailable):
        fetcher(clock).get(f"{server.url}/rss")  # made, before memory is measured
    tracemalloc.start()
    try:
        with pytest.raises(FeedUnavailable):
            fetcher(clock).get(f"{server.url}/rss")
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


def test_a_page_that_has_not_changed_comes_without_a_body(server: FeedServer, clock: Clock) -> None:
    fetch = fetcher(clock)
    first = fetch.get(f"{server.url}/rss")
    again = fetch.get(f"{server.url}/rss", headers={"if-none-match": first.headers["etag"]})
    assert (again.unchanged, again.body) == (True, b"")
    assert len(server.asked) == 2


def test_parameters_are_encoded(server: FeedServer, clock: Clock) -> None:
    fetcher(clock).get(f"{server.url}/rss", {"term": "a & b=c #1 ünï", "start": 0})
    assert server.asked[0].params == {"term": "a & b=c #1 ünï", "start": "0"}


# ---- who asks


@pytest.mark.parametrize("contact", ["ada@example.org", "https://example.org/about"])
def test_the_user_agent_names_the_tool_and_a_contact(server: FeedServer, clock: Clock, contact: str) -> None:
    fetcher(clock, contact=contact).get(f"{server.url}/rss")
    assert server.asked[0].headers["user-agent"] == f"refdesk/{__version__} ({contact})"


@pytest.mark.parametrize("contact", ["Zoë Byron <zoe@example.org>", "ada@example.org\r\nX-Evil: 1", "日本"])
def test_a_contact_that_no_header_can_hold_does_not_crash(server: FeedServer, clock: Clock, contact: str) -> None:
    try:
        fetcher(clock, contact=contact).get(f"{server.url}/rss")
    except FeedUnavailable:
        assert not server.asked
    else:
        assert server.asked[0].headers["user-agent"].startswith(f"refdesk/{__version__}")
        assert "x-evil" not in server.asked[0].headers


# ---- from where


def test_redirects_are_followed_to_their_end(server: FeedServer, clock: Clock) -> None:
    server.target = "/rss"
    page = fetcher(clock).get(f"{server.url}/moved")
    assert page.url == f"{server.url}/rss"
    assert page.body


def test_redirects_without_end_are_refused(server: FeedServer, clock: Clock) -> None:
    server.mood = "loop"
    with pytest.raises(FeedUnavailable, match="redirects without end"):
        fetcher(clock).get(f"{server.url}/rss")
    assert len(server.asked) <= 6


@pytest.mark.parametrize(
    "host",
    """127.0.0.1 localhost [::1] [::ffff:127.0.0.1] 2130706433 0x7f.1 0 0.0.0.0 10.0.0.1 172.16.0.1 192.168.1.1
    169.254.169.254 100.64.0.1 [fe80::1] [fd00::1] [::] user:pw@127.0.0.1""".split(),
)
def test_addresses_of_this_machine_and_its_network_are_refused(clock: Clock, host: str) -> None:
    with pytest.raises(FeedUnavailable, match="address of this machine or its network") as raised:
        fetcher(clock, allow_private=False).get(f"http://{host}/latest")
    assert "allow_private" in (raised.value.hint or "")
    assert "pw" not in raised.value.message


def test_nothing_is_asked_of_a_private_address(server: FeedServer, clock: Clock) -> None:
    with pytest.raises(FeedUnavailable, match=r"127\.0\.0\.1"):
        fetcher(clock, allow_private=False).get(f"{server.url}/rss")
    assert not server.asked


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://example.org/x", "gopher://x/", "data:text/plain,x"])
def test_a_redirect_to_another_scheme_is_refused(server: FeedServer, clock: Clock, target: str) -> None:
    server.target = target
    with pytest.raises(FeedUnavailable, match=r"not an http|invalid URL"):
        fetcher(clock).get(f"{server.url}/moved")


def taken_for_public(address: Address) -> bool:
    """Takes one address of loopback for a public one, so that what it leads to can be judged."""
    return str(address) == "127.0.0.1" or is_public(address)


@pytest.mark.parametrize(
    "target", ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.2:1/", "http://[::1]:1/", "//10.0.0.1/x"]
)
def test_a_redirect_into_this_machine_or_its_network_is_refused(server: FeedServer, clock: Clock, target: str) -> None:
    server.target = target
    with pytest.raises(FeedUnavailable, match="address of this machine or its network"):
        fetcher(clock, allow_private=False, public=taken_for_public).get(f"{server.url}/moved")
    assert len(server.asked) == 1


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """Names that are looked up as a test says: each time the next addresses, at the end the last ones."""
    known: dict[str, list[list[str]]] = {}
    truly = socket.getaddrinfo

    def look_up(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in known:
            return truly(host, port, *rest, **named)
        given = known[name].pop(0) if len(known[name]) > 1 else known[name][0]
        return [entry for address in given for entry in truly(address, port, *rest, **named)]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return known


def test_the_address_that_was_judged_is_the_one_that_is_asked(
    server: FeedServer, clock: Clock, names: dict[str, list[list[str]]]
) -> None:
    names["rebinding.example"] = [["93.184.216.34"], ["127.0.0.1"]] * ATTEMPTS
    with pytest.raises(FeedUnavailable, match=r"93\.184\.216\.34|address of this machine"):
        fetcher(clock, allow_private=False).get(f"{server.url.replace('127.0.0.1', 'rebinding.example')}/rss")
    assert not server.asked


def test_of_several_addresses_one_that_answers_is_enough(
    server: FeedServer, clock: Clock, names: dict[str, list[list[str]]]
) -> None:
    names["feeds.example"] = [["2606:4700::1111", "93.184.216.34", "127.0.0.1"]]
    url = f"{server.url.replace('127.0.0.1', 'feeds.example')}/rss"
    page = fetcher(clock, allow_private=False, public=taken_for_public).get(url)
    assert page.url == url
    assert server.asked[0].headers["host"] == url.split("/")[2]
    names["feeds.example"] = [["127.0.0.1", "10.0.0.1"]]
    with pytest.raises(FeedUnavailable, match=r"10\.0\.0\.1, an address"):
        fetcher(clock, allow_private=False, public=taken_for_public).get(url)


def test_a_certificate_is_asked_for_by_name_and_not_by_address(clock: Clock, names: dict[str, list[list[str]]]) -> None:
    names["feeds.example"] = [["127.0.0.1"]]
    hello: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def greet() -> None:
            connection, _ = listening.accept()
            with connection:
                hello.append(connection.recv(4096))

        greeting = threading.Thread(target=greet, daemon=True)
        greeting.start()
        with pytest.raises(FeedUnavailable):
            fetcher(clock, allow_private=False, public=taken_for_public, timeout_s=0.5).get(
                f"https://feeds.example:{listening.getsockname()[1]}/rss"
            )
        greeting.join(5)
    assert b"feeds.example" in hello[0]


def test_a_proxy_of_the_environment_is_used_and_no_way_into_the_network(
    server: FeedServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    fetch = fetcher(clock, allow_private=False)
    assert fetch.get("http://letters.example.invalid/rss").body
    assert server.asked[0].headers["host"] == "letters.example.invalid"
    with pytest.raises(FeedUnavailable, match=r"10\.0\.0\.1, an address"):
        fetch.get("http://10.0.0.1/rss")
    monkeypatch.setenv("no_proxy", "letters.example.invalid")
    with pytest.raises(FeedUnavailable, match="not known"):
        fetch.get("http://letters.example.invalid/rss")
    assert len(server.asked) == 1


# ---- how often, over several feeds


def test_all_hosts_of_arxiv_keep_one_pace_whichever_feed_asks(
    server: FeedServer, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", server.url)
    clocks: dict[str, float] = {}
    api, letters, other = (
        fetcher(clock, allow_private=False, kind=kind, pause_s=pause_s, clocks=clocks)
        for kind, pause_s in (("arxiv", 3.0), ("rss", 1.0), ("rss", 1.0))
    )
    api.get("http://export.arxiv.org/arxiv")
    letters.get("http://rss.arxiv.org/rss")
    api.get("http://oaipmh.arxiv.org/rss")
    other.get("http://notarxiv.org/rss")
    other.get("http://letters.example.invalid/rss")
    assert clock.waits == [3.0, 3.0, 1.0]


def test_each_step_of_a_redirect_is_a_request_that_keeps_the_pace(server: FeedServer, clock: Clock) -> None:
    server.target = "/rss"
    fetcher(clock, pause_s=3.0).get(f"{server.url}/moved")
    assert clock.waits == [3.0]


def test_a_provider_that_asks_for_a_rest_gets_it(server: FeedServer, clock: Clock) -> None:
    fetch = fetcher(clock, pause_s=1.0)
    server.backoff = "30"
    fetch.get(f"{server.url}/rss")
    server.backoff = ""
    fetch.get(f"{server.url}/rss")
    fetch.get(f"{server.url}/rss")
    assert clock.waits == [31.0, 1.0]


@pytest.mark.parametrize("url", ["http://[::1", "http://x:99999/", "http:///x", "x", "", "http://a b/", "http://\x00/"])
def test_an_address_that_is_none_is_told(clock: Clock, url: str) -> None:
    with pytest.raises(FeedUnavailable):
        fetcher(clock).get(url)


@pytest.mark.parametrize("target", ["http://[::1", "http://127.0.0.1:99999/", ""])
def test_a_redirect_to_an_address_that_is_none_is_told(server: FeedServer, clock: Clock, target: str) -> None:
    server.target = target
    with pytest.raises(FeedUnavailable):
        fetcher(clock).get(f"{server.url}/moved")


# ---- secrets


@pytest.mark.parametrize("mood", ["busy", "gone", "cut", "closed", "loop", "big", "moved"])
def test_no_error_tells_a_secret(server: FeedServer, clock: Clock, mood: str) -> None:
    server.mood, server.target = mood, "ftp://u:secret-4@127.0.0.1/x?k=secret-5"
    with pytest.raises(FeedUnavailable) as raised:
        fetcher(clock).get(
            f"{server.url.replace('//', '//user:secret-1@')}/rss", {"api_key": "secret-2"}, {"x-api-key": "secret-3"}
        )
    assert "secret" not in f"{raised.value.message} {raised.value.hint} {raised.value}"


def test_a_key_is_not_carried_to_another_host_by_a_redirect(server: FeedServer, clock: Clock) -> None:
    with serving() as other:
        server.target = f"{other.url}/rss"
        fetcher(clock).get(f"{server.url}/moved", headers={"x-api-key": "k1", "Zotero-API-Key": "k2"})
        assert server.asked[0].headers["x-api-key"] == "k1"
        assert "x-api-key" not in other.asked[0].headers
        assert "zotero-api-key" not in other.asked[0].headers
