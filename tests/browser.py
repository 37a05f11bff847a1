"""A real browser, where there is one: Debian's chromium, headless, driven over WebDriver's plain HTTP."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

KEYS = {
    "Tab": "\ue004",
    "Enter": "\ue007",
    "Shift": "\ue008",
    "Escape": "\ue00c",
    "Space": " ",
    "PageDown": "\ue00f",
}
"""Keys without a character, by the names that `Browser.press` takes, with their codes in WebDriver."""


class Browser:
    """One window of a browser."""

    def __init__(self, session: httpx.Client) -> None:
        self._session = session

    def open(
        self, page: Path | str, *, width: int, dark: bool = False, still: bool = False, scripted: bool = True
    ) -> None:
        """
        Show a file, or an address.

        Args:
            page: The file or the address.
            width: Of the window, in pixels.
            dark: In a dark scheme.
            still: For a reader who wants reduced motion.
            scripted: False runs no script of the page; `run` still works.
        """
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **size)
        wanted = {"prefers-color-scheme": "dark" if dark else "light"}
        wanted["prefers-reduced-motion"] = "reduce" if still else "no-preference"
        self.cdp("Emulation.setEmulatedMedia", features=[{"name": n, "value": v} for n, v in wanted.items()])
        self.cdp("Emulation.setScriptExecutionDisabled", value=not scripted)
        self.requests()
        self.complaints()
        self._post("url", url=page if isinstance(page, str) else page.as_uri())

    def run(self, script: str) -> Any:
        """What a function's body in JavaScript returns."""
        return self._post("execute/sync", script=script, args=[])

    def run_async(self, script: str) -> Any:
        """What a function's body in JavaScript returns once its promise is kept; it may `await`."""
        kept = "const done = arguments[arguments.length - 1];"
        return self._post(
            "execute/async",
            script=f"{kept} (async () => {{{script}}})().then(done, (error) => done({{failed: String(error)}}))",
            args=[],
        )

    def press(self, *keys: str) -> None:
        """Press keys one after another, on whatever has the focus: characters, or names such as `Tab` of KEYS."""
        actions = []
        for key in keys:
            held = [KEYS["Shift"]] if key.startswith("Shift+") else []
            code = KEYS.get(key.removeprefix("Shift+"), key)
            actions += [{"type": "keyDown", "value": each} for each in (*held, code)]
            actions += [{"type": "keyUp", "value": each} for each in (code, *held)]
        self._post("actions", actions=[{"type": "key", "id": "keyboard", "actions": actions}])

    def wait_for(self, condition: str, *, limit_s: float = 30) -> None:
        """Wait until an expression in JavaScript holds."""
        limit = time.monotonic() + limit_s
        while not self.run(f"return Boolean({condition})"):
            assert time.monotonic() < limit, f"never: {condition}"
            time.sleep(0.02)

    def complaints(self) -> list[str]:
        """Errors and warnings that the console was told since the last call."""
        return [each["message"] for each in self._post("se/log", type="browser")]

    def requests(self) -> list[str]:
        """The addresses that were asked for since the last call."""
        entries = [json.loads(entry["message"])["message"] for entry in self._post("se/log", type="performance")]
        return [each["params"]["request"]["url"] for each in entries if each["method"] == "Network.requestWillBeSent"]

    def tree(self) -> list[dict[str, Any]]:
        """The page as a screen reader is told it: nodes with role and name."""
        nodes = self.cdp("Accessibility.getFullAXTree")["nodes"]
        return [
            {"role": node["role"]["value"], "name": node.get("name", {}).get("value", "")}
            for node in nodes
            if not node["ignored"] and "role" in node
        ]

    def screenshot(self, path: Path) -> None:
        """The whole page as a PNG."""
        taken = self.cdp("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(taken["data"]))

    def cdp(self, command: str, **parameters: Any) -> Any:
        """A command of the Chrome DevTools Protocol."""
        return self._post("goog/cdp/execute", cmd=command, params=parameters)

    def _post(self, path: str, **body: Any) -> Any:
        reply = self._session.post(path, json=body)
        value = reply.json()["value"]
        assert reply.is_success, value
        return value


@contextmanager
def browsing() -> Iterator[Browser]:
    """Start a browser, and end it. Skips the test where chromium or its driver is absent."""
    driver, chromium = shutil.which("chromedriver"), shutil.which("chromium")
    if not driver or not chromium:
        pytest.skip("there is no browser here: chromium and chromedriver are not installed")
    options = {
        "binary": chromium,
        "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--hide-scrollbars"],
    }
    wanted = {
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"performance": "ALL", "browser": "WARNING"},
    }
    with subprocess.Popen(
        [driver, "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            port = next(
                found[1] for line in process.stdout if (found := re.search(r"started successfully on port (\d+)", line))
            )
            with httpx.Client(base_url=f"http://127.0.0.1:{port}/", timeout=60, trust_env=False) as client:
                reply = client.post("session", json={"capabilities": {"alwaysMatch": wanted}})
                assert reply.is_success, reply.text
                session = f"session/{reply.json()['value']['sessionId']}/"
                client.base_url = client.base_url.join(session)
                yield Browser(client)
                client.delete("")
        finally:
            process.terminate()
