"""Permutation p value of a whole pipeline: every step that uses outcomes is repeated in each permutation."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from omics.common.seeds import named_generator

__all__ = ["permutation_p"]

Rows = NDArray[np.int64]


def permutation_p(
    statistic: Callable[[Rows], float], n: int, draws: int, seed: int, stratum: Rows | None = None
) -> float:
    """Compute the share of permutations (the observed order included) with a statistic at least as high.

    Parameters
    ----------
    statistic
        Takes an order (n,) of what is permuted: rows of covariates to test heterogeneity, arms to test any effect. It
        repeats every step that uses outcomes, from the first fit to the choice.
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
