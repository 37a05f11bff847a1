"""A real browser, where there is one: Debian's chromium, headless, driven over WebDriver's plain HTTP."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest


class Browser:
    """One window of a browser."""

    def __init__(self, session: httpx.Client) -> None:
        self._session = session

    def open(self, page: Path | str, *, width: int, dark: bool = False) -> None:
        """Show a file, or an address, in a window this wide, in a light or dark scheme."""
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.cdp("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.cdp("Emulation.setEmulatedMedia", features=[scheme])
        self.requests()
        self._post("url", url=page if isinstance(page, str) else page.as_uri())

    def run(self, script: str) -> Any:
        """What a function's body in JavaScript returns."""
        return self._post("execute/sync", script=script, args=[])

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
    wanted = {"browserName": "chrome", "goog:chromeOptions": options, "goog:loggingPrefs": {"performance": "ALL"}}
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
