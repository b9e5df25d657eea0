"""Spending functions: (share of the information, error) -> error spent until then."""

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
    """O'Brien-Fleming-type spending, very little at early looks (Lan and DeMets 1983, doi 10.1093/biomet/70.3.659).

    Parameters
    ----------
    share
        (looks,) share of the information.
    error
        Error to spend in total.

    Returns
    -------
    ndarray
        (looks,) error spent until each look.

    Examples
    --------
    >>> lan_demets_obrien_fleming(np.array([0.5, 1.0]), 0.025).round(5)
    array([0.00153, 0.025  ])
    """
    spent: Array = 2.0 * norm.sf(norm.isf(error / 2.0) / np.sqrt(share))
    return spent


def lan_demets_pocock(share: Array, error: float) -> Array:
    """Pocock-type spending, similar at all looks (Lan and DeMets 1983, doi 10.1093/biomet/70.3.659).

    Parameters
    ----------
    share
        (looks,) share of the information.
    error
        Error to spend in total.

    Returns
    -------
    ndarray
        (looks,) error spent until each look.
    """
    spent: Array = error * np.log(1.0 + (np.e - 1.0) * share)
    return spent


def hwang_shih_decani(gamma: float) -> Spending:
    """Spending functions of the family of Hwang, Shih and DeCani (1990, doi 10.1002/sim.4780091207).

    A `gamma` of -4 is close to O'Brien-Fleming, 1 is close to Pocock, and 0 spends evenly.

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
