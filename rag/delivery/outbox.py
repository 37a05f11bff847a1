"""
Each issue to each place at most once: `planned → sending → sent | failed | unknown`.

An attempt is `sending` in the catalog before it begins, and is marked there once more, as handed over, right before the
receiver may have the whole. By that mark an attempt is judged whose process ended: without it nothing was delivered and
it is planned again; with it nobody can tell, and only a person may have it sent again. What can be repeated without
harm, such as a file, never hands over.
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
"""Between two attempts; otherwise as long as the delivery has been waiting."""
GIVE_UP_AFTER = timedelta(days=8)
"""No attempt after one that fails so long after planning: a run each week has had two (RFC 5321, 4.5.4.1)."""
Send = Callable[[Delivery, HandOver], Outcome]
Clock = Callable[[], datetime]


def planned(*, subscription: str, period: str, channel: str, target: str, now: datetime) -> Delivery:
    """A delivery to be planned; it is due at once."""
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
    Attempt every delivery that is due, once, after settling those that an ended process left.

    Args:
        outbox: The deliveries. One process at a time delivers from it; if two do, each delivery is sent by one.
        send: Makes one attempt. It calls its second argument right before the receiver may have the whole, and stops
            there if that raises. A RefdeskError is an outcome too: a wrong setting or input refuses, others are for
            later.
        now: The clock.

    Yields:
        Each delivery that was settled or attempted, as it stands then; nothing happens until it is asked for.
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
    """Decide on the attempts of processes that have ended; nobody may be at work."""
    for left in outbox.unsent():
        if left.state == "sending":
            if left.handed:
                why = "The run ended after the whole was handed over and before a reply: it may have arrived."
                after = replace(left, state="unknown", detail=why)
            else:
                why = "The run ended before the whole was handed over: it has not arrived."
                after = replace(left, state="planned", changed=_instant(now), due=_instant(now), detail=why)
            if outbox.change(left, after):
                yield after


def resend(outbox: Outbox, delivery_id: str, *, now: datetime) -> Delivery:
    """
    Plan a delivery again that failed or whose fate is unknown.

    Args:
        outbox: The deliveries.
        delivery_id: Its id, or the beginning of it.
        now: When this is asked for.

    Raises:
        InputError: There is no such delivery, it was sent, or it is being sent.
    """
    found = outbox.find(delivery_id)
    if found is None:
        raise InputError(f"There is no delivery “{delivery_id:.40}”.", hint="`refdesk status` shows those not sent.")
    if found.state in ("sent", "sending"):
        raise InputError(
            f"The delivery {found.id} to {found.target} {'was' if found.state == 'sent' else 'is being'} sent, "
            f"{found.changed}.",
            hint="Only what failed or is unknown can be sent again; `refdesk status` shows it.",
        )
    moment = _instant(now)
    wanted = replace(found, state="planned", planned=moment, changed=moment, due=moment, handed=None, detail="")
    if not outbox.change(found, wanted):
        raise InputError(f"The delivery {found.id} was changed meanwhile.", hint="Look at `refdesk status` again.")
    return wanted


def explain(delivery: Delivery) -> JsonDict:
    """
    A delivery that is not sent as `status` tells it: what it is, its state since when, why, and what happens next.

    `command` sends it again, None where the next run does so by itself.
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
        told = " ".join(filter(None, (error.message, error.hint)))
        lasting = isinstance(error, ConfigError | InputError)
        outcome = Outcome("unknown" if current.handed else "refused" if lasting else "later", told)
    except Exception as error:
        broken = f"Refdesk failed on it: {type(error).__name__}."
        outbox.change(current, _after(current, Outcome("unknown" if current.handed else "later", broken), now()))
        raise
    after = _after(current, outcome, now())
    return after if outbox.change(current, after) else outbox.find(begun.id) or after


def _after(current: Delivery, outcome: Outcome, now: datetime) -> Delivery:
    """Where an outcome leads. The wait doubles, for it is as long as all that went before."""
    changed = replace(current, changed=_instant(now), detail=outcome.detail)
    if outcome.result in ("sent", "unknown"):
        return replace(changed, state=outcome.result)
    waited = now - datetime.fromisoformat(current.planned)
    again = outcome.result == "later" and waited <= GIVE_UP_AFTER
    due = _instant(now + min(max(waited, SHORTEST), LONGEST)) if again else None
    return replace(changed, state="failed", due=due)


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds")
