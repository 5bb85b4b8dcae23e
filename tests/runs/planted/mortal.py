"""A strategy whose parameters can kill a worker."""

import os
from dataclasses import dataclass

from indicators.liquidation.compiled import compiled_rule
from indicators.liquidation.parameter_fields import parameter
from strategies.base import PerpetualStrategy
from strategies.intent import target_exposure


@dataclass(frozen=True)
class MortalParameters:
    """Deadly at 1 in any process but the one that MORTAL_PARENT names."""

    exposure: float = parameter(0.5, unit="notional / equity", source="planted")
    deadly: float = parameter(0.0, unit="yes or no", source="planted")

    def __post_init__(self) -> None:
        """End a worker's process at once."""
        if self.deadly and os.environ.get("MORTAL_PARENT", str(os.getpid())) != str(os.getpid()):
            os._exit(1)


@compiled_rule
def decide(market, position, parameters):
    """Hold what the parameter says."""
    return target_exposure(parameters.exposure)


class Mortal(PerpetualStrategy):
    """Holds."""

    parameters_kind = MortalParameters
    decide = staticmethod(decide)
