"""Exposure and outcome: slopes crude and adjusted for the dose, and the randomised dose contrast.

The covariate is the posterior mean of the logarithm of a measure, made without the outcome (regression calibration,
Carroll et al. 2006, doi 10.1201/9781420010138). Draws of the posterior used as imputations would flatten the slope,
because they are independent of the outcome given the levels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from models.linear.group_ridge import likelihood_of, ridge
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from stratomics.pharmacology.run_exposure import RunExposure

__all__ = [
    "LARGE_SHRINKAGE",
    "SHARE_STEP",
    "DoseContrast",
    "Endpoint",
    "Slope",
    "covariate_of",
    "dose_contrasts",
    "dose_of",
    "reliability",
    "slope_of",
]

Array = NDArray[np.float64]
Endpoint = Survival | Response

LARGE_SHRINKAGE = 0.3
"""Shrinkage from which estimates say little about single patients."""

PENALTY = 1e-6
DIVERGED = 10.0
"""A log ratio per standard deviation, or half of its interval, beyond this value is taken to diverge."""
COLLINEAR = 1e-3
"""Share of the standard deviation of an exposure that the dose must leave unexplained."""
ROUNDING = 1e-9
"""Standard deviation of a constant, relative to its size."""
SHARE_STEP = 0.1
"""Difference of a share of time that a slope is given for."""
Z = float(norm.ppf(0.975))


@dataclass(frozen=True)
class Slope:
    """A log hazard ratio (survival) or log odds ratio (response) with its standard error (from the information).

    NaN without a finite estimate.
    """

    log_ratio: float
    error: float
    patients: int
    events: int

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Ratio with the ends of its 95% interval (Wald)."""
        estimate, low, high = (float(np.exp(self.log_ratio + z * self.error)) for z in (0.0, -Z, Z))
        return estimate, low, high

    def covers(self, truth: float) -> bool:
        """Whether the 95% interval includes the log ratio `truth`."""
        return abs(self.log_ratio - truth) <= Z * self.error

    def per(self, step: float) -> Slope:
        """Return the slope for a difference of `step` instead of 1."""
        return Slope(self.log_ratio * step, self.error * abs(step), self.patients, self.events)


@dataclass(frozen=True)
class DoseContrast:
    """Contrast of an arm with the control arm.

    Attributes
    ----------
    arm, control
        Their names.
    doublings
        Difference of the mean log2 dose; 0 if both have the same doses.
    slope
        Log ratio of the arm to the control.
    """

    arm: str
    control: str
    doublings: float
    slope: Slope

    @property
    def per_doubling(self) -> Slope:
        """The contrast per doubling of the dose, as the slopes of exposure are; a difference of dose is needed."""
        return self.slope.per(1.0 / self.doublings)


def covariate_of(exposure: RunExposure, measure: str) -> pd.Series[float]:
    """Return the covariate of a measure, whose slope is per doubling, or per 0.1 of a share of time.

    Parameters
    ----------
    exposure
        Exposure of a run.
    measure
        One of its measures.

    Returns
    -------
    Series of float
        Posterior mean of the base 2 logarithm (of a share: ten times the share) by sample_id.
    """
    table = exposure.table.set_index("sample_id")
    logarithm = f"log_{measure}"
    return table[logarithm] / np.log(2.0) if logarithm in table else table[measure] / SHARE_STEP


def dose_of(exposure: RunExposure) -> pd.Series[float]:
    """Return the base 2 logarithm of the dose per unit of time, or of the single dose where an interval is unknown."""
    table = exposure.table.set_index("sample_id")
    dose, interval = table["dose"], table["dose_interval"]
    known = interval[dose.notna()].notna().all()
    rate = dose / interval if known else dose
    positive = rate.where(rate > 0)
    return pd.Series(np.log2(positive.to_numpy(dtype=np.float64)), index=positive.index)


def reliability(exposure: RunExposure, measure: str) -> float:
    """Variance of the posterior means of a measure (on the scale of its slope) over the total variance.

    Parameters
    ----------
    exposure
        Exposure of a run.
    measure
        One of its measures.

    Returns
    -------
    float
        1 if exposure is known exactly; NaN for fewer than two patients.
    """
    name = f"log_{measure}" if f"log_{measure}" in exposure.table else measure
    variance = float(exposure.table[name].var())
    return variance / (variance + float((exposure.table[f"{name}_sd"] ** 2).mean()))


def slope_of(endpoint: Endpoint, x: Array, adjusted_for: Array | None = None) -> Slope:
    """Fit a Cox regression (survival, Efron's ties) or a logistic regression (response) on a covariate.

    Parameters
    ----------
    endpoint
        Outcome of n patients.
    x
        (n,) covariate; patients with NaN are left out.
    adjusted_for
        (n,) a second covariate, such as the log dose.

    Returns
    -------
    Slope
        Of `x`; NaN if the outcome has no events, `x` does not vary, or the second covariate explains it.
    """
    columns = x[:, None] if adjusted_for is None else np.column_stack([x, adjusted_for])
    rows = np.flatnonzero(endpoint.observed & np.isfinite(columns).all(axis=1))
    part, columns = endpoint.take(rows), columns[rows]
    none = Slope(np.nan, np.nan, len(rows), int(part.label.sum()))
    scale = columns.std(axis=0) if len(rows) else np.zeros(columns.shape[1])
    if not (scale > ROUNDING * (1 + np.abs(columns).max(initial=0))).all() or _collinear(columns / scale):
        return none
    try:
        part.check_learnable("the endpoint")
    except DataError:
        return none
    coefficients, hessian = ridge(
        (columns - columns.mean(axis=0)) / scale,
        np.full(len(scale), PENALTY),
        likelihood_of(part),
    )
    error = float(np.sqrt(np.linalg.inv(hessian)[0, 0]))
    if max(abs(coefficients[0]), Z * error) > DIVERGED:
        return none
    return Slope(float(coefficients[0] / scale[0]), error / float(scale[0]), none.patients, none.events)


def _collinear(standardised: Array) -> bool:
    if standardised.shape[1] == 1:
        return False
    apart = standardised - standardised.mean(axis=0)
    correlation = float((apart[:, 0] * apart[:, 1]).mean())
    return 1 - correlation**2 < COLLINEAR**2


def dose_contrasts(
    endpoint: Endpoint, arm: NDArray[np.object_], dose: Array, control: str
) -> list[DoseContrast]:
    """Compare each arm with the control arm.

    Parameters
    ----------
    endpoint
        Outcome of n patients.
    arm
        (n,) names of arms; missing for patients in none.
    dose
        (n,) log2 doses.
    control
        Name of the control arm.

    Returns
    -------
    list of DoseContrast
        One per other arm whose doses differ on average from those of the control arm.
    """
    known = pd.notna(arm)
    names = np.where(known, arm, "").astype(str)
    found = []
    for name in np.unique(names[known]):
        both = (names == control) | (names == name)
        treated = np.where(both & known, (names == name).astype(np.float64), np.nan)
        given = both & known & np.isfinite(dose)
        sides = [dose[given & (names == side)] for side in (name, control)]
        if name == control or not all(map(len, sides)):
            continue
        doublings = float(sides[0].mean() - sides[1].mean())
        if abs(doublings) > COLLINEAR:
            found.append(DoseContrast(str(name), control, doublings, slope_of(endpoint, treated)))
    return found
