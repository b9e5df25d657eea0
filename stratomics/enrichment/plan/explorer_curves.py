"""Outcomes of the arms inside and outside each threshold, at the points that the explorer draws."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import kaplan_meier
from models.survival.risk_sets import number_at_risk
from models.survival.time_unit import round_ticks, time_unit
from omics.cohort.endpoint_columns import HALF_A_DAY
from omics.cohort.endpoints import Survival
from stratomics.enrichment.effects.cross_fitted import chosen_most_often
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.plan.explorer_table import ExplorerCurves, Nested
from stratomics.evaluation.intervals import exact_interval

__all__ = ["PER_YEAR", "explorer_curves", "explorer_ticks"]

Array = NDArray[np.float64]
Rows = NDArray[np.bool_]

POINTS = 60
"""Intervals between the points of a curve."""
SHOWN = 0.9
"""Share of the patients whose follow-up ends within the drawn time."""
TICKS = 4
"""Largest number of steps between ticks."""

PER_YEAR = {unit: half / HALF_A_DAY["years"] for unit, half in HALF_A_DAY.items()}
"""Unit of time -> its number in a year."""


def explorer_curves(trial: Trial, members: NDArray[np.bool_]) -> ExplorerCurves:
    """Estimate the outcomes of both arms inside and outside each cut.

    Parameters
    ----------
    trial
        n patients.
    members
        (cuts, repeats, n) whether a patient is inside; those inside most often are drawn inside.

    Returns
    -------
    ExplorerCurves
        Rounded to the digits that are drawn.
    """
    insides = [chosen_most_often(chosen) for chosen in members]
    groups = [
        [[side & ~trial.treated, side & trial.treated] for side in (inside, ~inside)] for inside in insides
    ]
    outcome = trial.outcome
    if not isinstance(outcome, Survival):
        rates = [[[_rate(outcome.label[rows]) for rows in arms] for arms in sides] for sides in groups]
        return ExplorerCurves([], rates, [], [])
    end = float(np.quantile(outcome.time, SHOWN))
    times, ticks = np.linspace(0.0, end, POINTS + 1), explorer_ticks(end, outcome.unit)
    curves = [[[_curve(outcome, rows, times) for rows in arms] for arms in sides] for sides in groups]
    at_risk = [
        [[number_at_risk(outcome.time[rows], np.array(ticks)).tolist() for rows in arms] for arms in sides]
        for sides in groups
    ]
    return ExplorerCurves([float(f"{time:.5g}") for time in times], curves, ticks, at_risk)


def explorer_ticks(end: float, unit: str | None) -> list[float]:
    """Choose few round times from 0 on, in whole months or years where the unit is known.

    Parameters
    ----------
    end
        Last time that is drawn.
    unit
        Unit of time.

    Returns
    -------
    list of float
        Times in that unit.

    Examples
    --------
    >>> explorer_ticks(4.6, "years"), explorer_ticks(100.0, "days")
    ([0.0, 2.0, 4.0], [0.0, 30.4375, 60.875, 91.3125])
    """
    shown = time_unit(end, unit or "")
    return [
        float(f"{tick / shown.factor:.10g}") for tick in round_ticks(end * shown.factor, shown.name, TICKS)
    ]


def _curve(outcome: Survival, rows: Rows, times: Array) -> Nested:
    """Survival at `times`, up to the last patient of the group."""
    if not rows.any():
        return [None] * len(times)
    survival = kaplan_meier(outcome.event[rows], outcome.time[rows])(times)
    last = outcome.time[rows].max()
    return [
        round(float(value), 3) if time <= last else None for time, value in zip(times, survival, strict=True)
    ]


def _rate(label: Rows) -> Nested:
    """Share of positive responses with its exact interval."""
    if not len(label):
        return [None, None, None]
    share = float(label.mean())
    return [round(value, 3) for value in (share, *exact_interval(float(label.sum()), len(label)))]
