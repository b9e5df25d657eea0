"""Test whether a signature of covariates finds patients who benefit; the whole fit is repeated in each permutation.

The signature is a cross-fitted ridge regression of benefit on covariates.
"""

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
from stratomics.enrichment.selection.cut_search import both_sides
from stratomics.evaluation.p_values import permutation_p

__all__ = ["SignatureTest", "adaptive_signature", "signature_interaction_p", "signature_test"]

Array = NDArray[np.float64]

ALPHAS = (0.04, 0.01)
"""Significance levels for all patients (two-sided) and for benefit in the signature group; .05 together."""
DRAWS = 500
INTERACTION_DRAWS, REPEATS_OF_FOLDS = 200, 5


@dataclass(frozen=True)
class SignatureTest:
    """Result of the cross-validated adaptive signature design.

    Freidlin, Jiang and Simon 2010, doi 10.1158/1078-0432.CCR-09-1357.

    Attributes
    ----------
    share
        Share of the patients in the signature group.
    p_all, p_found
        p value of an effect in all patients (two-sided), and of a benefit in the signature group, by permutation of
        the arms.
    z_found
        Effect in the signature group divided by its standard error; positive where treated patients do better.
    sentence
        What the design concludes.
    p_interaction
        p value of the interaction between treatment and being in the signature group, by permutation of the
        covariates; None if it was not tested.
    """

    share: float
    p_all: float
    p_found: float
    z_found: float
    sentence: str
    p_interaction: float | None = None


def signature_test(
    trial: Trial, x: Array, share: float, horizon: float = np.inf, seed: int = 0, draws: int = DRAWS
) -> SignatureTest:
    """Run the adaptive signature design, and test the interaction of treatment and signature.

    Parameters
    ----------
    trial, x
        Randomised patients and their covariates (n, p), on any scale.
    share
        Share of the patients in the signature group, between 0 and 1.
    horizon
        For a survival endpoint: the signature is fitted to the time gained up to then.
    seed, draws
        Seed of folds and permutations, and number of permutations.

    Returns
    -------
    SignatureTest
        p values by permutation, and a conclusion.

    Raises
    ------
    DataError
        If the trial is not randomised with fixed allocation, or no covariate varies.
    """
    spread = x.std(axis=0)
    if not (spread > 0).any():
        raise DataError(
            "no covariate varies between patients, so there is no signature; name other covariates"
        )
    scaled = (x[:, spread > 0] - x[:, spread > 0].mean(axis=0)) / spread[spread > 0]
    result = adaptive_signature(trial, scaled, share, horizon, seed, draws)
    p = signature_interaction_p(trial, scaled, share, horizon, seed, draws)
    return replace(result, p_interaction=p)


def adaptive_signature(
    trial: Trial, x: Array, share: float, horizon: float = np.inf, seed: int = 0, draws: int = DRAWS
) -> SignatureTest:
    """Test all patients at .04, and the patients whom the signature ranks first at .01.

    The p value in the signature group comes from repeating the whole procedure with arms permuted within their strata,
    since folds share patients and the distribution of the statistic is not known.

    Parameters
    ----------
    trial, x
        Randomised patients and their covariates (n, p), of comparable scale.
    share
        Share of the patients in the signature group.
    horizon
        For a survival endpoint: the signature is fitted to the time gained up to then. The test uses the first measure
        for the kind of endpoint.
    seed, draws
        Seed of folds and permutations, and number of permutations.

    Returns
    -------
    SignatureTest
        Without `p_interaction`.

    Raises
    ------
    DataError
        If the trial is not randomised with fixed allocation, so that arms may not be permuted.
    """
    if trial.randomised != "yes":
        raise DataError(
            "an adaptive signature permutes arms, which needs a randomised trial with fixed allocation; leave the "
            "signature out"
        )
    fold = trial_folds(trial, FOLDS, 1, seed, "signature")

    def statistic(order: NDArray[np.int64]) -> float:
        permuted = replace(trial, treated=trial.treated[order])
        score, _ = cross_fitted_benefit(permuted, x, fold, horizon)
        return _z(permuted, chosen_within_folds(score, fold, share).astype(np.float64))

    z_all = _z(trial, np.ones((1, len(trial))))
    z_found = statistic(np.arange(len(trial)))
    p_all = float(2 * norm.sf(abs(z_all)))
    p_found = permutation_p(statistic, len(trial), draws, seed, trial.stratum)
    return SignatureTest(share, p_all, p_found, z_found, _sentence(z_all, p_all, p_found))


def signature_interaction_p(
    trial: Trial,
    x: Array,
    share: float,
    horizon: float = np.inf,
    seed: int = 0,
    draws: int = INTERACTION_DRAWS,
) -> float:
    """Test the interaction between treatment and being in the signature group, out of fold.

    Covariates are permuted while each patient keeps arm and outcome, so that an effect that is the same in all patients
    stays. Fit, choice and interaction are repeated in each permutation.

    Parameters
    ----------
    trial, x
        The patients and their covariates (n, p), of comparable scale.
    share
        Share of each fold in the signature group.
    horizon
        For a survival endpoint: the signature is fitted to the time gained up to then.
    seed, draws
        Seed of folds and permutations, and number of permutations.

    Returns
    -------
    float
        The permutation p value.
    """
    measure, fold = measure_of(trial), trial_folds(trial, FOLDS, REPEATS_OF_FOLDS, seed, "pipeline")
    one = np.ones((1, len(trial)))

    def statistic(order: NDArray[np.int64]) -> float:
        score, _ = cross_fitted_benefit(trial, x[order], fold, horizon)
        z = both_sides(measure, chosen_within_folds(score, fold, share)[None], one).z[0, 0]
        return float(measure.sign * z) if np.isfinite(z) else -np.inf

    return permutation_p(statistic, len(trial), draws, seed)


def _z(trial: Trial, count: Array) -> float:
    measure = measure_of(trial)
    value, se = measure.effects(count)
    return float(measure.sign * value[0] / se[0]) if np.isfinite(value[0]) else 0.0


def _sentence(z_all: float, p_all: float, p_found: float) -> str:
    if p_all <= ALPHAS[0]:
        side = "for" if z_all > 0 else "against"
        known = f"(p {p_all:.3g}, at most {ALPHAS[0]:g})"
        return f"an effect in all patients, {side} the treatment {known}; the signature is not tested"
    in_all, in_group = f"(p {p_all:.3g}, above {ALPHAS[0]:g})", f"p {p_found:.3g}"
    if p_found <= ALPHAS[1]:
        return (
            f"no effect shown in all {in_all}, but in the signature group ({in_group}, at most {ALPHAS[1]:g})"
        )
    return f"no effect shown, in all {in_all} or in the signature group ({in_group}, above {ALPHAS[1]:g})"
