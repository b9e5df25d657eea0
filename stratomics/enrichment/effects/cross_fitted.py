"""The effect in the chosen, of rules that were learned without those they were applied to."""

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
    "chosen_within_folds",
    "cross_fitted_effect",
    "estimand",
    "mean_over_repeats",
    "most_often",
    "ranks_within_folds",
]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CrossFittedEffect:
    """An effect with its interval, and what both are of.

    Attributes
    ----------
    effect
        With its 95% interval.
    estimand
        What it estimates.
    repeats
        Cross-fits that it is the mean of.
    between
        Standard deviation of the cross-fits, on the scale where effects add: luck in how patients were parted.
    """

    effect: Effect
    estimand: str
    repeats: int
    between: float


def chosen_within_folds(score: Array, fold: NDArray[np.int64], share: float) -> NDArray[np.bool_]:
    """(repeats, n) the `share` of highest score in each fold, since scores of two models have no one scale.

    Parameters
    ----------
    score, fold
        (repeats, n) each.
    share
        Between 0 and 1.

    Examples
    --------
    >>> chosen_within_folds(np.array([[1.0, 2.0, 30.0, 40.0]]), np.array([[0, 0, 1, 1]]), 0.5)
    array([[False,  True, False,  True]])
    """
    if not 0 < share < 1:
        raise DataError(f"a share of {share:g} chooses nobody or everybody; name one between 0 and 1")
    chosen = np.zeros(score.shape, dtype=np.bool_)
    for repeat, row in enumerate(fold):
        for number in np.unique(row):
            rows = np.flatnonzero(row == number)
            chosen[repeat, rows] = score[repeat, rows] > np.quantile(score[repeat, rows], 1.0 - share)
    return chosen


def most_often(chosen: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) those whom most of the rules (repeats, n) took, as many as one rule takes in the mean.

    Examples
    --------
    >>> most_often(np.array([[True, True, False], [False, True, False]]))
    array([ True,  True, False])
    """
    order = np.argsort(-chosen.mean(axis=0), kind="stable")
    most = np.zeros(chosen.shape[1], dtype=np.bool_)
    most[order[: int(np.ceil(chosen.sum(axis=1).mean()))]] = True
    return most


def ranks_within_folds(score: Array, fold: NDArray[np.int64]) -> Array:
    """(repeats, n) share of the fold that a patient's score is not below, so that folds can be laid upon each other.

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
    """Effect in those whom cross-fitted rules chose, (repeats, n).

    The estimate is the mean over repeats, its standard error the mean of theirs: the mean is steadier than one
    cross-fit by about as much as one cross-fit is less steady than its standard error says, since folds share patients.

    Raises
    ------
    DataError
        If fewer than twenty repeats are given, or one of them allows no estimate.
    """
    repeats = len(chosen)
    if repeats < REPEATS:
        raise DataError(
            f"{repeats} repeats of the cross-fit give no honest interval (one covers about 90%); run {REPEATS}"
        )
    values, errors = measure.effects(chosen.astype(np.float64))
    estimate, se = mean_over_repeats((values, errors), repeats)
    if not np.isfinite(estimate[0]):
        raise DataError(
            f"a cross-fit chooses patients in whom no {measure.label} can be estimated, such as an arm without events; "
            "choose a larger share"
        )
    effect = measure.effect(float(estimate[0]), float(se[0]))
    return CrossFittedEffect(effect, estimand(measure.label, repeats), repeats, float(np.std(values, ddof=1)))


def estimand(label: str, repeats: int) -> str:
    """Name what an effect of cross-fitted rules is of."""
    return (
        f"{label} in patients like these, mean over {repeats} cross-fits of rules each applied to patients it was "
        "not learned from; the rule locked on all patients is another one, and may be better or worse"
    )


def mean_over_repeats(effects: Effects, repeats: int) -> Effects:
    """Means of estimates and of standard errors (groups * repeats,) over the repeats of each group."""
    value, se = (part.reshape(-1, repeats).mean(axis=1) for part in effects)
    return value, se
