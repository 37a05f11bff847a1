"""Delivery killed at every step and at random moments: nothing arrives twice, and what did not arrive is explained."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from rag.delivery.outbox import explain, planned
from stores.sql import schema
from stores.sql.catalog import SQLCatalog
from stores.sql.outbox import SQLOutbox
from tests.campaigns import seeds
from tests.commands import Ran, ended, start
from tests.smtp_server import MailServer, serving

pytestmark = pytest.mark.catalogs("sqlite", "postgres")
SEED, KILLS, PARTS = 20260706, 6, 10
NOW = datetime(2026, 7, 6, 6, tzinfo=UTC)
READERS = [f"reader{number:02}@example.com" for number in range(30)]

_DELIVER = """
import os, signal, sys
from datetime import UTC, datetime
from rag.delivery import message, smtp
from rag.delivery.outbox import deliver
from stores.sql import schema
from stores.sql.outbox import SQLOutbox

url, port, moment, when, times = sys.argv[1], int(sys.argv[2]), *sys.argv[3:5], int(sys.argv[5])
calls, change = 0, SQLOutbox.change
def dying(*arguments):
    global calls
    calls += 1
    if calls == times and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    changed = change(*arguments)
    if calls == times and when == "after":
        os.kill(os.getpid(), signal.SIGKILL)
    return changed
SQLOutbox.change = dying

now, sender = datetime.fromisoformat(moment), "desk@example.org"
server = smtp.Server(host="127.0.0.1", port=port, security="none", timeout_s=10)
def send(delivery, hand_over):
    letter = message.message(
        subject="Papers", text="One sentence [1].", html="<p>One sentence [1].</p>", sender=sender, to=delivery.target,
        message_id=message.message_id(library="7f3a", subscription="default", period=delivery.period, sender=sender),
        list_id=message.list_id(subscription="default", sender=sender), date=now,
    )
    return smtp.send(letter, server, hand_over=hand_over)
for each in deliver(SQLOutbox(schema.engine(url)), send, now=lambda: now):
    print(each.target, each.state, flush=True)
"""


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with serving() as running:
        yield running


@pytest.fixture
def url(catalog_url: str) -> str:
    catalog = SQLCatalog(catalog_url)
    catalog.migrate()
    catalog.close()
    return catalog_url


def deliver(url: str, mail: MailServer, *, when: str = "never", times: int = 0) -> Ran:
    return ended(start(_DELIVER, url, str(mail.port), NOW.isoformat(), when, str(times)))


@pytest.fixture
def outbox(url: str) -> Iterator[SQLOutbox]:
    engine = schema.engine(url)
    yield SQLOutbox(engine)
    engine.dispose()


def plan(outbox: SQLOutbox, readers: list[str]) -> None:
    outbox.plan(
        [planned(subscription="default", period="2026-W27", channel="email", target=each, now=NOW) for each in readers]
    )


@pytest.mark.parametrize(
    ("when", "times", "arrived", "state"),
    [
        ("before", 1, 0, "sent"),  # it had not begun
        ("after", 1, 0, "sent"),  # it had begun, and not handed over
        ("before", 2, 0, "sent"),
        ("after", 2, 0, "unknown"),  # handed over: the line that ends the message may have been sent, and was not
        ("before", 3, 1, "unknown"),  # accepted, which nobody noted
        ("after", 3, 1, "sent"),
    ],
)
def test_a_delivery_killed_at_a_step_arrives_once_or_is_explained(
    outbox: SQLOutbox, url: str, mail: MailServer, when: str, times: int, arrived: int, state: str
) -> None:
    first, second = READERS[:2]
    plan(outbox, [first, second])
    assert deliver(url, mail, when=when, times=times).status == -signal.SIGKILL
    assert mail.readers == [first] * arrived
    ran = deliver(url, mail)
    assert ran.status == 0, ran.err
    kept = outbox.unsent()
    assert [(each.target, each.state) for each in kept] == ([(first, state)] if state != "sent" else [])
    assert Counter(mail.readers) == Counter([first] * (arrived or state == "sent") + [second])
    for each in map(explain, kept):
        assert each["command"] == f"refdesk run --resend {each['id']}"
        assert "may have arrived" in each["why"]


@pytest.mark.campaign
@pytest.mark.parametrize("part", seeds(PARTS))
def test_a_delivery_killed_at_random_moments_and_run_again_sends_nothing_twice(
    outbox: SQLOutbox, url: str, mail: MailServer, part: int
) -> None:
    plan(outbox, READERS)
    chance = random.Random(SEED + part)
    mail.delay_s = 0.008
    for _ in range(KILLS):
        mail.commands.clear()
        process = start(_DELIVER, url, str(mail.port), NOW.isoformat(), "never", "0")
        while not mail.commands and process.poll() is None:
            time.sleep(0.002)
        time.sleep(chance.uniform(0.0, 0.25))
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        assert ended(process).status == -signal.SIGKILL
    mail.delay_s = 0
    ran = deliver(url, mail)
    assert ran.status == 0, ran.err
    left = {each.target: each.state for each in outbox.unsent()}
    arrived = Counter(mail.readers)
    assert set(left.values()) <= {"unknown"}
    assert max(arrived.values()) == 1
    assert set(READERS) - set(left) <= set(arrived)
    assert len(left) <= KILLS
    assert deliver(url, mail).out == ""
