"""Write the pictures of README and guides into docs/images from the built-in simulated market: ``python docs/pictures.py``.

Needs Debian's chromium and chromium-driver. `--keep FOLDER` keeps the pages that the pictures are of.
"""

import argparse
import base64
import contextlib
import io
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from rich.console import Console
from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import runs.analyze
import runs.backtest
import runs.review
import runs.sweep
from datafeeds.simulated.market import simulate
from indicators.liquidation.parameters import ModelParameters
from runs.analysis.record import analyse
from runs.reports.analysis.terminal import print_analysis

IMAGES = Path(__file__).with_name("images")
WIDTH, HEIGHT, COLOURS = 1280, 1000, 128
COLUMNS = 92
"""Of the terminal's picture."""


class Picture(NamedTuple):
    """Parts of one page.

    Attributes
    ----------
    page
        Address below the results folder.
    ready
        JavaScript that is true once it may be looked at.
    before
        JavaScript that is done first; it may be awaited.
    parts
        JavaScript whose value is the parts, one below the other: a list of top and bottom, pixels.
    """

    page: str
    ready: str
    before: str
    parts: str


_DONE = "document.readyState === 'complete'"
_ENDS = "(one => [one.getBoundingClientRect().top, one.getBoundingClientRect().bottom])"
_SELECT = (
    "for (const name of ['sweep/best-2', 'sweep/best-3', 'magnet', 'wipe', 'overlay'])"
    "document.querySelector(`tr[data-name='${name}'] input`).click()"
)
_TITLED = "(titles => [...document.querySelectorAll('h2')].filter(one => titles.includes(one.textContent)))"
PICTURES = {
    "heatmap": Picture(
        "magnet/heatmap.html", "document.documentElement.dataset.ready === 'yes'", "await heatmap.showDays(30)",
        "[[0, document.querySelector('.stage').getBoundingClientRect().bottom + 8]]",
    ),
    "tearsheet": Picture(
        "magnet/tearsheet.html", _DONE, "",
        "[[0, document.querySelector('#equity').getBoundingClientRect().bottom + 8]]",
    ),
    "sweep": Picture(
        "sweep/sweep.html", _DONE, "",
        f"[[0, {_ENDS}(document.getElementById('statistics'))[0] - 4], {_ENDS}(document.getElementById('surfaces'))]",
    ),
    "review": Picture("review.html", "document.querySelector('#curves svg')", _SELECT, "[[0, 980]]"),
    "analyze": Picture("report/analysis.html", _DONE, "",
        f"[[0, 125], ...{_TITLED}(['Map by price level', 'Key levels']).map(one => {_ENDS}(one.parentElement))]",
    ),
}  # fmt: skip
FILES = (*(f"{name}.png" for name in PICTURES), "analyze.svg")


def make_results(out: Path) -> None:
    """Leave a run of each strategy, a sweep, a report and a review in a folder."""
    for strategy in ("magnet", "cascade", "wipe", "overlay"):
        _run(runs.backtest.main, "--strategy", strategy, "--out", out / strategy)
    space = (
        "--param",
        "min_distance=0.002:0.02:log:6",
        "--param",
        "stop_atr=1:5:0.5",
        "--param",
        "magnet_ratio=1.5,2,3",
    )
    _run(runs.sweep.main, "--strategy", "magnet", *space, "--confirm", "0", "--out", out / "sweep")
    _run(runs.analyze.main, "--html", "--out", out / "report")
    _run(runs.review.main, out)


def _run(command: Callable[[list[str]], int], *arguments: object) -> None:
    with contextlib.redirect_stdout(io.StringIO()):
        code = command([str(argument) for argument in arguments])
    if code:
        sys.exit(code)


@contextlib.contextmanager
def browser() -> Iterator[webdriver.Chrome]:
    """Give a chromium without a screen."""
    options, driver = Options(), shutil.which("chromedriver")
    options.binary_location = shutil.which("chromium") or ""
    for flag in ("--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={WIDTH},1000"):
        options.add_argument(flag)
    started = webdriver.Chrome(options=options, service=Service(driver))
    try:
        yield started
    finally:
        started.quit()


def shoot(driver: webdriver.Chrome, address: str, picture: Picture, path: Path) -> None:
    """Save parts of a page, in few colours, so that the file is small."""
    size = {"width": WIDTH, "height": HEIGHT, "deviceScaleFactor": 1, "mobile": False}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    driver.get(address)
    WebDriverWait(driver, 30).until(lambda at: at.execute_script(f"return !!({picture.ready})"))
    drawn = "requestAnimationFrame(() => requestAnimationFrame(done))"
    driver.execute_async_script(f"const done = arguments[0]; (async () => {{ {picture.before}; {drawn} }})()")
    parts = [_part(driver, *ends) for ends in driver.execute_script(f"return {picture.parts}")]
    whole = Image.new("RGB", (WIDTH, sum(part.height for part in parts)))
    for place, part in enumerate(parts):
        whole.paste(part, (0, sum(above.height for above in parts[:place])))
    whole.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


def _part(driver: webdriver.Chrome, top: float, bottom: float) -> Image.Image:
    clip = {"x": 0, "y": round(top), "width": WIDTH, "height": round(bottom - top), "scale": 1}
    shot = driver.execute_cdp_cmd("Page.captureScreenshot", {"clip": clip, "captureBeyondViewport": True})
    return Image.open(io.BytesIO(base64.b64decode(shot["data"]))).convert("RGB")


def terminal_picture() -> str:
    """Return the liquidation report as a terminal shows it; the picture asks for no font from anywhere."""
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    print_analysis(analyse(simulate(), ModelParameters(), 0.02), console)
    picture = console.export_svg(title="python -m runs.analyze --level 2", unique_id="report")
    return re.sub(r"\s*@font-face \{.*?\}", "", picture, flags=re.DOTALL)


def main() -> None:
    """Make all pictures anew."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--keep", type=Path)
    keep = options.parse_args().keep
    with tempfile.TemporaryDirectory() as folder, browser() as driver:
        out = keep or Path(folder) / "results"
        if not (out / "review.html").exists():
            make_results(out)
        IMAGES.mkdir(exist_ok=True)
        for name, picture in PICTURES.items():
            shoot(driver, (out / picture.page).resolve().as_uri(), picture, IMAGES / f"{name}.png")
    (IMAGES / "analyze.svg").write_text(terminal_picture(), encoding="utf-8")


if __name__ == "__main__":
    main()
