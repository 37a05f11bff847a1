"""Campaigns: long series of seeded cases. Tests take a tenth of each, `make campaigns` the whole."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

WHOLE = os.environ.get("REFDESK_TEST_CAMPAIGNS") == "whole"


def seeds(every: int) -> list[int]:
    """The seeds of a campaign of this many cases: each tenth, or all of them."""
    return list(range(0, every, 1 if WHOLE else 10))


def shortened(test: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a test whose series `make test` shortens; `make campaigns` runs the whole."""
    return pytest.mark.campaign(test) if WHOLE else test


def some(count: int, *, of: int) -> int:
    """The length of such a series: `count`, or in `make campaigns` all `of` it."""
    return of if WHOLE else count
