"""Closed tests of a subgroup and of all comers, in one stage or two, with control of the familywise level."""

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
"""``(z of the subgroup, z of all comers, share of the information in the subgroup) -> z of the intersection``."""


@dataclass(frozen=True)
class Stage:
    """Test statistics of one stage, for many trials.

    Attributes
    ----------
    subgroup, all_comers
        (trials,) z of each population; higher favours the treatment, -inf if nothing was observed.
    share
        (trials,) information in the subgroup as a share of all information.
    """

    subgroup: Array
    all_comers: Array
    share: Array


def bonferroni(subgroup: Array, all_comers: Array, share: Array) -> Array:
    """Bonferroni test of the intersection: twice the smaller p.

    Parameters
    ----------
    subgroup, all_comers
        (trials,) z of the subgroup and of all comers.
    share
        (trials,) information in the subgroup as a share of all information; ignored.

    Returns
    -------
    ndarray
        (trials,) z of the intersection.
    """
    del share
    return _z(np.minimum(2.0 * norm.sf(np.maximum(subgroup, all_comers)), 1.0))


def simes(subgroup: Array, all_comers: Array, share: Array) -> Array:
    """Simes test of the intersection (1986, doi 10.1093/biomet/73.3.751): the smaller of 2 x smaller p and larger p.

    Parameters
    ----------
    subgroup, all_comers
        (trials,) z of the subgroup and of all comers.
    share
        (trials,) information in the subgroup as a share of all information; ignored.

    Returns
    -------
    ndarray
        (trials,) z of the intersection.
    """
    del share
    smaller, larger = norm.sf(np.maximum(subgroup, all_comers)), norm.sf(np.minimum(subgroup, all_comers))
    return _z(np.minimum(2.0 * smaller, larger))


def spiessens_debois(subgroup: Array, all_comers: Array, share: Array) -> Array:
    """Test of the intersection that uses the correlation of both z, the square root of `share`.

    Spiessens and Debois 2010 (doi 10.1016/j.cct.2010.08.011).

    Parameters
    ----------
    subgroup, all_comers
        (trials,) z of the subgroup and of all comers.
    share
        (trials,) information in the subgroup as a share of all information.

    Returns
    -------
    ndarray
        (trials,) z of the intersection.

    Examples
    --------
    >>> half = np.array([0.5])
    >>> norm.sf(spiessens_debois(np.array([2.0]), np.array([1.0]), half)).round(4)
    array([0.038])
    """
    highest = np.maximum(subgroup, all_comers)
    rho = np.sqrt(share)
    # Probability that both are below h, with correlation rho: Phi(h) - 2 T(h, sqrt((1 - rho) / (1 + rho))), Owen 1956.
    tail = norm.sf(highest) + 2.0 * owens_t(highest, np.sqrt((1.0 - rho) / (1.0 + rho)))
    return _z(tail)


INTERSECTIONS: dict[str, Intersection] = {
    "spiessens_debois": spiessens_debois,
    "simes": simes,
    "bonferroni": bonferroni,
}


def intersection_critical(alpha: float, share: float) -> float:
    """Boundary of the larger z at which the p-value of :func:`spiessens_debois` is `alpha`.

    Parameters
    ----------
    alpha
        One-sided level.
    share
        Information in the subgroup as a share of all information.

    Returns
    -------
    float
        Boundary of the larger z.

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
    """Combine the z of two stages by the inverse normal method.

    Lehmacher and Wassmer 1999, doi 10.1111/j.0006-341X.1999.01286.x.

    Parameters
    ----------
    first, second
        (trials,) z of the stages.
    weight
        Weight of the first stage, between 0 and 1, fixed before the trial.

    Returns
    -------
    ndarray
        (trials,) combined z.

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
    subgroup_selected: Mask,
    all_comers_selected: Mask,
    weight: float,
    critical: float,
    intersection: Intersection,
) -> tuple[Mask, Mask]:
    """Test two stages by a closed test: a population is rejected if it and the intersection both reach `critical`.

    Marcus, Peritz and Gabriel 1976 (doi 10.1093/biomet/63.3.655); Brannath et al. 2009 (doi 10.1002/sim.3559).

    Parameters
    ----------
    first, second
        Test statistics of the two independent stages.
    subgroup_selected, all_comers_selected
        (trials,) whether the trial continued with each population. A population that was dropped cannot be rejected,
        and the second stage of the intersection uses only populations that were continued.
    weight
        Weight of the first stage, fixed before the trial.
    critical
        Critical value of the combined z.
    intersection
        One of :data:`INTERSECTIONS`.

    Returns
    -------
    tuple
        (trials,) whether the null hypotheses of the subgroup and of all comers are rejected.
    """
    both = intersection(first.subgroup, first.all_comers, first.share)
    later = np.select(
        [subgroup_selected & all_comers_selected, subgroup_selected],
        [intersection(second.subgroup, second.all_comers, second.share), second.subgroup],
        second.all_comers,
    )
    overall = inverse_normal(both, later, weight) >= critical
    subgroup = inverse_normal(first.subgroup, second.subgroup, weight) >= critical
    all_comers = inverse_normal(first.all_comers, second.all_comers, weight) >= critical
    return overall & subgroup & subgroup_selected, overall & all_comers & all_comers_selected


def closed_test_one_stage(stage: Stage, critical: float, intersection: Intersection) -> tuple[Mask, Mask]:
    """Test one stage by a closed test: a population is rejected if it and the intersection both reach `critical`.

    Parameters
    ----------
    stage
        Test statistics of the trial.
    critical
        Critical value of z.
    intersection
        One of :data:`INTERSECTIONS`.

    Returns
    -------
    tuple
        (trials,) whether the null hypotheses of the subgroup and of all comers are rejected.

    Examples
    --------
    >>> stage = Stage(np.array([2.1, 2.3, 1.0]), np.array([2.05, 1.0, 2.3]), np.full(3, 0.5))
    >>> closed_test_one_stage(stage, 1.96, spiessens_debois)
    (array([False,  True, False]), array([False, False,  True]))
    """
    overall = intersection(stage.subgroup, stage.all_comers, stage.share) >= critical
    return overall & (stage.subgroup >= critical), overall & (stage.all_comers >= critical)


def _z(p: Array) -> Array:
    z: Array = norm.isf(p)
    return z
