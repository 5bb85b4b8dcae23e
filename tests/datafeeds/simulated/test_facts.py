"""Stylised facts of hourly bitcoin, over twenty simulated years.

Bands are those of the measurements that are quoted with them; where only one figure is known, the band is stated with its
reason. They are never widened to pass. Means over the seeds are held to them, medians where single bars decide.

Not met, and held here to be so, that nobody believes otherwise:

- The lower wick of the worst 0.2 % of bars: a jump of the efficient price stays, so these bars close near their low. To give
  it back within the hour would put a reversal into the null world, in which there must be none.
- The autocorrelation of absolute returns at 720 hours: the components of volatility end at a half-life of 600 hours.
"""

import numpy as np
import pytest

from datafeeds.simulated.market import simulate_with_truth

SEEDS = range(20)

BANDS = {
    # hourly, in percent: BTC 2024-25 .50, ETH 2021-25 .81
    "standard deviation": (0.50, 0.81),
    # BTC, ETH, XRP, DOGE: 12 to 35
    "excess kurtosis": (12.0, 35.0),
    # ETH -.63; BTC of 2025 about zero
    "skew": (-0.63, 0.0),
    "autocorrelation 1 h": (-0.035, -0.01),
    "autocorrelation of |r| 1 h": (0.25, 0.35),
    "autocorrelation of |r| 6 h": (0.14, 0.27),
    "autocorrelation of |r| 24 h": (0.13, 0.22),
    "autocorrelation of |r| 72 h": (0.09, 0.15),
    "autocorrelation of |r| 168 h": (0.11, 0.14),
    "autocorrelation of |r| 720 h": (0.05, 0.07),
    # of the 2 % tails: left 2.4 to 3.5, right 2.2 to 3.1; the literature has 2 to 3
    "Hill index left": (2.4, 3.5),
    "Hill index right": (2.2, 3.1),
    # daily, in percent: BTC 2.3 to 3.0, ETH 4
    "daily standard deviation": (2.3, 4.0),
    # basis points a settlement, Bybit ETH: median and 75th percentile 1.00, so a quarter of them at least are exactly that
    "funding median": (0.9999, 1.0001),
    "funding mass at base": (0.25, 1.0),
    # .82 and 1.65 measured: half to double
    "funding mean": (0.41, 1.64),
    "funding standard deviation": (0.82, 3.3),
    # basis points of last over index: mean -3.7 within its spread over seeds, 9.3 half to double
    "basis mean": (-4.7, -2.7),
    "basis standard deviation": (4.6, 18.6),
    # percent of open interest liquidated a day, both sides: below BitMEX's 5.4 of 2020
    "forced a day": (1.0, 3.0),
    # larger side's share of the worst days: 83.9, 84-87, 87.2 percent measured, five points around
    "one-sidedness": (0.79, 0.92),
    # percent of open interest within 24 h, worst of a year: BTC -14 to -25
    "worst fall of open interest": (-25.0, -14.0),
    # lower wick over range: median .23, a quarter around
    "wick": (0.17, 0.29),
    "wick of the worst bars": (0.27, 0.38),
}
MEDIANS = ("excess kurtosis", "worst fall of open interest")
NOT_MET = {"wick of the worst bars", "autocorrelation of |r| 720 h"}
NOT_MET_IN_A_HUNDRED = NOT_MET | {"worst fall of open interest"}
"""Over a hundred other seeds the median worst day's fall is 27.0 %, beyond the band's 25 %: the twenty were lucky."""


def hill(values, share=0.02):
    tail = np.sort(values)[::-1][: int(len(values) * share) + 1]
    return 1.0 / np.mean(np.log(tail[:-1] / tail[-1]))


def returns_facts(close):
    returns = np.diff(np.log(close))
    unit, size = (returns - returns.mean()) / returns.std(), np.abs(returns)
    yield "standard deviation", returns.std() * 100.0
    yield "excess kurtosis", (unit**4).mean() - 3.0
    yield "skew", (unit**3).mean()
    yield "autocorrelation 1 h", np.corrcoef(returns[1:], returns[:-1])[0, 1]
    for lag in (1, 6, 24, 72, 168, 720):
        yield f"autocorrelation of |r| {lag} h", np.corrcoef(size[lag:], size[:-lag])[0, 1]
    yield "Hill index left", hill(-returns)
    yield "Hill index right", hill(returns)
    yield "daily standard deviation", np.diff(np.log(close[::24])).std() * 100.0


def carry_facts(frame, index):
    funding = frame["funding_rate"].dropna().to_numpy() * 1e4
    basis = np.log(frame["close"].to_numpy() / index) * 1e4
    yield "funding median", np.median(funding)
    yield "funding mass at base", (np.abs(funding - 1.0) < 1e-9).mean()
    yield "funding mean", funding.mean()
    yield "funding standard deviation", funding.std()
    yield "basis mean", basis.mean()
    yield "basis standard deviation", basis.std()


def forced_facts(frame, prints):
    days, forced = len(frame) // 24, np.zeros((2, len(frame)))
    np.add.at(forced, (prints["side"], prints["bar"]), prints["size"])
    daily = forced[:, : days * 24].reshape(2, days, 24).sum(axis=2)
    open_interest = frame["open_interest"].to_numpy()
    yield "forced a day", (daily.sum(axis=0) / open_interest[: days * 24].reshape(days, 24).mean(axis=1)).mean() * 100.0
    worst = np.argsort(daily.sum(axis=0))[-max(days // 100, 1) :]
    yield "one-sidedness", (daily.max(axis=0)[worst] / daily.sum(axis=0)[worst]).mean()
    yield "worst fall of open interest", (open_interest[24:] / open_interest[:-24] - 1.0).min() * 100.0


def wick_facts(frame):
    opened, high, low, close = (frame[name].to_numpy() for name in ("open", "high", "low", "close"))
    wick = (np.minimum(opened, close) - low) / (high - low)
    yield "wick", np.median(wick)
    yield "wick of the worst bars", np.median(wick[np.argsort(low / opened)[: int(0.002 * len(wick))]])


def facts(seed):
    world = simulate_with_truth(seed)
    frame = world.market.frame
    return dict(
        [
            *returns_facts(frame["close"].to_numpy()),
            *carry_facts(frame, world.index),
            *forced_facts(frame, world.prints),
            *wick_facts(frame),
        ]
    )


def outside(found):
    """Return the facts out of their bands with what was measured."""
    measured = {name: [one[name] for one in found] for name in BANDS}
    centres = {name: (np.median if name in MEDIANS else np.mean)(values) for name, values in measured.items()}
    return {name: float(centres[name]) for name, (low, high) in BANDS.items() if not low <= centres[name] <= high}


def test_stylised_facts_lie_in_the_bands_of_real_markets_over_twenty_seeds():
    out = outside([facts(seed) for seed in SEEDS])
    assert set(out) == NOT_MET, out


@pytest.mark.slow
def test_over_a_hundred_other_seeds_one_fact_more_is_out_of_its_band():
    out = outside([facts(seed) for seed in range(1000, 1100)])
    assert set(out) == NOT_MET_IN_A_HUNDRED, out
