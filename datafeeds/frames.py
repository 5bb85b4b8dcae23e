"""Tables of other libraries, through the interchange protocols of Python's data tools: no library is imported for it."""

from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow import interchange


def is_table(data: Any) -> bool:
    """Return whether an object offers its columns (Arrow's C stream, or the dataframe interchange protocol)."""
    return hasattr(data, "__arrow_c_stream__") or hasattr(data, "__dataframe__")


def to_pandas(data: Any) -> pd.DataFrame:
    """Return a pandas, polars, Arrow or any other table that `is_table` as a pandas one; pandas' own is returned as it is."""
    if isinstance(data, pd.DataFrame):
        levels = range(1, data.columns.nlevels)
        one = all(data.columns.get_level_values(level).nunique() == 1 for level in levels)
        return data.droplevel(list(levels), axis=1) if levels and one else data  # yfinance: one ticker below the names
    table = pa.table(data) if hasattr(data, "__arrow_c_stream__") else interchange.from_dataframe(data)
    return table.to_pandas()
