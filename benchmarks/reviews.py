"""
How long an extractive review takes, first and after, and whether two processes write the same bytes.

    python -m benchmarks.reviews LIBRARY [TOPIC…]

Each topic runs in a process of its own, so that the time is that of a first call. Opening the library is told apart.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

TOPICS = (
    "speculative decoding",
    "medical image segmentation",
    "prompt injection attacks on agents",
    "hallucination detection",
    "agents",
)


def measure(folder: str, topic: str) -> dict[str, object]:
    """Seconds, wall and of this process, to open a library, and to review a topic twice; and the review's hash."""
    began = time.perf_counter()
    import refdesk

    with refdesk.open_library(folder, read_only=True) as library:
        opened = time.perf_counter()
        cpu = time.process_time()
        first = library.review(topic)
        reviewed, spent = time.perf_counter(), time.process_time() - cpu
        again = library.review(topic)
        ended = time.perf_counter()
    assert first.to_dict() == again.to_dict()
    return {
        "topic": topic,
        "papers": len(first.papers),
        "open_s": round(opened - began, 2),
        "first_s": round(reviewed - opened, 2),
        "first_cpu_s": round(spent, 2),
        "again_s": round(ended - reviewed, 2),
        "id": first.to_dict()["id"],
    }


def main(arguments: list[str]) -> None:
    """Measure each topic twice, each time in a new process, and print a line for it."""
    if arguments[:1] == ["--one"]:
        print(json.dumps(measure(*arguments[1:])))
        return
    folder, topics = arguments[0], arguments[1:] or list(TOPICS)
    for topic in topics:
        rows = []
        for _ in range(2):
            command = [sys.executable, "-m", "benchmarks.reviews", "--one", folder, topic]
            rows.append(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
        same = rows[0]["id"] == rows[1]["id"]
        best = min(rows, key=lambda row: row["first_s"])
        print(
            f"{topic:<36} {best['papers']:>4} papers  open {best['open_s']:.2f} s  first {best['first_s']:.2f} s "
            f"(cpu {best['first_cpu_s']:.2f})  again {best['again_s']:.2f} s  {'same' if same else 'OTHER'} bytes"
        )


if __name__ == "__main__":
    main(sys.argv[1:])
