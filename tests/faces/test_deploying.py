"""Deployment: `make serve-demo`, the units, the proxies and the Containerfile, each read by what reads it in a lab."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from shutil import copytree, which

import click
import httpx
import pytest
import trustme
from proxies import DEPLOY, Proxy, client, free_port, refdesk_serves, running, stand_in, waited_for

import refdesk
from refdesk.cli import cli as group
from refdesk.serve.app import DRAIN_S
from refdesk.serve.guard import MOST_UPLOAD, SIGNED
from refdesk.settings import config as configuration
from tests import chat_server
from tests.chat_server import as_reply, claim
from tests.commands import ROOT, environment
from tests.copies import copied

FILES = sorted(path for path in DEPLOY.rglob("*") if path.is_file())
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
TEAM = DEPLOY / "team"
CONTAINERFILE = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "deploying.md").read_text(encoding="utf-8")
TEAM_PAGE = (ROOT / "docs" / "scale.md").read_text(encoding="utf-8")
INSTALLED = "/opt/refdesk/.venv/bin/refdesk"
SECRET = "zymurgical"
"""A word of a question, which no log may hold."""
FORGED = {"X-Forwarded-User": "local", "X-Auth-Request-Email": "local", "X-Forwarded-For": "127.0.0.1"}


# ---- what the files say


def take(command: click.Command, words: list[str], parent: click.Context | None = None) -> None:
    """Parse the words of a command, and run nothing. Raises what click raises for words that it does not take."""
    if not isinstance(command, click.Group):
        command.make_context(command.name, words, parent=parent).close()
        return
    place = next(place for place, word in enumerate(words) if word in command.commands)
    with command.make_context(command.name, words[: place + 1], parent=parent) as context:
        take(command.commands[words[place]], words[place + 1 :], context)


def commands() -> Iterator[str]:
    """Every command of Refdesk that the units, the Containerfile and the page have."""
    for unit in UNITS:
        (line,) = re.findall(rf"^ExecStart=.*?{INSTALLED} ([^'\n]*)", unit.read_text(encoding="utf-8"), re.MULTILINE)
        yield line
    for conf in sorted(TEAM.rglob("*.conf")):
        yield from re.findall(rf"^ExecStart={INSTALLED} (.*)$", conf.read_text(encoding="utf-8"), re.MULTILINE)
    (words,) = re.findall(r"^CMD (\[.*\])$", CONTAINERFILE, re.MULTILINE)
    yield shlex.join(json.loads(words))
    yield from re.findall(r"command: &\w+ (serve .*)", (TEAM / "compose.yaml").read_text(encoding="utf-8"))
    for block in re.findall(r"```sh\n(.*?)```", PAGE + TEAM_PAGE, re.DOTALL):
        called = (
            r"^(?:lab|podman exec refdesk refdesk|podman run .*? localhost/refdesk|podman-compose exec \S+ refdesk) "
            r"([a-z-][^<#\n]*)"
        )
        yield from re.findall(called, block.replace("\\\n", " "), re.MULTILINE)


@pytest.mark.parametrize("line", sorted(set(commands())))
def test_the_command_line_takes_what_deployment_calls(line: str) -> None:
    take(group, shlex.split(re.sub(r"\S+\.tar", __file__, line)))  # a backup to restore must be there


def test_words_that_the_command_line_does_not_take_are_seen() -> None:
    for line in ("serve --colour red", "serve --auth magic", "-x run"):
        with pytest.raises(click.UsageError):
            take(group, line.split())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_page_shows_the_files_as_they_are(path: Path) -> None:
    text, page = path.read_text(encoding="utf-8"), TEAM_PAGE if TEAM in path.parents else PAGE
    assert re.search(rf"```\w+\n{re.escape(text)}```", page), path.name
    assert f"deploy/{path.relative_to(DEPLOY).as_posix()}" in page


def test_the_units_say_what_they_must() -> None:
    assert all(unit.stem.startswith("refdesk-") for unit in UNITS)  # so that the sandbox is theirs
    serve = (DEPLOY / "systemd" / "refdesk-serve.service").read_text(encoding="utf-8")
    (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", serve, re.MULTILINE)
    assert int(seconds) > DRAIN_S
    assert "kill -HUP $MAINPID" in serve


def test_systemd_reads_the_units(tmp_path: Path) -> None:
    if not which("systemd-analyze"):
        pytest.skip("systemd-analyze is not here")
    for folder in (DEPLOY, TEAM):
        copytree(folder / "systemd", tmp_path, dirs_exist_ok=True)
    for unit in (*tmp_path.glob("*.service"), *tmp_path.rglob("*.conf")):
        text = re.sub(r"/opt/refdesk/.venv/bin/\w+", "/bin/true", unit.read_text(encoding="utf-8"))
        unit.write_text(text, encoding="utf-8")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *tmp_path.glob("*.service"), *tmp_path.glob("*.timer")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_a_team_s_environment_is_read_by_a_shell_as_by_systemd(tmp_path: Path) -> None:
    file = TEAM / "environment"
    lines = [line for line in file.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    by_systemd = {name: value.strip("'") for name, _, value in (line.partition("=") for line in lines)}
    # the function `lab` of the page reads it so; of an unquoted `&` a shell would make an end of the command
    script = f"set -a; . {file}; exec {sys.executable} -c 'import json, os; print(json.dumps(dict(os.environ)))'"
    done = subprocess.run(["sh", "-c", script], env={}, capture_output=True, text=True, check=True)
    by_shell = json.loads(done.stdout)
    assert {name: by_shell[name] for name in by_systemd} == by_systemd
    read = configuration.load(tmp_path, environment=by_shell)
    assert (read.vectors, read.catalog) == (by_systemd["REFDESK_VECTORS"], by_systemd["REFDESK_CATALOG"])


def test_the_image_has_what_the_package_is_made_of() -> None:
    copied_names = {
        name for line in re.findall(r"^COPY (.*)$", CONTAINERFILE, re.MULTILINE) for name in line.split()[:-1]
    }
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    needed = {*wheel["packages"], *wheel["force-include"], *project["project"]["license-files"]}
    assert needed | {"pyproject.toml", "constraints.txt", project["project"]["readme"]} == copied_names
    assert all((ROOT / name).exists() for name in copied_names)


def test_the_proxies_let_through_what_refdesk_takes() -> None:
    (nginx,) = re.findall(r"client_max_body_size (\d+)m;", (DEPLOY / "nginx.conf").read_text(encoding="utf-8"))
    (caddy,) = re.findall(r"max_size (\d+)MiB$", (DEPLOY / "Caddyfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert min(int(nginx), int(caddy)) << 20 > MOST_UPLOAD


# ---- one command


@pytest.mark.server
def test_one_command_serves_the_sample_and_opens_the_page(tmp_path: Path) -> None:
    venv = Path(sys.executable).parent.parent
    ready = venv / ".ready"
    newest = max((ROOT / name).stat().st_mtime for name in ("pyproject.toml", "constraints.txt"))
    if not which("make") or not ready.exists() or ready.stat().st_mtime < newest:
        pytest.skip("these tests do not run in an environment that make has set up")
    opened = tmp_path / "opened"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$1" > {opened}.new && mv {opened}.new {opened}\n', encoding="utf-8")
    browser.chmod(0o755)
    process = subprocess.Popen(
        ["make", "--no-print-directory", "serve-demo", f"VENV={venv}", f"SAMPLE={tmp_path / 'sample'}", "PORT=0"],
        cwd=ROOT,
        env=environment(BROWSER=f"{browser} %s"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    assert process.stdout
    try:
        assert process.stdout.readline().startswith("59 added")
        assert process.stdout.readline().startswith("A question to begin with: ")
        printed = process.stdout.readline()
        waited_for(opened.exists)
        link = opened.read_text(encoding="utf-8").strip()
        assert f"{link} " in printed
        page = httpx.get(link, follow_redirects=True)
        assert (page.status_code, "59 papers" in page.text) == (200, True)
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(20)
        process.stdout.close()


@pytest.mark.server
@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no text browsers among its own")
def test_no_text_browser_takes_the_terminal(sample_library: Path, tmp_path: Path) -> None:
    folder, port = copied(sample_library, tmp_path / "library"), free_port()
    (tmp_path / "w3m").write_text(f"#!/bin/sh\n: > {tmp_path}/opened\n", encoding="utf-8")
    (tmp_path / "w3m").chmod(0o755)
    words = [sys.executable, "-m", "refdesk", "--library", str(folder), "serve", "--open", "--port", str(port)]
    log = tmp_path / "log"
    terminal = {"PATH": str(tmp_path), "TERM": "xterm", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    with running(words, log=log, port=port, **terminal):
        waited_for(lambda: "No browser can be opened from here" in log.read_text(encoding="utf-8"))
        again = subprocess.run(words, env=environment(), capture_output=True, text=True, check=False)
    assert not (tmp_path / "opened").exists()
    assert again.returncode == 3
    assert f"127.0.0.1:{port} cannot be listened on: Address already in use.\n" in again.stderr


# ---- behind a proxy


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.mark.server
@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_a_proxy_passes_pages_events_and_uploads_and_logs_no_question(
    kind: str, sample_library: Path, tmp_path: Path, authority: trustme.CA
) -> None:
    folder = copied(sample_library, tmp_path / "library")
    with ExitStack() as stack:
        model = stack.enter_context(chat_server.serving())

        def reply(body: chat_server.Body) -> str:
            text, name = chat_server._firsts(body)[0][::-1]
            return as_reply([claim(text, name), claim("word " * 300, name)])

        model.reply = reply
        model.chunk, model.pause_s = 60, 0.1
        (folder / "refdesk.toml").write_text('model = "openai:served"\njudge = "words"\n', encoding="utf-8")
        port, link = stack.enter_context(
            refdesk_serves(folder, tmp_path / "log", OPENAI_BASE_URL=model.url, OPENAI_API_KEY="sk-test")
        )
        proxy = Proxy(kind, tmp_path / "proxy", authority, port)
        stack.enter_context(proxy.run())
        at = stack.enter_context(client(proxy, authority))

        for headers in ({}, {"X-Forwarded-User": "local"}):
            assert at.get("/", headers=headers).headers["location"] == "/sign-in"
        signed_in = at.get(link)
        assert signed_in.status_code == 303
        assert "Secure" in signed_in.headers["set-cookie"]
        page = at.get("/", headers={"X-Forwarded-For": "203.0.113.1"})
        assert (page.status_code, "59 papers" in page.text) == (200, True)
        assert page.headers["strict-transport-security"] == "max-age=31536000"
        assert at.get("/search", params={"q": SECRET}).status_code == 200

        with at.stream(
            "POST",
            "/api/v1/ask",
            json={"question": "What explains grokking?"},
            headers={"Accept": "text/event-stream"},
        ) as events:
            came = {line: time.monotonic() for line in events.iter_lines() if line.startswith("event: ")}
        assert came["event: answer"] - came["event: claim"] > 1, "the claims came with the answer"

        long = at.post("/api/v1/verify", content=b"x" * (5 << 20))
        assert (long.status_code, "error" in long.json()) == (413, True)
        assert SECRET not in proxy.logs
    with proxy.run(), client(proxy, authority) as at:
        assert at.get("/search", params={"q": SECRET}).status_code == 502
    assert SECRET not in proxy.logs


@pytest.mark.server
@pytest.mark.parametrize("kind", ["nginx", "caddy"])
@pytest.mark.parametrize("signs_in", [False, True])
def test_no_proxy_passes_on_who_somebody_says_to_be(
    kind: str, signs_in: bool, tmp_path: Path, authority: trustme.CA
) -> None:
    with ExitStack() as stack:
        port = stack.enter_context(stand_in())
        proxy = Proxy(kind, tmp_path / "proxy", authority, port, port if signs_in else None)
        stack.enter_context(proxy.run())
        at = stack.enter_context(client(proxy, authority, **FORGED))
        for headers in ({"Authorization": "Bearer guessed"}, {"Cookie": "who=ada"}, {}):
            for path in ("/", *(f"{each}x" for each in SIGNED)):
                told = at.get(path, headers=headers).headers.get("X-Reader", "")
                assert told == ("ada" if signs_in and "ada" in str(headers) and path == "/" else ""), (headers, path)


@pytest.mark.server
@pytest.mark.parametrize("kind", ["nginx", "caddy"])
def test_a_proxy_that_signs_readers_in_cannot_be_told_who_comes(
    kind: str, sample_library: Path, tmp_path: Path, authority: trustme.CA
) -> None:
    folder = copied(sample_library, tmp_path / "library")
    (folder / "refdesk.toml").write_text('[serve]\ntrusted_proxies = ["127.0.0.1"]\n', encoding="utf-8")
    with ExitStack() as stack:
        oauth2 = stack.enter_context(stand_in())
        port, _ = stack.enter_context(refdesk_serves(folder, tmp_path / "log", "--auth", "header"))
        proxy = Proxy(kind, tmp_path / "proxy", authority, port, oauth2)
        stack.enter_context(proxy.run())
        with refdesk.open_library(folder) as library:
            _, token = library.readers.add_token()
        stranger = stack.enter_context(client(proxy, authority, **FORGED))
        asked_to_sign_in = stranger.get("/search", params={"q": "grokking"}, follow_redirects=True)
        assert asked_to_sign_in.headers["X-Back-To"] == "/search?q=grokking"
        assert stranger.get("/oauth2/auth").status_code in (401, 404)
        for path in SIGNED:  # whose addresses are signed or secret
            assert "X-Back-To" not in stranger.get(f"{path}x", follow_redirects=True).headers
        bearing = {"Authorization": "Bearer guessed"}
        assert stranger.get("/api/v1/status", headers=bearing).status_code == 401

        ada = stack.enter_context(client(proxy, authority, **FORGED, Cookie="who=ada@example.org"))
        assert ada.get("/").status_code == 200
        paper_id = ada.get("/api/v1/search", params={"q": "grokking"}).json()["hits"][0]["paper_id"]
        assert ada.put(f"/api/v1/ratings/{paper_id}", json={"rating": 1}).status_code == 200
        nobody = stack.enter_context(client(proxy, authority, **FORGED, Cookie="who=nobody"))
        assert nobody.get("/").headers["location"] == "/sign-in"

        program = stack.enter_context(client(proxy, authority, Authorization=f"Bearer {token}"))
        assert program.get("/api/v1/status").status_code == 200
    with refdesk.open_library(folder) as library:
        readers, counts = library.readers.all(), library.readers.counts()
    assert {each.name: counts[each.name].get("ratings", 0) for each in readers} == {"ada@example.org": 1, "local": 0}
