"""Survival curves from log hazards, by Breslow's baseline."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["BreslowBaseline"]

Array = NDArray[np.float64]

MOST_TIMES = 200
"""Maximum number of steps of a saved curve."""


@dataclass(frozen=True)
class BreslowBaseline:
    """Cumulative baseline hazard (t,) at the distinct event times (t,), for a log hazard equal to `center`."""

    times: Array
    cumulative_hazard: Array
    center: float

    @classmethod
    def fit(
        cls, log_hazard: Array, event: NDArray[np.bool_], time: Array, entry: Array | None = None
    ) -> Self:
        """Estimate from training patients; tied events share one step.

        Breslow 1972, in the discussion of Cox 1972, doi 10.1111/j.2517-6161.1972.tb00899.x. With `entry` (n,), a
        patient is at risk at t if ``entry < t <= time``.

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
        risk_set = at_risk[first]
        if entry is not None:
            risk_set = risk_set - _not_entered(hazard, entry, times)
        cumulative = np.cumsum(deaths / risk_set)
        if len(times) > MOST_TIMES:
            keep = np.linspace(0, len(times) - 1, MOST_TIMES).round().astype(int)
            times, cumulative = times[keep], cumulative[keep]
        return cls(times, cumulative, center)

    def survival(self, log_hazard: Array) -> Array:
        """Survival S(t) (..., t) at `times`, for log hazards (...)."""
        return np.exp(-self.cumulative_hazard * np.exp(log_hazard - self.center)[..., None])


def _not_entered(hazard: Array, entry: Array, times: Array) -> Array:
    """(t,) total hazard of the patients who enter at or after each of `times`."""
    order = np.argsort(entry, kind="stable")
    later = np.append(np.cumsum(hazard[order][::-1])[::-1], 0.0)
    not_entered: Array = later[np.searchsorted(entry[order], times, side="left")]
    return not_entered
