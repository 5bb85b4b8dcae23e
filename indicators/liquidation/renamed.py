"""What public names were called before: a user who writes an old one is told the new one."""

RENAMED = {
    # parameters of rules
    "against_stop_ranges": "against_stop_atr",
    "against_target_ranges": "against_target_atr",
    "farthest": "max_distance",
    "least_age_bars": "min_age_bars",
    "least_drop": "min_open_interest_drop",
    "least_risk": "min_risk",
    "nearest": "min_distance",
    "retest": "retest_tolerance",
    "reward": "reward_risk_ratio",
    "stop_ranges": "stop_atr",
    # intents
    "hold": "target_exposure",
    "leave": "close",
    # the ledger
    "absorbed": "insurance_fund",
}
"""Old name to new; it counts where the new name is known and the old one is not."""


class RenamedError(ImportError):
    """A name was imported that is called otherwise now; one sentence."""


def renamed(what: str, old: str, known: list[str]) -> str | None:
    """Return the sentence for an old name whose new one is among `known`, else None.

    >>> renamed("parameter", "nearest", ["min_distance", "max_distance"])
    "parameter 'nearest' is now called 'min_distance'"
    """
    new = RENAMED.get(old.rpartition(".")[2])
    return f"{what} {old!r} is now called {new!r}" if new in known else None
