"""Settings of assistants: the entry that makes one start `refdesk mcp` for a library, with absolute paths."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any


def _json(table: str, **extra: str) -> Callable[[str, Sequence[str]], str]:
    def written(command: str, arguments: Sequence[str]) -> str:
        entry: dict[str, Any] = {**extra, "command": command, "args": list(arguments)}
        return json.dumps({table: {"refdesk": entry}}, indent=2, ensure_ascii=False)

    return written


def _toml(command: str, arguments: Sequence[str]) -> str:
    """TOML's basic strings are those of JSON."""
    quoted = ", ".join(json.dumps(argument) for argument in arguments)
    return f"[mcp_servers.refdesk]\ncommand = {json.dumps(command)}\nargs = [{quoted}]"


ASSISTANTS: dict[str, tuple[str, Callable[[str, Sequence[str]], str]]] = {
    "claude": ("claude_desktop_config.json, or .mcp.json of a project", _json("mcpServers")),
    "vscode": (".vscode/mcp.json", _json("servers", type="stdio")),
    "cursor": ("~/.cursor/mcp.json", _json("mcpServers")),
    "codex": ("~/.codex/config.toml", _toml),
}
"""By assistant: the file that holds its settings, and how an entry is written there."""


def snippet(assistant: str, *, library: Path, config: Path | None, write: bool) -> tuple[str, str]:
    """The file of an assistant's settings, and the entry to put there."""
    file, written = ASSISTANTS[assistant]
    options = ["--config", str(config.resolve())] if config else []
    arguments = ["--library", str(library.resolve()), *options, "mcp", *(["--write"] if write else [])]
    program = Path(sys.argv[0])
    if program.name == "refdesk" and program.is_file():
        return file, written(str(program.resolve()), arguments)
    return file, written(sys.executable, ["-m", "refdesk", *arguments])
