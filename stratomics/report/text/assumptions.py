"""The assumptions of a planned trial in words: names, and values in one unit of time."""

from __future__ import annotations

import math
import re

from models.survival.time_unit import TimeUnit, time_unit
from stratomics.enrichment.design.trial_design import Assumption, TrialDesign

__all__ = ["assumption_name", "assumption_text", "median_of", "plan_unit", "steps_of"]

HAZARD = "hazard of "
"""How the name of a hazard begins."""

STEP = re.compile(r"([\d.eE+-]+) from ([\d.eE+-]+)")
"""One step of a rate that changes over time."""


def plan_unit(design: TrialDesign, unit: str) -> TimeUnit:
    """Choose the one unit of all times and rates of a planned trial: that of its duration.

    Parameters
    ----------
    design
        The planned trial.
    unit
        Unit of time of the endpoint; empty for a response.

    Returns
    -------
    TimeUnit
    """
    return time_unit(design.duration or 0.0, unit) if unit else TimeUnit("", 1.0)


def assumption_name(assumption: Assumption) -> str:
    """Name an assumption by the value that is shown: a hazard is shown as the median that it implies.

    Examples
    --------
    >>> assumption_name(Assumption("hazard of controls inside", "0.1 from 0", "data"))
    'median time to the event, controls inside'
    """
    name = assumption.name
    if name.startswith(HAZARD):
        return f"median time to the event, {name.removeprefix(HAZARD)}"
    return {"candidates": "candidates tested", "dropout": "loss to follow-up"}.get(name, name)


def assumption_text(assumption: Assumption, unit: TimeUnit) -> str:
    """Write the value of an assumption, with its unit of time.

    Parameters
    ----------
    assumption
        One assumption of a design.
    unit
        Unit in which times of the trial are shown; no name for a response.

    Returns
    -------
    str
        A hazard over time is written as the median that it implies, and dropout as the share lost per unit of time.

    Examples
    --------
    >>> days = TimeUnit("days", 1.0)
    >>> assumption_text(Assumption("hazard of controls inside", "0.1 from 0; 0.2 from 5", "data"), days)
    '6.0 days'
    >>> assumption_text(Assumption("candidates", "0.333 from 0", "data"), TimeUnit("years", 1 / 365.25))
    '122 per year'
    """
    name, value = assumption.name, assumption.value
    steps = steps_of(value)
    if name.startswith(HAZARD) and steps:
        median = median_of(steps)
        return unit.text(median) if math.isfinite(median) else "not reached"
    if steps:
        rates = [f"{rate / unit.factor:.3g}" for _, rate in steps]
        return f"{rates[0] if len(rates) == 1 else f'{rates[0]} to {rates[-1]}'} per {unit.one or 'unit of time'}"
    return _number(name, value, unit) if isinstance(value, float) else str(value)


def _number(name: str, value: float, unit: TimeUnit) -> str:
    """Write a share, a time, a rate or a ratio."""
    if name.startswith(("prevalence", "sensitivity", "specificity", "response rate")):
        return f"{value:.0%}"
    if name.startswith("follow-up"):
        return unit.text(value)
    if name == "dropout":
        return f"{-math.expm1(-value / unit.factor):.1%} per {unit.one or 'unit of time'}"
    return f"{value:.2f}"


def steps_of(value: float | str) -> list[tuple[float, float]]:
    """Read the start and the rate of each step of a rate that changes over time; empty for another value."""
    return [(float(start), float(rate)) for rate, start in STEP.findall(str(value))]


def median_of(steps: list[tuple[float, float]]) -> float:
    """Time at which a hazard that is constant between steps has led to one half; infinite if it never does."""
    if not steps:
        return math.inf
    left = math.log(2.0)
    for (start, rate), (end, _) in zip(steps, [*steps[1:], (math.inf, 0.0)], strict=True):
        if rate * (end - start) >= left and rate > 0.0:
            return start + left / rate
        left -= rate * (end - start) if rate > 0.0 else 0.0
    return math.inf
