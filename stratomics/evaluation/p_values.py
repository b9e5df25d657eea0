"""P values: by permutation of a whole analysis, and adjusted for their number."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from omics.common.seeds import named_generator

__all__ = ["holm", "permutation_p"]

Array = NDArray[np.float64]

Rows = NDArray[np.int64]


def permutation_p(
    statistic: Callable[[Rows], float], n: int, draws: int, seed: int, stratum: Rows | None = None
) -> float:
    """Compute the share of permutations (the observed order included) with a statistic at least as high.

    Parameters
    ----------
    statistic
        Takes an order (n,) of what is permuted: rows of covariates to test heterogeneity, arms to test any effect,
        groups to test whether their outcomes differ. It repeats every step that uses outcomes, from the first fit to
        the choice.
    n, draws, seed
        Number of patients and of permutations, and the seed.
    stratum
        (n,) codes of strata; patients are permuted within their stratum. One stratum if left out.

    Returns
    -------
    float
        The p value, at least 1 / (1 + draws).

    Examples
    --------
    >>> values = np.arange(6.0)
    >>> permutation_p(lambda order: float(values[order] @ values), 6, 99, seed=0)
    0.01
    """
    generator = named_generator(seed, "permutation")
    codes = np.zeros(n, dtype=np.int64) if stratum is None else stratum
    place = np.argsort(codes, kind="stable")
    observed = statistic(np.arange(n))
    as_high = 1
    for _ in range(draws):
        order = np.empty(n, dtype=np.int64)
        order[place] = np.lexsort((generator.random(n), codes))
        as_high += statistic(order) >= observed
    return as_high / (1 + draws)


def holm(p: Array) -> Array:
    """Adjust p values (n,) for their number by the method of Holm 1979, https://www.jstor.org/stable/4615733.

    NaN stands for a test that was not made; it stays NaN and does not count.

    Examples
    --------
    >>> holm(np.array([0.01, 0.04, np.nan, 0.03]))
    array([0.03, 0.06,  nan, 0.06])
    """
    adjusted = np.full(len(p), np.nan)
    tested = np.flatnonzero(np.isfinite(p))
    order = tested[np.argsort(p[tested], kind="stable")]
    steps = np.maximum.accumulate(p[order] * np.arange(len(order), 0, -1))
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
