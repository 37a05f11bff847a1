"""How many threads numpy's linear algebra takes: one, unless the user or the user's program decided before."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from refdesk._threads import OF_USERS
from tests.commands import ROOT

_COUNT = """
from threadpoolctl import threadpool_info
print(max(library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"))
"""


def threads(code: str, **variables: str) -> int:
    """The threads of BLAS in a process that runs `code`."""
    pytest.importorskip("threadpoolctl")
    env = {name: value for name, value in os.environ.items() if name not in OF_USERS} | variables
    done = subprocess.run(
        [sys.executable, "-c", code + _COUNT],
        capture_output=True,
        env={**env, "PYTHONPATH": str(ROOT)},
        check=True,
        timeout=60,
    )
    return int(done.stdout)


@pytest.fixture(scope="module")
def default() -> int:
    """What BLAS takes by itself."""
    count = threads("import numpy")
    if count < 2:
        pytest.skip("this machine gives BLAS one thread anyway")
    return count


@pytest.mark.parametrize("code", ["import refdesk, numpy", "import refdesk.cli, numpy"])
def test_one_thread_where_refdesk_is_imported_first(code: str, default: int) -> None:
    assert threads(code) == 1


def test_a_program_that_loaded_numpy_before_keeps_its_threads(default: int) -> None:
    assert threads("import numpy, refdesk") == default


@pytest.mark.parametrize("name", OF_USERS)
def test_what_the_user_set_stays(name: str, default: int) -> None:
    code = f"import os; import refdesk, numpy; assert {{n for n in {OF_USERS} if n in os.environ}} == {{{name!r}}}"
    assert threads(code, **{name: "2"}) >= 1
