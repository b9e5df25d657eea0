"""Who was likely to be treated: known of a randomised trial, learned otherwise, and what may be said then."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.enrichment.effects.nuisance import probability_of
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import FOLDS, trial_folds

__all__ = ["Overlap", "overlap_of", "standing_of", "treatment_probability"]

Array = NDArray[np.float64]

NARROW = (0.05, 0.95)
"""Outside of this, patients of one arm have hardly a counterpart in the other."""

STANDINGS = {
    "yes": "randomised: differences between arms are effects of treatment",
    "adaptive": "allocation moved with the outcomes: arms differ in when their patients came, and drift over time "
    "cannot be told from treatment where dates of enrolment are absent",
    "no": "not randomised: differences between arms are associations, adjusted for the covariates given; what "
    "decided on treatment beside them is not adjusted for, and nothing here shows that treatment caused a difference",
}


def standing_of(trial: Trial) -> str:
    """Say what a difference between the arms means."""
    return STANDINGS[trial.randomised]


def treatment_probability(trial: Trial, x: Array, seed: int) -> Array:
    """(n,) probability of being treated.

    As randomisation had it, where known; the share of the treated in each stratum of a randomised trial; otherwise a
    ridge logistic regression on the covariates (n, p), cross-fitted, held within .05 and .95.
    """
    if trial.probability is not None:
        return trial.probability
    if trial.randomised != "no":
        return _share_of_stratum(trial)
    fold = trial_folds(trial, FOLDS, 1, seed, "propensity")[0]
    probability = np.empty(len(trial))
    for number in range(FOLDS):
        test = fold == number
        probability[test] = probability_of(x[~test], trial.treated[~test], x[test])
    return np.clip(probability, *NARROW)


def _share_of_stratum(trial: Trial) -> Array:
    stratum = np.zeros(len(trial), dtype=np.int64) if trial.stratum is None else trial.stratum
    size, treated = np.bincount(stratum), np.bincount(stratum, trial.treated)
    share = treated / np.maximum(size, 1)
    if ((share == 0) | (share == 1))[np.unique(stratum)].any():
        raise DataError("a stratum of randomisation has patients of one arm only; join it with another")
    probability: Array = share[stratum]
    return probability


@dataclass(frozen=True)
class Overlap:
    """How alike the arms are in their probability of treatment.

    Attributes
    ----------
    quantiles
        Of the controls and of the treated, at 0, 5, 25, 50, 75, 95 and 100%.
    outside
        Share of all patients at or beyond .05 or .95.
    sentence
        What that means.
    """

    quantiles: dict[str, list[float]]
    outside: float
    sentence: str


def overlap_of(trial: Trial, probability: Array) -> Overlap:
    """Lay out the probabilities (n,) of both arms side by side."""
    at = [0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0]
    arms = {"control": probability[~trial.treated], "treated": probability[trial.treated]}
    outside = float(((probability <= NARROW[0]) | (probability >= NARROW[1])).mean())
    sentence = (
        f"{outside:.0%} of the patients were almost sure of their arm (probability of treatment at or beyond "
        f"{NARROW[0]:g} or {NARROW[1]:g})"
    )
    return Overlap({name: np.quantile(p, at).tolist() for name, p in arms.items()}, outside, sentence)
