"""Check the arguments of the Python API that the command line checks by itself: numbers and ratings."""

from __future__ import annotations

from rag.errors import BadFilter

RATINGS = (1, -1, 0)


def check_count(number: object, name: str) -> None:
    """
    Check that a number is whole and at least 1.

    Args:
        number: As the caller gave it.
        name: Of the argument, for the message.

    Raises:
        BadFilter: It is not.
    """
    if not _is_whole(number) or number < 1:  # type: ignore[operator]
        raise BadFilter(f"`{name}` is {number!r:.80}; it must be a whole number of at least 1.", hint=f"Try {name}=5.")


def check_rating(rating: object) -> None:
    """Check that a rating is 1, -1 or 0. Raises BadFilter."""
    if not _is_whole(rating) or rating not in RATINGS:
        raise BadFilter(f"{rating!r:.80} is not a rating.", hint="Give 1 (liked), -1 (disliked) or 0 (no rating).")


def _is_whole(number: object) -> bool:
    return isinstance(number, int) and not isinstance(number, bool)
