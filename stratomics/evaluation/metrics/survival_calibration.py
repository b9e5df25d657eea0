"""Calibration of survival curves: D-calibration, slope, integrated calibration index, Kaplan-Meier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from models.survival.kaplan_meier import kaplan_meier
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import Metric
from stratomics.evaluation.metrics.weighted_cox import baseline_hazard, weighted_cox

__all__ = [
    "CALIBRATION_SLOPE",
    "D_CALIBRATION",
    "ICI",
    "KM_CALIBRATION",
    "calibration_slope",
    "d_calibration",
    "d_calibration_counts",
    "integrated_calibration_index",
    "km_calibration",
    "log_cumulative_hazard",
    "observed_at_horizon",
]

Array = NDArray[np.float64]

BINS = 10
SMALLEST = 1e-7
"""Probabilities are clipped to this distance from 0 and 1 before the complementary log-log transformation."""
KNOTS = (0.1, 0.5, 0.9)
"""Quantiles of the prediction at which the spline has knots."""


def d_calibration(cases: SurvivalCases, weight: Array) -> Array:
    """P value of D-calibration: a test that S(t) at the patients' observed times is uniform; higher is better.

    Haider et al. 2020, doi 10.48550/arXiv.1811.11347: chi-squared test over ten bins with 9 degrees of freedom, counts
    as in :func:`d_calibration_counts`. Below 0.05 the curves are miscalibrated; above 0.05 there is no evidence for
    miscalibration.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) p values.
    """
    counts, expected = d_calibration_counts(cases, weight), weight.sum(axis=1, keepdims=True) / BINS
    p: Array = chi2.sf(((counts - expected) ** 2 / expected).sum(axis=1), BINS - 1)
    return p


def d_calibration_counts(cases: SurvivalCases, weight: Array) -> Array:
    """Count patients by bin of S(t) at their observed time, mean over the repeats.

    Patients with the event count in the bin of their S(t). For patients censored at t, the event can occur anywhere
    below S(t): each bin receives the share of [0, S(t)] that it covers (Haider et al. 2020). Patients with the event
    beyond the end of their predicted curve count as censored at its end.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws, 10) counts, from the bin (0.9, 1] in descending order.
    """
    total = np.zeros((len(weight), BINS))
    edges = np.linspace(1.0, 0.0, BINS + 1)
    for value, beyond in zip(cases.survival_at_observed_time, cases.beyond_curve, strict=True):
        certain = np.zeros((len(cases), BINS))
        certain[np.arange(len(cases)), np.clip(np.digitize(value, edges) - 1, 0, BINS - 1)] = 1.0
        covered = np.clip(value[:, None] - edges[1:], 0.0, 1.0 / BINS)
        last = np.eye(BINS)[-1]
        blurred = np.divide(
            covered, value[:, None], out=np.tile(last, (len(cases), 1)), where=value[:, None] > 0
        )
        total += weight @ np.where((cases.event & ~beyond)[:, None], certain, blurred)
    return total / len(cases.curves)


def calibration_slope(cases: SurvivalCases, weight: Array) -> Array:
    """Calibration slope: log hazard regressed on the predicted one; 1 is best, below 1 predictions are too extreme.

    Royston and Altman 2013, doi 10.1186/1471-2288-13-33: the coefficient of a Cox regression on the prediction only.
    The prediction is log(-log S) at :attr:`SurvivalCases.horizon`, which under proportional hazards is the log hazard.
    The regression is stratified by fold, because baseline hazards differ between folds; repeats are averaged.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) slope; NaN if all patients have the same curve within each fold.
    """
    slopes = [
        weighted_cox(x[:, None], cases.event, cases.time, weight, fold)[:, 0]
        for x, fold in zip(log_cumulative_hazard(cases), cases.fold, strict=True)
    ]
    mean: Array = np.mean(slopes, axis=0)
    return mean


def integrated_calibration_index(cases: SurvivalCases, weight: Array) -> Array:
    """Integrated calibration index (ICI); lower is better, 0 is perfect.

    Austin, Harrell and van Klaveren 2020, doi 10.1002/sim.8570: the mean absolute difference of the predicted and the
    observed probability of an event by :attr:`SurvivalCases.horizon`; the observed probability is that of
    :func:`observed_at_horizon`. The mean is over all patients of a repeat, then over repeats.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1.
    """
    total = np.zeros(len(weight))
    for repeat, predicted in enumerate(cases.probability):
        for draw, row in enumerate(weight):
            observed = observed_at_horizon(cases, repeat, row)
            total[draw] += np.average(np.abs(observed - predicted), weights=row)
    return total / len(cases.curves)


def observed_at_horizon(cases: SurvivalCases, repeat: int, weight: Array) -> Array:
    """Observed probability of an event by the horizon, as a smooth function of the predicted probability.

    Cox regression on a restricted cubic spline of log(-log S(horizon)), with knots at the 10th, 50th and 90th
    percentile, and Breslow's baseline (Austin et al. 2020). If all patients have the same prediction, it is
    1 - exp(-H), with the cumulative hazard H of all patients.

    Parameters
    ----------
    cases
        n patients.
    repeat
        Number of the repeat.
    weight
        (n,) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (n,) observed probability at the prediction of each patient.
    """
    x = log_cumulative_hazard(cases)[repeat]
    basis = _spline(x, weight)
    stratum = np.zeros(len(x), dtype=np.int64)
    linear = np.zeros(len(x))
    if basis.shape[1]:
        coefficients = weighted_cox(basis, cases.event, cases.time, weight[None], stratum)[0]
        # Uninformative columns have NaN coefficients; the baseline hazard remains.
        linear = basis @ np.nan_to_num(coefficients)
    center = linear.max()
    hazard = baseline_hazard(linear - center, cases.event, cases.time, weight, cases.horizon)
    observed: Array = -np.expm1(-hazard * np.exp(linear - center))
    return observed


def km_calibration(cases: SurvivalCases, weight: Array) -> Array:
    """Distance of the mean predicted curve from the Kaplan-Meier curve; lower is better, 0 is perfect.

    Chapfuwa et al. 2020, doi 10.1109/TNNLS.2020.3029631, compare the two curves. The metric is the root mean squared
    difference over the grid, in units of probability. All patients of a repeat count together, and repeats are
    averaged.

    Parameters
    ----------
    cases
        n patients.
    weight
        (draws, n) how often each patient counts.

    Returns
    -------
    numpy.ndarray
        (draws,) between 0 and 1.
    """
    observed = kaplan_meier(cases.event, cases.time, weight)(cases.grid)
    share = weight / weight.sum(axis=1, keepdims=True)
    span = cases.grid[-1] - cases.grid[0]
    distances = [
        np.sqrt(np.trapezoid((share @ s - observed) ** 2, cases.grid, axis=1) / span) for s in cases.survival
    ]
    mean: Array = np.mean(distances, axis=0)
    return mean


def log_cumulative_hazard(cases: SurvivalCases) -> Array:
    """(repeats, n) log(-log S) at the horizon."""
    at = np.array([cases.horizon])
    alive = np.stack([curve(at)[:, 0] for curve in cases.curves])
    logs: Array = np.log(-np.log(np.clip(alive, SMALLEST, 1.0 - SMALLEST)))
    return logs


def _spline(x: Array, weight: Array) -> Array:
    """Restricted cubic spline of x (n,): Harrell 2015, doi 10.1007/978-3-319-19425-7, section 2.4.5.

    The result has two columns; one if knots coincide, and none if x is constant.
    """
    if np.ptp(x[weight > 0]) < SMALLEST:
        return np.empty((len(x), 0))
    low, middle, high = _quantiles(x, weight)
    if not low < middle < high:
        return x[:, None]
    cubes = [np.maximum(x - knot, 0.0) ** 3 for knot in (low, middle, high)]
    curved = (
        cubes[0] - cubes[1] * (high - low) / (high - middle) + cubes[2] * (middle - low) / (high - middle)
    )
    return np.column_stack([x, curved / (high - low) ** 2])


def _quantiles(x: Array, weight: Array) -> Array:
    """Knots of x (n,), each patient counted `weight` times, interpolated as in numpy."""
    order = np.argsort(x, kind="stable")
    cumulative = np.cumsum(weight[order])
    place = np.array(KNOTS) * (cumulative[-1] - 1.0)
    below = np.floor(place + 1e-9)
    first, second = (
        x[order][np.minimum(np.searchsorted(cumulative, k + 0.5), len(x) - 1)] for k in (below, below + 1.0)
    )
    quantiles: Array = first + (place - below) * (second - first)
    return quantiles


D_CALIBRATION = Metric(d_calibration, higher_is_better=True, label="D-calibration p", interval=False)
CALIBRATION_SLOPE = Metric(
    calibration_slope,
    higher_is_better=None,
    label="calibration slope",
    best=1.0,
    absent="in every fold all patients have one curve, or no patient had the event",
)
ICI = Metric(
    integrated_calibration_index,
    higher_is_better=False,
    label="integrated calibration index",
    interval=False,
)
KM_CALIBRATION = Metric(
    km_calibration, higher_is_better=False, label="Kaplan-Meier calibration", interval=False
)
