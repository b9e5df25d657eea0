"""Survival and discrimination at a few times that clinicians know, such as 1, 3 and 5 years."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import kaplan_meier
from models.survival.risk_sets import greenwood_terms, number_at_risk
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.intervals import (
    Estimate,
    estimate_with_interval,
    log_log_interval,
    with_training_variability,
)
from stratomics.evaluation.metrics.time_auc import auc_at

__all__ = ["Horizon", "horizon_auc", "horizons"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Horizon:
    """What is known at one time.

    Attributes
    ----------
    time
        The time, in the unit of the endpoint.
    events, at_risk
        Patients with the event by then, and patients still followed without it.
    survival
        Kaplan-Meier estimate with its interval on the log-log scale.
    predicted
        Mean predicted survival of stratomics.
    """

    time: float
    events: int
    at_risk: int
    survival: Estimate
    predicted: float


def horizons(cases: SurvivalCases, times: Array) -> list[Horizon]:
    """Describe the patients at each time.

    Parameters
    ----------
    cases
        n patients and their predictions.
    times
        (t,) times.

    Returns
    -------
    list of Horizon
    """
    event, time = cases.event, cases.time
    survival, predicted = kaplan_meier(event, time)(times), _mean_survival(cases, times)
    rows = []
    for k, at in enumerate(times):
        greenwood = greenwood_terms(event, time, np.unique(time[event & (time <= at)])).sum()
        low, high = log_log_interval(survival[[k]], np.array([greenwood]))
        estimate: Estimate = {"estimate": float(survival[k]), "low": float(low[0]), "high": float(high[0])}
        events = int((event & (time <= at)).sum())
        at_risk = int(number_at_risk(time, np.array([np.nextafter(at, np.inf)]))[0])
        rows.append(Horizon(float(at), events, at_risk, estimate, float(predicted[k])))
    return rows


def _mean_survival(cases: SurvivalCases, times: Array) -> Array:
    """(t,) mean predicted survival over patients and repeats."""
    mean: Array = np.mean([curve(times).mean(axis=0) for curve in cases.curves], axis=0)
    return mean


def horizon_auc(
    cases: SurvivalCases, other: SurvivalCases | None, times: Array, weight: Array
) -> list[tuple[Estimate, Estimate | None, Estimate | None]]:
    """AUC at each time, of a second method and of the difference.

    Parameters
    ----------
    cases, other
        Predictions of two methods for the same n patients.
    times
        (t,) times.
    weight
        (draws + 1, n) how often each patient counts, once each in the first row.

    Returns
    -------
    list of tuple
        At each time: the AUC of the first and of the second method, and first minus second. NaN where no fold has a
        pair of patients to compare.
    """
    first = with_training_variability(auc_at(cases, times, weight), cases.fold)
    if other is None:
        return [(estimate_with_interval(first[:, k].clip(0.0, 1.0)), None, None) for k in range(len(times))]
    second = with_training_variability(auc_at(other, times, weight), other.fold)
    return [
        (
            estimate_with_interval(first[:, k].clip(0.0, 1.0)),
            estimate_with_interval(second[:, k].clip(0.0, 1.0)),
            estimate_with_interval(first[:, k] - second[:, k]),
        )
        for k in range(len(times))
    ]
