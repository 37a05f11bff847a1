"""Parts of a file of lines."""

from __future__ import annotations

import json
from pathlib import Path

from rag.sources import parts
from rag.sources.decoding import numbered_lines


def test_parts_of_a_file_are_its_lines_with_their_numbers(tmp_path: Path) -> None:
    rows = [json.dumps({"title": f"Paper {number}", "abstract": "Wörter " * 60}) for number in range(43)]
    text = "\n".join([*rows[:40], "", "{broken", " ", *rows[40:]])
    for name, content, cut in (
        ("a.jsonl", text, True),
        ("b.jsonl", text.replace("\n", "\r\n"), True),
        ("c.jsonl", text.replace("\n", "\r", 7), False),
        ("d.txt", "x" + text, False),
    ):
        path = tmp_path / name
        path.write_bytes(content.encode())
        with path.open("rb") as stream:
            found, note, _ = parts.parts(stream, name, None, 1_000)
            assert bool(found) == cut
            assert note == ""
            assert [each.start for each in found[1:]] == [each.end for each in found[:-1]]
            numbered = [
                (number, line) for part in found for number, line in numbered_lines(part.open(stream), part.first_line)
            ]
        if cut:
            assert found[-1].end == path.stat().st_size
            with path.open(encoding="utf-8") as whole:
                assert numbered == list(numbered_lines(whole))
