"""The fields that a rule can read are found in its code, and what it reaches."""

import pytest

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.snapshot import SNAPSHOT
from strategies.fields_read import fields_read
from strategies.intent import enter, keep
from strategies.registry import BUILT_IN, load_strategy

FIELD = "atr"
NAMES = ("phase", ("support_price",))


@compiled_rule
def _deeper(snapshot):
    return snapshot.volume_24h


@compiled_rule
def _helper(snapshot):
    return _deeper(snapshot) + snapshot.market_state


@compiled_rule
def by_attribute(market, position, parameters):
    return enter(1.0) if market.snapshot[-1].funding_rate > 0.0 else keep()


@compiled_rule
def by_array(market, position, parameters):
    return enter(1.0) if market.snapshot.open_interest[-1] > 0.0 else keep()


@compiled_rule
def by_text(market, position, parameters):
    return enter(1.0) if market.snapshot[-1]["high"] > market.snapshot[-1][FIELD] else keep()


@compiled_rule
def by_help(market, position, parameters):
    return enter(1.0) if _helper(market.snapshot[-1]) > 0.0 else keep()


@compiled_rule
def by_list(market, position, parameters):
    return enter(1.0) if NAMES else keep()


@pytest.mark.parametrize(
    ("rule", "read"),
    [
        (by_attribute, {"funding_rate"}),
        (by_array, {"open_interest"}),
        (by_text, {"high", "atr"}),
        (by_help, {"volume_24h", "market_state"}),
        (by_list, {"phase", "support_price"}),
    ],
)
def test_a_field_is_found_however_it_is_named(rule, read):
    always = {"close", "volatility_24h", "magnet", "cascade_risk_down", "cascade_risk_up"}
    assert set(fields_read(rule).names) == always | read


@pytest.mark.parametrize("name", BUILT_IN)
def test_our_rules_read_a_part_of_a_snapshot(name):
    assert len(fields_read(load_strategy(name).decide).names) < len(SNAPSHOT.names) / 2
