"""Outcome of patients by quarters of their exposure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import product_limit_hazard
from models.survival.risk_sets import greenwood_terms
from omics.cohort.endpoints import Response
from stratomics.evaluation.intervals import exact_interval, log_log_interval
from stratomics.pharmacology.exposure_response import Endpoint

__all__ = ["ExposureQuarter", "outcome_quarters", "risk_at"]

Array = NDArray[np.float64]

QUARTERS = 4


@dataclass(frozen=True)
class ExposureQuarter:
    """Outcome of the patients in one quarter of a covariate.

    Attributes
    ----------
    least, median, most
        Of the covariate.
    patients, events
        Numbers.
    risk, low, high
        Risk with its 95% interval, as from :func:`risk_at`.
    """

    least: float
    median: float
    most: float
    patients: int
    events: int
    risk: float
    low: float
    high: float


def risk_at(endpoint: Endpoint, horizon: float) -> tuple[float, float, float]:
    """Estimate the share of patients with the event by a time, or with a positive response.

    Parameters
    ----------
    endpoint
        Outcome of patients, all observed.
    horizon
        Time; unused for a response.

    Returns
    -------
    tuple of float
        Estimate with its 95% interval: one minus Kaplan-Meier on the log-log scale, or an exact interval. NaN if no
        patient is followed that long.
    """
    if isinstance(endpoint, Response):
        count, n = int(endpoint.positive.sum()), len(endpoint.positive)
        return (count / n if n else np.nan, *exact_interval(count, n))
    if not len(endpoint.time) or endpoint.time.max() < horizon:
        return np.nan, np.nan, np.nan
    hazard = product_limit_hazard(endpoint.event, endpoint.time, endpoint.entry)
    at = np.searchsorted(hazard.times, horizon, side="right") - 1
    if at < 0:
        return 0.0, 0.0, 0.0
    survival, times = np.exp(-hazard.values), hazard.times
    terms = greenwood_terms(endpoint.event, endpoint.time, times, endpoint.entry)
    low, high = log_log_interval(survival, np.cumsum(terms))
    return float(1 - survival[at]), float(1 - high[at]), float(1 - low[at])


def outcome_quarters(endpoint: Endpoint, x: Array, horizon: float) -> list[ExposureQuarter]:
    """Outcome by quarters of a covariate.

    Parameters
    ----------
    endpoint
        Outcome of n patients.
    x
        (n,) covariate; patients with NaN are left out.
    horizon
        Time at which the risk is estimated; unused for a response.

    Returns
    -------
    list of ExposureQuarter
        Those that have patients, the lowest first.
    """
    rows = np.flatnonzero(endpoint.observed & np.isfinite(x))
    part, values = endpoint.take(rows), x[rows]
    if not len(rows):
        return []
    cuts = np.quantile(values, np.arange(1, QUARTERS) / QUARTERS)
    quarter = np.searchsorted(cuts, values, side="left")
    found = []
    for number in np.unique(quarter):
        inside = np.flatnonzero(quarter == number)
        one = part.take(inside)
        least, median, most = np.quantile(values[inside], [0.0, 0.5, 1.0]).tolist()
        risk, low, high = risk_at(one, horizon)
        found.append(ExposureQuarter(least, median, most, len(inside), int(one.label.sum()), risk, low, high))
    return found
