"""Small tables for the tests of guessing a cohort.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

ROWS = 12


def column(*values: Any) -> list[Any]:
    return [values[i % len(values)] for i in range(ROWS)]


def write(folder: Path, **tables: pd.DataFrame) -> Path:
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
    return folder


def patients(n: int = ROWS, prefix: str = "P") -> list[str]:
    return [f"{prefix}{i:02d}" for i in range(n)]


def outcomes(prefix: str = "P") -> pd.DataFrame:
    return pd.DataFrame({"id": patients(prefix=prefix), "time": column(30, 500), "event": column(0, 1)})


def counts(prefix: str = "P", n: int = ROWS) -> pd.DataFrame:
    table = pd.DataFrame(
        np.random.default_rng(1).poisson(200, (n, 5)), columns=[f"gene{i}" for i in range(5)]
    )
    table.insert(0, "patient", patients(n, prefix))
    return table
