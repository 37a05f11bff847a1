"""The outbox: every way that sending can fail leads to a state that explains it, and nothing is sent twice."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rag.delivery import smtp
from rag.delivery.outbox import GIVE_UP_AFTER, Send, deliver, dismiss, explain, planned, resend, settle
from rag.delivery.outcome import HandOver, Outcome
from rag.errors import ConfigError, InputError, StoreFull
from rag.files import write
from rag.ports import Delivery
from stores.sql import schema, tables
from stores.sql.catalog import SQLCatalog
from stores.sql.outbox import SQLOutbox
from tests.smtp_server import PASSWORD, USERNAME, MailServer, serving

NOW = datetime(2026, 7, 6, 6, tzinfo=UTC)
READERS = ["ada@example.com", "bob@example.com", "cy@example.com"]
Letter = Callable[..., EmailMessage]
pytestmark = pytest.mark.catalogs("sqlite", "postgres")


@pytest.fixture
def outbox(catalog_url: str) -> Iterator[SQLOutbox]:
    catalog = SQLCatalog(catalog_url)
    catalog.migrate()
    catalog.close()
    engine = schema.engine(catalog_url)
    yield SQLOutbox(engine)
    engine.dispose()


def mails(readers: Sequence[str] = READERS, period: str = "2026-W27") -> list[Delivery]:
    return [planned(subscription="default", period=period, channel="email", target=each, now=NOW) for each in readers]


def by_mail(letter: Letter, mail: MailServer, **changes: Any) -> Send:
    server = smtp.Server(**{"host": "127.0.0.1", "port": mail.port, "security": "none", "timeout_s": 0.4, **changes})
    return lambda delivery, hand_over: smtp.send(letter(delivery.target, delivery.period), server, hand_over=hand_over)


def run(outbox: SQLOutbox, send: Send, *, after: timedelta = timedelta()) -> dict[str, str]:
    return {each.target: each.state for each in deliver(outbox, send, now=lambda: NOW + after)}


def states(outbox: SQLOutbox) -> dict[str, str]:
    return {each.target: each.state for each in outbox.unsent()}


# ---- the states


def test_what_is_sent_is_not_sent_again_and_planning_again_changes_nothing(outbox: SQLOutbox, letter: Letter) -> None:
    assert (outbox.plan(mails()), outbox.plan(mails())) == (3, 0)
    with serving() as mail:
        assert run(outbox, by_mail(letter, mail)) == dict.fromkeys(READERS, "sent")
        assert outbox.plan(mails()) == 0
        assert run(outbox, by_mail(letter, mail), after=timedelta(days=1)) == {}
    assert mail.readers == READERS
    assert states(outbox) == {}


@pytest.mark.parametrize(
    ("does", "changes", "state", "again"),
    [
        ({"connect": "554 5.7.1 Go away"}, {}, "failed", False),
        ({}, {"security": "starttls"}, "failed", True),
        ({"auth": "535 5.7.8 Wrong"}, {"username": USERNAME, "password": PASSWORD}, "failed", False),
        ({"rcpt": "451 4.3.0 Later"}, {}, "failed", True),
        ({"end": "452 4.3.1 Later"}, {}, "failed", True),
        ({"rcpt": "550 5.1.1 Unknown"}, {}, "failed", False),
        ({"data": "drop"}, {}, "failed", True),
        ({"end": "drop"}, {}, "unknown", False),
        ({"rcpt": "hang"}, {}, "failed", True),
        ({"end": "hang"}, {}, "unknown", False),
    ],
    ids=[
        "refused", "TLS missing", "auth", "4xx", "4xx at the end", "5xx", "drop before DATA", "drop after DATA", "slow",
        "slow after DATA",
    ],
)  # fmt: skip
def test_after_each_failure_the_next_runs_send_what_they_must_and_nothing_twice(
    outbox: SQLOutbox, letter: Letter, does: dict[str, str], changes: dict[str, Any], state: str, again: bool
) -> None:
    outbox.plan(mails(READERS[:1]))
    with serving(does=dict(does)) as mail:
        assert run(outbox, by_mail(letter, mail, **changes)) == {READERS[0]: state}
        (told,) = map(explain, outbox.unsent())
        assert told["state"] == state
        assert told["why"].startswith("127.0.0.1 ")
        assert (told["command"] is None) is again
        mail.does.clear()
        assert run(outbox, by_mail(letter, mail), after=timedelta(minutes=14)) == {}
        had = len(mail.accepted)
        assert had == (state == "unknown")
        expected = {READERS[0]: "sent"} if again else {}
        assert run(outbox, by_mail(letter, mail), after=timedelta(minutes=15)) == expected
        assert run(outbox, by_mail(letter, mail), after=timedelta(days=30)) == {}
        assert len(mail.accepted) == had + again
        if not again:
            resend(outbox, told["command"].split()[-1], now=NOW)
            assert run(outbox, by_mail(letter, mail)) == {READERS[0]: "sent"}
            assert len(mail.accepted) == had + 1
    ids = {text.split(b"Message-ID: ")[1].split()[0] for _, text in mail.accepted}
    assert len(ids) == 1


@pytest.mark.parametrize("reply", ["550 5.1.1 No such user", "450 4.2.1 Busy"])
def test_a_delivery_that_is_dismissed_is_not_tried_again_until_it_is_asked_for(
    outbox: SQLOutbox, letter: Letter, reply: str
) -> None:
    outbox.plan(mails(READERS[:1]))
    with serving(does={"rcpt": reply}) as mail:
        run(outbox, by_mail(letter, mail))
        (told,) = map(explain, outbox.unsent())
        assert dismiss(outbox, told["id"], now=NOW).state == "dismissed"
        assert outbox.unsent() == []
        mail.does.clear()
        assert outbox.plan(mails(READERS[:1])) == 0
        assert run(outbox, by_mail(letter, mail), after=timedelta(days=2)) == {}
        resend(outbox, told["id"], now=NOW)
        assert run(outbox, by_mail(letter, mail)) == {READERS[0]: "sent"}
        with pytest.raises(InputError, match="was sent"):
            dismiss(outbox, told["id"], now=NOW)
        with pytest.raises(InputError, match="There is no delivery"):
            dismiss(outbox, "ffff", now=NOW)


def test_nobody_listening_is_tried_again(outbox: SQLOutbox, letter: Letter) -> None:
    outbox.plan(mails())
    with serving() as mail:
        pass
    assert run(outbox, by_mail(letter, mail)) == dict.fromkeys(READERS, "failed")
    assert all(each["command"] is None for each in map(explain, outbox.unsent()))
    with serving() as mail:
        assert run(outbox, by_mail(letter, mail), after=timedelta(hours=1)) == dict.fromkeys(READERS, "sent")
    assert mail.readers == READERS


def test_one_refused_reader_keeps_no_other_from_theirs(outbox: SQLOutbox, letter: Letter) -> None:
    outbox.plan(mails())
    with serving() as mail:
        well = by_mail(letter, mail)

        def send(delivery: Delivery, hand_over: HandOver) -> Outcome:
            if delivery.target == READERS[1]:
                raise ConfigError("There is no subscription “default”.", hint="Write one.")
            return well(delivery, hand_over)

        assert run(outbox, send) == {READERS[0]: "sent", READERS[1]: "failed", READERS[2]: "sent"}
    (left,) = outbox.unsent()
    assert left.detail == "There is no subscription “default”. Write one."
    assert left.due is None


def test_a_file_is_tried_again_until_it_is_written(outbox: SQLOutbox, tmp_path: Path) -> None:
    path = tmp_path / "site" / "issue.html"
    outbox.plan([planned(subscription="default", period="2026-W27", channel="file", target=str(path), now=NOW)])

    def send(delivery: Delivery, _: HandOver) -> Outcome:
        write(Path(delivery.target), b"<p>One sentence [1].</p>")
        return Outcome("sent", "It was written.")

    (tmp_path / "site").write_bytes(b"in the way")
    assert run(outbox, send) == {str(path): "failed"}
    assert "cannot be written" in explain(outbox.unsent()[0])["why"]
    (tmp_path / "site").unlink()
    assert run(outbox, send, after=timedelta(minutes=15)) == {str(path): "sent"}
    assert path.exists()


def test_the_time_between_attempts_doubles_and_they_come_to_an_end(outbox: SQLOutbox) -> None:
    outbox.plan(mails(READERS[:1]))
    times = [timedelta()]
    while len(times) < 100:
        run(outbox, lambda *_: Outcome("later", "Not now."), after=times[-1])
        (left,) = outbox.unsent()
        if left.due is None:
            break
        times.append(datetime.fromisoformat(left.due) - NOW)
    minutes = [int(each.total_seconds() // 60) for each in times]
    assert minutes[:8] == [0, 15, 30, 60, 120, 240, 480, 960]
    assert 20 <= len(minutes) <= 25
    assert GIVE_UP_AFTER < times[-1] <= GIVE_UP_AFTER + timedelta(hours=12)


def test_a_run_each_week_tries_more_than_once(outbox: SQLOutbox) -> None:
    outbox.plan(mails(READERS[:1]))
    tried = [
        bool(run(outbox, lambda *_: Outcome("later", "Not now."), after=timedelta(weeks=week, minutes=week)))
        for week in range(5)
    ]
    assert tried == [True, True, True, False, False]


@pytest.mark.parametrize("handed", [True, False])
@pytest.mark.parametrize("error", [ZeroDivisionError(), StoreFull("The disk is full.")])
def test_an_error_amid_sending_is_judged_by_whether_it_was_handed_over(
    outbox: SQLOutbox, handed: bool, error: Exception
) -> None:
    outbox.plan(mails(READERS[:1]))

    def send(_: Delivery, hand_over: HandOver) -> Outcome:
        if handed:
            hand_over()
        raise error

    if isinstance(error, StoreFull):
        run(outbox, send)
    else:
        with pytest.raises(ZeroDivisionError):
            run(outbox, send)
    (left,) = outbox.unsent()
    assert (left.state, left.due is None) == (("unknown", True) if handed else ("failed", False))
    assert ("ZeroDivisionError" if isinstance(error, ZeroDivisionError) else "disk is full") in left.detail


def test_a_person_who_interrupts_leaves_what_the_next_run_can_judge(outbox: SQLOutbox) -> None:
    outbox.plan(mails(READERS[:2]))

    def send(delivery: Delivery, hand_over: HandOver) -> Outcome:
        if delivery.target == READERS[1]:
            hand_over()
        raise KeyboardInterrupt

    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            run(outbox, send)
        # the second time the first one is settled, begun, and interrupted again
    assert states(outbox) == {READERS[0]: "sending", READERS[1]: "planned"}
    assert [explain(each)["command"] for each in outbox.unsent()] == [None, None]
    with pytest.raises(InputError, match="is being sent"):
        resend(outbox, mails()[0].id, now=NOW)
    assert [each.state for each in settle(outbox, NOW)] == ["planned"]


def test_only_what_failed_or_is_unknown_can_be_asked_for_again(outbox: SQLOutbox) -> None:
    outbox.plan(mails(READERS[:1]))
    wanted = mails()[0].id
    run(outbox, lambda *_: Outcome("sent", "There."))
    with pytest.raises(InputError, match="was sent, 2026-07-06T06:00:00"):
        resend(outbox, wanted, now=NOW)
    for unknown in ("", "123", "zzzzzzzzzzzz", "%%%%"):
        with pytest.raises(InputError, match="no delivery"):
            resend(outbox, unknown, now=NOW)


def test_the_beginning_of_an_id_is_enough_and_what_is_asked_for_again_is_due_at_once(outbox: SQLOutbox) -> None:
    outbox.plan(mails(READERS[:1]))
    run(outbox, lambda *_: Outcome("unknown", "The line broke."))
    later = NOW + timedelta(weeks=6)
    asked = resend(outbox, mails()[0].id[:6], now=later)
    assert (asked.state, asked.attempts) == ("planned", 1)
    (sent,) = deliver(outbox, lambda *_: Outcome("later", "Not now."), now=lambda: later)
    assert (sent.state, sent.attempts, sent.due) == ("failed", 2, "2026-08-17T06:15:00+00:00")


# ---- more than one at a time


def test_a_change_is_made_only_from_what_is_there(outbox: SQLOutbox) -> None:
    outbox.plan(mails(READERS[:1]))
    (first,) = outbox.unsent()
    (second,) = outbox.unsent()
    begun = next(iter(deliver(outbox, lambda *_: Outcome("unknown", "Gone."), now=lambda: NOW)))
    assert not outbox.change(first, second)
    assert outbox.unsent() == [begun]


def test_of_many_that_begin_the_same_delivery_at_once_one_does(outbox: SQLOutbox, catalog_url: str) -> None:
    outbox.plan(mails(READERS[:1]))
    (waiting,) = outbox.unsent()
    together = threading.Barrier(6)

    def begin(number: int) -> bool:
        engine = schema.engine(catalog_url)
        mine = SQLOutbox(engine)
        together.wait()
        try:
            return mine.change(waiting, replace(waiting, state="sending", attempts=1, detail=str(number)))
        finally:
            engine.dispose()

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(begin, range(6))) == 1


def test_a_run_that_overlaps_another_one_sends_nothing_that_the_other_sends(outbox: SQLOutbox) -> None:
    outbox.plan(mails(READERS[:1]))
    arrived: list[str] = []

    def second(_: Delivery, hand_over: HandOver) -> Outcome:
        hand_over()
        arrived.append("by the second")
        return Outcome("sent", "There.")

    def first(_: Delivery, hand_over: HandOver) -> Outcome:
        assert run(outbox, second) == {READERS[0]: "sent"}  # it takes the first one for dead
        hand_over()
        arrived.append("by the first")
        return Outcome("sent", "There.")

    assert run(outbox, first) == {READERS[0]: "sent"}
    assert arrived == ["by the second"]


def test_a_run_whose_message_was_handed_over_is_not_repeated_by_one_that_overlaps(outbox: SQLOutbox) -> None:
    outbox.plan(mails(READERS[:1]))

    def first(_: Delivery, hand_over: HandOver) -> Outcome:
        hand_over()
        assert run(outbox, lambda *_: pytest.fail("sent twice")) == {READERS[0]: "unknown"}
        return Outcome("sent", "There.")

    assert run(outbox, first) == {READERS[0]: "unknown"}


class _Killed(BaseException):
    """What a process does not survive."""


class Outboxes(RuleBasedStateMachine):
    """Any order of plans, runs that end well, badly or amid, requests and days: whatever happens, at most once."""

    @initialize()
    def make(self) -> None:
        self.engine = sa.create_engine("sqlite://", poolclass=sa.StaticPool)
        tables.metadata.create_all(self.engine, tables=[tables.outbox, tables.settings])
        self.outbox = SQLOutbox(self.engine)
        self.now = NOW
        self.arrived: dict[str, int] = {}
        self.asked: dict[str, int] = {}

    @rule(reader=st.sampled_from(READERS))
    def plan(self, reader: str) -> None:
        self.outbox.plan(mails([reader]))

    @rule(
        ends=st.lists(
            st.sampled_from(
                ["sent", "later", "refused", "later after it", "lost", "arrived but lost", "killed", "killed after it",
                 "killed when it arrived"]
            ),
            min_size=3, max_size=3,
        )
    )  # fmt: skip
    def run(self, ends: list[str]) -> None:
        following = iter(ends)

        def send(delivery: Delivery, hand_over: HandOver) -> Outcome:
            end = next(following)
            if end == "killed":
                raise _Killed
            if end in ("later", "refused"):
                return Outcome(end, "No.")  # type: ignore[arg-type]
            hand_over()
            if end == "killed after it":
                raise _Killed
            if end in ("sent", "arrived but lost", "killed when it arrived"):
                self.arrived[delivery.id] = self.arrived.get(delivery.id, 0) + 1
            if end == "killed when it arrived":
                raise _Killed
            return Outcome({"sent": "sent", "later after it": "later"}.get(end, "unknown"), end)  # type: ignore[arg-type]

        try:
            for each in deliver(self.outbox, send, now=lambda: self.now):
                assert each.state != "sending"
        except _Killed:
            pass

    @rule(reader=st.sampled_from(READERS))
    def ask_again(self, reader: str) -> None:
        wanted = mails([reader])[0].id
        before = self.outbox.find(wanted)
        if before is None or before.state in ("sent", "sending"):
            with pytest.raises(InputError):
                resend(self.outbox, wanted, now=self.now)
            return
        resend(self.outbox, wanted, now=self.now)
        if before.state == "unknown":
            self.asked[wanted] = self.asked.get(wanted, 0) + 1

    @rule(hours=st.integers(1, 300))
    def wait(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @invariant()
    def nothing_arrives_more_often_than_it_was_asked_for(self) -> None:
        for each, times in self.arrived.items():
            assert times <= 1 + self.asked.get(each, 0)

    @invariant()
    def every_state_is_explained(self) -> None:
        for each in self.outbox.unsent():
            told = explain(each)
            assert told["why"] and told["next"]
            by_itself = each.due is not None or each.state == "sending"
            assert (told["command"] is None) is by_itself

    @invariant()
    def what_is_said_to_be_sent_arrived(self) -> None:
        for reader in READERS:
            found = self.outbox.find(mails([reader])[0].id)
            if found and found.state == "sent":
                assert self.arrived.get(found.id, 0) >= 1

    def teardown(self) -> None:
        if hasattr(self, "engine"):
            self.engine.dispose()


TestOutboxes = Outboxes.TestCase
TestOutboxes.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)


def test_tls_is_a_matter_of_the_server_alone(
    outbox: SQLOutbox, letter: Letter, tls: Callable[..., ssl.SSLContext], ca_file: Path
) -> None:
    outbox.plan(mails())
    with serving(tls=tls()) as mail:
        send = by_mail(
            letter, mail, security="starttls", ca_file=ca_file, username=USERNAME, password=PASSWORD, timeout_s=5
        )
        assert run(outbox, send) == dict.fromkeys(READERS, "sent")
    assert mail.readers == READERS
