"""Probability of treatment: taken from the randomisation, or estimated where there was none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.enrichment.effects.nuisance import probability_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import FOLDS, trial_folds

__all__ = ["Overlap", "interpretation_of", "overlap_of", "treatment_probability"]

Array = NDArray[np.float64]

PROBABILITY_RANGE = (0.05, 0.95)
"""Estimated probabilities are kept within this range. Outside it, patients of one arm have few counterparts."""

INTERPRETATIONS = {
    "yes": "randomised: differences between arms are effects of treatment",
    "adaptive": "allocation changed with the outcomes: arms differ in when their patients were enrolled, and drift "
    "over time cannot be separated from treatment without dates of enrolment",
    "no": "not randomised: differences between arms are associations, adjusted for the given covariates; other reasons "
    "for the choice of treatment are not adjusted for, and nothing here shows that treatment caused a difference",
}


def interpretation_of(trial: Trial) -> str:
    """Say how a difference between the arms may be interpreted."""
    return INTERPRETATIONS[trial.randomised]


def treatment_probability(trial: Trial, x: Array, seed: int) -> Array:
    """Probability of treatment of each patient.

    It is the probability of the randomisation where it is known, and the share of treated patients in each stratum
    of any other randomised trial. Otherwise it comes from a cross-fitted ridge logistic regression, kept between .05
    and .95.

    Parameters
    ----------
    trial
        The patients.
    x
        (n, p) covariates.
    seed
        Seed of the folds.

    Returns
    -------
    ndarray
        (n,) probabilities.
    """
    if trial.probability is not None:
        return trial.probability
    if trial.randomised != "no":
        return _share_in_stratum(trial)
    fold = trial_folds(trial, FOLDS, 1, seed, "propensity")[0]
    probability = np.empty(len(trial))
    for number in range(FOLDS):
        test = fold == number
        probability[test] = probability_of(x[~test], trial.treated[~test], x[test])
    return np.clip(probability, *PROBABILITY_RANGE)


def _share_in_stratum(trial: Trial) -> Array:
    stratum = np.zeros(len(trial), dtype=np.int64) if trial.stratum is None else trial.stratum
    size, treated = np.bincount(stratum), np.bincount(stratum, trial.treated)
    share = treated / np.maximum(size, 1)
    if ((share == 0) | (share == 1))[np.unique(stratum)].any():
        raise DataError("a stratum of randomisation has patients of one arm only; join it with another")
    probability: Array = share[stratum]
    return probability


@dataclass(frozen=True)
class Overlap:
    """Overlap of the arms in their probability of treatment.

    Attributes
    ----------
    quantiles
        Quantiles of the controls and of the treated, at 0, 5, 25, 50, 75, 95 and 100%.
    outside
        Share of all patients at or beyond .05 or .95.
    sentence
        The result in words.
    """

    quantiles: dict[str, list[float]]
    outside: float
    sentence: str


def overlap_of(trial: Trial, probability: Array) -> Overlap:
    """Compare the arms by their probability of treatment.

    Parameters
    ----------
    trial
        The patients.
    probability
        (n,) probability of treatment of each patient.

    Returns
    -------
    Overlap
        Quantiles by arm, and the share of patients with an extreme probability.
    """
    levels = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]
    arms = {"control": probability[~trial.treated], "treated": probability[trial.treated]}
    outside = float(((probability <= PROBABILITY_RANGE[0]) | (probability >= PROBABILITY_RANGE[1])).mean())
    sentence = (
        f"{outside:.0%} of the patients were almost certain to be in their arm (probability of treatment at or beyond "
        f"{PROBABILITY_RANGE[0]:g} or {PROBABILITY_RANGE[1]:g})"
    )
    return Overlap({name: np.quantile(p, levels).tolist() for name, p in arms.items()}, outside, sentence)
