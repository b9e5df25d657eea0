"""Events and patients that an effect takes, as a threshold table needs them."""

from __future__ import annotations

import numpy as np
from scipy.stats import norm

__all__ = ["events_needed", "patients_for_events", "patients_needed"]

ALPHA = 0.05
"""Two-sided."""


def events_needed(hazard_ratio: float, power: float, treated: float = 0.5) -> float:
    """Events for a log-rank test (Schoenfeld 1983, doi 10.2307/2531021), `treated` the share of the treated.

    Examples
    --------
    >>> round(events_needed(0.7, 0.8), 3)
    246.787
    """
    reach = norm.ppf(1 - ALPHA / 2) + norm.ppf(power)
    return float(reach**2 / (treated * (1 - treated) * np.log(hazard_ratio) ** 2))


def patients_for_events(events: float, control_rate: float, hazard_ratio: float) -> float:
    """Patients, half of them treated, among whom so many events are expected.

    Parameters
    ----------
    events
        How many.
    control_rate
        Share of the controls with an event by the end of follow-up.
    hazard_ratio
        Of the treated.

    Examples
    --------
    >>> round(patients_for_events(100, 0.5, 1.0))
    200
    """
    return float(events / ((control_rate + 1 - (1 - control_rate) ** hazard_ratio) / 2))


def patients_needed(estimate: float, se: float, n: int, power: float) -> float:
    """Patients for a test of any effect whose standard error falls with the root of their number.

    Parameters
    ----------
    estimate, se, n
        An effect, its standard error, and the patients who gave it.
    power
        Wanted.

    Examples
    --------
    >>> round(patients_needed(0.2, 0.1, 100, 0.8))
    196
    """
    reach = norm.ppf(1 - ALPHA / 2) + norm.ppf(power)
    return float(n * (reach * se / estimate) ** 2)
