"""Covariate shift: the out-of-fold predictions of a run, weighted to the case mix of another cohort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.calibration.density_ratio import ShiftWeights
from models.calibration.response_sets import ResponseSets
from stratomics.evaluation.cases import Cases, ResponseCases
from stratomics.evaluation.comparison import MetricEstimates
from stratomics.evaluation.intervals import Estimate
from stratomics.evaluation.metrics.response_sets import covered
from stratomics.transportability.external import metrics_of, share
from stratomics.transportability.membership import Membership, membership

__all__ = ["Shift", "covariate_shift", "weighted_sets"]

Array = NDArray[np.float64]

NEEDS_COUNTS = ("d_calibration", "ici", "km_calibration")
"""Metrics that take whole patients, not weights."""


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
    """
    found = membership(inputs, other_inputs, seed)
    once = metrics_of(training, weight)
    both = {name: value for name, value in once.items() if name not in NEEDS_COUNTS}
    facts = (found.auroc, len(training), found.effective_n, found.beyond, found.overlap)
    if not found.overlap:
        return Shift(*facts, both, {})
    weighted = metrics_of(training, weight * found.weight)
    of_sets: tuple[Estimate | None, Estimate | None] = None, None
    if isinstance(training, ResponseCases) and isinstance(other, ResponseCases):
        of_sets = weighted_sets(training, other, found)
    return Shift(*facts, both, {name: weighted[name] for name in both if name in weighted}, *of_sets)


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
