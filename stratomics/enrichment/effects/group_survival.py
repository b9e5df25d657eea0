"""Survival of groups of patients: log-rank test and hazard ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.linear.cox_net import CoxLikelihood, cox_net
from models.survival.log_rank import log_rank_groups
from omics.cohort.endpoints import Survival
from omics.common.errors import FitError
from stratomics.enrichment.effects.effect import Effect

__all__ = ["group_hazard_ratio", "log_rank_p"]

DIVERGED = 15.0
"""A log hazard ratio beyond this value is taken to diverge: one group has all its events before the other."""


def log_rank_p(group: NDArray[np.int64], survival: Survival) -> float:
    """P-value of the log-rank test.

    Parameters
    ----------
    group
        (n,) number of the group of each patient.
    survival
        Endpoint of the same patients, who all have it.

    Returns
    -------
    float
        NaN if no two groups are at risk at the time of an event.
    """
    return log_rank_groups(group, survival.event, survival.time, survival.entry)[2]


def group_hazard_ratio(group: NDArray[np.bool_], survival: Survival) -> Effect | None:
    """Hazard ratio of a group to the other patients, by Cox regression with Efron's ties and Wald's interval.

    Cox 1972, doi 10.1111/j.2517-6161.1972.tb00899.x.

    Parameters
    ----------
    group
        (n,) whether the patient is in the group.
    survival
        Endpoint of the same patients, who all have it.

    Returns
    -------
    Effect or None
        Above 1 the group has earlier events; None without a finite estimate, as where a group has no event.

    Examples
    --------
    >>> one = np.ones(4, dtype=bool)
    >>> effect = group_hazard_ratio(np.array([True, False, True, False]), Survival(np.arange(1.0, 5.0), one, one))
    >>> round(effect.estimate, 2), round(effect.low, 2), round(effect.high, 2)
    (2.56, 0.23, 29.12)
    """
    x = group.astype(np.float64)
    event, time, entry = survival.event, survival.time, survival.entry
    if not (event & group).any() or not (event & ~group).any():
        return None
    try:
        log_ratio = cox_net(x[:, None], event, time, penalty=0.0, l1_ratio=0.0, entry=entry)
    except FitError:
        return None
    curvature = CoxLikelihood(event, time, entry).curvature(x * log_ratio, x[:, None])[:, 0]
    information = float(len(x) * (x @ curvature))
    if not abs(log_ratio[0]) < DIVERGED or information <= 0.0:
        return None
    return Effect.of(float(log_ratio[0]), float(1.0 / np.sqrt(information)), ratio=True)
