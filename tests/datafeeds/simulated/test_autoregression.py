"""The one recursion behind volatility, premium and activity, against the obvious loop."""

import numpy as np

from datafeeds.simulated.exogenous import autoregression


def test_it_is_the_recursion_in_the_order_of_time():
    noise = np.random.default_rng(1).standard_normal((7, 5))
    keep = 0.5 ** (1.0 / 3.0)
    level, expected = None, []
    for shock in noise.ravel():
        level = 2.0 * shock if level is None else keep * level + 2.0 * np.sqrt(1.0 - keep**2) * shock
        expected.append(level)
    np.testing.assert_allclose(autoregression(noise, 3.0, 2.0).ravel(), expected, rtol=1e-12)


def test_its_spread_and_half_life_are_what_was_asked_for():
    series = autoregression(np.random.default_rng(2).standard_normal((200_000, 1)), 10.0, 0.3)[:, 0]
    assert abs(series.std() / 0.3 - 1.0) < 0.03
    assert abs(np.corrcoef(series[10:], series[:-10])[0, 1] - 0.5) < 0.03
