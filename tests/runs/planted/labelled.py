"""The magnet with a text of its own: a parameter that may hold anything."""

from dataclasses import dataclass

from indicators.liquidation.parameter_fields import parameter
from strategies.magnet import Magnet, MagnetParameters


@dataclass(frozen=True)
class LabelledParameters(MagnetParameters):
    """A label, which no rule reads."""

    label: str = parameter("plain", unit="text", source="a test's own")


class Labelled(Magnet):
    """Trades as the magnet does."""

    parameters_kind = LabelledParameters
