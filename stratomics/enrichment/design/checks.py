"""What a trial cannot be, each in one sentence."""

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
    """Raise unless ``0 < value < 1``."""
    if not 0.0 < value < 1.0:
        raise DesignError(f"{name} is {value:g}; it must lie between 0 and 1, neither of them")


def require_above_zero(name: str, value: float) -> None:
    """Raise unless `value` is finite and above 0."""
    if not 0.0 < value < math.inf:
        raise DesignError(f"{name} is {value:g}; it must be a number above 0")


def require_hazard_ratio(value: float) -> None:
    """Raise unless `value` is a hazard ratio that a trial can be planned for."""
    require_above_zero("the hazard ratio", value)
    if value == 1.0:
        raise DesignError(
            "the hazard ratio is 1: no number of events gives power for a zero effect; state the effect"
        )


def require_power(power: float, alpha: float) -> None:
    """Raise unless `alpha` is a level and `power` is above it."""
    require_share("alpha (one-sided)", alpha)
    require_share("power", power)
    if power <= alpha:
        raise DesignError(f"power {power:g} is not above alpha {alpha:g}: a coin would do; ask for more")


def require_increasing(name: str, values: Sequence[float]) -> None:
    """Raise unless `values` increase strictly."""
    for before, after in itertools.pairwise(values):
        if not before < after:
            raise DesignError(
                f"{name} go from {before:g} to {after:g}; they must increase, so that no two overlap"
            )
