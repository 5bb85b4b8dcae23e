"""Coinalyze: one exchange a venue, the key in its header alone, and a year within 40 calls a minute."""

import asyncio
import contextlib
import json
from collections import Counter, deque

import numpy as np
import pytest
from aiohttp import web

import datafeeds.exchanges.client as client_module
import datafeeds.exchanges.estimate
from datafeeds.catalog.market import market_id, read_catalog_market
from datafeeds.catalog.store import Catalog
from datafeeds.errors import MarketError, SourceError
from datafeeds.exchanges.client import connect
from datafeeds.exchanges.download import download_all, plan
from datafeeds.exchanges.limits import Pace
from datafeeds.retry import RetryPolicy
from datafeeds.series import Series
from runs.download import main
from tests.datafeeds.exchanges.replaying import ReplayingSession, Reply
from tests.datafeeds.exchanges.test_a_year import told
from tests.datafeeds.exchanges.virtual_time import run_virtually
from tests.datafeeds.loopback import coinalyze
from tests.datafeeds.loopback.background import Background
from tests.datafeeds.loopback.download import HASTE, run_download
from tests.datafeeds.loopback.faults import Fault
from tests.datafeeds.loopback.reply import plain
from tests.datafeeds.loopback.server import VenueServer
from tests.datafeeds.loopback.truth import HOUR_MS, START_MS, Truth, make_truth
from tests.datafeeds.serving import serving

KEY, VARIABLE = "canary-7f3a-91bc", "LIQUIDATION_HEATMAP_COINALYZE_KEY"
MARKET = ["--venue", "coinalyze-binance", "--symbol", "BTC/USDT:USDT", "--start", "2024-06-01"]
COINS = [f"C{number}" for number in range(13)]
LATENCY_SECONDS = 0.05
LONG, SHORT = make_truth(10, hours=88 * 24), make_truth(11, hours=30)  # without holes; it keeps 83 days
ENDPOINTS = {
    "candles": "ohlcv-history",
    "open_interest": "open-interest-history",
    "liquidation_totals": "liquidation-history",
}


@pytest.fixture(autouse=True)
def _key(monkeypatch):
    monkeypatch.setenv(VARIABLE, f"{KEY}\n")  # as of a file


def asked_of(venue, job, speak=coinalyze.speak):
    async def run():
        async with VenueServer(speak, make_truth(1)) as server, connect(venue, HASTE, server.url) as client:
            return await job(client)

    return asyncio.run(run())


@pytest.mark.parametrize(
    ("venue", "name"), [("coinalyze-binance", "BTCUSDT_PERP.A"), ("coinalyze-bybit", "BTCUSDT_PERP.6")]
)
def test_each_exchange_has_its_own_contract(venue, name):
    contract = asked_of(venue, lambda client: client.contract("BTC/USDT:USDT"))
    assert (contract.id, contract.size, contract.inverse, contract.settle) == (name, 1.0, False, "usdt")


@pytest.mark.parametrize(
    ("venue", "symbol", "reason"),
    [
        ("coinalyze-binance", "BTC/USD:BTC", "no perpetual 'BTC/USD:BTC'; it has BTC/USDT:USDT"),
        ("coinalyze-bybit", "ETH/USDT:USDT", "no perpetual 'ETH/USDT:USDT'; it has BTC/USDT:USDT"),
        ("coinalyze-mtgox", "BTC/USDT:USDT", "knows no exchange 'mtgox'; it has binance, bybit, gate"),
        ("coinalyze", "BTC/USDT:USDT", "name one, as --venue coinalyze-binance"),
    ],
)
def test_what_it_does_not_have_is_one_sentence(venue, symbol, reason):
    with pytest.raises(MarketError, match=reason):
        asked_of(venue, lambda client: client.contract(symbol))


@pytest.mark.parametrize("key", [None, "", " \n", "two words", "ключ"])
def test_without_a_key_one_line_says_where_to_get_it_and_where_to_put_it(key, monkeypatch, tmp_path, capsys):
    monkeypatch.delenv(VARIABLE) if key is None else monkeypatch.setenv(VARIABLE, key)
    assert main([*MARKET, "--catalog", str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert "https://coinalyze.net/account/api-key/" in told.err
    assert VARIABLE in told.err
    assert not (key or "").strip() or key not in told.err
    assert main([*MARKET, "--dry-run"]) == 0
    assert [one["series"].split(":USDT ")[1] for one in json.loads(capsys.readouterr().out)["series"]] == [
        "candles 1h", "open_interest 1h", "liquidation_totals 1h",
    ]  # fmt: skip


def test_without_a_key_an_update_brings_the_other_venues_all_the_same(monkeypatch, tmp_path, capsys):
    rows = {"ts": np.array([START_MS]), "known_at": np.array([START_MS + HOUR_MS]), "liquidated_long": np.ones(1),
            "liquidated_short": np.ones(1)}  # fmt: skip
    for venue in ("coinalyze-binance", "coinalyze-okx"):
        series = Series(venue, "BTC/USDT:USDT", "liquidation_totals", "1h")
        Catalog(tmp_path).add(series, rows, [(START_MS, START_MS + HOUR_MS)])
    monkeypatch.delenv(VARIABLE)
    assert main(["--update", "--catalog", str(tmp_path)]) == 1
    told = capsys.readouterr()
    assert told.out.count("0 rows, to 2024-06-01 01:00, not finished") == 2
    assert told.err.count(VARIABLE) == 1


@pytest.mark.parametrize("kind", ["refused", "429", "500", "wrong shape", "cut within"])
def test_the_key_goes_to_coinalyze_and_nowhere_else(kind, tmp_path, capfd, monkeypatch):
    def speak(truth, path, query, body):
        if kind == "refused" and "history" in path:
            return plain({"message": f"Invalid API key {KEY}"}, 401)
        return coinalyze.speak(truth, path, query, body)

    monkeypatch.setattr(RetryPolicy.__init__, "__defaults__", (2, 0.001, 0.002, 900.0, asyncio.sleep))
    faults = [] if kind == "refused" else [None, None, *[Fault(kind)] * 300]
    with Background(VenueServer(speak, make_truth(1), faults)) as server:
        server._fault = lambda asked: next(server.faults, None)  # no mercy
        assert main([*MARKET, "--url", server.url, "--catalog", str(tmp_path), "--debug"]) == 1
        assert {headers.get("api_key") for headers in server.headers} == {KEY}
        assert not any(KEY in str(asked) for asked in server.asked)
    said = capfd.readouterr()
    assert "3 of 3 series not finished" in said.err
    assert KEY not in said.out + said.err
    assert not any(KEY.encode() in file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())


def test_an_answer_that_sends_the_request_elsewhere_does_not_get_the_key(tmp_path):
    elsewhere = []

    async def other(request):
        elsewhere.append(dict(request.headers))
        return web.json_response([{"name": "Binance", "code": "A"}])

    async def job():
        async with serving(other) as there:

            async def redirect(request):
                return web.Response(status=302, headers={"Location": there})

            async with serving(redirect) as here, connect("coinalyze-binance", RetryPolicy(attempts=1), here) as client:
                await client.now_ms()

    with pytest.raises(SourceError, match="the key is not taken along"):
        asyncio.run(job())
    assert elsewhere == []


def test_hours_reach_back_2000_rows_and_days_to_the_beginning(tmp_path):
    truth = make_truth(3, hours=2500)
    outcome, server = run_download("coinalyze-binance", truth, tmp_path, kinds=("candles", "open_interest"))
    assert all("keeps 83 days only" in result.remarks[0] for result in outcome)
    assert {result.rows for result in outcome} <= set(range(1996, 2002))
    assert sum("history" in path for path, _, _ in server.asked) <= 2 * 2

    days = Truth(**{**vars(truth), "now_ms": START_MS + 2500 * 24 * HOUR_MS})
    rows = [{"t": START_MS // 1000 + 86_400 * day, "l": 1.0 + day, "s": 2.0} for day in range(2500)]

    def speak(_, path, query, body):
        reply = coinalyze.speak(days, path, query | {"interval": "1hour"}, body)
        if "history" in path:
            reply.rows = [row for row in rows if int(query["from"]) <= row["t"] <= int(query["to"])]
        return reply

    async def job():
        async with VenueServer(speak, days) as server, connect("coinalyze-binance", HASTE, server.url) as client:
            planned = plan("coinalyze-binance", "BTC/USDT:USDT", "1d", ("liquidation_totals",))
            span = START_MS - 900 * 24 * HOUR_MS, days.now_ms
            return await download_all(client, Catalog(tmp_path), planned, *span, HASTE), server.asked

    (result,), asked = asyncio.run(job())
    assert (result.rows, result.remarks) == (2500, ())
    assert [query["interval"] for path, query, _ in asked if "history" in path] == ["daily"]


def test_an_hour_that_it_leaves_out_is_unknown_and_what_binance_reports_is_called_a_lower_bound(tmp_path):
    whole = make_truth(5, hours=60)
    quiet = np.isin(whole.liquidated[:, 0], (20, 21, 40))
    truth = Truth(**{**vars(whole), "liquidated": whole.liquidated[~quiet]})
    outcome, _ = run_download("coinalyze-binance", truth, tmp_path)
    assert not any(result.error for result in outcome)
    market = read_catalog_market(Catalog(tmp_path), market_id("coinalyze-binance:BTC/USDT:USDT:1h"))
    hours = (market.times.astype("datetime64[ms]").astype(np.int64) - START_MS) // HOUR_MS
    unknown = np.isnan(market.columns()["liquidated_long"])
    assert hours[unknown].tolist() == [hour for hour in (20, 21, 40) if hour in hours]
    assert any("lower bound" in remark for remark in market.remarks)


@pytest.mark.parametrize("about", ["ETHUSDT_PERP.A", "two"])
def test_a_reply_about_another_contract_is_refused(about, tmp_path):
    def speak(truth, path, query, body):
        reply = coinalyze.speak(truth, path, query, body)
        if "history" in path:
            wrap = reply.wrap
            reply.wrap = lambda rows: wrap(rows) * 2 if about == "two" else [{"symbol": about, "history": rows}]
        return reply

    async def job(client):
        planned = plan("coinalyze-binance", "BTC/USDT:USDT", "1h")
        return await download_all(client, Catalog(tmp_path), planned, START_MS, START_MS + HOUR_MS * 9, HASTE)

    outcome = asked_of("coinalyze-binance", job, speak)
    assert all("the reply is about" in result.error for result in outcome)


class KeepingSession(ReplayingSession):
    """Coinalyze on the loop's clock: 40 calls of a key in any minute, and 429 beyond."""

    def __init__(self, truth):
        super().__init__(lambda *_: None)
        self.truth, self.refused, self.counts, self._calls = truth, 0, Counter(), deque()

    @contextlib.asynccontextmanager
    async def _request(self, url, **sent):
        assert sent["headers"]["api_key"] == KEY
        await asyncio.sleep(LATENCY_SECONDS / 2)
        now = asyncio.get_running_loop().time()
        while self._calls and self._calls[0] <= now - 60.0:
            self._calls.popleft()
        self._calls.append(now)
        self.counts[url.path] += 1
        reply = coinalyze.speak(self.truth, url.path, dict(url.query), {})
        status, value = reply.status, json.loads(reply.body())
        if url.path.endswith("future-markets"):
            value = [coinalyze.market(f"{coin}USDT_PERP.A") for coin in COINS]
        if len(self._calls) > 40:
            self.refused, status, value = self.refused + 1, 429, {"message": "Too many requests"}
        await asyncio.sleep(LATENCY_SECONDS / 2)
        yield Reply(value, status, reply.headers)

    get = post = _request


def a_year(monkeypatch, root, truth, coins, pace=Pace):
    session = KeepingSession(truth)

    async def inline(function, *arguments):
        return function(*arguments)

    async def job():
        async with connect("coinalyze-binance", RetryPolicy(attempts=3), pace=pace()) as client:
            planned = [item for coin in coins for item in plan("coinalyze-binance", f"{coin}/USDT:USDT", "1h")]
            end = START_MS + truth.hours * HOUR_MS
            return await download_all(client, Catalog(root), planned, end - 365 * 24 * HOUR_MS, end, RetryPolicy())

    monkeypatch.setattr(client_module, "bounded_session", lambda: session)
    monkeypatch.setattr(asyncio, "to_thread", inline)
    outcome, seconds = run_virtually(job())
    return outcome, session, seconds


def test_a_year_takes_one_request_a_series_as_the_dry_run_told(monkeypatch, tmp_path, capsys):
    outcome, session, _ = a_year(monkeypatch, tmp_path, LONG, COINS[:1])
    told_of = told(monkeypatch, capsys, "coinalyze-binance", LONG.now_ms, bases=COINS[:1])
    assert [one["series"] for one in told_of["series"]] == [str(result.series) for result in outcome]
    for one, result in zip(told_of["series"], outcome, strict=True):
        assert (one["requests"], abs(one["rows"] - result.rows) <= 4) == (1, True)
        assert session.counts[f"/v1/{ENDPOINTS[result.series.kind]}"] == 1


def test_many_contracts_keep_to_the_keys_limit_and_take_the_minutes_that_were_told(monkeypatch, tmp_path, capsys):
    outcome, session, seconds = a_year(monkeypatch, tmp_path, SHORT, COINS)
    assert not any(result.error for result in outcome)
    assert session.refused == 0
    monkeypatch.setattr(datafeeds.exchanges.estimate, "REPLY_SECONDS", LATENCY_SECONDS)
    plan = told(monkeypatch, capsys, "coinalyze-binance", LONG.now_ms, bases=COINS)
    assert plan["requests"] == sum(session.counts.values()) == 3 * len(COINS) + 2
    assert plan["minutes"] == pytest.approx(seconds / 60.0, rel=0.25)


def test_without_its_pace_it_would_be_refused(monkeypatch, tmp_path):
    class Hasty(Pace):
        def reserve(self, wanted, now):
            return now

    assert a_year(monkeypatch, tmp_path, SHORT, COINS, Hasty)[1].refused > 0


def test_an_invalid_key_is_not_tried_again():
    def speak(truth, path, query, body):
        return plain({"message": "Invalid API key"}, 401)

    with pytest.raises(SourceError, match="coinalyze answered 401"):
        asked_of("coinalyze-binance", lambda client: client.now_ms(), speak)
