"""
Crash test of delivery: kill `refdesk run` (SIGKILL) at random moments while it mails an issue to five readers.

Is any mail lost or sent twice after the runs that follow?

    python -m benchmarks.runs [--kills 40]
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.crashes import killed, refdesk
from benchmarks.report import table, write_section
from tests.smtp_server import MailServer, serving

READERS = [f"reader{number}@example.org" for number in range(5)]
PAPERS = 60
SLOW_S = 0.1
"""How long the mail server takes for each reply, so that kills fall into deliveries too."""


def prepare(library: Path) -> None:
    """A library of papers of the last whole week."""
    day = datetime.now(UTC).date()
    last_monday = day - timedelta(days=day.weekday() + 7)
    lines = []
    for number in range(PAPERS):
        topic = ("beetles", "glaciers", "violins")[number % 3]
        lines.append(
            {
                "id": f"sample:{number:03}",
                "title": f"On the {topic} of valley {number}",
                "abstract": f"We count {topic} in valley {number} over {number + 3} summers. Their number rose by "
                f"{number + 1}.5 percent. We propose a way to count {topic} from the air.",
                "published": (last_monday + timedelta(days=number % 7)).isoformat(),
            }
        )
    source = library.with_suffix(".jsonl")
    source.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    ran = refdesk(library, "add", str(source))
    assert ran.returncode == 0, ran.stderr


def configure(library: Path, port: int) -> None:
    """Readers, and the server that takes their mail."""
    readers = ", ".join(f'"{reader}"' for reader in READERS)
    (library / "refdesk.toml").write_text(
        f'[subscriptions.mine]\nto = [{readers}]\n[email]\nhost = "127.0.0.1"\nport = {port}\nsecurity = "none"\n'
        'from = "Refdesk <desk@example.org>"\n',
        encoding="utf-8",
    )


def killed_once(template: Path, library: Path, server: MailServer, after_s: float) -> Counter[str] | None:
    """The outcome of one kill and the runs after it; None if the run had ended before the kill."""
    shutil.rmtree(library, ignore_errors=True)
    shutil.copytree(template, library)
    configure(library, server.port)
    server.accepted.clear()
    if not killed(library, ["run"], after_s):
        return None
    before = len(server.accepted)
    again = refdesk(library, "run", "--json").returncode
    status = json.loads(refdesk(library, "status", "--json").stdout)
    quiet = refdesk(library, "run").returncode
    arrived = Counter(server.readers)
    unknown = {entry["target"]: entry for entry in status["outbox"] if entry["state"] == "unknown"}
    files = sorted(path.suffix for path in (library / "issues").glob("*.mine.*"))
    counts = Counter[str]({"kills": 1, "killed amid the mails": 0 < before < len(READERS) or bool(unknown)})
    counts["issue lost"] += files != [".html", ".json", ".md"]
    counts["mails that arrived"] += len(arrived)
    counts["mails that arrived twice"] += sum(count > 1 for count in arrived.values())
    counts["of unknown fate, explained by `status`, not sent again"] += len(unknown)
    counts["neither arrived nor explained"] += sum(arrived[reader] == 0 and reader not in unknown for reader in READERS)
    counts["the run after the next had anything to do"] += quiet != 9
    counts["exit status of the next run not as it should be"] += again not in ((6,) if unknown else (0, 9))
    return counts


def main() -> None:
    """Measure, print, and write the section “Killed runs” of docs/evaluation.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=40)
    kills = parser.parse_args().kills
    moments = random.Random(20261124)
    total = Counter[str]()
    with tempfile.TemporaryDirectory() as temporary, serving(delay_s=SLOW_S) as server:
        template, library = Path(temporary) / "template", Path(temporary) / "library"
        prepare(template)
        shutil.copytree(template, library)
        configure(library, server.port)
        began = time.perf_counter()
        assert refdesk(library, "run").returncode == 0
        whole_s = time.perf_counter() - began
        while total["kills"] < kills:
            counts = killed_once(template, library, server, moments.uniform(0.2, whole_s))
            if counts is None:
                continue
            total.update(counts)
            print(f"kill {total['kills']}: {dict(counts)}", file=sys.stderr, flush=True)
    names = list(dict.fromkeys([*total]))
    heading = f"`refdesk run` to {len(READERS)} readers, killed at a random moment"
    write_section("Killed runs", table([heading, "count"], [[name, str(total[name])] for name in names]))


if __name__ == "__main__":
    main()
