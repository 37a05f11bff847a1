"""
One thread for numpy's linear algebra (BLAS): its matrices here are small, and threads that wait for each other cost
half of a search's processor time.
"""

from __future__ import annotations

import os
import sys

OF_USERS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables by which a user says how many threads there should be."""
OURS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def use_one_blas_thread() -> None:
    """Ask for one thread, unless numpy is loaded already, which has read the variables, or the user has set one."""
    if "numpy" not in sys.modules and not any(name in os.environ for name in OF_USERS):
        os.environ.update(dict.fromkeys(OURS, "1"))
