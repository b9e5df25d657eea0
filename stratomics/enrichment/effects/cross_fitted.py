"""Effects in subgroups chosen by cross-fitted rules: each rule is applied to patients it was not learned from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from omics.common.errors import DataError
from stratomics.enrichment.effects.effect import Effect, Effects, Measure
from stratomics.enrichment.effects.trial_folds import REPEATS

__all__ = [
    "CrossFittedEffect",
    "chosen_most_often",
    "chosen_within_folds",
    "cross_fitted_effect",
    "estimand",
    "mean_over_repeats",
    "ranks_within_folds",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CrossFittedEffect:
    """An effect with its interval and its estimand.

    Attributes
    ----------
    effect
        Mean over the cross-fits, with its 95% interval.
    estimand
        The estimand in words.
    repeats
        Number of cross-fits.
    between
        Standard deviation between cross-fits, on the additive scale: variability from the random split into folds.
    """

    effect: Effect
    estimand: str
    repeats: int
    between: float


def chosen_within_folds(score: Array, fold: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """Choose the patients with the highest scores in each fold.

    Patients are compared within a fold only, because scores of two models do not share a scale.

    Parameters
    ----------
    score, fold
        (repeats, n) score of each patient, and the number of the fold that held the patient out.
    share
        Share of each fold to choose, between 0 and 1.

    Returns
    -------
    ndarray
        (repeats, n) bool, True for chosen patients.

    Raises
    ------
    DataError
        If `share` is not between 0 and 1.

    Examples
    --------
    >>> chosen_within_folds(np.array([[1.0, 2.0, 30.0, 40.0]]), np.array([[0, 0, 1, 1]]), 0.5)
    array([[False,  True, False,  True]])
    """
    if not 0 < share < 1:
        raise DataError(
            f"a share of {share:g} chooses no patient or all patients; choose a share between 0 and 1"
        )
    chosen = np.zeros(score.shape, dtype=np.bool_)
    for repeat, row in enumerate(fold):
        for number in np.unique(row):
            rows = np.flatnonzero(row == number)
            chosen[repeat, rows] = score[repeat, rows] > np.quantile(score[repeat, rows], 1.0 - share)
    return chosen


def chosen_most_often(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) the patients that most rules (repeats, n) chose, as many as one rule chooses on average.

    Examples
    --------
    >>> chosen_most_often(np.array([[True, True, False], [False, True, False]]))
    array([ True,  True, False])
    """
    order = np.argsort(-chosen.mean(axis=0), kind="stable")
    most = np.zeros(chosen.shape[1], dtype=np.bool_)
    most[order[: int(np.ceil(chosen.sum(axis=1).mean()))]] = True
    return most


def ranks_within_folds(score: Array, fold: NDArray[np.int64]) -> Array:
    """Rank of each patient's score within the fold, so that patients of different folds can be compared.

    Parameters
    ----------
    score, fold
        (repeats, n) score of each patient, and the number of the fold that held the patient out.

    Returns
    -------
    ndarray
        (repeats, n) share of the fold with a score at or below that of the patient, above 0 and up to 1.

    Examples
    --------
    >>> ranks_within_folds(np.array([[1.0, 2.0, 40.0, 30.0]]), np.array([[0, 0, 1, 1]]))
    array([[0.5, 1. , 1. , 0.5]])
    """
    ranks = np.empty(score.shape)
    for repeat, row in enumerate(fold):
        for number in np.unique(row):
            rows = np.flatnonzero(row == number)
            ranks[repeat, rows] = rankdata(score[repeat, rows], method="average") / len(rows)
    return ranks


def cross_fitted_effect(measure: Measure, chosen: NDArray[np.bool_]) -> CrossFittedEffect:
    """Estimate the effect in the patients chosen by cross-fitted rules.

    The estimate is the mean over repeats, and its standard error is the mean of the standard errors. Training sets of
    different folds overlap, so that one cross-fit varies more than its standard error indicates; averaging over
    repeats removes about as much variability as this adds.

    Parameters
    ----------
    measure
        Measure of effect of the trial.
    chosen
        (repeats, n) patients chosen by each cross-fit.

    Returns
    -------
    CrossFittedEffect
        The effect with its 95% interval and its estimand.

    Raises
    ------
    DataError
        If there are fewer than twenty repeats, or one of them allows no estimate.
    """
    repeats = len(chosen)
    if repeats < REPEATS:
        raise DataError(
            f"{repeats} repeats of the cross-fit give no valid interval (one repeat covers about 90%); run {REPEATS}"
        )
    values, errors = measure.effects(chosen.astype(np.float64))
    estimate, se = mean_over_repeats((values, errors), repeats)
    if not np.isfinite(estimate[0]):
        raise DataError(
            f"a cross-fit chooses patients in whom no {measure.label} can be estimated, for example because an arm has "
            "no events; choose a larger share"
        )
    effect = measure.effect(float(estimate[0]), float(se[0]))
    return CrossFittedEffect(effect, estimand(measure.label, repeats), repeats, float(np.std(values, ddof=1)))


def estimand(label: str, repeats: int) -> str:
    """Describe the estimand of an effect of cross-fitted rules.

    Parameters
    ----------
    label
        Name of the measure of effect.
    repeats
        Number of cross-fits.

    Returns
    -------
    str
        The estimand in one sentence.
    """
    return (
        f"{label} in patients like these, mean over {repeats} cross-fits, each rule applied to patients it was not "
        "learned from; the locked rule, learned from all patients, is a different rule and may do better or worse"
    )


def mean_over_repeats(effects: Effects, repeats: int) -> Effects:
    """Average estimates and standard errors over the repeats of each group.

    Parameters
    ----------
    effects
        (groups * repeats,) estimates and standard errors.
    repeats
        Number of repeats of each group.

    Returns
    -------
    tuple
        (groups,) estimates and standard errors.
    """
    value, se = (part.reshape(-1, repeats).mean(axis=1) for part in effects)
    return value, se
