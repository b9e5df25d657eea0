"""How much of an error may be spent until a share of the information is there: (share, error) -> spent."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from omics.common.errors import DesignError

__all__ = ["Spending", "hwang_shih_decani", "lan_demets_obrien_fleming", "lan_demets_pocock"]

Array = NDArray[np.float64]
Spending = Callable[[Array, float], Array]


def lan_demets_obrien_fleming(share: Array, error: float) -> Array:
    """Next to nothing early on (Lan and DeMets 1983, doi 10.1093/biomet/70.3.659).

    Examples
    --------
    >>> lan_demets_obrien_fleming(np.array([0.5, 1.0]), 0.025).round(5)
    array([0.00153, 0.025  ])
    """
    spent: Array = 2.0 * norm.sf(norm.isf(error / 2.0) / np.sqrt(share))
    return spent


def lan_demets_pocock(share: Array, error: float) -> Array:
    """About the same at each look (Lan and DeMets 1983)."""
    spent: Array = error * np.log(1.0 + (np.e - 1.0) * share)
    return spent


def hwang_shih_decani(gamma: float) -> Spending:
    """Give a family between the two (Hwang, Shih and DeCani 1990, doi 10.1002/sim.4780091207).

    `gamma` -4 is near O'Brien-Fleming, 1 near Pocock, 0 spends evenly.

    Examples
    --------
    >>> hwang_shih_decani(-4.0)(np.array([0.5, 1.0]), 0.025).round(5)
    array([0.00298, 0.025  ])
    """
    if not np.isfinite(gamma):
        raise DesignError(f"gamma is {gamma:g}; it must be a finite number, such as -4")

    def spent(share: Array, error: float) -> Array:
        if gamma == 0.0:
            return error * share
        part: Array = error * np.expm1(-gamma * share) / np.expm1(-gamma)
        return part

    return spent
