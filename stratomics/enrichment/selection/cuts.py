"""From scores to who is inside: raw values of a marker, or shares of cross-fitted scores; what no cut may do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.enrichment.effects.cross_fitted import chosen_within_folds
from stratomics.enrichment.effects.trial import ARMS, SMALLEST, Trial

__all__ = ["Cuts", "marker_cuts", "share_cuts"]

Array = NDArray[np.float64]

SHARES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)

Cuts = tuple[Array, NDArray[np.bool_]]
"""Values (cuts,) and who is inside (cuts, repeats, n)."""


def marker_cuts(trial: Trial, score: Array, cuts: Sequence[float] | None = None) -> Cuts:
    """Patients above each raw value of a marker (n,); nothing was learned, so one repeat says everything.

    Without `cuts`, those that leave about 80, 70, ... 20% above, as far as both sides can be compared.

    Raises
    ------
    DataError
        If a cut lies outside the scores, or leaves too few patients of an arm on a side.
    """
    if cuts is not None:
        values = np.array(cuts, dtype=np.float64)
        for cut in values:
            if not score.min() <= cut < score.max():
                raise DataError(
                    f"cut {cut:g} is outside the scores, which run from {score.min():g} to {score.max():g}; "
                    "a patient above the cut is inside"
                )
            _check_sides(trial, score > cut, f"cut {cut:g}")
    else:
        found = np.unique(np.quantile(score, 1.0 - np.array(SHARES), method="inverted_cdf"))
        values = np.array([cut for cut in found if _comparable(trial, score > cut)])
        if not len(values):
            raise DataError(
                "no cut of this score leaves ten patients of each arm, events among them, on both sides; name cuts, or "
                "another score"
            )
    return values, (score > values[:, None])[:, None]


def share_cuts(trial: Trial, score: Array, fold: NDArray[np.int64], shares: Sequence[float] = SHARES) -> Cuts:
    """Patients of the highest shares within each fold, of scores that were learned; score and fold (repeats, n)."""
    chosen = np.stack([chosen_within_folds(score, fold, share) for share in shares])
    for share, inside in zip(shares, chosen, strict=True):
        for one in inside:
            _check_sides(trial, one, f"share {share:g}")
    return np.array(shares), chosen


def _comparable(trial: Trial, inside: NDArray[np.bool_]) -> bool:
    groups = [side & arm for side in (inside, ~inside) for arm in (trial.treated, ~trial.treated)]
    return all(group.sum() >= SMALLEST and trial.outcome.label[group].any() for group in groups)


def _check_sides(trial: Trial, inside: NDArray[np.bool_], name: str) -> None:
    for where, side in (("inside", inside), ("outside", ~inside)):
        for arm, rows in zip(ARMS, (~trial.treated, trial.treated), strict=True):
            if (side & rows).sum() < SMALLEST:
                raise DataError(
                    f"{name} leaves {side.sum()} patients {where}, {(side & rows).sum()} of them in the {arm} arm; "
                    f"an effect takes at least {SMALLEST} an arm, choose a cut nearer to the middle"
                )
