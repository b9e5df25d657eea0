"""Whether a priority finds those who benefit: the targeting operator curve and the areas under it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
    """Rank-weighted average treatment effects of one priority.

    Yadlowsky et al. (2025, doi 10.1080/01621459.2024.2393466).

    Attributes
    ----------
    autoc, qini
        Area under the curve, each share alike, and by share: 0 where the priority finds nobody. The first
        is for few who benefit much, the second for many who benefit somewhat.
    p_autoc, p_qini
        Two-sided p values of 0.
    average
        Mean effect of all.
    curve
        (n,) effect in the first of the order minus effect in all, at 1/n to 1; mean over repeats.
    """

    autoc: Effect
    qini: Effect
    p_autoc: float
    p_qini: float
    average: float
    curve: Array


def rate_of(benefit: Array, priority: Array, seed: int = 0, halves: int = HALVES) -> Rate:
    """Judge a priority that was not learned from these patients' outcomes.

    Standard errors are deviations over half-samples, which see half the patients each, without
    replacement: their spread is that of the whole estimate.

    Parameters
    ----------
    benefit
        (n,) doubly robust benefit, or any unbiased score of it.
    priority
        (n,) or (repeats, n), higher means treated first; equal ones share a place. Of a learned score, ranks
        within folds (`honest.ranks_within_folds`); areas are means over repeats.
    seed, halves
        Of the half-samples, and their number.

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
        raise DataError(f"{n} patients have no order to judge; at least four are needed")
    luck = named_generator(seed, "half-samples").random((halves, n))
    half = luck.argsort(axis=1).argsort(axis=1) < n // 2
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
    """(draws, 2) AUTOC and QINI for weights (draws, n), 0 or 1 each."""
    curve, drawn = targeting_curve(benefit, priority, weight)
    share = np.cumsum(drawn, axis=1) / drawn.sum(axis=1, keepdims=True)
    mean = drawn / drawn.sum(axis=1, keepdims=True)
    return np.stack([(curve * mean).sum(axis=1), (curve * share * mean).sum(axis=1)], axis=1)


def targeting_curve(benefit: Array, priority: Array, weight: Array) -> tuple[Array, Array]:
    """(draws, n) mean benefit of the patients up to each place of the order minus that of all, and their weights.

    Patients of equal priority all have the mean of their group, so that their order in the table does not count.
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
    # Before the first who counts there is nobody; and what rounding leaves is no order.
    nothing = (counted == 0) | (np.abs(curve) <= ROUNDING * np.abs(benefit).max())
    return np.where(nothing, 0.0, curve), drawn
