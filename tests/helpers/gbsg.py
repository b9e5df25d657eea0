"""GBSG as predicted by the Cox model of Rotterdam (McLernon 2023), and the predictors of both cohorts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import SurvivalCases

Array = NDArray[np.float64]
FOLDER = "clinical/rotterdam-gbsg"
YEARS = 5.0


def predicted(shared: Callable[[str], Path]) -> pd.DataFrame:
    """GBSG: tt (years, cut at 5), st, lp, and H, the predicted cumulative hazard at tt."""
    return pd.read_csv(shared(FOLDER) / "gbsg_predicted_by_rotterdam.csv")


def gbsg_cases(shared: Callable[[str], Path]) -> SurvivalCases:
    """GBSG with predicted curves: the cumulative hazard at 5 years is that of the patients followed so long."""
    table = predicted(shared)
    lp, time = table["lp"].to_numpy(), table["tt"].to_numpy()
    last = table[table["tt"] == YEARS].iloc[0]
    base = last["H"] / np.exp(last["lp"])
    at_five = np.exp(-base * np.exp(lp))
    own = np.exp(-table["H"].to_numpy())
    # Every patient needs S at their own time and at five years only.
    times = np.unique(np.append(time, YEARS))
    values = np.ones((len(lp), len(times)))
    for row, (t, s) in enumerate(zip(time, own, strict=True)):
        values[row, times >= t] = s
    values[:, -1] = at_five
    event = table["st"].to_numpy(dtype=bool)
    fold = np.zeros((1, len(lp)), dtype=np.int64)
    grid = np.linspace(time.min(), time.max(), 102)[1:-1]
    curve = (StepFunction(times, values),)
    return SurvivalCases(event, time, lp[None], fold, grid, YEARS, curve, np.full((1, len(lp)), YEARS))


def predictors(shared: Callable[[str], Path]) -> tuple[Array, Array]:
    """Size in three classes, nodes as a spline, and grade 3, of Rotterdam and of GBSG."""
    rotterdam = pd.read_csv(shared(FOLDER) / "rotterdam.csv.gz")
    gbsg = pd.read_csv(shared(FOLDER) / "gbsg.csv")
    labels = ["<=20", "20-50", ">50"]
    size = pd.cut(gbsg["size"], [-1, 20, 50, 500], labels=labels).astype(str)
    return _columns(rotterdam, rotterdam["size"]), _columns(gbsg, size)


def _columns(table: pd.DataFrame, size: pd.Series) -> Array:
    nodes = np.minimum(table["nodes"].to_numpy(dtype=float), 19.0)
    cubes = [np.maximum(nodes - knot, 0.0) ** 3 for knot in (0.0, 1.0, 9.0)]
    curved = (cubes[0] - cubes[1] * 9.0 / 8.0 + cubes[2] * 1.0 / 8.0) / 9.0**2
    return np.column_stack([size == "20-50", size == ">50", nodes, curved, table["grade"] == 3]).astype(float)
