"""Bounds on the number of false selections of stability selection, and the settings that keep a wanted bound."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import ConfigError, require_range
from omics.common.registry import check_choice

__all__ = ["BOUNDS", "StabilitySettings", "false_selection_bound", "stability_settings"]

Array = NDArray[np.float64]

PAIRS = 50
"""Complementary pairs of halves."""

WIDTH = float(np.finfo(np.float64).eps ** 0.25)
"""Accuracy of the argument of a maximum: that of the published program, so that settings equal those of others."""

ONE_MODE_CHANGE = 0.75
"""Cutoff at which the form of the bound for unimodal distributions changes."""


@dataclass(frozen=True)
class StabilitySettings:
    """Settings of stability selection.

    Attributes
    ----------
    per_half
        Number of features that are selected in each half, q.
    cutoff
        Share of the halves in which a feature must be selected.
    bound
        Bound on the expected number of selected features that are not better than chance.
    assumption
        A name in BOUNDS.
    """

    per_half: int
    cutoff: float
    bound: float
    assumption: str


def false_selection_bound(
    per_half: int, features: int, cutoff: float, assumption: str = "r-concave", pairs: int = PAIRS
) -> float:
    """Bound the expected number of features of low selection probability that are selected.

    ``none`` is the bound of Meinshausen and Buehlmann 2010, doi 10.1111/j.1467-9868.2010.00740.x; ``unimodal`` and
    ``r-concave`` are those of Shah and Samworth 2013, doi 10.1111/j.1467-9868.2011.01034.x, for complementary pairs.

    Parameters
    ----------
    per_half
        Number of features that are selected in each half.
    features
        Number of features to select from.
    cutoff
        Share of the halves in which a feature must be selected, above 0.5.
    assumption
        What is assumed of the selection frequency of such a feature: a name in BOUNDS.
    pairs
        Number of complementary pairs.

    Returns
    -------
    float
        Expected number of features; infinite where the bound does not hold.

    Raises
    ------
    ConfigError
        If the cutoff is not above 0.5, or the assumption is unknown.

    Examples
    --------
    >>> round(false_selection_bound(20, 1000, 0.75, "none"), 4)
    0.8
    >>> round(false_selection_bound(20, 1000, 0.75), 8)
    0.09695478
    """
    require_range("cutoff", cutoff, 0.5 + 1e-9, 1.0)
    check_choice(BOUNDS, assumption, "assumption")
    return BOUNDS[assumption](per_half, features, cutoff, pairs)


def stability_settings(
    features: int, cutoff: float, wanted: float, assumption: str = "r-concave", pairs: int = PAIRS
) -> StabilitySettings:
    """Find the largest number of features per half that keeps a wanted bound.

    Parameters
    ----------
    features
        Number of features to select from.
    cutoff
        Share of the halves in which a feature must be selected.
    wanted
        Largest expected number of false selections.
    assumption, pairs
        As in :func:`false_selection_bound`.

    Returns
    -------
    StabilitySettings
        The settings.

    Raises
    ------
    ConfigError
        If not even one feature per half keeps the bound.

    Examples
    --------
    >>> stability_settings(1000, 0.75, 1, "none").per_half
    22
    """
    low, high = 0, features
    while low < high:
        middle = (low + high + 1) // 2
        within = false_selection_bound(middle, features, cutoff, assumption, pairs) <= wanted
        low, high = (middle, high) if within else (low, middle - 1)
    if low == 0:
        raise ConfigError(
            f"no number of features per half keeps {wanted:g} false selections among {features} features at cutoff "
            f"{cutoff:g}; allow more false selections, or raise the cutoff"
        )
    return StabilitySettings(
        low, cutoff, false_selection_bound(low, features, cutoff, assumption, pairs), assumption
    )


def _any(q: int, p: int, cutoff: float, pairs: int) -> float:  # noqa: ARG001  # one signature
    return q**2 / ((2 * cutoff - 1) * p)


def _unimodal(q: int, p: int, cutoff: float, pairs: int) -> float:
    theta = q / p
    if cutoff > ONE_MODE_CHANGE:
        divisor = (1 + 1 / pairs) / (4 * (1 - cutoff + 1 / (2 * pairs)))
    elif cutoff >= 0.5 + min(theta**2, 1 / (2 * pairs) + ONE_MODE_CHANGE * theta**2):
        divisor = 2 * (2 * cutoff - 1 - 1 / (2 * pairs))
    else:
        return float("inf")
    # In this order, bounds that equal a whole number round as in published tables.
    return q * theta / divisor


def _r_concave(q: int, p: int, cutoff: float, pairs: int) -> float:
    at_least = int(np.ceil(np.round(cutoff * 2 * pairs, 8)))
    both = _largest_tail(q**2 / p**2, at_least - pairs, pairs, -1 / 2)
    one = _largest_tail(q / p, at_least, 2 * pairs, -1 / 4)
    return p * min(1.0, both, one)


def _largest_tail(mean: float, at_least: int, most: int, r: float) -> float:
    """Largest probability of ``at_least / most`` or more, of r-concave distributions on 0, 1/most, ... with a mean.

    Such a distribution has the tail of ``(a + i)^(1/r)`` on 0 to k, with one more point at k + 1 (Shah and Samworth
    2013, appendix A.4).
    """
    from scipy.optimize import brentq, minimize_scalar

    power, expected = 1 / r, mean * most
    first = int(np.ceil(2 * expected)) + 1
    if at_least <= first or first >= most:
        return 1.0

    def surplus(a: float, k: int) -> float:
        weight = (a + np.arange(k + 1)) ** power
        return float(np.arange(k + 1) @ weight / weight.sum()) - expected

    def above(a: float, k: int) -> float:
        weight = (a + np.arange(k + 1)) ** power
        inside = (k + 1 - expected) * weight[:at_least].sum()
        return 1.0 - float(inside / ((k + 1 - np.arange(k + 1)) @ weight))

    largest, before = 0.0, np.inf
    for k in range(first, most + 1):
        upper = 100_000.0 if np.isinf(before) else before
        # The mean increases with a; beyond the upper end the distribution is nearly uniform.
        a = upper if surplus(upper, k) <= 0 else float(brentq(surplus, 1e-5, upper, (k,), xtol=1e-12))
        # With fewer than `at_least` points, the tail is empty.
        if np.isfinite(before) and k >= at_least:
            found = minimize_scalar(
                lambda value, k=k: -above(value, k - 1),
                bounds=(a, before),
                method="bounded",
                options={"xatol": WIDTH},
            )
            largest = max(largest, -float(found.fun))
        before = a
    return largest


BOUNDS: dict[str, Callable[[int, int, float, int], float]] = {
    "none": _any,
    "unimodal": _unimodal,
    "r-concave": _r_concave,
}
"""Assumption on the distribution of selection frequencies -> ``(q, p, cutoff, pairs) -> bound``."""
