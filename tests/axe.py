"""
axe-core, which looks for faults of accessibility in a page: a pinned version, from npm, by its checksum.

`python -m tests.axe` puts it into build/; tests that need it skip, with a reason, where it is absent.
"""

from __future__ import annotations

import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.commands import ROOT

VERSION = "4.14.1"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
_FILE = ROOT / "build" / f"axe-{VERSION}.min.js"


@cache
def axe() -> str:
    """The script. Skips the test where it is absent."""
    if not _FILE.is_file():
        pytest.skip(f"axe-core {VERSION} is not here: `make test-servers` gets it by npm")
    return checked(_FILE.read_bytes()).decode()


def checked(script: bytes) -> bytes:
    """The script, if it is the one that is pinned. Raises ValueError."""
    found = hashlib.sha256(script).hexdigest()
    if found != SHA256:
        raise ValueError(f"axe-core {VERSION} has the checksum {found}, not {SHA256}.")
    return script


def get(file: Path = _FILE) -> None:
    """Fetch it by npm, if it is absent. Raises OSError and subprocess.SubprocessError."""
    npm = shutil.which("npm")
    if file.is_file():
        return
    if not npm:
        raise FileNotFoundError("npm is not installed")
    with TemporaryDirectory() as folder:
        command = [npm, "pack", "--silent", "--ignore-scripts", f"axe-core@{VERSION}"]
        subprocess.run(command, cwd=folder, check=True, timeout=120, stdout=subprocess.DEVNULL)
        (package,) = Path(folder).glob("*.tgz")
        with tarfile.open(fileobj=io.BytesIO(package.read_bytes())) as archive:
            script = archive.extractfile("package/axe.min.js")
            assert script
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(checked(script.read()))


if __name__ == "__main__":
    try:
        get()
    except (OSError, subprocess.SubprocessError) as error:
        print(f"axe-core is not here, its tests will skip: {error}", file=sys.stderr)
