"""How a strategy asks its rule: compiled here or elsewhere, or in plain Python; always its own."""

import backtrader as bt
import numba
import pytest

from datafeeds.perpetual import PerpetualFeed
from datafeeds.simulated.market import simulate
from indicators.liquidation.compiled import plain
from runs.engines.broker import PerpetualBroker
from strategies import magnet
from strategies.intent import KEEP, keep


@pytest.fixture(scope="module")
def market():
    return simulate(7, bars=500)


def fills(kind, market):
    cerebro = bt.Cerebro(stdstats=False)
    cerebro.adddata(PerpetualFeed(market=market))
    cerebro.broker = PerpetualBroker()
    cerebro.addstrategy(kind)
    cerebro.run()
    return cerebro.broker.fills.tobytes()


class CompiledElsewhere(magnet.Magnet):
    """The same rule, compiled by its owner's own way."""

    decide = staticmethod(numba.njit(magnet.decide.py_func))


class InPython(magnet.Magnet):
    """The same rule, not compiled."""

    decide = staticmethod(plain(magnet.decide))


class Silent(magnet.Magnet):
    """Brings its own rule, and must not be asked by its parent's."""

    @staticmethod
    def decide(market, position, parameters):
        return keep()


@numba.njit
def _compiled_silence(market, position, parameters):
    return keep()


class SilentCompiled(magnet.Magnet):
    decide = staticmethod(_compiled_silence)


def test_a_rule_is_the_same_rule_however_it_is_asked(market):
    expected = fills(magnet.Magnet, market)
    assert len(expected) > 0
    assert fills(CompiledElsewhere, market) == expected
    assert fills(InPython, market) == expected


@pytest.mark.parametrize("kind", [Silent, SilentCompiled])
def test_a_subclass_is_asked_by_its_own_rule(kind, market):
    assert fills(kind, market) == b""


def test_keep_leaves_all_as_it_is():
    assert keep().action == KEEP
