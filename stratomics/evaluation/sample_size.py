"""Minimum sample size to develop a prediction model, by the criteria of Riley and colleagues."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omics.common.errors import DataError

__all__ = ["MinimumSize", "binary_size", "largest_r2", "survival_size"]

SHRINKAGE = 0.9
"""Minimum shrinkage factor, which limits overfitting."""
OPTIMISM = 0.05
"""Maximum difference between apparent and adjusted R2, as a share of the largest R2."""
MARGIN = 0.05
"""Maximum half width of the 95% interval of the overall risk."""
Z = 1.96
ROUNDING = 1e-9


@dataclass(frozen=True)
class MinimumSize:
    """Minimum number of patients by each criterion; the largest is the minimum sample size.

    Attributes
    ----------
    shrinkage
        For an expected shrinkage factor of at least 0.9.
    optimism
        For an optimism of at most 0.05 in Nagelkerke's R2.
    overall
        For a 95% interval of the overall risk of at most +-0.05.
    """

    shrinkage: int
    optimism: int
    overall: int

    @property
    def patients(self) -> int:
        """The largest of the three."""
        return max(self.shrinkage, self.optimism, self.overall)


def binary_size(parameters: int, prevalence: float, r2: float) -> MinimumSize:
    """Minimum sample size of a regression of a binary response.

    Riley et al. 2020, doi 10.1136/bmj.m441.

    Parameters
    ----------
    parameters
        Number of candidate parameters, including those that are not selected.
    prevalence
        Share of positive patients, between 0 and 1.
    r2
        Expected Cox-Snell R2 of the model: above 0 and below :func:`largest_r2`.

    Returns
    -------
    MinimumSize
        Patients by criterion.

    Raises
    ------
    DataError
        If an argument is out of range.

    Examples
    --------
    The worked example of the paper is a diagnostic model with 24 parameters:

    >>> size = binary_size(24, 0.174, 0.288)
    >>> size.shrinkage, size.optimism, size.overall, size.patients
    (623, 662, 221, 662)
    """
    if not 0.0 < prevalence < 1.0:
        raise DataError(f"a prevalence of {prevalence:g} leaves one class empty; give one between 0 and 1")
    largest = largest_r2(prevalence)
    overall = _up((Z / MARGIN) ** 2 * prevalence * (1.0 - prevalence))
    return MinimumSize(*_shrinkage_and_optimism(parameters, r2, largest), overall)


def survival_size(parameters: int, rate: float, follow_up: float, horizon: float, r2: float) -> MinimumSize:
    """Minimum sample size of a regression of a time to an event.

    Riley et al. 2019, doi 10.1002/sim.7992, and 2020, doi 10.1136/bmj.m441. For the overall risk, times are assumed to
    be exponential, and both ends of the interval must be within 0.05 of the risk.

    Parameters
    ----------
    parameters, r2
        As in :func:`binary_size`.
    rate
        Events per patient and unit of time.
    follow_up
        Mean follow-up per patient, in units of time.
    horizon
        Time by which the risk is predicted.

    Returns
    -------
    MinimumSize
        Patients by criterion.

    Raises
    ------
    DataError
        If an argument is out of range.

    Examples
    --------
    The worked example of the paper is recurrent venous thromboembolism, with 30 parameters:

    >>> size = survival_size(30, 0.065, 2.07, 2.0, 0.051)
    >>> size.shrinkage, size.optimism, size.patients
    (5143, 1039, 5143)
    """
    for name, value in (("rate", rate), ("follow_up", follow_up), ("horizon", horizon)):
        if not value > 0.0:
            raise DataError(f"{name} is {value:g}; a sample size needs one above 0")
    if rate * follow_up > 1.0 + ROUNDING:
        raise DataError(
            f"a rate of {rate:g} over {follow_up:g} is more than one event per patient; check the unit of time"
        )
    free = np.exp(-rate * horizon)
    # Either end of the interval of the rate can be further from the risk, so that both are checked.
    below = np.log1p(MARGIN / free)
    above = -np.log1p(-MARGIN / free) if free > MARGIN else np.inf
    overall = _up(rate / follow_up * (Z * horizon / min(below, above)) ** 2)
    largest = largest_r2(rate * follow_up, survival=True)
    return MinimumSize(*_shrinkage_and_optimism(parameters, r2, largest), overall)


def largest_r2(events: float, *, survival: bool = False) -> float:
    """Largest possible Cox-Snell R2.

    The null model is binomial for a response, and Poisson for survival, as in the papers of :func:`survival_size`.

    Parameters
    ----------
    events
        Share of patients with the event, or events per patient.
    survival
        Whether the endpoint is survival.

    Returns
    -------
    float
        R2 of a perfect model.

    Examples
    --------
    >>> round(largest_r2(0.5), 2), round(largest_r2(0.174), 2)
    (0.75, 0.6)
    """
    if survival:
        return float(1.0 - np.exp(2.0 * (events * np.log(events) - events)))
    return float(1.0 - np.exp(2.0 * (events * np.log(events) + (1.0 - events) * np.log(1.0 - events))))


def _shrinkage_and_optimism(parameters: int, r2: float, largest: float) -> tuple[int, int]:
    """Sample sizes by the criteria on shrinkage and optimism."""
    if parameters < 1:
        raise DataError(f"{parameters} parameters need no sample size; give at least 1")
    if not 0.0 < r2 < min(largest, SHRINKAGE):
        raise DataError(
            f"a Cox-Snell R2 of {r2:g} is not possible; give one above 0 and below {min(largest, SHRINKAGE):.3g}"
        )
    factors = (SHRINKAGE, r2 / (r2 + OPTIMISM * largest))
    one, two = (_up(parameters / ((s - 1.0) * np.log1p(-r2 / s))) for s in factors)
    return one, two


def _up(number: float) -> int:
    return int(np.ceil(number))
