"""What each member of an ensemble says of the patients, after recalibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import StepFunction, restricted_mean

__all__ = ["ResponseMembers", "SurvivalMembers", "benefit"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class SurvivalMembers:
    """``times`` (t,) at which curves step, and S(t) of each member and patient, ``survival`` (members, n, t)."""

    times: Array
    survival: Array

    def value(self, horizon: float) -> Array:
        """(members, n) mean survival time restricted to `horizon`; higher is better."""
        return restricted_mean(StepFunction(self.times, self.survival), horizon)


@dataclass(frozen=True)
class ResponseMembers:
    """``probability`` (members, n, levels) of each level; ``positive`` (levels,) says which count as a response."""

    probability: Array
    positive: NDArray[np.bool_]

    def value(self, _horizon: float = np.inf) -> Array:
        """(members, n) probability of a response."""
        value: Array = self.probability[..., self.positive].sum(axis=-1)
        return value


def benefit(
    treated: SurvivalMembers | ResponseMembers, control: SurvivalMembers | ResponseMembers, horizon: float
) -> tuple[Array, Array]:
    """(n,) predicted treated minus control, and its spread between members.

    Of restricted mean survival time up to `horizon`, or of the probability of a response. The spread is no interval.

    Examples
    --------
    >>> said = [ResponseMembers(np.array([[[1 - p, p]], [[1 - p, p]]]), np.array([False, True])) for p in (0.5, 0.2)]
    >>> [float(part[0]) for part in benefit(*said, np.inf)]
    [0.3, 0.0]
    """
    difference = treated.value(horizon) - control.value(horizon)
    return difference.mean(axis=0), difference.std(axis=0, ddof=1)
