"""Covariate shift: the out-of-fold predictions of a run, weighted to the case mix of another cohort."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.calibration.censoring_model import conditional_censoring
from models.calibration.density_ratio import ShiftWeights
from models.calibration.response_sets import ResponseSets
from models.calibration.survival_bounds import SurvivalBounds
from models.survival.kaplan_meier import StepFunction
from stratomics.evaluation.cases import Cases, ResponseCases, SurvivalCases
from stratomics.evaluation.comparison import MetricEstimates, resamples
from stratomics.evaluation.intervals import Estimate, percentile_estimate
from stratomics.evaluation.metrics.metric import SHARE
from stratomics.evaluation.metrics.response_sets import covered
from stratomics.evaluation.metrics.survival_bounds import bound_coverage
from stratomics.transportability.external import metrics_of, share
from stratomics.transportability.membership import Membership, membership

__all__ = ["Shift", "covariate_shift", "weighted_bounds", "weighted_sets"]

Array = NDArray[np.float64]

NEEDS_COUNTS = ("d_calibration", "ici", "km_calibration")
"""Metrics that take whole patients, not weights."""
DRAWS = 200


@dataclass(frozen=True)
class Shift:
    """What a change of the factors and covariates alone would do to a model.

    Attributes
    ----------
    membership
        AUROC of telling the cohorts apart.
    patients, effective
        Training patients, and their effective number after weighting.
    beyond
        Share of the patients of the other cohort who are less like training than 99% of its patients.
    overlap
        Whether the cohorts overlap; without overlap nothing below is computed.
    training
        Metric -> estimate in the training patients, out of fold.
    weighted
        The same after weighting to the other cohort.
    sets, weighted_sets
        Share of the other patients whose response is in sets of 90% calibrated on the training patients, unweighted
        and weighted; None for survival.
    bounds, weighted_bounds
        Share of the other patients who reach lower bounds of 90%, in the same two ways; None for a response, or if no
        patient is followed to their bound.
    """

    membership: Estimate
    patients: int
    effective: float
    beyond: float
    overlap: bool
    training: MetricEstimates
    weighted: MetricEstimates
    sets: Estimate | None = None
    weighted_sets: Estimate | None = None
    bounds: Estimate | None = None
    weighted_bounds: Estimate | None = None


def covariate_shift(
    training: Cases, inputs: Array, weight: Array, other: Cases, other_inputs: Array, seed: int
) -> Shift:
    """Compare two cohorts by factors and covariates, and weight the first to the second.

    Parameters
    ----------
    training
        n training patients, predicted out of fold.
    inputs
        (n, K) their factors and covariates.
    weight
        (1 + draws, n) their bootstrap weights.
    other
        m patients of the other cohort.
    other_inputs
        (m, K) their factors and covariates, by the same harmonizer and factor model.
    seed
        Seed of the membership model.

    Returns
    -------
    Shift
        Without weighted metrics where the cohorts do not overlap.

    Raises
    ------
    TypeError
        If the endpoints of the cohorts are of different kinds.
    """
    found = membership(inputs, other_inputs, seed)
    once = metrics_of(training, weight)
    both = {name: value for name, value in once.items() if name not in NEEDS_COUNTS}
    facts = (found.auroc, len(training), found.effective_n, found.beyond, found.overlap)
    if not found.overlap:
        return Shift(*facts, both, {})
    weighted = metrics_of(training, weight * found.weight)
    shown = {name: weighted[name] for name in both if name in weighted}
    if isinstance(training, ResponseCases) and isinstance(other, ResponseCases):
        return Shift(*facts, both, shown, *weighted_sets(training, other, found))
    if isinstance(training, SurvivalCases) and isinstance(other, SurvivalCases):
        bounds = weighted_bounds(training, inputs, other, found.weight, seed)
        return Shift(*facts, both, shown, bounds=bounds[0], weighted_bounds=bounds[1])
    raise TypeError("the cohorts have endpoints of different kinds")


def weighted_sets(
    training: ResponseCases, other: ResponseCases, found: Membership
) -> tuple[Estimate | None, Estimate | None]:
    """Coverage in the other cohort of marginal sets of 90%, calibrated on out-of-fold predictions.

    Weighted conformal prediction (Tibshirani et al. 2019, doi 10.48550/arXiv.1904.06019) keeps its coverage where only
    factors and covariates differ between the cohorts.

    Parameters
    ----------
    training, other
        Cases of the training patients, out of fold, and of the other patients.
    found
        Weights of both.

    Returns
    -------
    tuple
        Coverage of the unweighted and of the weighted sets, with exact intervals.
    """
    probability = training.probability.mean(axis=0)
    both = np.column_stack([1.0 - probability, probability])
    one_member = np.zeros(len(training), dtype=np.int64)
    sets = ResponseSets.fit_unchecked(both, training.positive.astype(np.int64), one_member, "marginal")
    new = np.stack([1.0 - other.probability, other.probability], axis=-1)[:1]
    shift = ShiftWeights(found.weight, found.new_weight)
    return _covered(other, sets.predict(new)), _covered(other, sets.predict(new, shift=shift))


def _covered(other: ResponseCases, sets: NDArray[np.bool_]) -> Estimate | None:
    hit = covered(ResponseCases(other.positive, other.probability, other.fold, sets[None]))
    return None if hit is None else share(hit[0].astype(bool))


def weighted_bounds(
    training: SurvivalCases, inputs: Array, other: SurvivalCases, weight: Array, seed: int
) -> tuple[Estimate | None, Estimate | None]:
    """Coverage in the other cohort of lower bounds of 90%, calibrated on out-of-fold curves.

    Weighted conformal prediction of survival times (Candes, Lei and Ren 2023, doi 10.1093/jrsssb/qkac004, section 3),
    with the odds of membership besides the weights for censoring.

    Parameters
    ----------
    training
        n training patients, out of fold, without delayed entry.
    inputs
        (n, K) their factors and covariates, which censoring may depend on.
    other
        m patients of the other cohort.
    weight
        (n,) weights of the training patients.
    seed
        Seed of the resamples of the other cohort.

    Returns
    -------
    tuple
        Coverage of the unweighted and of the weighted bounds, with 95% intervals over the patients of the other cohort.
    """
    curves = _mean_curve(training.curves)
    censoring = conditional_censoring(
        np.column_stack([training.risk.mean(axis=0), inputs]),
        training.event,
        training.time,
        training.fold[0],
    )
    new, drawn = _mean_curve(other.curves), resamples(np.arange(len(other)), DRAWS, seed)

    def coverage(of: Array | None) -> Estimate | None:
        bounds = SurvivalBounds.fit(curves, training.event, training.time, censoring, weight=of)
        shares = bound_coverage(replace(other, bound=bounds(new)[None]), drawn)
        return percentile_estimate(shares, SHARE) if np.isfinite(shares[0]) else None

    return coverage(None), coverage(weight)


def _mean_curve(curves: tuple[StepFunction, ...]) -> StepFunction:
    """Mean over the repeats of the curves of each patient."""
    times = np.unique(np.concatenate([curve.times for curve in curves]))
    return StepFunction(times, np.mean([curve(times) for curve in curves], axis=0))
