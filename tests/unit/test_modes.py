"""The learned request mode: remembered for an hour, then tried again from the strictest."""

from __future__ import annotations

from rag.answers.modes import EXPIRES_S, MODES, LearnedMode, bound


class Clock:
    """Seconds that a test sets."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_all_modes_are_tried_until_one_is_learned_and_then_only_what_is_plainer() -> None:
    learned = LearnedMode(Clock())
    assert (learned.mode, list(learned.to_try())) == (None, list(MODES))
    learned.learn("json")
    assert (learned.mode, list(learned.to_try())) == ("json", ["json", "plain"])


def test_a_learned_mode_expires_also_where_it_was_used_all_the_time() -> None:
    clock = Clock()
    learned = LearnedMode(clock)
    learned.learn("plain")
    for minutes in range(0, 60, 10):
        clock.now = minutes * 60.0
        assert learned.mode == "plain"
        learned.learn("plain")
    clock.now = EXPIRES_S
    assert (learned.mode, list(learned.to_try())) == (None, list(MODES))


def test_two_models_do_not_share_what_was_learned() -> None:
    one, other = LearnedMode(Clock()), LearnedMode(Clock())
    one.learn("plain")
    assert other.mode is None


def test_only_the_schema_mode_sends_a_schema() -> None:
    sent = bound("schema", ["1.1", "2.3"])["extra_body"]["response_format"]["json_schema"]["schema"]
    assert sent["properties"]["claims"]["items"]["properties"]["evidence"]["items"]["enum"] == ["1.1", "2.3"]
    assert [bound(mode, ["1.1"]) for mode in ("json", "plain", None)] == [{}, {}, {}]
