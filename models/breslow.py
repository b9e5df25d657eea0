"""From log hazards to survival curves: Breslow's baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["BreslowBaseline"]

Array = NDArray[np.float64]

MOST_TIMES = 200
"""A saved curve has at most so many steps."""


@dataclass(frozen=True)
class BreslowBaseline:
    """Cumulative baseline hazard (t,) at distinct event times (t,), for log hazards around `center`."""

    times: Array
    cumulative_hazard: Array
    center: float

    @classmethod
    def fit(cls, log_hazard: Array, event: NDArray[np.bool_], time: Array) -> Self:
        """Estimate from training patients (Breslow 1972); ties share one step.

        Examples
        --------
        >>> base = BreslowBaseline.fit(np.zeros(2), np.array([True, False]), np.array([1.0, 2.0]))
        >>> base.cumulative_hazard
        array([0.5])
        """
        center = float(log_hazard.mean())
        hazard = np.exp(log_hazard - center)
        order = np.argsort(time, kind="stable")
        at_risk = np.cumsum(hazard[order][::-1])[::-1]
        times, deaths = np.unique(time[event], return_counts=True)
        first = np.searchsorted(time[order], times, side="left")
        cumulative = np.cumsum(deaths / at_risk[first])
        if len(times) > MOST_TIMES:
            keep = np.linspace(0, len(times) - 1, MOST_TIMES).round().astype(int)
            times, cumulative = times[keep], cumulative[keep]
        return cls(times, cumulative, center)

    def survival(self, log_hazard: Array) -> Array:
        """S(t) (..., t) at `times` for log hazards (...)."""
        return np.exp(-self.cumulative_hazard * np.exp(log_hazard - self.center)[..., None])
