"""How well one can tell from which of two cohorts a patient comes, and weights that make one like the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.calibration.density_ratio import DensityRatio
from omics.common.seeds import named_generator
from stratomics.evaluation.cases import ResponseCases
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.intervals import Estimate, percentile_estimate
from stratomics.evaluation.metrics.response_scores import auroc

__all__ = ["Membership", "effective_number", "membership"]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

FOLDS = 5
DRAWS = 200
SEPARATED = 0.98
"""Membership AUROC from which the cohorts do not overlap."""
LEAST = 20.0
"""Smallest effective number of patients that weighted metrics are computed from."""
COMMON = 0.99
"""Share of the training patients within the common range."""


@dataclass(frozen=True)
class Membership:
    """A cross-fitted membership model.

    Attributes
    ----------
    auroc
        AUROC of telling the cohorts apart, within folds: 0.5 means the same case mix.
    weight
        (n,) odds of belonging to the other cohort for each training patient, mean 1 within each fold.
    new_weight
        (m,) the same for the patients of the other cohort, on the scale of `weight`.
    effective_n
        Effective number of the weighted training patients.
    beyond
        Share of the patients of the other cohort who are less like training than 99% of its patients.
    """

    auroc: Estimate
    weight: Array
    new_weight: Array
    effective_n: float
    beyond: float

    @property
    def overlap(self) -> bool:
        """Whether the cohorts overlap enough for weighted metrics."""
        return self.auroc["estimate"] < SEPARATED and self.effective_n >= LEAST


def membership(training: Array, other: Array, seed: int, penalty: float | None = None) -> Membership:
    """Learn to tell two cohorts apart, each patient by a model fitted without them.

    The odds are those of :class:`models.calibration.density_ratio.DensityRatio` without limits, so that the effective
    sample size shows what they cost (Debray et al. 2015, doi 10.1016/j.jclinepi.2014.06.018, on membership models;
    Tibshirani et al. 2019, doi 10.48550/arXiv.1904.06019, on odds weights).

    Parameters
    ----------
    training, other
        (n, K) and (m, K) factors and covariates on the same scale.
    seed
        Seed of the folds.
    penalty
        Ridge penalty; by default log odds have a priori variance 1.

    Returns
    -------
    Membership
        The weights are finite and positive.
    """
    generator = named_generator(seed, "membership")
    fold = np.concatenate([_folds(len(training), generator), _folds(len(other), generator)])
    both, is_other = np.vstack([training, other]), np.arange(len(fold)) >= len(training)
    log_odds = np.empty(len(fold))
    for number in range(FOLDS):
        out = fold == number
        ratio = DensityRatio.fit(both[~out & ~is_other], both[~out & is_other], penalty)
        log_odds[out] = ratio.log_ratio(both[out])
        held = out & ~is_other
        # The mean weight of the training patients of a fold is 1.
        log_odds[out] -= np.logaddexp.reduce(log_odds[held]) - np.log(held.sum())
    weight, new = np.exp(log_odds[~is_other]), np.exp(log_odds[is_other])
    cases = ResponseCases(is_other, expit(log_odds)[None], fold[None])
    draws = auroc(cases, resamples(np.arange(len(fold)), DRAWS, seed))
    beyond = float((new > np.quantile(weight, COMMON)).mean())
    return Membership(percentile_estimate(draws, (0.0, 1.0)), weight, new, effective_number(weight), beyond)


def effective_number(weight: Array) -> float:
    """Effective number of patients with weights (n,): Kish 1965, (sum w)^2 / sum w^2.

    Examples
    --------
    >>> effective_number(np.array([1.0, 1.0, 0.0]))
    2.0
    """
    return float(weight.sum() ** 2 / (weight**2).sum())


def _folds(n: int, generator: np.random.Generator) -> Rows:
    folds: Rows = generator.permutation(n) % FOLDS
    return folds
