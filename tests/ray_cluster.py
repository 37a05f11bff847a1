"""Ray in tests: a cluster of several machines that are all this one, and what a Ray leaves."""

from __future__ import annotations

import socket
import time
from contextlib import suppress
from pathlib import Path
from typing import Any


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


_DEAD_SOON = {"health_check_period_ms": 1_000, "health_check_failure_threshold": 3, "health_check_timeout_ms": 5_000}
"""A machine that was killed is noticed after 3 seconds; Ray's own settings take 15."""


class Cluster:
    """Machines of Ray, all of them this one: a head and one more, each with a core."""

    def __init__(self) -> None:
        from ray.cluster_utils import Cluster as RayCluster

        self._cluster = RayCluster(
            initialize_head=True,
            head_node_args={
                "num_cpus": 1,
                "object_store_memory": 100 << 20,
                "include_dashboard": False,
                "ray_client_server_port": (port := free_port()),
                "_system_config": _DEAD_SOON,
            },
        )
        self.add()
        self.address: str = self._cluster.address
        self.from_outside = f"ray://127.0.0.1:{port}"

    def add(self) -> Any:
        """One more machine."""
        node = self._cluster.add_node(num_cpus=1, object_store_memory=100 << 20)
        self._cluster.wait_for_nodes()
        return node

    def kill(self, node: Any) -> None:
        """Kill all processes of a machine."""
        self._cluster.remove_node(node, allow_graceful=False)

    def end(self) -> None:
        self._cluster.shutdown()


def running(folder: Path) -> list[bytes]:
    """The commands of running processes that name a folder."""
    found = []
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            found.append(each.read_bytes())
    return [command for command in found if bytes(folder) in command]


def assert_gone(folder: Path) -> None:
    """No process that names a folder runs some seconds later."""
    until = time.monotonic() + 20
    while still := running(folder):
        assert time.monotonic() < until, still
        time.sleep(0.2)
