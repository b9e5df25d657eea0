"""Whether an attribution is the same in every member and outer fold: spread, agreement of signs, stability of ranks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from scipy.stats import t as student

__all__ = ["FoldSummary", "Stability", "rank_stability", "stability", "standard_ranks"]

Array = NDArray[np.float64]

LEVEL = 0.05
"""Two-sided error of the test that an attribution is not 0."""

SAME_SIGN = 1.0
"""Share of the members and outer folds that must agree on the sign of a stable attribution."""


@dataclass(frozen=True)
class FoldSummary:
    """Attributions by the models of the outer folds of a run; NaN for patients and items that are not known.

    Attributes
    ----------
    folds
        Number of outer folds.
    mean, sd
        (n, items) mean and standard deviation over folds; the standard deviation of one fold is 0.
    error
        (n, items) jackknife error, each fold leaving out its part of the patients.
    positive, negative
        (n, items) number of folds with this sign.
    rank
        (n, items) mean over folds of :func:`standard_ranks`.
    """

    folds: int
    mean: Array
    sd: Array
    error: Array
    positive: Array
    negative: Array
    rank: Array

    @property
    def known(self) -> NDArray[np.bool_]:
        """(n,) whether the outer folds explained the patient."""
        return np.asarray(~np.isnan(self.mean).all(axis=1))


@dataclass(frozen=True)
class Stability:
    """Attributions of several members, and of outer folds, to the same items.

    Attributes
    ----------
    sd
        (n, items) standard deviation over members and outer folds.
    agreement
        (n, items) share of the members and outer folds with the sign of the mean of the members.
    stable
        (n, items) bool: all agree on the sign, and the mean differs from 0 by the jackknife.
    """

    sd: Array
    agreement: Array
    stable: NDArray[np.bool_]


def stability(values: Array, *, informative: bool, folds: FoldSummary | None = None) -> Stability:
    """Compare the attributions of the members of the final model, and of the outer folds.

    Each member, and each outer fold, is fitted without one part of the patients, so that their spread is that of a
    jackknife (Efron and Stein 1981, doi 10.1214/aos/1176345462; Shao and Wu 1989, doi 10.1214/aos/1176347263), which is
    larger than the standard deviation: they share most patients. The two variances are pooled by their degrees of
    freedom.

    Parameters
    ----------
    values
        (members, n, items) attributions.
    informative
        Whether out-of-fold predictions of the run were better than chance; nothing is stable otherwise.
    folds
        Attributions by the outer folds. A patient whom they do not know has the members only. For another, an item that
        they do not know is not stable, its agreement is NaN, and its standard deviation is that of the members.

    Returns
    -------
    Stability
        For each patient and item.
    """
    members = len(values)
    mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
    agreement = (np.sign(values) == np.sign(mean)).mean(axis=0)
    error = (members - 1) / np.sqrt(members) * sd
    stable = _is_clear(mean, error, members - 1) & (agreement >= SAME_SIGN)
    found = Stability(sd, agreement, stable)
    if folds is not None:
        found = _with_folds(found, mean, members, error, folds)
    return replace(found, stable=found.stable & informative)


def _with_folds(alone: Stability, mean: Array, members: int, error: Array, folds: FoldSummary) -> Stability:
    """Add the outer folds, where they know patient and item."""
    outer, total = folds.folds, members + folds.folds
    same = np.select(
        [mean > 0, mean < 0], [folds.positive, folds.negative], outer - folds.positive - folds.negative
    )
    agreement = (members * alone.agreement + same) / total
    centre = (members * mean + outer * folds.mean) / total
    squares = (members - 1) * alone.sd**2 + members * (mean - centre) ** 2
    squares += (outer - 1) * folds.sd**2 + outer * (folds.mean - centre) ** 2
    freedom = members + outer - 2
    pooled = np.sqrt(((members - 1) * error**2 + (outer - 1) * folds.error**2) / freedom)
    item = ~np.isnan(folds.mean)
    clear = item & _is_clear(mean, pooled, freedom) & (agreement >= SAME_SIGN)
    return Stability(
        np.where(item, np.sqrt(squares / (total - 1)), alone.sd),
        np.where(item | ~folds.known[:, None], np.where(item, agreement, alone.agreement), np.nan),
        np.where(folds.known[:, None], clear, alone.stable),
    )


def _is_clear(mean: Array, error: Array, freedom: int) -> NDArray[np.bool_]:
    """Whether a mean differs from 0; never where its error is not known."""
    limit = float(student.ppf(1 - LEVEL / 2, freedom))
    clear: NDArray[np.bool_] = (np.abs(mean) > limit * error) & (np.abs(mean) > 0)
    return clear


def standard_ranks(values: Array) -> Array:
    """Ranks of absolute attributions within each patient, centred and of length 1, so that products are correlations.

    Parameters
    ----------
    values
        (..., n, items) attributions.

    Returns
    -------
    numpy.ndarray
        (..., n, items); NaN where all attributions of a patient are equal.
    """
    ranks = rankdata(np.abs(values), axis=-1)
    centred = ranks - ranks.mean(axis=-1, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=-1, keepdims=True))
    standard: Array = np.divide(centred, length, out=np.full_like(centred, np.nan), where=length > 0)
    return standard


def rank_stability(values: Array, folds: FoldSummary | None = None) -> Array:
    """Agreement of the members, and of the outer folds, on which items matter most to each patient.

    Parameters
    ----------
    values
        (members, n, items) attributions.
    folds
        The same items by the outer folds.

    Returns
    -------
    numpy.ndarray
        (n,) mean over pairs of the rank correlation of absolute attributions; NaN with one item.
    """
    total, count = standard_ranks(values).sum(axis=0), np.full(values.shape[1], len(values))
    if folds is not None:
        total = total + np.where(folds.known[:, None], folds.folds * folds.rank, 0.0)
        count = count + folds.folds * folds.known
    pairs: Array = ((total**2).sum(axis=1) - count) / (count * (count - 1))
    return pairs
