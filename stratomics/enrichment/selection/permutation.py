"""How often nothing looks as good: a whole pipeline repeated on patients dealt out anew."""

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
    """Share of the permutations, the observed one among them, whose statistic is at least as high.

    Parameters
    ----------
    statistic
        Of an order (n,) of what is dealt out anew: rows of covariates where heterogeneity is asked about, arms where
        any effect is. It repeats everything that looked at outcomes, from the first fit to the choice.
    n, draws, seed
        Patients, permutations, and their seed.
    stratum
        (n,) codes within which is dealt; everybody together if left out.

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
    as_good = 1
    for _ in range(draws):
        order = np.empty(n, dtype=np.int64)
        order[place] = np.lexsort((generator.random(n), codes))
        as_good += statistic(order) >= observed
    return as_good / (1 + draws)
