"""What a run trades: its venue's terms on its market's days, rounded orders, and what is refused."""

import json

import numpy as np
import pytest

from datafeeds.resampling import resample
from datafeeds.schema import market_from_frame
from datafeeds.simulated.market import simulate
from runs.backtest import backtest, main
from runs.engines.configuration import configuration_from
from runs.engines.event import run_backtest
from runs.engines.instruments import checked_listing, listing_for
from runs.perpetual.accounting import LIMIT, STOP
from runs.perpetual.orders import STOP_LIMIT, order_price, order_size
from runs.sweep import sweep
from runs.walkforward import walk_forward


def market(name, days=60, start="2024-10-01"):
    made = simulate(5, bars=24 * days, start=start)
    return market_from_frame(made.frame, name)


def configured(**groups):
    return configuration_from({"strategy": "magnet", **groups})


@pytest.mark.parametrize("venue", ["binance", "bybit", "okx", "hyperliquid", "dydx"])
def test_a_venue_sets_the_fees_of_every_fill(venue):
    rates = {"binance": 5.0, "bybit": 5.5, "okx": 5.0, "hyperliquid": 4.5, "dydx": 5.0}
    done = run_backtest(
        configured(instrument={"venue": venue}, costs={"slippage_bps": 0.0}), market("BTCUSDT", start="2025-09-01")
    )
    taken = done.fills[done.fills["kind"] == 0]
    assert len(taken) > 3
    np.testing.assert_allclose(taken["fee"] / np.abs(taken["size"] * taken["price"]), rates[venue] * 1e-4)


def test_each_overrides_what_the_venue_says():
    costs = {"taker_fee_bps": 1.25, "maker_fee_bps": -0.5, "liquidation_fee_rate": 0.02}
    instrument = {"venue": "bybit", "price_tick": 2.0, "contract_step": 0.5, "smallest_notional": 7.0}
    found = listing_for(configured(instrument=instrument), market("BTCUSDT"))
    records = configured(costs=costs).costs.records(found.instruments)[0]
    assert [float(records[name]) for name in ("taker_fee", "maker_fee", "liquidation_fee")] == [1.25e-4, -0.5e-4, 0.02]
    assert [float(records[name]) for name in ("price_tick", "contract_step", "smallest_notional")] == [2.0, 0.5, 7.0]


def test_a_maker_may_be_paid():
    made = market("BTCUSDT")
    paid, free = (backtest(made, "wipe", maker_fee_bps=fee).run for fee in (-10.0, 0.0))
    maker = paid.fills[paid.fills["kind"] == LIMIT]
    assert len(maker)
    assert (maker["fee"] < 0.0).all()
    assert paid.account["fees"][0] < free.account["fees"][0]


def test_terms_are_those_of_each_bar():
    made = market("BTCUSDT", days=60, start="2024-10-01")  # brackets of 09-30, 10-24 and 10-31
    found = listing_for(configured(), made)
    assert [str(item.on) for item in found.instruments] == ["2024-09-30", "2024-10-24"]
    assert np.flatnonzero(np.diff(found.rows(made.times)))[0] == 23 * 24 - 1
    doge = listing_for(configured(instrument={"symbol": "DOGEUSDT"}), made)
    assert [float(item.tiers[4, 0]) for item in doge.instruments] == [800e3, 800e3, 1.5e6]


def test_a_name_that_tells_no_contract_is_answered_with_how_to_name_it(capsys, tmp_path):
    path = tmp_path / "prices.parquet"
    market("x", days=20).frame.to_parquet(path)
    out = tmp_path / "out"
    assert main(["--strategy", "magnet", "--data", str(path), "--out", str(out)]) == 0
    said = capsys.readouterr().err
    assert "note: no contract is recognised in the data's name: binance's BTCUSDT stands in" in said
    assert "--set symbol=ETHUSDT" in said
    for file in ("report.md", "tearsheet.html", "metrics.json"):
        assert "no contract is recognised" in (out / file).read_text().replace("No contract", "no contract"), file
    stood_in = json.loads((out / "metrics.json").read_text())["instrument"]["stand_ins"]
    assert json.loads((out / "run.json").read_text())["stand_ins"] == stood_in
    again = tmp_path / "named"
    assert main(["--strategy", "magnet", "--data", str(path), "--out", str(again), "--set", "symbol=BTCUSDT"]) == 0
    assert "stands in" not in capsys.readouterr().err


def test_sweeps_and_walks_say_what_stands_in():
    made = market("prices", days=12)
    found = sweep(made, grid={"stop_atr": [1, 3]}, confirm=0, best_runs=0)
    walked = walk_forward(made, grid={"stop_atr": [1, 3]}, train="5d", test="3d", purge="0", embargo="0", confirm=0)
    for page, instrument in (
        (found.to_html(), found.summary["best"]["instrument"]),
        (walked.to_html(), walked.summary["out_of_sample"]["instrument"]),
    ):
        assert "--set symbol=ETHUSDT" in instrument["stand_ins"][0]
        assert "No contract is recognised in the data" in page


@pytest.mark.parametrize(
    ("venue", "hours", "said"),
    [("binance", 8, None), ("binance", 1, "every 1 h, stands in for binance's, as far as is known every 8 h"),
     ("hyperliquid", 1, None), ("hyperliquid", 8, "every 8 h, stands in for hyperliquid's, as far as is known every 1 h")],
)  # fmt: skip
def test_funding_at_another_pace_than_the_venues_is_named(venue, hours, said):
    frame = simulate(5, bars=240, start="2025-06-01").frame
    rates = np.where(np.arange(240) % hours == 0, 1e-5 + 1e-9 * np.arange(240), np.nan)
    made = market_from_frame(frame.assign(funding_rate=rates), "BTCUSDC" if venue == "hyperliquid" else "BTCUSDT")
    told = listing_for(configured(instrument={"venue": venue}), made).stand_ins
    assert len(told) == (said is not None)
    assert said is None or said in told[0]
    assert listing_for(configured(instrument={"venue": venue}), resample(made, 86400)).stand_ins == ()


@pytest.mark.parametrize("name", ["binance_1h/BTCUSD", "BTCUSD_PERP", "BTC-USD-SWAP"])
def test_an_inverse_contract_is_refused(name):
    with pytest.raises(ValueError, match=r"settled in its coin.*--set symbol=BTCUSDT"):
        checked_listing(configured(), market(name, days=3))
    checked_listing(configured(instrument={"symbol": "BTCUSDT"}), market(name, days=3))


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("costs.venue=bybit", "'costs.venue' is now called 'instrument.venue'"),
        ("costs.contract_step=1", "'costs.contract_step' is now called 'instrument.contract_step'"),
        ("venue=binanse", "did you mean 'binance'"),
        ("venue=none.toml", "none.toml: the venue's file cannot be read"),
        ("symbol=?", "names no contract"),
    ],
)
def test_old_and_wrong_names_are_answered_in_one_line(capsys, setting, said):
    assert main(["--strategy", "magnet", "--set", setting]) == 2
    err = capsys.readouterr().err
    assert said in err
    assert err.count("\n") == 1


def test_an_old_run_is_answered_in_one_line():
    with pytest.raises(ValueError, match=r"'venue' is now called 'instrument.venue'"):
        configured(costs={"venue": "bybit"})


@pytest.mark.parametrize(
    ("kind", "size", "price", "tick", "rounded"),
    [
        (LIMIT, 1.0, 97.07, 0.1, 97.0), (LIMIT, -1.0, 97.07, 0.1, 97.1), (STOP, 1.0, 97.07, 0.1, 97.1),
        (STOP, -1.0, 97.07, 0.1, 97.0), (STOP_LIMIT, -1.0, 97.07, 0.1, 97.0), (LIMIT, 1.0, 97.1, 0.1, 97.1),
        (LIMIT, 1.0, 97.3, 0.5, 97.0), (LIMIT, -1.0, 7.0, 5.0, 10.0), (LIMIT, -1.0, 0.00001234, 1e-7, 0.0000124),
        (LIMIT, 1.0, 97.07, 0.0, 97.07), (LIMIT, -1.0, 0.1 + 0.2, 0.1, 0.1 + 0.2), (LIMIT, -1.0, 97.07, 0.03, 97.08),
    ],
)  # fmt: skip
def test_a_price_is_rounded_so_that_it_is_met_no_sooner(kind, size, price, tick, rounded):
    assert order_price(kind, size, price, tick) == rounded


@pytest.mark.parametrize("power", [-20, -3, 1, 4, 30])
@pytest.mark.parametrize("tick", [0.1, 0.01, 0.05, 1e-7, 0.25, 3.0])
def test_rounding_scales_exactly_with_powers_of_two(power, tick):
    unit = 2.0**power
    for price in np.random.default_rng(1).uniform(0.001, 1e5, 50):
        for kind, size in ((LIMIT, 1.0), (STOP, 1.0)):
            assert order_price(kind, size, price * unit, tick * unit) == order_price(kind, size, price, tick) * unit


def test_sizes_are_whole_steps_and_what_closes_a_position_closes_it():
    assert order_size(0.0129, 0.0, 0.001) == pytest.approx(0.012)
    assert order_size(-0.0129, 0.0129, 0.001) == -0.0129
    assert order_size(12_345_678.9 * 0.001 * 1000, 0.0, 0.1) == 12_345_678.9 * 0.001 * 1000
    assert order_size(0.0004, 0.0, 0.001) == 0.0


def test_orders_of_a_run_stand_on_the_grid():
    changed = {"price_tick": 25.0, "contract_step": 0.05}
    result = backtest(market("BTCUSDT"), instrument=changed)
    orders = result.orders
    priced = orders[orders["kind"] != "Market"]
    for values, step in ((priced["price"], 25.0), (orders["size"], 0.05)):
        parts = values.to_numpy() / step
        assert len(parts) > 10
        np.testing.assert_allclose(parts, np.rint(parts), atol=1e-6)


def test_what_is_too_small_for_the_venue_is_refused_and_counted():
    made = market("BTCUSDT")
    whole = backtest(made, starting_cash=10_000.0)
    none = backtest(made, starting_cash=10_000.0, smallest_notional=1e6)
    assert whole.metrics["trades"] > 0
    assert none.metrics["trades"] == 0
    assert none.record["trading"]["entries_refused_for_notional"] > 0


def test_a_users_venue_is_one_setting(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '[[profile]]\nvenue = "mine"\ntaker_fee_bps = 30\nmaker_fee_bps = 0\nliquidation_fee_rate = 0\n'
        "[profile.brackets]\nBTC = [[0, 0.01]]\n"
    )
    result = backtest(market("BTCUSDT"), venue=str(path), slippage_bps=0.0)
    taken = result.run.fills[result.run.fills["kind"] == 0]
    np.testing.assert_allclose(taken["fee"], np.abs(taken["size"] * taken["price"]) * 30e-4)
    assert result.record["instrument"]["venue"] == "mine"
