"""Piecewise constant rates, for hazards and enrolment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DesignError
from stratomics.enrichment.design.checks import require_above_zero, require_increasing

__all__ = ["StepRate"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class StepRate:
    """Piecewise constant rate: ``rates[i]`` per unit of time from ``starts[i]`` to the next start; the last has no end.

    Parameters
    ----------
    starts
        Increasing start times; the first is 0.
    rates
        One rate per start, at least 0. The last one is above 0, so that every event occurs at some time.

    Raises
    ------
    DesignError
        If the starts do not increase, a rate is negative, or the last rate is 0.

    Examples
    --------
    >>> hazard = StepRate((0.0, 12.0), (0.05, 0.02))
    >>> hazard.cumulative(np.array([12.0, 22.0])).round(3)
    array([0.6, 0.8])
    >>> hazard.inverse(np.array([0.6, 0.8])).round(3)
    array([12., 22.])
    """

    starts: tuple[float, ...]
    rates: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.starts) != len(self.rates) or not self.starts:
            raise DesignError(
                f"{len(self.starts)} starts and {len(self.rates)} rates; there must be one rate per start"
            )
        if self.starts[0] != 0.0:
            raise DesignError(f"the first rate starts at {self.starts[0]:g}; it must start at 0")
        require_increasing("the starts of the rates", self.starts)
        if not all(0.0 <= rate < math.inf for rate in self.rates):
            raise DesignError(
                f"the rates are {', '.join(f'{r:g}' for r in self.rates)}; each must be a number of at least 0"
            )
        if self.rates[-1] == 0.0:
            raise DesignError(
                "the last rate is 0, so that an arm would end without events; it must be above 0"
            )

    @classmethod
    def constant(cls, rate: float) -> Self:
        """Build a constant rate."""
        require_above_zero("the rate", rate)
        return cls((0.0,), (float(rate),))

    @classmethod
    def of_median(cls, median: float) -> Self:
        """Build the constant hazard with a given median survival time.

        Examples
        --------
        >>> round(float(np.exp(-StepRate.of_median(10.0).cumulative(10.0))), 3)
        0.5
        """
        require_above_zero("the median", median)
        return cls.constant(math.log(2.0) / median)

    @classmethod
    def of_survival(cls, time: Sequence[float] | Array, survival: Sequence[float] | Array) -> Self:
        """Build the hazard of a survival curve, such as a recalibrated curve of ``survival.parquet``.

        The hazard is constant between two times and reproduces the survival at each time. Beyond the last time it is
        the mean hazard over the whole curve.

        Parameters
        ----------
        time, survival
            (t,) increasing times above 0, and survival that decreases from at most 1 to a value above 0.

        Examples
        --------
        >>> StepRate.of_survival([1.0, 2.0], [0.5, 0.5]).rates
        (0.6931471805599453, 0.0, 0.34657359027997264)
        """
        times = [0.0, *(float(t) for t in time)]
        curve = np.array([1.0, *(float(s) for s in survival)])
        if len(times) != len(curve) or len(times) == 1:
            raise DesignError(
                f"{len(times) - 1} times and {len(curve) - 1} values of survival; there must be one value per time"
            )
        require_increasing("the times of the survival table", times)
        if (np.diff(curve) > 0.0).any() or not 0.0 < curve[-1] < 1.0:
            raise DesignError(
                f"survival goes from {curve[1]:g} to {curve[-1]:g}; it must decrease from at most 1 to above 0: a "
                "curve without events, or one that ends at 0, gives no hazard beyond its end"
            )
        cumulative = -np.log(curve)
        rates = np.diff(cumulative) / np.diff(times)
        return cls(tuple(times), (*(float(r) for r in rates), float(cumulative[-1] / times[-1])))

    def scaled(self, factor: float) -> Self:
        """Multiply the rate by `factor`."""
        require_above_zero("the factor of a rate", factor)
        return type(self)(self.starts, tuple(rate * factor for rate in self.rates))

    def cumulative(self, time: Array | float) -> Array:
        """Integral of the rate from 0 to `time` (any shape)."""
        knots, totals = self._knots()
        beyond = np.maximum(np.asarray(time) - knots[-1], 0.0) * self.rates[-1]
        reached: Array = np.interp(time, knots, totals) + beyond
        return reached

    def inverse(self, cumulative: Array | float) -> Array:
        """Time (any shape) at which the integral reaches `cumulative`."""
        if len(self.rates) == 1:
            return np.asarray(cumulative) / self.rates[0]
        knots, totals = self._knots()
        beyond = np.maximum(np.asarray(cumulative) - totals[-1], 0.0) / self.rates[-1]
        # Where the rate is 0 the integral is constant, and interp returns one of the ends, which are equivalent.
        time: Array = np.interp(cumulative, totals, knots) + beyond
        return time

    def _knots(self) -> tuple[Array, Array]:
        """Start times, and the integral at each of them."""
        knots = np.array(self.starts)
        return knots, np.concatenate([[0.0], np.cumsum(np.diff(knots) * self.rates[:-1])])
