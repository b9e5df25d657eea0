"""Small tables of doses and levels as files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

ROWS: list[dict[str, Any]] = [
    {"ID": "a", "TIME": 0, "AMT": 100, "EVID": 1, "DV": ".", "WT": 70},
    {"ID": "a", "TIME": 2, "AMT": 0, "EVID": 0, "DV": 5.5, "WT": 71},
    {"ID": "a", "TIME": 12, "AMT": 100, "EVID": 1, "DV": ".", "WT": 72},
    {"ID": "b", "TIME": 0, "AMT": 50, "EVID": 1, "DV": ".", "WT": 50},
    {"ID": "b", "TIME": 24, "AMT": 0, "EVID": 0, "DV": 1.25, "WT": 50},
]
"""Two patients: two doses and a level, and a dose and a level."""


def write_rows(folder: Path, rows: list[dict[str, Any]] = ROWS, name: str = "events.csv") -> Path:
    """Write rows as a table; a key that a row lacks is an empty cell."""
    path = folder / name
    pd.DataFrame(rows).to_csv(path, index=False, sep="\t" if ".tsv" in name else ",")
    return path


def changed(row: int, **cells: Any) -> list[dict[str, Any]]:
    """ROWS with other cells in one row, counted from 1, as errors count."""
    return [{**one, **(cells if place == row else {})} for place, one in enumerate(ROWS, start=1)]
