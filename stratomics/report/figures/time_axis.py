"""The time axis of a figure: years, months or days by length of follow-up, with round ticks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from models.survival.time_unit import TimeUnit, round_ticks, time_unit

__all__ = ["TimeAxis", "time_axis"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TimeAxis:
    """A time axis.

    Attributes
    ----------
    unit
        The unit that is shown.
    end
        Longest time, in the unit of the endpoint.
    ticks
        Round times in the shown unit, from 0 to at most `end`.
    """

    unit: TimeUnit
    end: float
    ticks: Array

    @property
    def at(self) -> Array:
        """The ticks in the unit of the endpoint."""
        return self.ticks / self.unit.factor

    def show(self, axes: Axes) -> None:
        """Set limits, ticks and label of Axes on which times are drawn in the unit of the endpoint."""
        axes.set_xlim(0, 1.01 * self.end)
        axes.set_xticks(self.at, [f"{tick:g}" for tick in self.ticks])
        axes.set_xlabel(f"Time ({self.unit.name})" if self.unit.name else "Time")


def time_axis(end: float, unit: str) -> TimeAxis:
    """Choose unit and ticks of a time axis.

    Parameters
    ----------
    end
        Longest time.
    unit
        Unit of the endpoint.

    Returns
    -------
    TimeAxis

    Examples
    --------
    >>> axis = time_axis(4673.0, "days")
    >>> axis.unit.name, axis.ticks.tolist()
    ('years', [0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 12.0])
    """
    shown = time_unit(end, unit)
    return TimeAxis(shown, end, round_ticks(end * shown.factor, shown.name))
