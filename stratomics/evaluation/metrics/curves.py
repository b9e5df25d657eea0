"""Metrics that are curves: over time, over predictions, and over coverage. No curve shows single patients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import kaplan_meier
from omics.common.registry import all_entries, resolve
from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases
from stratomics.evaluation.metrics import CURVES
from stratomics.evaluation.metrics.selective_prediction import risk_coverage_curve
from stratomics.evaluation.metrics.survival_calibration import d_calibration_counts, observed_at_horizon
from stratomics.evaluation.metrics.survival_scores import brier_curve
from stratomics.evaluation.metrics.time_auc import auc_curve, auc_times

__all__ = ["Curve", "CurvePoints", "curves_of", "find_curve"]

Array = NDArray[np.float64]

POINTS = 50
"""Number of points of a curve that is not over time."""


@dataclass(frozen=True)
class Curve:
    """A metric that is a curve.

    Attributes
    ----------
    function
        ``cases -> (x, y)``, one-dimensional arrays of the same length.
    x, y
        Labels of the axes.
    """

    # Of one kind of cases, which the registry knows and the type does not.
    function: Callable[[Any], tuple[Array, Array]]
    x: str
    y: str


class CurvePoints(TypedDict):
    """Points of a curve, as in ``metrics.json``."""

    x: list[float]
    y: list[float]


def find_curve(name: str) -> Curve:
    """Find a curve of any kind of endpoint by its name."""
    curve: Curve = resolve(all_entries(CURVES), name, "curve")
    return curve


def curves_of(cases: Cases, kind: str) -> dict[str, CurvePoints]:
    """Compute all curves of a method.

    Parameters
    ----------
    cases
        n patients.
    kind
        Kind of the endpoint, ``survival`` or ``response``.

    Returns
    -------
    dict
        Name -> points of the curve, without those that are NaN.
    """
    curves: dict[str, CurvePoints] = {}
    for name in CURVES[kind]:
        x, y = find_curve(name).function(cases)
        known = np.isfinite(y)
        curves[name] = {"x": x[known].tolist(), "y": y[known].tolist()}
    return curves


def _brier(cases: SurvivalCases) -> tuple[Array, Array]:
    return cases.grid, brier_curve(cases, _once(cases))[0]


def _time_auc(cases: SurvivalCases) -> tuple[Array, Array]:
    return auc_times(cases), auc_curve(cases, _once(cases))[0]


def _mean_survival(cases: SurvivalCases) -> tuple[Array, Array]:
    return cases.grid, cases.survival.mean(axis=(0, 1))


def _kaplan_meier(cases: SurvivalCases) -> tuple[Array, Array]:
    return cases.grid, kaplan_meier(cases.event, cases.time)(cases.grid)


def _calibration(cases: SurvivalCases) -> tuple[Array, Array]:
    """Observed against predicted probability of an event by the horizon, from the 1st to the 99th percentile."""
    predicted = cases.probability
    low, high = (float(edge) for edge in np.quantile(predicted, [0.01, 0.99]))
    x = np.linspace(low, high, POINTS)
    observed = []
    for repeat, p in enumerate(predicted):
        order = np.argsort(p, kind="stable")
        y = observed_at_horizon(cases, repeat, np.ones(len(cases)))
        observed.append(np.interp(x, p[order], y[order]))
    return x, np.mean(observed, axis=0)


def _d_calibration(cases: SurvivalCases) -> tuple[Array, Array]:
    shares = d_calibration_counts(cases, _once(cases))[0] / len(cases)
    return np.linspace(0.95, 0.05, len(shares)), shares


def _risk_coverage(cases: ResponseCases) -> tuple[Array, Array]:
    coverage, risk = risk_coverage_curve(cases)
    x = np.linspace(1.0 / POINTS, 1.0, POINTS)
    return x, np.interp(x, coverage, risk)


def _once(cases: Cases) -> Array:
    return np.ones((1, len(cases)))


BRIER = Curve(_brier, "time", "Brier score")
TIME_AUC = Curve(_time_auc, "time", "cumulative/dynamic AUC")
MEAN_SURVIVAL = Curve(_mean_survival, "time", "mean predicted survival")
KAPLAN_MEIER = Curve(_kaplan_meier, "time", "Kaplan-Meier survival")
CALIBRATION = Curve(_calibration, "predicted probability of an event by the horizon", "observed probability")
D_CALIBRATION = Curve(
    _d_calibration, "survival predicted at own time, middle of the bin", "share of patients"
)
RISK_COVERAGE = Curve(_risk_coverage, "share of patients kept, the surest first", "share of wrong answers")
