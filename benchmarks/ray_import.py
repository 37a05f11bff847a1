"""
`python -m benchmarks.ray_import FILE [PAPERS]`: an import with Ray on this machine against one without Ray.

It imports the first PAPERS (2,000) lines of FILE, JSON Lines with or without gzip, into new libraries with the embedder
MiniLM. Each way is a command of its own, and the times include its start and Ray's. They are measured in turns, and
the ratio is that of the medians. REFDESK_TEST_MODELS names a folder with MiniLM's weights, if Chroma has none. It
writes no page of the manual.
"""

from __future__ import annotations

import gzip
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from itertools import islice
from pathlib import Path

ROUNDS = 3
WAYS: dict[str, tuple[str, ...]] = {"one process": (), "Ray's workers": ("--ray", "local")}


def with_weights(place: Path) -> dict[str, str]:
    """The environment of the commands; its home has the weights of the tests, if there are some."""
    models = os.environ.get("REFDESK_TEST_MODELS")
    if not models:
        return dict(os.environ)
    cache = place / "home" / ".cache" / "chroma" / "onnx_models"
    cache.mkdir(parents=True)
    (cache / "all-MiniLM-L6-v2").symlink_to(Path(models, "all-MiniLM-L6-v2").absolute())
    return {**os.environ, "HOME": str(place / "home")}


def refdesk(environment: dict[str, str], *arguments: str | Path) -> str:
    """Run a command and return its output."""
    command = [sys.executable, "-m", "refdesk", *map(str, arguments)]
    return subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout


def main(file: Path, count: int) -> None:
    """Measure both ways in turns and print papers per second and their ratio."""
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        environment = with_weights(place)
        with (gzip.open if file.suffix == ".gz" else open)(file, "rb") as stream:
            (place / "some.jsonl").write_bytes(b"".join(islice(stream, count)))
        for at in range(ROUNDS):
            for name, options in WAYS.items():
                library = place / f"{at} {name}"
                refdesk(environment, "--library", library, "init", "--embedder", "minilm")
                began = time.perf_counter()
                out = refdesk(environment, "--library", library, "add", "--json", *options, place / "some.jsonl")
                rates[name].append(json.loads(out)["added"] / (time.perf_counter() - began))
                print(f"{name}: {rates[name][-1]:.1f} papers/s", flush=True)
    one, workers = map(statistics.median, rates.values())
    print(f"{os.cpu_count()} cores, {count} papers: {workers / one:.2f} times the rate of one process")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 2_000)
