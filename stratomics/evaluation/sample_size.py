"""How many patients a regression with so many parameters asks for: the criteria of Riley and colleagues."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from omics.common.errors import DataError

__all__ = ["MinimumSize", "binary_size", "largest_r2", "survival_size"]

SHRINKAGE = 0.9
"""Least shrinkage factor that is wished: predictions at most a tenth too far apart."""
OPTIMISM = 0.05
"""Largest difference of the apparent and the true share of Nagelkerke's R2."""
MARGIN = 0.05
"""Half width of the 95% interval of the overall risk."""
Z = 1.96


@dataclass(frozen=True)
class MinimumSize:
    """Patients that each criterion asks for; the largest of them is the answer.

    Attributes
    ----------
    shrinkage
        For an expected shrinkage factor of .9 or more.
    optimism
        For an optimism of at most .05 in Nagelkerke's R2.
    overall
        For the overall risk to within .05.
    """

    shrinkage: int
    optimism: int
    overall: int

    @property
    def patients(self) -> int:
        """The largest of the three."""
        return max(self.shrinkage, self.optimism, self.overall)


def binary_size(parameters: int, prevalence: float, r2: float) -> MinimumSize:
    """Minimum number of patients to develop a regression of a binary response.

    Riley et al. 2020, doi 10.1136/bmj.m441.

    Parameters
    ----------
    parameters
        Candidates, not only those that stay in the model.
    prevalence
        Share of positive patients, between 0 and 1.
    r2
        Cox-Snell R2 that the model is expected to have: above 0 and below :func:`largest_r2`.

    Examples
    --------
    The worked example of the paper, a diagnostic model with 24 parameters:

    >>> found = binary_size(24, 0.174, 0.288)
    >>> found.shrinkage, found.optimism, found.overall, found.patients
    (623, 662, 221, 662)
    """
    if not 0.0 < prevalence < 1.0:
        raise DataError(f"a prevalence of {prevalence:g} leaves one class empty; name one between 0 and 1")
    largest = largest_r2(prevalence)
    overall = _up((Z / MARGIN) ** 2 * prevalence * (1.0 - prevalence))
    return MinimumSize(*_two(parameters, r2, largest), overall)


def survival_size(parameters: int, rate: float, follow_up: float, horizon: float, r2: float) -> MinimumSize:
    """Minimum number of patients to develop a regression of a time to an event.

    Riley et al. 2019, doi 10.1002/sim.7992, and 2020, doi 10.1136/bmj.m441; times are taken to be exponential for the
    overall risk, whose interval has to lie within .05 to both sides.

    Parameters
    ----------
    parameters, r2
        As in :func:`binary_size`.
    rate
        Events per patient and unit of time.
    follow_up
        Mean time that a patient is followed.
    horizon
        Time by which the risk is wanted.

    Examples
    --------
    The worked example of recurrent venous thromboembolism, with 30 parameters:

    >>> found = survival_size(30, 0.065, 2.07, 2.0, 0.051)
    >>> found.shrinkage, found.optimism, found.patients
    (5143, 1039, 5143)
    """
    for name, value in (("rate", rate), ("follow_up", follow_up), ("horizon", horizon)):
        if not value > 0.0:
            raise DataError(f"{name} is {value:g}; a sample size needs one above 0")
    if rate * follow_up > 1.0:
        raise DataError(
            f"a rate of {rate:g} over {follow_up:g} is more than one event a patient; check the unit of time"
        )
    free = np.exp(-rate * horizon)
    # The interval of the rate leads further from a low risk upwards, from a high one downwards.
    below = np.log1p(MARGIN / free)
    above = -np.log1p(-MARGIN / free) if free > MARGIN else np.inf
    overall = _up(rate / follow_up * (Z * horizon / min(below, above)) ** 2)
    return MinimumSize(*_two(parameters, r2, largest_r2(rate * follow_up, survival=True)), overall)


def largest_r2(events: float, *, survival: bool = False) -> float:
    """Cox-Snell R2 of a model that knows everything, by the share of patients with the event.

    Of a response the null model is binomial; of survival it is Poisson, as the papers of :func:`survival_size` have it.

    Examples
    --------
    >>> round(largest_r2(0.5), 2), round(largest_r2(0.174), 2)
    (0.75, 0.6)
    """
    if survival:
        return float(1.0 - np.exp(2.0 * (events * np.log(events) - events)))
    return float(1.0 - np.exp(2.0 * (events * np.log(events) + (1.0 - events) * np.log(1.0 - events))))


def _two(parameters: int, r2: float, largest: float) -> tuple[int, int]:
    """Criteria on shrinkage and on optimism."""
    if parameters < 1:
        raise DataError(f"{parameters} parameters ask for no sample size; name one at least")
    if not 0.0 < r2 < min(largest, SHRINKAGE):
        raise DataError(
            f"a Cox-Snell R2 of {r2:g} cannot be: name one above 0 and below {min(largest, SHRINKAGE):.3g}"
        )
    wanted = (SHRINKAGE, r2 / (r2 + OPTIMISM * largest))
    one, two = (_up(parameters / ((s - 1.0) * np.log1p(-r2 / s))) for s in wanted)
    return one, two


def _up(number: float) -> int:
    return int(np.ceil(number))
