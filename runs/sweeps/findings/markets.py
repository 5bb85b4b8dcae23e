"""The best trial of a sweep across markets: what it has to beat, and in how many markets it does well."""

from functools import cached_property
from typing import Any

import numpy as np

from datafeeds.universe.markets import Universe
from runs.engines.configuration import Configuration
from runs.engines.evaluator import Trial
from runs.engines.joint.evaluator import MARKET_FIGURES
from runs.engines.joint.plan import configurations_of
from runs.outcome.joint_held import held_in_parts, joint_competitors, joint_held
from runs.outcome.metrics import daily_returns
from runs.sweeps.findings.figures import beside_one
from runs.sweeps.workers.across import UniverseEvaluator


def equal_parts(universe: Universe) -> np.ndarray:
    """Return (d,) daily returns of a universe's markets held in equal parts, or by their weights, without costs or funding."""
    held = held_in_parts(universe)
    return daily_returns(held.times, held.spot, 1.0).to_numpy()


class BestAcross:
    """The best trial, run once more.

    Parameters
    ----------
    across
        What evaluated the sweep.
    configuration, number
        Of the trial.
    """

    def __init__(self, across: UniverseEvaluator, configuration: Configuration, number: int) -> None:
        self._across, self._configuration, self._number = across, configuration, number

    @cached_property
    def _alone(self) -> list[Trial]:
        return self._across.alone(self._configuration)

    def beside(self) -> dict[str, Any]:
        """Return what it has to beat: as an account what all markets held earn, else the market that counts, on its own days."""
        universe = self._across.universe
        if self._across.on_account:
            result = self._across.account.run(self._configuration)
            lines = list(dict.fromkeys(line for part in result.parts for line in part.listing.stand_ins))
            return {**joint_competitors(result, joint_held(result)), "instrument": {"stand_ins": lines}}
        index = self._across.counted(self._alone)
        each, trial = universe.markets[index], self._alone[index]
        seen, own = each.market[each.first : each.last], configurations_of(self._configuration, universe)[index]
        held = daily_returns(seen.times, seen.frame["close"].to_numpy(), float(seen.frame["open"].iloc[0])).to_numpy()
        return beside_one(own, seen, trial.metrics["mean_exposure"], trial.daily_returns, held)

    def markets(self) -> dict[str, Any]:
        """Return what it comes to in each market, traded there alone with the whole cash, and in how many it does well."""
        universe, rows = self._across.universe, []
        for each, trial in zip(universe.markets, self._alone, strict=True):
            frame = each.market.frame.iloc[each.first : each.last]
            rows.append(
                {
                    "name": each.market.name,
                    **{name: trial.metrics[name] for name in (*MARKET_FIGURES, "trades")},
                    "held_return_fraction": float(frame["close"].iloc[-1] / frame["open"].iloc[0] - 1.0),
                }
            )
        earned, held = (np.array([row[key] for row in rows]) for key in (MARKET_FIGURES[0], "held_return_fraction"))
        found = {
            "across": self._across.across,
            "counted": None if self._across.on_account else universe.names[self._across.counted(self._alone)],
            "of": len(rows),
            "above_zero": int((earned > 0.0).sum()),
            "above_holding": int((earned > held).sum()),
            "agree": int(((earned > 0.0) & (earned > held)).sum()),
        }
        return {**found, "sentence": _sentence(found, self._number), "rows": rows}


def _sentence(found: dict[str, Any], number: int) -> str:
    return (
        f"{found['agree']} of {found['of']} markets agree with trial {number}: traded there alone, it gains and beats holding the "
        f"coin. It gains in {found['above_zero']} and beats holding in {found['above_holding']}."
    )
