"""What is written when all rows of a sweep are there."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from datafeeds.schema import Market
from runs.sweeps.table import write_trials


def write_report(
    folder: Path, facts: dict[str, Any], trials: pd.DataFrame, days: np.ndarray, market: Market
) -> dict[str, Any]:
    """Write the table of trials; return the summary."""
    write_trials(folder, trials)
    return {"combinations": len(trials), "errors": int((trials["status"] == "error").sum())}
