"""The progress of a download: a line a series on a terminal, nothing elsewhere."""

import re

import pytest

from datafeeds.series import Series
from runs.commandline.progress import Transfer

ONE, OTHER = Series("binance", "BTC/USDT:USDT", "candles", "1h"), Series("binance", "BTC/USDT:USDT", "funding")


@pytest.fixture
def told(monkeypatch, capsys):
    def report():
        with Transfer() as transfer:
            transfer.advance(ONE, 1000, 500, 2000)
            transfer.advance(ONE, 700, 1500, 2000)
            transfer.advance(OTHER, 3, 50, 100)
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", capsys.readouterr().err)

    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("FORCE_COLOR", raising=False)
    return report


def test_a_terminal_gets_a_line_a_series_with_its_rows_and_the_time_left(told, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    last = told().replace("\r", "\n").splitlines()[-2:]
    assert re.fullmatch(r"binance BTC/USDT:USDT candles 1h .* 1,700 rows +0:00:00 *", last[0])
    assert re.fullmatch(r"binance BTC/USDT:USDT funding .* 3 rows +(-:--:--|\d:\d\d:\d\d) *", last[1])


def test_a_pipe_gets_nothing(told):
    assert told() == ""
