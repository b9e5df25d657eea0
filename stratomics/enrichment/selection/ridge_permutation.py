"""Whether a ridge of benefit finds anybody at all: its whole pipeline repeated on covariates dealt out anew."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stratomics.enrichment.effects.cross_fitted import chosen_within_folds
from stratomics.enrichment.effects.effect import measure_of
from stratomics.enrichment.effects.ridge_benefit import cross_fitted_benefit
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import FOLDS, trial_folds
from stratomics.enrichment.selection.cut_search import both_sides
from stratomics.enrichment.selection.permutation import permutation_p

__all__ = ["ridge_permutation_p"]

DRAWS, PARTINGS = 200, 5


def ridge_permutation_p(
    trial: Trial,
    x: NDArray[np.float64],
    share: float,
    horizon: float = np.inf,
    seed: int = 0,
    draws: int = DRAWS,
) -> float:
    """Permutation p of the interaction between treatment and being among the `share` put first, out of fold.

    Covariates are dealt out anew to patients who keep arm and outcome, so that an effect that is the same in everybody
    stays; fit, choice and interaction are repeated in each permutation.

    Parameters
    ----------
    trial, x
        The patients and their covariates (n, p), comparable in scale.
    share
        Whom the line of benefit chooses in each fold.
    horizon
        Of a survival endpoint: benefit is time gained up to then.
    seed, draws
        Of folds and permutations, and the number of these.
    """
    measure, fold = measure_of(trial), trial_folds(trial, FOLDS, PARTINGS, seed, "pipeline")
    one = np.ones((1, len(trial)))

    def statistic(order: NDArray[np.int64]) -> float:
        score, _ = cross_fitted_benefit(trial, x[order], fold, horizon)
        z = both_sides(measure, chosen_within_folds(score, fold, share)[None], one).z[0, 0]
        return float(measure.sign * z) if np.isfinite(z) else -np.inf

    return permutation_p(statistic, len(trial), draws, seed)
