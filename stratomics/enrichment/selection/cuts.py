"""Scores and their cuts: raw values of a marker, or shares of cross-fitted scores; and which cuts are refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.enrichment.effects.cross_fitted import chosen_within_folds
from stratomics.enrichment.effects.trial import ARMS, SMALLEST, Trial

__all__ = ["SHARES", "Cuts", "Score", "marker_cuts", "share_cuts"]

Array = NDArray[np.float64]

SHARES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8)
"""Shares of patients inside the cuts that are compared by default."""


@dataclass(frozen=True)
class Score:
    """What patients are ordered by; higher for patients who are expected to benefit more.

    Attributes
    ----------
    name
        Name of the score.
    value, fold
        (repeats, n) each: scores compare patients within a fold of a repeat.
    learned
        Whether the score is the cross-fitted prediction of a model; otherwise it is a marker.
    model
        Digest of that model.
    """

    name: str
    value: Array
    fold: NDArray[np.int64]
    learned: bool = False
    model: str = ""

    @classmethod
    def marker(cls, name: str, value: Array) -> Score:
        """Build from the raw values (n,) of a marker."""
        return cls(name, value[None], np.zeros((1, len(value)), dtype=np.int64))


@dataclass(frozen=True)
class Cuts:
    """Candidate cuts of a score.

    Attributes
    ----------
    values
        (cuts,) raw values, or shares of patients inside.
    members
        (cuts, repeats, n) whether a patient is inside the cut.
    """

    values: Array
    members: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.values)


def marker_cuts(
    trial: Trial, score: Array, cuts: Sequence[float] | None = None, shares: Sequence[float] | None = None
) -> Cuts:
    """Cut a marker at raw values; nothing is fitted, so there is one repeat.

    Parameters
    ----------
    trial
        n patients.
    score
        (n,) values of the marker; patients above a cut are inside.
    cuts
        Raw values to cut at.
    shares
        Shares of patients to leave above a cut, each between 0 and 1, instead of `cuts`. With neither, the shares
        80, 70, ... 20% are used, as far as both sides can be compared.

    Returns
    -------
    Cuts
        Raw values, and who is inside.

    Raises
    ------
    DataError
        If a cut lies outside the scores, or leaves too few patients of an arm on a side.
    """
    if shares is not None:
        for share in shares:
            if not 0.0 < share < 1.0:
                raise DataError(f"a share of {share:g} leaves one side empty; name one between 0 and 1")
        cuts = np.unique(_values_at(score, shares)).tolist()
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
        candidates = np.unique(_values_at(score, SHARES))
        values = np.array([cut for cut in candidates if _comparable(trial, score > cut)])
        if not len(values):
            raise DataError(
                "no cut of this score leaves ten patients of each arm, events among them, on both sides; name cuts, or "
                "another score"
            )
    return Cuts(values, (score > values[:, None])[:, None])


def _values_at(score: Array, shares: Sequence[float]) -> Array:
    """Raw values above which about those shares of the patients lie."""
    values: Array = np.quantile(score, 1.0 - np.array(shares), method="inverted_cdf")
    return values


def share_cuts(trial: Trial, score: Array, fold: NDArray[np.int64], shares: Sequence[float] = SHARES) -> Cuts:
    """Select the patients of highest score within each fold, for scores of cross-fitted models.

    Parameters
    ----------
    trial
        n patients.
    score, fold
        (repeats, n) each.
    shares
        Share of patients inside each cut.

    Returns
    -------
    Cuts
        The shares, and who is inside.

    Raises
    ------
    DataError
        If a share leaves too few patients of an arm on a side.
    """
    members = np.stack([chosen_within_folds(score, fold, share) for share in shares])
    for share, repeats in zip(shares, members, strict=True):
        for inside in repeats:
            _check_sides(trial, inside, f"share {share:g}")
    return Cuts(np.array(shares), members)


def _comparable(trial: Trial, inside: NDArray[np.bool_]) -> bool:
    groups = [side & arm for side in (inside, ~inside) for arm in (trial.treated, ~trial.treated)]
    return all(group.sum() >= SMALLEST and trial.outcome.label[group].any() for group in groups)


def _check_sides(trial: Trial, inside: NDArray[np.bool_], name: str) -> None:
    for where, side in (("inside", inside), ("outside", ~inside)):
        for arm, rows in zip(ARMS, (~trial.treated, trial.treated), strict=True):
            if (side & rows).sum() < SMALLEST:
                raise DataError(
                    f"{name} leaves {side.sum()} patients {where}, {(side & rows).sum()} of them in the {arm} arm; "
                    f"an effect needs at least {SMALLEST} patients per arm, choose a cut nearer to the middle"
                )
