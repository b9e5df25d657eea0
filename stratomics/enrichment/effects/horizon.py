"""The longest horizon of a trial: the time up to which censored outcomes can be corrected for."""

from __future__ import annotations

from models.survival.kaplan_meier import LEAST_AT_RISK, LEAST_UNCENSORED, followed_until
from omics.common.errors import DataError
from stratomics.enrichment.effects.trial import ARMS, Trial

__all__ = ["checked_horizon", "furthest_horizon"]


def furthest_horizon(trial: Trial) -> float:
    """Latest time at which 10% of each arm are uncensored and ten patients of each arm are at risk.

    Raises
    ------
    DataError
        If an arm has no such time with an event before it.

    Examples
    --------
    >>> import numpy as np
    >>> from omics.cohort.endpoints import Survival
    >>> time = np.repeat(np.arange(1.0, 21.0), 2)
    >>> outcome = Survival(time, np.ones(40, dtype=bool), np.ones(40, dtype=bool))
    >>> furthest_horizon(Trial(np.arange(40) % 2 == 0, outcome))
    11.0
    """
    furthest = []
    for name, rows in zip(ARMS, (~trial.treated, trial.treated), strict=True):
        time, event = trial.survival.time[rows], trial.survival.event[rows]
        furthest.append(followed_until(event, time))
        if not event[time <= furthest[-1]].any():
            raise DataError(
                f"the {name} arm has no time with an event before it, {LEAST_AT_RISK} patients at risk and "
                f"{LEAST_UNCENSORED:.0%} uncensored; benefit up to a time cannot be estimated from so few patients"
            )
    return min(furthest)


def checked_horizon(trial: Trial, horizon: float | None) -> float:
    """Check a horizon, or choose the furthest one.

    Parameters
    ----------
    trial
        Trial with a survival endpoint.
    horizon
        Requested horizon; None chooses the furthest one.

    Returns
    -------
    float
        The horizon.

    Raises
    ------
    DataError
        If the horizon is not above 0, or beyond the furthest one.
    """
    furthest = furthest_horizon(trial)
    if horizon is None:
        return furthest
    if not 0 < horizon <= furthest:
        raise DataError(
            f"horizon {horizon:g} is not between 0 and {furthest:g}, the last time with {LEAST_AT_RISK} patients "
            f"of each arm at risk and {LEAST_UNCENSORED:.0%} uncensored; choose a horizon in this range"
        )
    return float(horizon)
