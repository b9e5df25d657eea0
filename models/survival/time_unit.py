"""The unit in which times are shown: years, months or days by their length."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.cohort.endpoint_columns import HALF_A_DAY
from omics.cohort.endpoints import Survival

__all__ = ["TimeUnit", "duration", "round_ticks", "survival_unit", "time_unit"]

YEARS_FROM, MONTHS_FROM = 4.0, 0.25
"""Follow-up in years from which times are shown in years, and in months."""
MOST = 7
"""Maximum number of intervals between ticks."""
MONTHS = (1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 36.0, 60.0, 120.0)
"""Steps of round ticks of months, which are counted in years."""
WHOLE = 0.005
"""Years that are as near as this to a whole number are one."""


@dataclass(frozen=True)
class TimeUnit:
    """The unit in which times are shown.

    Attributes
    ----------
    name
        ``years``, ``months``, ``weeks`` or ``days``; empty if the unit of the endpoint is unknown.
    factor
        A time in the unit of the endpoint, times `factor`, is in the shown unit.
    """

    name: str
    factor: float

    def text(self, time: float) -> str:
        """Write a time of the endpoint in the shown unit, with three digits at most.

        Examples
        --------
        >>> TimeUnit("years", 1 / 365.25).text(934.6)
        '2.6 years'
        """
        number = self.number(time)
        name = self.one if number == "1" else self.name
        return f"{number} {name}".strip()

    @property
    def one(self) -> str:
        """The name of one unit, such as ``year``."""
        return self.name.removesuffix("s")

    def number(self, time: float) -> str:
        """Write a time of the endpoint in the shown unit, without the unit."""
        shown = time * self.factor
        if 0.0 < shown < 1.0:
            return f"{shown:.2f}"
        whole = shown >= 100 or abs(shown - round(shown)) < 0.005  # noqa: PLR2004  # 12 months, not 12.0
        return f"{shown:.{0 if whole else 1}f}"


def time_unit(longest: float, unit: str) -> TimeUnit:
    """Choose the unit in which times are shown by the length of follow-up.

    Years are chosen from four years on, months from three months on, and days otherwise.

    Parameters
    ----------
    longest
        Longest time, in `unit`.
    unit
        Unit of the endpoint; if it is not known, times are shown as they are.

    Returns
    -------
    TimeUnit

    Examples
    --------
    >>> time_unit(4000.0, "days").name, time_unit(30.0, "months").name, time_unit(12.0, "cycles").name
    ('years', 'months', 'cycles')
    """
    if unit not in HALF_A_DAY:
        return TimeUnit(unit, 1.0)
    years = longest * HALF_A_DAY["years"] / HALF_A_DAY[unit]
    if years >= YEARS_FROM or (unit == "years" and years >= 1.0):
        shown = "years"
    elif years >= MONTHS_FROM:
        shown = "months"
    else:
        shown = unit if unit in ("weeks", "days") else "days"
    return TimeUnit(shown, HALF_A_DAY[shown] / HALF_A_DAY[unit])


def survival_unit(survival: Survival) -> TimeUnit:
    """Choose the unit in which all times of an endpoint are shown, by its longest follow-up.

    Examples
    --------
    >>> import numpy as np
    >>> one = np.ones(2, dtype=bool)
    >>> survival_unit(Survival(np.array([30.0, 3000.0]), one, one)).text(548.0)
    '1.5 years'
    """
    return time_unit(float(survival.time[survival.observed].max(initial=0.0)), survival.unit)


def duration(time: float, unit: str) -> str:
    """Write one time in a unit that fits its own length.

    Parameters
    ----------
    time
        The time.
    unit
        Its unit.

    Returns
    -------
    str

    Examples
    --------
    >>> duration(2830.0, "days"), duration(200.0, "days"), duration(1095.0, "days")
    ('7.7 years', '6.6 months', '3 years')
    """
    years = time * HALF_A_DAY["years"] / HALF_A_DAY[unit] if unit in HALF_A_DAY else 0.0
    if years > 1.0 + WHOLE and abs(years - round(years)) < WHOLE:
        return TimeUnit("years", years / time).text(time)
    return time_unit(time, unit).text(time)


def round_ticks(end: float, unit: str | None, most: int = MOST) -> NDArray[np.float64]:
    """Choose round times from 0 to at most the last time.

    Parameters
    ----------
    end
        The last time, above 0.
    unit
        Its unit; months are counted in quarters and years.
    most
        Largest number of intervals.

    Returns
    -------
    numpy.ndarray
        At most ``most + 1`` times, in that unit.

    Examples
    --------
    >>> round_ticks(4.6, "years").tolist(), round_ticks(40.0, "months", 4).tolist()
    ([0.0, 1.0, 2.0, 3.0, 4.0], [0.0, 12.0, 24.0, 36.0])
    """
    steps = MONTHS if unit == "months" else ()
    power = 10.0 ** math.floor(math.log10(end / most))
    decimal = (power * digit for digit in (1.0, 2.0, 5.0, 10.0))
    step = next(step for step in (*steps, *decimal) if end / step <= most)
    # Whole multiples, so that a tick is 0.3 and not 0.30000000000000004.
    return np.array([float(f"{number * step:.10g}") for number in range(int(end / step * (1.0 + 1e-12)) + 1)])
