"""A real browser for the pages: Debian's chromium, driven over its own protocol; without it the tests skip.

`BROWSER_REQUIRED=1` (set by `.ci/run`) makes its absence a failure.
"""

import base64
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.remote.webdriver import WebDriver
from selenium.webdriver.support.wait import WebDriverWait

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
)
LOCAL = ("file:", "data:", "blob:", "about:", "chrome:", "devtools:")
READY_SECONDS = 20.0


@pytest.fixture(scope="session")
def browser() -> Iterator[WebDriver]:
    """Return one chromium for all tests of a worker."""
    driver, binary = shutil.which("chromedriver"), shutil.which("chromium") or shutil.which("google-chrome")
    if driver is None or binary is None:
        missing = "no chromium with chromedriver on PATH (Debian: apt-get install chromium chromium-driver)"
        if os.environ.get("BROWSER_REQUIRED") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    options = Options()
    options.binary_location = binary
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=Service(driver))
    started.set_script_timeout(READY_SECONDS)
    yield started
    started.quit()


@pytest.fixture
def opened(browser: WebDriver) -> Callable[..., WebDriver]:
    """Return a function that opens a file: ``opened(path, width=1280, height=900, dark=False, ready="JS", fragment="")``.

    The logs of what was open before are dropped. `ready` is JavaScript that is true once the page may be used.
    """

    def open_page(
        path: Path, width: int = 1280, height: int = 900, dark: bool = False, ready: str = "", fragment: str = ""
    ) -> WebDriver:
        browser.get("about:blank")
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": scheme})
        for log in ("browser", "performance"):
            browser.get_log(log)
        browser.get(Path(path).resolve().as_uri() + fragment)
        if ready:
            WebDriverWait(browser, READY_SECONDS, poll_frequency=0.02).until(
                lambda driver: driver.execute_script(f"return !!({ready})")
            )
        return browser

    return open_page


@pytest.fixture
def console_errors(browser: WebDriver) -> Callable[[], list[str]]:
    """Return a function that tells the errors and warnings in the console since the page was opened (once each)."""
    return lambda: [entry["message"] for entry in browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


@pytest.fixture
def requests_made(browser: WebDriver) -> Callable[[], list[str]]:
    """Return a function that tells the addresses beyond this machine's files that were asked for (once each)."""

    def addresses() -> list[str]:
        events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
        asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
        return [address for address in asked if not address.startswith(LOCAL)]

    return addresses


@pytest.fixture
def screenshot(browser: WebDriver, tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that makes a picture of the whole page and says where it is."""

    def shoot(name: str) -> Path:
        shot = browser.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": True})
        folder = Path(os.environ.get("SCREENSHOT_DIR", tmp_path))
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{name}.png"
        path.write_bytes(base64.b64decode(shot["data"]))
        return path

    return shoot
