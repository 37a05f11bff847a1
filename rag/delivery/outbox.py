"""
Transactional outbox: delivers each issue to each place at most once, `planned → sending → sent | failed | unknown`.

What is not sent and not wanted any more, a person may mark `dismissed`.

The catalog says `sending` before an attempt begins. It says `handed` right before the receiver may have the whole
message. If the process ends in between, that mark decides: without it nothing was delivered, and the delivery is
planned again; with it nobody can tell, and only a person may send it again. A delivery that can be repeated without
harm, such as a file, is never marked as handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from rag.delivery.outcome import HandOver, Outcome
from rag.errors import ConfigError, InputError, RefdeskError
from rag.ports import Delivery, Outbox
from rag.types import JsonDict

SHORTEST, LONGEST = timedelta(minutes=15), timedelta(hours=12)
"""Limits of the pause between two attempts; within them it is as long as the delivery has waited so far."""
GIVE_UP_AFTER = timedelta(days=8)
"""
An attempt that fails so long after planning is the last one (RFC 5321, 4.5.4.1). A run each week makes two attempts.
"""
Send = Callable[[Delivery, HandOver], Outcome]
Clock = Callable[[], datetime]


def planned(*, subscription: str, period: str, channel: str, target: str, now: datetime) -> Delivery:
    """A new delivery; it is due at once."""
    return Delivery(
        subscription=subscription,
        period=period,
        channel=channel,
        target=target,
        state="planned",
        attempts=0,
        planned=_instant(now),
        changed=_instant(now),
        due=_instant(now),
    )


def deliver(outbox: Outbox, send: Send, *, now: Clock) -> Iterator[Delivery]:
    """
    Settle the attempts of processes that have ended, then attempt every delivery that is due, once.

    Args:
        outbox: The deliveries. If two processes deliver from it, each delivery is sent by one of them.
        send: Makes one attempt. It calls its second argument right before the receiver may have the whole message, and
            stops there if that raises. A RefdeskError is an outcome too: a wrong setting or input is `refused`, any
            other is `later`.
        now: The clock.

    Yields:
        Each delivery that was settled or attempted, in its new state. Nothing happens until it is asked for.
    """
    yield from settle(outbox, now())
    for waiting in outbox.unsent():
        moment = _instant(now())
        if waiting.due is None or waiting.due > moment:
            continue
        begun = replace(
            waiting, state="sending", attempts=waiting.attempts + 1, changed=moment, due=None, handed=None, detail=""
        )
        if outbox.change(waiting, begun):
            yield _attempt(outbox, begun, send, now)


def settle(outbox: Outbox, now: datetime) -> Iterator[Delivery]:
    """Decide on attempts that were never finished. No other process may be delivering."""
    for unfinished in outbox.unsent():
        if unfinished.state == "sending":
            if unfinished.handed:
                why = "The run ended after the whole was handed over and before a reply: it may have arrived."
                settled = replace(unfinished, state="unknown", detail=why)
            else:
                why = "The run ended before the whole was handed over: it has not arrived."
                settled = replace(unfinished, state="planned", changed=_instant(now), due=_instant(now), detail=why)
            if outbox.change(unfinished, settled):
                yield settled


def resend(outbox: Outbox, delivery_id: str, *, now: datetime) -> Delivery:
    """
    Plan a delivery again that failed or may not have arrived.

    Args:
        outbox: The deliveries.
        delivery_id: Its id, or the beginning of it.
        now: The time.

    Raises:
        InputError: There is no such delivery, it was sent, or it is being sent.
    """
    found = _open(
        outbox, delivery_id, hint="Only what failed or is unknown can be sent again; `refdesk status` shows it."
    )
    moment = _instant(now)
    wanted = replace(found, state="planned", planned=moment, changed=moment, due=moment, handed=None, detail="")
    return _changed(outbox, found, wanted)


def dismiss(outbox: Outbox, delivery_id: str, *, now: datetime) -> Delivery:
    """
    Settle a delivery that is not wanted any more, such as one to a former reader: it is not tried again.

    Args, Raises: As `resend`, which undoes it.
    """
    found = _open(outbox, delivery_id, hint="Only what is not sent can be dismissed; `refdesk status` shows it.")
    wanted = replace(found, state="dismissed", changed=_instant(now), due=None, detail="A person dismissed it.")
    return _changed(outbox, found, wanted)


def _open(outbox: Outbox, delivery_id: str, *, hint: str) -> Delivery:
    """A delivery that a person may decide about. Raises InputError for others, with the hint."""
    found = outbox.find(delivery_id)
    if found is None:
        raise InputError(f"There is no delivery “{delivery_id:.40}”.", hint="`refdesk status` shows those not sent.")
    if found.state in ("sent", "sending"):
        how = "was" if found.state == "sent" else "is being"
        raise InputError(f"The delivery {found.id} to {found.target} {how} sent, {found.changed}.", hint=hint)
    return found


def _changed(outbox: Outbox, found: Delivery, wanted: Delivery) -> Delivery:
    if not outbox.change(found, wanted):
        raise InputError(f"The delivery {found.id} was changed meanwhile.", hint="Look at `refdesk status` again.")
    return wanted


def explain(delivery: Delivery) -> JsonDict:
    """
    A delivery that is not sent, for `status`: what it is, its state and since when, why, and what happens next.

    `command` sends it again; None where the next run does so by itself.
    """
    again = f"refdesk run --resend {delivery.id}"
    following, command = {
        "planned": ("The next run sends it.", None),
        "sending": ("A run is sending it; if none is at work, the next run finds out what became of it.", None),
        "sent": ("Nothing is left to do.", None),
        "failed": (f"It is tried again by the first run after {delivery.due}.", None)
        if delivery.due
        else ("It is not tried again by itself.", again),
        "unknown": ("It may have arrived, so it is not sent again by itself.", again),
        "dismissed": ("It is not tried again.", again),
    }[delivery.state]
    return {
        "id": delivery.id,
        "subscription": delivery.subscription,
        "period": delivery.period,
        "channel": delivery.channel,
        "target": delivery.target,
        "state": delivery.state,
        "since": delivery.changed,
        "attempts": delivery.attempts,
        "why": delivery.detail or "It was not tried yet.",
        "next": following,
        "command": command,
        "dismiss": None if delivery.state in ("sent", "sending") else f"refdesk run --dismiss {delivery.id}",
    }


class _Overtaken(Exception):
    """Another process decided on this attempt."""


def _attempt(outbox: Outbox, begun: Delivery, send: Send, now: Clock) -> Delivery:
    current = begun

    def hand_over() -> None:
        nonlocal current
        handed = replace(current, handed=_instant(now()))
        if not outbox.change(current, handed):
            raise _Overtaken
        current = handed

    try:
        outcome = send(begun, hand_over)
    except _Overtaken:
        return outbox.find(begun.id) or begun
    except RefdeskError as error:
        detail = " ".join(filter(None, (error.message, error.hint)))
        lasting = isinstance(error, ConfigError | InputError)
        outcome = Outcome("unknown" if current.handed else "refused" if lasting else "later", detail)
    except Exception as error:
        broken = f"Refdesk failed on it: {type(error).__name__}."
        outbox.change(current, _after(current, Outcome("unknown" if current.handed else "later", broken), now()))
        raise
    after = _after(current, outcome, now())
    return after if outbox.change(current, after) else outbox.find(begun.id) or after


def _after(current: Delivery, outcome: Outcome, now: datetime) -> Delivery:
    """The delivery after an outcome. Each pause is as long as the whole wait so far, so pauses double."""
    changed = replace(current, changed=_instant(now), detail=outcome.detail)
    if outcome.result in ("sent", "unknown"):
        return replace(changed, state=outcome.result)
    waited = now - datetime.fromisoformat(current.planned)
    again = outcome.result == "later" and waited <= GIVE_UP_AFTER
    due = _instant(now + min(max(waited, SHORTEST), LONGEST)) if again else None
    return replace(changed, state="failed", due=due)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
