"""Tests of a subgroup and of everybody at once, in one stage or two, with the familywise level kept; z by z."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import owens_t
from scipy.stats import norm

__all__ = [
    "INTERSECTIONS",
    "Intersection",
    "Stage",
    "bonferroni",
    "closed_test",
    "closed_test_one_stage",
    "intersection_critical",
    "inverse_normal",
    "simes",
    "spiessens_debois",
]

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Intersection = Callable[[Array, Array, Array], Array]
"""``(z of the subgroup, z of everybody, share of the information in the subgroup) -> z of the intersection``."""


@dataclass(frozen=True)
class Stage:
    """Evidence of one stage alone, in many trials.

    Attributes
    ----------
    subgroup, everybody
        (trials,) z of each population, higher for a better treatment; -inf where nothing was observed.
    share
        (trials,) information of the subgroup as a share of everybody's.
    """

    subgroup: Array
    everybody: Array
    share: Array


def bonferroni(subgroup: Array, everybody: Array, share: Array) -> Array:
    """Twice the smaller p."""
    del share
    return _z(np.minimum(2.0 * norm.sf(np.maximum(subgroup, everybody)), 1.0))


def simes(subgroup: Array, everybody: Array, share: Array) -> Array:
    """Smaller of twice the smaller p and the larger p (Simes 1986, doi 10.1093/biomet/73.3.751)."""
    del share
    smaller, larger = norm.sf(np.maximum(subgroup, everybody)), norm.sf(np.minimum(subgroup, everybody))
    return _z(np.minimum(2.0 * smaller, larger))


def spiessens_debois(subgroup: Array, everybody: Array, share: Array) -> Array:
    """Probability of a larger z in either, knowing that they correlate by the root of `share`.

    Spiessens and Debois 2010 (doi 10.1016/j.cct.2010.08.011).

    Examples
    --------
    >>> half = np.array([0.5])
    >>> norm.sf(spiessens_debois(np.array([2.0]), np.array([1.0]), half)).round(4)
    array([0.038])
    """
    highest = np.maximum(subgroup, everybody)
    rho = np.sqrt(share)
    # Both below h, correlated by rho: Phi(h) - 2 T(h, sqrt((1 - rho) / (1 + rho))), Owen 1956.
    tail = norm.sf(highest) + 2.0 * owens_t(highest, np.sqrt((1.0 - rho) / (1.0 + rho)))
    return _z(tail)


INTERSECTIONS: dict[str, Intersection] = {
    "spiessens_debois": spiessens_debois,
    "simes": simes,
    "bonferroni": bonferroni,
}


def intersection_critical(alpha: float, share: float) -> float:
    """Boundary of the larger z at which :func:`spiessens_debois` reaches `alpha`.

    Examples
    --------
    >>> round(intersection_critical(0.025, 1.0), 4), round(intersection_critical(0.025, 0.5), 4)
    (1.96, 2.1783)
    """
    target = norm.isf(alpha)

    def above(z: float) -> float:
        return float(spiessens_debois(np.array([z]), np.array([z]), np.array([share]))[0] - target)

    return float(brentq(above, target - 1e-9, norm.isf(alpha / 2.0) + 1e-9, xtol=1e-12))


def inverse_normal(first: Array, second: Array, weight: float) -> Array:
    """Combine two stages, the first with `weight`, fixed beforehand.

    Lehmacher and Wassmer 1999, doi 10.1111/j.0006-341X.1999.01286.x.

    Examples
    --------
    >>> inverse_normal(np.array([1.0]), np.array([2.0]), 0.5).round(4)
    array([2.1213])
    """
    combined: Array = np.sqrt(weight) * first + np.sqrt(1.0 - weight) * second
    return combined


def closed_test(
    first: Stage,
    second: Stage,
    keep_subgroup: Mask,
    keep_everybody: Mask,
    weight: float,
    critical: float,
    intersection: Intersection,
) -> tuple[Mask, Mask]:
    """Reject a population if it and the intersection are both at or above `critical`, two stages combined.

    Marcus, Peritz and Gabriel 1976 (doi 10.1093/biomet/63.3.655); Brannath et al. 2009 (doi 10.1002/sim.3559).

    Parameters
    ----------
    first, second
        Evidence of the two stages, independent of each other.
    keep_subgroup, keep_everybody
        (trials,) which populations were gone on with; one that was not cannot be rejected, and the intersection of the
        second stage rests on those that were.
    weight
        Of the first stage, fixed before the trial.
    critical
        z that the combination has to reach.
    intersection
        One of :data:`INTERSECTIONS`.

    Returns
    -------
    tuple
        (trials,) whether the null of the subgroup, and that of everybody, is rejected.
    """
    both = intersection(first.subgroup, first.everybody, first.share)
    later = np.select(
        [keep_subgroup & keep_everybody, keep_subgroup],
        [intersection(second.subgroup, second.everybody, second.share), second.subgroup],
        second.everybody,
    )
    overall = inverse_normal(both, later, weight) >= critical
    subgroup = inverse_normal(first.subgroup, second.subgroup, weight) >= critical
    everybody = inverse_normal(first.everybody, second.everybody, weight) >= critical
    return overall & subgroup & keep_subgroup, overall & everybody & keep_everybody


def closed_test_one_stage(stage: Stage, critical: float, intersection: Intersection) -> tuple[Mask, Mask]:
    """Reject a population if it and the intersection are both at or above `critical`; one stage.

    Examples
    --------
    >>> stage = Stage(np.array([2.1, 2.3, 1.0]), np.array([2.05, 1.0, 2.3]), np.full(3, 0.5))
    >>> closed_test_one_stage(stage, 1.96, spiessens_debois)
    (array([False,  True, False]), array([False, False,  True]))
    """
    overall = intersection(stage.subgroup, stage.everybody, stage.share) >= critical
    return overall & (stage.subgroup >= critical), overall & (stage.everybody >= critical)


def _z(p: Array) -> Array:
    z: Array = norm.isf(p)
    return z
