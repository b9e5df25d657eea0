"""The cross-validated adaptive signature design: one trial that asks about everybody, and about those a score finds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import DataError
from stratomics.enrichment.effects.cross_fitted import chosen_within_folds
from stratomics.enrichment.effects.effect import measure_of
from stratomics.enrichment.effects.ridge_benefit import cross_fitted_benefit
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.trial_folds import FOLDS, trial_folds
from stratomics.enrichment.selection.permutation import permutation_p

__all__ = ["Signature", "adaptive_signature"]

Array = NDArray[np.float64]

ALPHAS = (0.04, 0.01)
"""Error spent on all patients, two-sided, and on benefit in those the signature finds: .05 together."""
DRAWS = 500


@dataclass(frozen=True)
class Signature:
    """Answers of the design (Freidlin, Jiang and Simon 2010, doi 10.1158/1078-0432.CCR-09-1357).

    Attributes
    ----------
    p_all, p_found
        Of an effect in all patients (two-sided), and of a benefit in those found, by permutation of the arms.
    z_found
        Effect in those found by its standard error, positive where the treated fare better.
    sentence
        What the design concludes.
    """

    p_all: float
    p_found: float
    z_found: float
    sentence: str


def adaptive_signature(
    trial: Trial, x: Array, share: float, horizon: float = np.inf, seed: int = 0, draws: int = DRAWS
) -> Signature:
    """Test everybody at .04, and the `share` that a cross-fitted line of benefit puts first at .01.

    The p value of those found comes from repeating everything with arms dealt out anew within their strata, since a
    statistic over folds that share patients has no distribution of its own.

    Parameters
    ----------
    trial, x
        Randomised patients and their covariates (n, p), comparable in scale.
    share
        Whom the signature finds.
    horizon
        Of a survival endpoint, for learning; the test is that of the first measure of the kind of endpoint.
    seed, draws
        Of folds and permutations, and the number of these.

    Raises
    ------
    DataError
        If the trial is not randomised, so that arms may not be dealt out anew.
    """
    if trial.randomised != "yes":
        raise DataError(
            "an adaptive signature deals out arms anew, which takes a randomised trial with fixed allocation"
        )
    fold = trial_folds(trial, FOLDS, 1, seed, "signature")

    def statistic(order: NDArray[np.int64]) -> float:
        dealt = replace(trial, treated=trial.treated[order])
        score, _ = cross_fitted_benefit(dealt, x, fold, horizon)
        return _z(dealt, chosen_within_folds(score, fold, share).astype(np.float64))

    z_all = _z(trial, np.ones((1, len(trial))))
    z_found = statistic(np.arange(len(trial)))
    p_all = float(2 * norm.sf(abs(z_all)))
    p_found = permutation_p(statistic, len(trial), draws, seed, trial.stratum)
    return Signature(p_all, p_found, z_found, _sentence(z_all, p_all, p_found))


def _z(trial: Trial, count: Array) -> float:
    measure = measure_of(trial)
    value, se = measure.effects(count)
    return float(measure.sign * value[0] / se[0]) if np.isfinite(value[0]) else 0.0


def _sentence(z_all: float, p_all: float, p_found: float) -> str:
    if p_all <= ALPHAS[0]:
        side = "for" if z_all > 0 else "against"
        known = f"(p {p_all:.3g}, at most {ALPHAS[0]:g})"
        return f"an effect in all patients, {side} the treatment {known}; the signature is not asked"
    in_all, found = f"(p {p_all:.3g}, above {ALPHAS[0]:g})", f"p {p_found:.3g}"
    if p_found <= ALPHAS[1]:
        return f"no effect shown in all {in_all}, but in those the signature finds ({found}, at most {ALPHAS[1]:g})"
    return f"no effect shown, in all {in_all} or in those found ({found}, above {ALPHAS[1]:g})"
