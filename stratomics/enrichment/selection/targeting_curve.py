"""Whether a score ranks first the patients who benefit: the targeting operator curve and the areas under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import DataError
from omics.common.seeds import named_generator
from stratomics.enrichment.effects.effect import Effect

__all__ = ["Rate", "areas", "rate_of", "targeting_curve"]

Array = NDArray[np.float64]

HALVES = 1000
ROUNDING = 1e-12


@dataclass(frozen=True)
class Rate:
    """Rank-weighted average treatment effects of one score.

    Yadlowsky et al. (2025, doi 10.1080/01621459.2024.2393466).

    Attributes
    ----------
    autoc, qini
        Area under the targeting operator curve (AUTOC), with equal weight of each share of patients, and Qini
        coefficient, weighted by the share; 0 where the score has no information. AUTOC has more power where few
        patients benefit much, the Qini coefficient where many benefit a little.
    p_autoc, p_qini
        Two-sided p values against 0.
    average
        Mean effect in all patients.
    curve
        (n,) effect in the patients ranked first minus the effect in all, at shares 1/n to 1; mean over repeats. It is
        not stored.
    """

    autoc: Effect
    qini: Effect
    p_autoc: float
    p_qini: float
    average: float
    curve: Array = field(
        default_factory=lambda: np.empty(0), compare=False, repr=False, metadata={"stored": False}
    )


def rate_of(benefit: Array, priority: Array, seed: int = 0, halves: int = HALVES) -> Rate:
    """Evaluate a score that was not fitted to the outcomes of these patients.

    Standard errors are standard deviations over half-samples, each of half the patients without replacement: their
    standard deviation is that of the estimate in all patients.

    Parameters
    ----------
    benefit
        (n,) doubly robust benefit, or any unbiased score of it.
    priority
        (n,) or (repeats, n), higher means treated first; ties share a position. For a cross-fitted score, ranks within
        folds (`cross_fitted.ranks_within_folds`); areas are means over repeats.
    seed, halves
        Seed of the half-samples, and their number.

    Returns
    -------
    Rate
        Areas with intervals and p values, and the curve.

    Raises
    ------
    DataError
        If fewer than four patients are given.

    Examples
    --------
    >>> rate = rate_of(np.array([3.0, 1.0, -1.0, -3.0]), np.array([4.0, 3.0, 2.0, 1.0]))
    >>> rate.autoc.estimate, rate.qini.estimate, rate.curve
    (1.5, 0.625, array([3., 2., 1., 0.]))
    """
    n = len(benefit)
    if n < 4:  # noqa: PLR2004  # halves of two
        raise DataError(f"{n} patients are too few to evaluate an order; at least four are needed")
    uniform = named_generator(seed, "half-samples").random((halves, n))
    half = uniform.argsort(axis=1).argsort(axis=1) < n // 2
    whole = np.ones((1, n))
    orders = np.atleast_2d(priority)
    values = _over_repeats(areas, benefit, orders, whole)[0]
    errors = _over_repeats(areas, benefit, orders, half.astype(np.float64)).std(axis=0, ddof=1)
    p = [2 * norm.sf(abs(v) / e) if e > 0 else 1.0 for v, e in zip(values, errors, strict=True)]
    autoc, qini = (Effect.of(float(v), float(e), ratio=False) for v, e in zip(values, errors, strict=True))
    curve = _over_repeats(lambda *a: targeting_curve(*a)[0], benefit, orders, whole)[0]
    return Rate(autoc, qini, float(p[0]), float(p[1]), float(benefit.mean()), curve)


def _over_repeats(
    function: Callable[[Array, Array, Array], Array], benefit: Array, orders: Array, weight: Array
) -> Array:
    mean: Array = np.mean([function(benefit, order, weight) for order in orders], axis=0)
    return mean


def areas(benefit: Array, priority: Array, weight: Array) -> Array:
    """Areas under the targeting operator curve.

    Parameters
    ----------
    benefit, priority
        (n,) benefit, and what patients are ordered by.
    weight
        (draws, n) 0 or 1: whether a patient is in a draw.

    Returns
    -------
    ndarray
        (draws, 2) AUTOC and Qini coefficient.
    """
    curve, drawn = targeting_curve(benefit, priority, weight)
    share = np.cumsum(drawn, axis=1) / drawn.sum(axis=1, keepdims=True)
    mean = drawn / drawn.sum(axis=1, keepdims=True)
    return np.stack([(curve * mean).sum(axis=1), (curve * share * mean).sum(axis=1)], axis=1)


def targeting_curve(benefit: Array, priority: Array, weight: Array) -> tuple[Array, Array]:
    """Targeting operator curve: mean benefit of the patients ranked first, minus the mean benefit of all.

    Patients with equal priority all get the mean of their group, so that their order in the table has no effect.

    Parameters
    ----------
    benefit, priority
        (n,) benefit, and what patients are ordered by.
    weight
        (draws, n) 0 or 1: whether a patient is in a draw.

    Returns
    -------
    tuple
        (draws, n) the curve, and the weights in the same order.
    """
    order = np.argsort(-priority, kind="stable")
    _, start, group = np.unique(-priority[order], return_index=True, return_inverse=True)
    drawn, value = weight[:, order], benefit[order]
    size = np.add.reduceat(drawn, start, axis=1)
    total = np.add.reduceat(drawn * value, start, axis=1)
    mean = np.divide(total, size, out=np.zeros_like(total), where=size > 0)
    counted = np.cumsum(drawn, axis=1)
    sums = np.cumsum(drawn * mean[:, group], axis=1)
    average = np.divide(sums, counted, out=np.zeros_like(sums), where=counted > 0)
    curve = average - average[:, -1:]
    # The curve is 0 before the first patient of a draw, and where only rounding errors are left.
    nothing = (counted == 0) | (np.abs(curve) <= ROUNDING * np.abs(benefit).max())
    return np.where(nothing, 0.0, curve), drawn
