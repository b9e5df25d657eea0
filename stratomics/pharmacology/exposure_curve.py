"""Risk over exposure with a band, and the range of exposure in which benefit and toxicity are both acceptable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit
from scipy.stats import norm

from models.linear.logistic_net import LogisticLikelihood
from omics.cohort.endpoints import Response, Survival
from stratomics.pharmacology.exposure_response import Endpoint, slope_of

__all__ = ["RiskCurve", "exposure_grid", "risk_curve", "therapeutic_window"]

Array = NDArray[np.float64]

POINTS = 60
SHOWN = (0.02, 0.98)
"""Quantiles of exposure between which curves are drawn."""
Z = float(norm.ppf(0.975))


@dataclass(frozen=True)
class RiskCurve:
    """Risk over a covariate: (k,) each; the band is a pointwise 95% interval."""

    x: Array
    risk: Array
    low: Array
    high: Array


def exposure_grid(x: Array) -> Array:
    """Return 60 values of a covariate between its quantiles .02 and .98; NaN is left out."""
    low, high = np.nanquantile(x, SHOWN).tolist()
    return np.linspace(low, high, POINTS)


def risk_curve(endpoint: Endpoint, x: Array, horizon: float, grid: Array) -> RiskCurve | None:
    """Estimate the probability of the event by a time, or of a positive response, over a covariate.

    Parameters
    ----------
    endpoint
        Outcome of n patients.
    x
        (n,) covariate; patients with NaN are left out.
    horizon
        Time; unused for a response.
    grid
        (k,) values of the covariate.

    Returns
    -------
    RiskCurve or None
        From a Cox regression with Breslow's hazard, or a logistic regression. The band is made on the scale of log(-log
        S), or of the logit, and has the uncertainty of slope and baseline. None where the regression has no finite
        estimate.

    References
    ----------
    Tsiatis AA. Ann Stat 1981;9:93-108, doi 10.1214/aos/1176345335.
    """
    slope = slope_of(endpoint, x)
    rows = np.flatnonzero(endpoint.observed & np.isfinite(x))
    if not np.isfinite(slope.log_ratio):
        return None
    values, part = x[rows], endpoint.take(rows)
    if isinstance(part, Response):
        linear, error = _logit(part, values, slope.log_ratio, slope.error, grid)
        risk, low, high = (expit(linear + z * error) for z in (0.0, -Z, Z))
        return RiskCurve(grid, risk, low, high)
    found = _log_hazard(part, values, horizon, slope.log_ratio, slope.error, grid)
    if found is None:
        return None
    linear, error = found
    risk, low, high = (-np.expm1(-np.exp(linear + z * error)) for z in (0.0, -Z, Z))
    return RiskCurve(grid, risk, low, high)


def _logit(endpoint: Response, x: Array, slope: float, error: float, at: Array) -> tuple[Array, Array]:
    """Linear predictor and its standard error; slope and intercept at the weighted mean of x are independent."""
    intercept = LogisticLikelihood(endpoint.positive).intercept(slope * x)
    probability = expit(intercept + slope * x)
    weight = probability * (1 - probability)
    centre = weight @ x / weight.sum()
    return intercept + slope * at, np.sqrt(1 / weight.sum() + (at - centre) ** 2 * error**2)


def _log_hazard(
    endpoint: Survival, x: Array, horizon: float, slope: float, error: float, at: Array
) -> tuple[Array, Array] | None:
    """Log cumulative hazard at a time and its standard error, by Breslow's estimate; None without an event by then."""
    times = np.unique(endpoint.time[endpoint.event & (endpoint.time <= horizon)])
    if not len(times):
        return None
    centre = float(x.mean())
    entry = np.full(len(x), -np.inf) if endpoint.entry is None else endpoint.entry
    at_risk = (endpoint.time >= times[:, None]) & (entry < times[:, None])
    hazard = at_risk * np.exp(slope * (x - centre))
    total = hazard.sum(axis=1)
    deaths = ((endpoint.time == times[:, None]) & endpoint.event).sum(axis=1)
    steps = deaths / total
    baseline = steps.sum()
    mean = float(((hazard @ x) / total) @ steps / baseline)
    variance = (deaths / total**2).sum() / baseline**2 + (at - mean) ** 2 * error**2
    return np.log(baseline) + slope * (at - centre), np.sqrt(variance)


def therapeutic_window(
    efficacy: RiskCurve,
    most: float,
    toxicity: RiskCurve,
    most_toxicity: float,
    *,
    higher_is_better: bool = False,
) -> tuple[float, float] | None:
    """Range of a covariate in which two estimated curves are both acceptable.

    Parameters
    ----------
    efficacy
        Risk of the event of efficacy, or probability of a response.
    most
        Largest acceptable risk, or the smallest acceptable probability of a response.
    toxicity
        Probability of toxicity, on the same grid.
    most_toxicity
        The largest acceptable one.
    higher_is_better
        Whether `efficacy` is a probability of response.

    Returns
    -------
    tuple of float or None
        Ends of the longest range of the grid; None if there is none.
    """
    assert np.array_equal(efficacy.x, toxicity.x)
    enough = efficacy.risk >= most if higher_is_better else efficacy.risk <= most
    inside = np.concatenate([[False], enough & (toxicity.risk <= most_toxicity), [False]])
    change = np.flatnonzero(np.diff(inside.astype(int)))
    if not len(change):
        return None
    starts, stops = change[::2], change[1::2] - 1
    longest = int(np.argmax(efficacy.x[stops] - efficacy.x[starts]))
    return float(efficacy.x[starts[longest]]), float(efficacy.x[stops[longest]])
