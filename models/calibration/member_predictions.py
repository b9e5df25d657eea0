"""Calibrated predictions of each member of an ensemble."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction, restricted_mean

__all__ = ["ResponseMembers", "SurvivalMembers", "benefit"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SurvivalMembers:
    """Survival curves: ``times`` (t,) at which they step, and S(t) ``survival`` (members, n, t)."""

    times: Array
    survival: Array

    def shifted(self, log_ratio: Array) -> Self:
        """Return the curves with the hazard of each patient, (n,) or (members, n), times ``exp(log_ratio)``."""
        return replace(self, survival=self.survival ** np.exp(log_ratio)[..., None])

    def value(self, horizon: float) -> Array:
        """Return the restricted mean survival time (members, n) up to `horizon`; higher is better."""
        return restricted_mean(StepFunction(self.times, self.survival), horizon)


@dataclass(frozen=True)
class ResponseMembers:
    """``probability`` (members, n, levels) of each level; ``positive`` (levels,) bool marks the positive levels."""

    probability: Array
    positive: NDArray[np.bool_]

    def shifted(self, log_ratio: Array) -> Self:
        """Return the probabilities with the odds of each patient, (n,) or (members, n), times ``exp(log_ratio)``."""
        odds = np.where(self.positive, np.exp(log_ratio)[..., None], 1.0)
        changed = self.probability * odds
        return replace(self, probability=changed / changed.sum(axis=-1, keepdims=True))

    def value(self, _horizon: float = np.inf) -> Array:
        """Return the probability (members, n) of a response."""
        value: Array = self.probability[..., self.positive].sum(axis=-1)
        return value


def benefit(
    treated: SurvivalMembers | ResponseMembers, control: SurvivalMembers | ResponseMembers, horizon: float
) -> tuple[Array, Array]:
    """Predicted benefit of treatment: treated minus control, mean and spread over members.

    Parameters
    ----------
    treated, control
        Predictions of the members for the same n patients under either arm.
    horizon
        Upper end of the restricted mean survival time; not used for a response.

    Returns
    -------
    tuple
        (n,) mean over members of the difference in restricted mean survival time, or in the probability of a response,
        and (n,) its standard deviation over members, which is not a confidence interval.

    Examples
    --------
    >>> arms = [ResponseMembers(np.array([[[1 - p, p]], [[1 - p, p]]]), np.array([False, True])) for p in (0.5, 0.2)]
    >>> [float(part[0]) for part in benefit(*arms, np.inf)]
    [0.3, 0.0]
    """
    difference = treated.value(horizon) - control.value(horizon)
    return difference.mean(axis=0), difference.std(axis=0, ddof=1)
