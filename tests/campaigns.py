"""Campaigns: long series of seeded cases. Tests take a tenth of each, `make campaigns` the whole."""

from __future__ import annotations

import os

WHOLE = os.environ.get("REFDESK_TEST_CAMPAIGNS") == "whole"


def seeds(every: int) -> list[int]:
    """The seeds of a campaign of this many cases: each tenth, or all of them."""
    return list(range(0, every, 1 if WHOLE else 10))
