"""Cells that are no plain numbers, read by a stated rule: separators of thousands, and values below a limit."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd

__all__ = ["BELOW", "LIMIT", "below_limit", "without_thousands"]

BELOW = ("half", "limit", "zero", "missing")
"""Value of a cell such as ``<0.5``: half of the limit, the limit, 0, or not measured."""

LIMIT = re.compile(r"\s*(?:<|\u2264|<=)\s*(\d+\.?\d*(?:[eE][+-]?\d+)?)\s*")
"""A cell such as ``<0.5``."""

SHARES = {"half": 0.5, "limit": 1.0, "zero": 0.0, "missing": np.nan}


def without_thousands(frame: pd.DataFrame, mark: str) -> pd.DataFrame:
    """Remove separators of thousands where they separate groups of three digits; other text stays.

    Parameters
    ----------
    frame
        The table.
    mark
        The separator.

    Returns
    -------
    DataFrame
        Of the same shape.

    Examples
    --------
    >>> without_thousands(pd.DataFrame({"x": ["8,412", "1,204,007.5", "1,5"]}), ",")["x"].tolist()
    ['8412', '1204007.5', '1,5']
    """
    grouped = re.compile(rf"\s*[+-]?\d{{1,3}}({re.escape(mark)}\d{{3}})+([.,]\d*)?\s*")

    def plain(cell: Any) -> Any:
        if not isinstance(cell, str) or not grouped.fullmatch(cell):
            return cell
        return cell.replace(mark, "").replace(",", ".")

    texts = frame.select_dtypes(object).columns
    return frame.assign(**{str(name): frame[name].map(plain) for name in texts})


def below_limit(frame: pd.DataFrame, rule: str) -> tuple[pd.DataFrame, list[str]]:
    """Replace cells such as ``<0.5`` by the rule.

    Parameters
    ----------
    frame
        The table.
    rule
        One of BELOW.

    Returns
    -------
    tuple
        The table, and a note with the number of such cells.

    Examples
    --------
    >>> below_limit(pd.DataFrame({"x": ["<0.5", 2.0]}), "half")[0]["x"].tolist()
    [0.25, 2.0]
    """
    changed: dict[str, pd.Series[Any]] = {}
    count = 0
    for name in frame.select_dtypes(object).columns:
        limits = frame[name].map(lambda cell: LIMIT.fullmatch(cell) if isinstance(cell, str) else None)
        found = limits.notna()
        if found.any():
            count += int(found.sum())
            values = limits[found].map(lambda match: float(match[1]) * SHARES[rule])
            changed[str(name)] = frame[name].where(~found, values)
    notes = [f"{count} cell(s) below a limit of detection; below: {rule}"] if count else []
    return frame.assign(**changed), notes
