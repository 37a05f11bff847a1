"""
Threads and what they cost. One for numpy's linear algebra (BLAS): its matrices here are small, and threads that wait
for each other cost half of a search's processor time. And for many threads few heaps.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress

OF_USERS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
"""Variables by which a user says how many threads there should be."""
OURS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
"""What glibc's `mallopt` calls the least size of a block beside the heaps, and the most heaps."""
_BESIDE_BYTES = 1 << 20


def use_one_blas_thread() -> None:
    """Ask for one thread, unless numpy is loaded already, which has read the variables, or the user has set one."""
    if "numpy" not in sys.modules and not any(name in os.environ for name in OF_USERS):
        os.environ.update(dict.fromkeys(OURS, "1"))


def use_few_heaps() -> None:
    """
    Let threads share two heaps, so that one takes what another has freed; to be called before there are threads.

    glibc has eight for each core, and each keeps what it once needed: after 2,400 requests of 16 clients a server has
    336 MB with two heaps, 374 with all (measured). Tables stand beside the heaps, so that the system has their memory
    back when they are freed. Other C libraries have no such settings.
    """
    with suppress(OSError, AttributeError):
        set_option = ctypes.CDLL(None).mallopt
        set_option(_ARENA_MAX, 2)
        set_option(_MMAP_THRESHOLD, _BESIDE_BYTES)
