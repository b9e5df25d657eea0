"""Hazard of the controls, from the recalibrated survival curves of a run."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from omics.common.errors import DesignError
from stratomics.enrichment.design.step_rate import StepRate

__all__ = ["baseline_hazard"]

STEPS = 60
"""Number of equal time steps of the hazard."""


def baseline_hazard(survival: pd.DataFrame, sample_ids: Collection[str]) -> StepRate:
    """Hazard of the mean predicted survival curve of some patients, such as those of a subgroup.

    Parameters
    ----------
    survival
        Rows of ``survival.parquet`` (sample_id, repeat, time, survival) for the control arm.
    sample_ids
        Patients to average over.

    Returns
    -------
    StepRate
        Hazard per unit of the times. Its steps end where the shortest curve ends; beyond, the mean hazard is used.

    Raises
    ------
    DesignError
        If a patient has no curve, or curves of several arms are mixed.

    Examples
    --------
    >>> table = pd.DataFrame({"sample_id": ["a", "a"], "repeat": 0, "time": [5.0, 10.0], "survival": [0.8, 0.5]})
    >>> round(float(np.exp(-baseline_hazard(table, ["a"]).cumulative(10.0))), 3)
    0.5
    """
    arms = sorted(survival["arm"].astype(str).unique()) if "arm" in survival else []
    if len(arms) > 1:
        raise DesignError(
            f"the curves are of several arms ({', '.join(arms)}); pass the rows of the control arm only"
        )
    rows = survival[survival["sample_id"].isin(list(sample_ids))]
    missing = sorted(set(sample_ids) - set(rows["sample_id"]))
    if missing or rows.empty:
        raise DesignError(
            f"there is no survival curve of {', '.join(missing[:3]) or 'any patient'}; choose patients of the run"
        )
    # With competing risks a time has one row per cause, all with the same survival.
    rows = rows.drop_duplicates(["sample_id", "repeat", "time"])
    curves = (
        rows.pivot_table(index="time", columns=["sample_id", "repeat"], values="survival").ffill().fillna(1.0)
    )
    end = rows.groupby(["sample_id", "repeat"])["time"].max().min()
    grid = np.linspace(0.0, end, STEPS + 1)[1:]
    steps = curves.reindex(grid, method="ffill").fillna(1.0)
    # Each patient counts once, whatever the number of repeats.
    mean = steps.T.groupby(level="sample_id").mean().mean(axis=0)
    return StepRate.of_survival(grid, mean.to_numpy())
