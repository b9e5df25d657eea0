"""Whether an attribution is the same in every member: mean, spread, agreement of signs, stability of ranks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata
from scipy.stats import t as student

__all__ = ["Stability", "rank_stability", "stability"]

Array = NDArray[np.float64]

LEVEL = 0.05
"""Two-sided error of the test that an attribution is not 0."""

SAME_SIGN = 1.0
"""Share of the members that must agree on the sign of a stable attribution."""


@dataclass(frozen=True)
class Stability:
    """Attributions of several members to the same items.

    Attributes
    ----------
    sd
        (n, items) standard deviation over members.
    agreement
        (n, items) share of the members with the sign of the mean.
    stable
        (n, items) bool: all members agree on the sign, and the mean differs from 0 by the jackknife.
    """

    sd: Array
    agreement: Array
    stable: NDArray[np.bool_]


def stability(values: Array, *, informative: bool) -> Stability:
    """Compare the attributions of the members.

    Each member is fitted without one part of the patients, so that their spread is that of a jackknife (Efron and Stein
    1981, doi 10.1214/aos/1176345462), which is larger than the standard deviation: members share most patients.

    Parameters
    ----------
    values
        (members, n, items) attributions.
    informative
        Whether out-of-fold predictions of the run were better than chance; nothing is stable otherwise.

    Returns
    -------
    Stability
        For each patient and item.
    """
    members = len(values)
    mean, sd = values.mean(axis=0), values.std(axis=0, ddof=1)
    agreement = (np.sign(values) == np.sign(mean)).mean(axis=0)
    error = (members - 1) / np.sqrt(members) * sd
    limit = float(student.ppf(1 - LEVEL / 2, members - 1))
    clear = (np.abs(mean) > limit * error) & (np.abs(mean) > 0)
    return Stability(sd, agreement, clear & (agreement >= SAME_SIGN) & informative)


def rank_stability(values: Array) -> Array:
    """Agreement of the members on which items matter most to each patient.

    Parameters
    ----------
    values
        (members, n, items) attributions.

    Returns
    -------
    numpy.ndarray
        (n,) mean over pairs of members of the rank correlation of absolute attributions; NaN with one item.
    """
    ranks = rankdata(np.abs(values), axis=2)
    centred = ranks - ranks.mean(axis=2, keepdims=True)
    length = np.sqrt((centred**2).sum(axis=2))
    standard = np.divide(
        centred, length[:, :, None], out=np.full_like(centred, np.nan), where=length[:, :, None] > 0
    )
    members = len(values)
    total: Array = ((standard.sum(axis=0) ** 2).sum(axis=1) - members) / (members * (members - 1))
    return total
