"""Kaplan-Meier curve of a group of patients, with its band and numbers at risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction, kaplan_meier, product_limit_hazard
from models.survival.risk_sets import greenwood_terms, number_at_risk
from omics.cohort.endpoints import Survival
from stratomics.evaluation.intervals import log_log_interval

__all__ = ["GroupCurve", "group_curve"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class GroupCurve:
    """Kaplan-Meier curve of one group.

    Attributes
    ----------
    survival
        Endpoint of its patients, who all have it.
    curve
        Probability of being free of the event.
    low, high
        (t,) pointwise 95% interval at ``curve.times``.
    """

    survival: Survival
    curve: StepFunction
    low: Array
    high: Array

    def at_risk(self, times: Array) -> NDArray[np.int64]:
        """Count the patients under observation at each time, those who enter at this time included."""
        entry = self.survival.entry
        # The risk set of an event excludes patients who enter at its time; a table of numbers counts them.
        before = None if entry is None else np.nextafter(entry, -np.inf)
        return number_at_risk(self.survival.time, times, before)


def group_curve(survival: Survival) -> GroupCurve:
    """Estimate the survival of one group.

    Kaplan and Meier 1958, doi 10.2307/2281868; bands by Greenwood's variance on the log-log scale. With delayed entry,
    half a patient is taken to be left where all patients at risk have the event, so that the curve does not end there.
    """
    event, time, entry = survival.event, survival.time, survival.entry
    if entry is None:
        curve = kaplan_meier(event, time)
    else:
        times = np.unique(time)
        curve = StepFunction(times, np.exp(-product_limit_hazard(event, time, entry)(times)))
    low, high = log_log_interval(curve.values, np.cumsum(greenwood_terms(event, time, curve.times, entry)))
    return GroupCurve(survival, curve, low, high)
