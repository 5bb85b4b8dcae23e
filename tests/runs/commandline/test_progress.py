"""The progress of a command: bars on a terminal, nothing elsewhere."""

import re

import pytest

from runs.commandline.progress import ProgressBars, progress


@pytest.fixture
def shown(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return lambda: re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err).replace("\r", "\n")


def download():
    with ProgressBars("rows", transient=False) as bars:
        bars.advance("binance candles 1h", 500, 2000, 1000)
        bars.advance("binance candles 1h", 1500, 2000, 700)
        bars.advance("binance funding", 50, 100, 3)


def backtest():
    with progress("backtest", 2000, "bars") as report:
        report(1000)
        report(500)


def validation():
    with ProgressBars() as bars:
        bars.say("the map")
        bars.say("claim magnet")


def test_a_terminal_gets_a_line_a_series_with_its_rows_and_the_time_left(shown, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    download()
    last = shown().splitlines()[-2:]
    assert re.fullmatch(r"binance candles 1h .* 1,700 rows +0:00:00 *", last[0])
    assert re.fullmatch(r"binance funding .* 3 rows +(-:--:--|\d:\d\d:\d\d) *", last[1])


def test_one_bar_says_how_much_of_how_much_is_done(shown, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    backtest()
    assert "1,500/2,000 bars" in shown()


def test_what_is_being_done_takes_the_place_of_what_was_said_before(shown, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    validation()
    last = [line for line in shown().splitlines() if line.strip()][-1]
    assert last.startswith("claim magnet")


@pytest.mark.parametrize("work", [download, backtest, validation])
def test_a_pipe_gets_nothing(shown, work):
    work()
    assert shown() == ""
