"""Probability of target attainment by dose, the most probable dose, and the dose that reaches a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from omics.common.errors import ConfigError
from stratomics.pharmacology.dose_search.exposures import Exposure
from stratomics.pharmacology.dose_search.target import ExposureTarget

__all__ = ["BestDose", "dose_for_value", "most_probable_dose", "own_doses", "target_attainment"]

Array = NDArray[np.float64]

POINTS, FEW_POINTS = 400, 25
"""Number of doses of a grid where exposure is proportional to the dose, and where each dose is computed by itself."""

LOW_LEVEL, HIGH_LEVEL = 0.1, 0.9
"""Quantiles of exposure that are at the bounds of the target at the ends of the grid."""

WIDEST, STEPS = 1e6, 50
"""Bisection begins between 1 / WIDEST and WIDEST, in the unit of the model, and halves the logarithm so often."""


@dataclass(frozen=True)
class BestDose:
    """Dose with the highest probability of the target, and this probability with its Monte Carlo error."""

    dose: float
    within: float
    error: float


def target_attainment(exposure: Exposure, doses: Sequence[float], target: ExposureTarget) -> pd.DataFrame:
    """Probability of a target at each dose, as the mean of the patients.

    Parameters
    ----------
    exposure
        Exposure of n patients.
    doses
        Doses that all patients have.
    target
        Measure and range.

    Returns
    -------
    DataFrame
        ``dose``, ``median`` (of the patients' median exposures), ``below``, ``within``, ``above``, and ``error``, the
        Monte Carlo standard error of ``within``. Patients share their draws, so that their errors are added; the error
        is an upper bound.
    """
    rows = []
    for dose in doses:
        given = _for_all(exposure, dose)
        shares = exposure.shares(given, target)
        rows.append(
            {
                "dose": float(dose),
                "median": float(np.median(exposure.quantile(given, 0.5))),
                "below": float(shares.below.mean()),
                "within": float(shares.within.mean()),
                "above": float(shares.above.mean()),
                "error": float(np.sqrt(shares.variance).mean()),
            }
        )
    return pd.DataFrame(rows)


def most_probable_dose(exposure: Exposure, doses: Sequence[float], target: ExposureTarget) -> BestDose:
    """Find the one dose for all patients with the highest mean probability of the target.

    Parameters
    ----------
    exposure
        Exposure of n patients.
    doses
        Doses in whose range a model that is not linear is searched.
    target
        Measure and range.

    Returns
    -------
    BestDose
        Exact for a lognormal exposure, otherwise from a grid.
    """
    grid = _grid(exposure, doses, target)
    within = _within(exposure, grid, target).mean(1)
    dose = float(grid[within.argmax()])
    if exposure.exact:
        low, high = grid[max(within.argmax() - 1, 0)], grid[min(within.argmax() + 1, len(grid) - 1)]
        dose = _refined(exposure, float(low), float(high), target)
    row = target_attainment(exposure, [dose], target).iloc[0]
    return BestDose(dose, float(row["within"]), float(row["error"]))


def own_doses(exposure: Exposure, doses: Sequence[float], target: ExposureTarget) -> pd.DataFrame:
    """Find the most probable dose of each patient.

    Parameters
    ----------
    exposure
        Exposure of n patients.
    doses
        Doses in whose range a model that is not linear is searched.
    target
        Measure and range.

    Returns
    -------
    DataFrame
        ``dose`` and ``within``, one row per patient.
    """
    if exposure.exact and target.low > 0:
        # The probability of a lognormal exposure is highest where the target is symmetrical around its median.
        dose = np.sqrt(target.low * target.high) / exposure.quantile(_for_all(exposure, 1.0), 0.5)
        return pd.DataFrame({"dose": dose, "within": exposure.shares(dose, target).within})
    grid = _grid(exposure, doses, target)
    within = _within(exposure, grid, target)
    best = within.argmax(0)
    return pd.DataFrame({"dose": grid[best], "within": within[best, np.arange(exposure.patients)]})


def dose_for_value(exposure: Exposure, value: float, level: float = 0.5) -> Array:
    """Dose at which a quantile of the exposure of each patient has a value.

    Parameters
    ----------
    exposure
        Exposure of n patients.
    value
        Wanted exposure, above 0.
    level
        Which quantile: by default the median. With 0.1 the exposure is above the value with a probability of 0.9.

    Returns
    -------
    array
        (n,) doses: exact where exposure is proportional to the dose, otherwise by bisection.

    Raises
    ------
    ConfigError
        No dose reaches the value.
    """
    ones = _for_all(exposure, 1.0)
    if exposure.linear:
        return value / exposure.quantile(ones, level)
    low, high = ones / WIDEST, ones * WIDEST
    if (exposure.quantile(high, level) < value).any():
        raise ConfigError(
            f"no dose gives an exposure of {value:g} at the quantile {level:g}; choose a lower value"
        )
    for _ in range(STEPS):
        middle = np.sqrt(low * high)
        above = exposure.quantile(middle, level) > value
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.sqrt(low * high)


def _grid(exposure: Exposure, doses: Sequence[float], target: ExposureTarget) -> Array:
    """Doses among which the best is looked for."""
    if not exposure.linear:
        return np.union1d(np.linspace(min(doses), max(doses), FEW_POINTS), doses)
    ones = _for_all(exposure, 1.0)
    lowest = max(target.low, target.high / 1000) / exposure.quantile(ones, HIGH_LEVEL).max()
    highest = target.high / exposure.quantile(ones, LOW_LEVEL).min()
    return np.geomspace(lowest, highest, POINTS)


def _for_all(exposure: Exposure, dose: float) -> Array:
    """One dose for all patients, (n,)."""
    return np.full(exposure.patients, float(dose))


def _within(exposure: Exposure, grid: Array, target: ExposureTarget) -> Array:
    """Probability of the target at each dose for each patient, (g, n)."""
    return np.stack([exposure.shares(_for_all(exposure, dose), target).within for dose in grid])


def _refined(exposure: Exposure, low: float, high: float, target: ExposureTarget) -> float:
    def missed(log_dose: float) -> float:
        return -float(exposure.shares(_for_all(exposure, np.exp(log_dose)), target).within.mean())

    found = minimize_scalar(
        missed, bounds=(np.log(low), np.log(high)), method="bounded", options={"xatol": 1e-8}
    )
    return float(np.exp(found.x))
