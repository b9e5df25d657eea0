"""Whether survival curves and bounds are true: D-calibration, slope, ICI, Kaplan-Meier, coverage of bounds."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from models.survival.kaplan_meier import censoring_survival, kaplan_meier
from stratomics.evaluation.cases import SurvivalCases
from stratomics.evaluation.metrics.metric import Metric
from stratomics.evaluation.metrics.weighted_cox import baseline_hazard, weighted_cox

__all__ = [
    "BOUND_COVERAGE",
    "CALIBRATION_SLOPE",
    "D_CALIBRATION",
    "ICI",
    "KM_CALIBRATION",
    "PROMISED",
    "bound_coverage",
    "calibration_slope",
    "d_calibration",
    "d_calibration_counts",
    "integrated_calibration_index",
    "kept_and_lost",
    "km_calibration",
    "observed_at_horizon",
]

Array = NDArray[np.float64]

BINS = 10
SMALLEST = 1e-7
"""A probability is held this far from 0 and 1 before its complementary log-log is taken."""
KNOTS = (0.1, 0.5, 0.9)
PROMISED = 0.9
"""Coverage that bounds and sets are built for."""


def d_calibration(cases: SurvivalCases, weight: Array) -> Array:
    """Chi-squared p of the test that S(t) at the patients' own times is uniform, higher is better.

    Haider et al. 2020, doi 10.48550/arXiv.1811.11347; ten bins, 9 degrees of freedom, counts as in
    :func:`d_calibration_counts`. Below 0.05 the curves are called miscalibrated; above it nothing is proved.
    A p value has no interval.
    """
    counts, expected = d_calibration_counts(cases, weight), weight.sum(axis=1, keepdims=True) / BINS
    p: Array = chi2.sf(((counts - expected) ** 2 / expected).sum(axis=1), BINS - 1)
    return p


def d_calibration_counts(cases: SurvivalCases, weight: Array) -> Array:
    """(draws, 10) patients by S(t) at their own time, from (0.9, 1] down; repeats are averaged first.

    Who had the event counts in the bin of his S(t). Who was censored at t is blurred: he may have the event
    anywhere below S(t), so that each bin gets what share of [0, S(t)] it covers (Haider et al. 2020). Who had
    the event beyond the end of his curve counts as censored at its end, since the curve says no more of him.
    """
    total = np.zeros((len(weight), BINS))
    edges = np.linspace(1.0, 0.0, BINS + 1)
    for value, beyond in zip(cases.at_own_time, cases.beyond, strict=True):
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
    """Slope of the log hazard on the predicted one, 1 is best; below 1, predictions are too far apart.

    Royston and Altman 2013, doi 10.1186/1471-2288-13-33: the coefficient of a Cox regression on the prediction
    alone, here log(-log S) at :attr:`SurvivalCases.horizon`, which for proportional hazards is the log hazard and
    for other curves still is what they say. Stratified by fold, so that folds' baselines play no part; repeats
    are averaged. NaN where all patients of a fold have one curve.
    """
    slopes = [
        weighted_cox(x[:, None], cases.event, cases.time, weight, fold)[:, 0]
        for x, fold in zip(_log_cumulative_hazard(cases), cases.fold, strict=True)
    ]
    mean: Array = np.mean(slopes, axis=0)
    return mean


def integrated_calibration_index(cases: SurvivalCases, weight: Array) -> Array:
    """Mean distance of the predicted and the observed probability of an event, lower is better; 0 is perfect.

    Austin, Harrell and van Klaveren 2020, doi 10.1002/sim.8570, at :attr:`SurvivalCases.horizon`, with the observed
    probability of :func:`observed_at_horizon`. Patients of a repeat count together, and repeats are averaged.
    """
    total = np.zeros(len(weight))
    for repeat, predicted in enumerate(cases.probability):
        for draw, row in enumerate(weight):
            observed = observed_at_horizon(cases, repeat, row)
            total[draw] += np.average(np.abs(observed - predicted), weights=row)
    return total / len(cases.curves)


def observed_at_horizon(cases: SurvivalCases, repeat: int, weight: Array) -> Array:
    """(n,) probability of an event by the horizon among patients predicted alike, from outcomes of all.

    Cox regression on a restricted cubic spline of log(-log S(horizon)), with knots at the 10th, 50th and 90th
    percentile, and Breslow's baseline (Austin et al. 2020). Where all patients have one prediction it is
    1 - exp(-H) of all.
    """
    x = _log_cumulative_hazard(cases)[repeat]
    basis = _spline(x, weight)
    together = np.zeros(len(x), dtype=np.int64)
    linear = np.zeros(len(x))
    if basis.shape[1]:
        coefficients = weighted_cox(basis, cases.event, cases.time, weight[None], together)[0]
        # Columns that say nothing of the events leave the baseline alone.
        linear = basis @ np.nan_to_num(coefficients)
    center = linear.max()
    hazard = baseline_hazard(linear - center, cases.event, cases.time, weight, cases.horizon)
    observed: Array = -np.expm1(-hazard * np.exp(linear - center))
    return observed


def km_calibration(cases: SurvivalCases, weight: Array) -> Array:
    """Distance of the mean predicted curve from Kaplan-Meier, lower is better; 0 is perfect.

    Chapfuwa et al. 2020, doi 10.1109/TNNLS.2020.3029631, who compare the two curves; here as one number, the root of
    their mean squared difference over the grid, in units of probability. Patients of a repeat count together, and
    repeats are averaged.
    """
    observed = kaplan_meier(cases.event, cases.time, weight)(cases.grid)
    share = weight / weight.sum(axis=1, keepdims=True)
    span = cases.grid[-1] - cases.grid[0]
    apart = [
        np.sqrt(np.trapezoid((share @ s - observed) ** 2, cases.grid, axis=1) / span) for s in cases.survival
    ]
    mean: Array = np.mean(apart, axis=0)
    return mean


def bound_coverage(cases: SurvivalCases, weight: Array) -> Array:
    """Share of patients whose time is at least their lower bound, 0.9 is best: that is what is promised.

    Candes, Lei and Ren 2023, doi 10.1093/jrsssb/qkac004, for the promise. Who is followed to his bound is covered, who
    had the event before it is not, and both count by one over the probability G of being followed so far; who was
    censored before his bound is stood for by the others. G is estimated on all evaluated patients, repeats are
    averaged. NaN where no bounds were predicted.
    """
    if cases.bound is None:
        return np.full(len(weight), np.nan)
    shares = []
    for bound in cases.bound:
        kept, lost = (counted.sum(axis=1) for counted in kept_and_lost(cases, weight, bound))
        nothing = np.full(len(weight), np.nan)
        shares.append(np.divide(kept, kept + lost, out=nothing, where=kept + lost > 0))
    mean: Array = np.mean(shares, axis=0)
    return mean


def kept_and_lost(cases: SurvivalCases, weight: Array, bound: Array) -> tuple[Array, Array]:
    """(draws, n) how many patients each stands for who reach their `bound` (n,), and who do not.

    One over the probability of being followed to the bound, or to the event before it; 0 who was censored before it.
    """
    censoring = censoring_survival(cases.event, cases.time, weight)
    kept = _inverse(weight, censoring(np.nextafter(bound, 0.0))) * (cases.time >= bound)
    lost = _inverse(weight, censoring(np.nextafter(cases.time, 0.0))) * (cases.event & (cases.time < bound))
    return kept, lost


def _log_cumulative_hazard(cases: SurvivalCases) -> Array:
    """(repeats, n) log(-log S) at the horizon."""
    at = np.array([cases.horizon])
    alive = np.stack([curve(at)[:, 0] for curve in cases.curves])
    logs: Array = np.log(-np.log(np.clip(alive, SMALLEST, 1.0 - SMALLEST)))
    return logs


def _spline(x: Array, weight: Array) -> Array:
    """(n, 0 to 2) restricted cubic spline (Harrell 2015, doi 10.1007/978-3-319-19425-7, section 2.4.5) of x (n,).

    Fewer columns where x is constant, or knots fall together.
    """
    if np.ptp(x[weight > 0]) < SMALLEST:
        return np.empty((len(x), 0))
    low, middle, high = _quantiles(x, weight)
    if not low < middle < high:
        return x[:, None]
    cubes = [np.maximum(x - knot, 0.0) ** 3 for knot in (low, middle, high)]
    bent = cubes[0] - cubes[1] * (high - low) / (high - middle) + cubes[2] * (middle - low) / (high - middle)
    return np.column_stack([x, bent / (high - low) ** 2])


def _quantiles(x: Array, weight: Array) -> Array:
    """Knots of x (n,), each patient counting `weight` times, interpolated as numpy does."""
    order = np.argsort(x, kind="stable")
    upto = np.cumsum(weight[order])
    place = np.array(KNOTS) * (upto[-1] - 1.0)
    below = np.floor(place + 1e-9)
    first, second = (
        x[order][np.minimum(np.searchsorted(upto, k + 0.5), len(x) - 1)] for k in (below, below + 1.0)
    )
    quantiles: Array = first + (place - below) * (second - first)
    return quantiles


def _inverse(weight: Array, probability: Array) -> Array:
    """Weigh by one over a probability, with 0 where it is 0."""
    return np.divide(weight, probability, out=np.zeros_like(weight), where=probability > 0)


D_CALIBRATION = Metric(d_calibration, higher_is_better=True, label="D-calibration p", interval=False)
CALIBRATION_SLOPE = Metric(
    calibration_slope,
    higher_is_better=None,
    label="calibration slope",
    best=1.0,
    absent="in every fold all patients have one curve, or nobody had the event",
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
BOUND_COVERAGE = Metric(
    bound_coverage,
    higher_is_better=None,
    label="coverage of lower bounds",
    best=PROMISED,
    absent="no lower bounds were predicted, or nobody was followed to his",
)
