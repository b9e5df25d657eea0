"""Checks of the arguments of a trial design; each failure is one sentence."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

from omics.common.errors import DesignError

__all__ = [
    "require_above_zero",
    "require_hazard_ratio",
    "require_increasing",
    "require_power",
    "require_share",
]


def require_share(name: str, value: float) -> None:
    """Check that ``0 < value < 1``.

    Parameters
    ----------
    name
        Name of the value in the error message.
    value
        Value to check.

    Raises
    ------
    DesignError
        If the value is out of range.
    """
    if not 0.0 < value < 1.0:
        raise DesignError(f"{name} is {value:g}; it must be above 0 and below 1")


def require_above_zero(name: str, value: float) -> None:
    """Check that a value is finite and above 0.

    Parameters
    ----------
    name
        Name of the value in the error message.
    value
        Value to check.

    Raises
    ------
    DesignError
        If the value is out of range.
    """
    if not 0.0 < value < math.inf:
        raise DesignError(f"{name} is {value:g}; it must be a number above 0")


def require_hazard_ratio(value: float) -> None:
    """Check that a trial can be planned for this hazard ratio: above 0, and not 1."""
    require_above_zero("the hazard ratio", value)
    if value == 1.0:
        raise DesignError(
            "the hazard ratio is 1: no number of events gives power for a zero effect; state the effect"
        )


def require_power(power: float, alpha: float) -> None:
    """Check that `alpha` and `power` are between 0 and 1, and `power` is above `alpha`.

    Parameters
    ----------
    power
        Power of the trial.
    alpha
        One-sided level.

    Raises
    ------
    DesignError
        If a value is out of range.
    """
    require_share("alpha (one-sided)", alpha)
    require_share("power", power)
    if power <= alpha:
        raise DesignError(
            f"power {power:g} is not above alpha {alpha:g}, so no trial is needed to reach it; state a higher power"
        )


def require_increasing(name: str, values: Sequence[float]) -> None:
    """Check that values increase strictly.

    Parameters
    ----------
    name
        Name of the values in the error message, in the plural.
    values
        Values to check.

    Raises
    ------
    DesignError
        If a value is not above the one before it.
    """
    for before, after in itertools.pairwise(values):
        if not before < after:
            raise DesignError(f"{name} go from {before:g} to {after:g}; they must increase strictly")
