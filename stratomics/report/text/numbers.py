"""P values and times, written the same way everywhere."""

from __future__ import annotations

import re
from dataclasses import dataclass

from omics.cohort.endpoint_columns import HALF_A_DAY
from omics.cohort.endpoints import Survival

__all__ = ["TimeUnit", "duration", "p_cell", "p_value", "survival_unit", "time_unit", "with_p_values"]

SMALLEST_P, LARGEST_P = 0.001, 0.995
"""P values beyond these are not written out."""

P_VALUE = re.compile(r"\bp (\d+(?:\.\d+)?(?:e-\d+)?)")
"""A p value in a stored sentence."""

YEARS_FROM, MONTHS_FROM = 4.0, 0.25
"""Follow-up in years from which times are shown in years, and in months."""


def p_value(p: float) -> str:
    """Write a p value in a sentence.

    Examples
    --------
    >>> p_value(0.0213), p_value(1e-9), p_value(0.3)
    ('p = 0.021', 'p < 0.001', 'p = 0.30')
    """
    text = p_cell(p)
    return f"p {text}" if text.startswith(("<", ">")) else f"p = {text}"


def p_cell(p: float) -> str:
    """Write a p value in a table, whose heading says that it is one.

    Examples
    --------
    >>> p_cell(0.0213), p_cell(1e-9), p_cell(0.3), p_cell(0.9999)
    ('0.021', '< 0.001', '0.30', '> 0.99')
    """
    if p < SMALLEST_P:
        return f"< {SMALLEST_P}"
    if p >= LARGEST_P:
        return "> 0.99"
    return f"{p:.2f}" if p >= 0.095 else f"{p:.2g}"  # noqa: PLR2004  # two digits either way


def with_p_values(sentence: str) -> str:
    """Write the p values of a stored sentence as those of the report.

    Examples
    --------
    >>> with_p_values("the strongest interaction, permutation p 0.002; order p 7.1e-10")
    'the strongest interaction, permutation p = 0.002; order p < 0.001'
    """
    return P_VALUE.sub(lambda found: p_value(float(found[1])), sentence)


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
        name = self.name.removesuffix("s") if number == "1" else self.name
        return f"{number} {name}".strip()

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
    >>> duration(2830.0, "days"), duration(200.0, "days")
    ('7.7 years', '6.6 months')
    """
    return time_unit(time, unit).text(time)
