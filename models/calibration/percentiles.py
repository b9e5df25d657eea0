"""Conformalised percentiles of survival curves: what share of patients dies below each predicted survival."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import product_limit_hazard

__all__ = ["Percentiles"]

Array = NDArray[np.float64]

PRIOR_EVENTS = 50.0
"""Events that the curves' own word is worth: with few events they are left as they are."""

MOST_KNOTS = 200


@dataclass(frozen=True)
class Percentiles:
    """A strictly rising map of predicted onto kept survival probabilities, 0 to 0 and 1 to 1.

    If curves are true, S(T) of a patient who dies at T is uniform. Where it is not, the share of patients with
    S(T) <= s takes the place of s (CiPOT: Qi, Yu and Greiner 2024, doi 10.48550/arXiv.2405.07374). Of a censored
    patient S(T) is only known to be smaller than at censoring, which makes 1 - S(T) a censored time of its own,
    and Kaplan-Meier on it takes the place of their blurring. The map is one for all patients and all times, so
    that it changes no order.

    Attributes
    ----------
    predicted, kept
        (k,) ascending.
    """

    predicted: Array
    kept: Array

    @classmethod
    def fit(cls, survival: Array, event: NDArray[np.bool_], at_entry: Array | None = None) -> Self:
        """Learn from S (n,) of left-out patients at their own times, and at their entry where some came late.

        Examples
        --------
        >>> uniform = (np.arange(1000) + 0.5) / 1000
        >>> bool(np.abs(Percentiles.fit(uniform, np.ones(1000, bool))(uniform) - uniform).max() < 1e-3)
        True
        """
        lost = 1.0 - survival
        hazard = product_limit_hazard(event, lost, None if at_entry is None else 1.0 - at_entry)
        alive = np.exp(-np.concatenate([[0.0], hazard.values]))
        # Half of those who die at a percentile lie below it.
        halves = (alive[1:] + alive[:-1]) / 2
        # The ends are theirs already.
        chosen = np.flatnonzero((hazard.times > 0.0) & (hazard.times < 1.0))
        if len(chosen) > MOST_KNOTS:
            chosen = chosen[np.linspace(0, len(chosen) - 1, MOST_KNOTS).round().astype(int)]
        predicted = np.concatenate([[0.0], (1.0 - hazard.times)[chosen][::-1], [1.0]])
        kept = np.concatenate([[0.0], halves[chosen][::-1], [1.0]])
        weight = event.sum() / (event.sum() + PRIOR_EVENTS)
        return cls(predicted, weight * kept + (1.0 - weight) * predicted)

    def __call__(self, survival: Array) -> Array:
        """Kept survival probabilities of predicted ones, of any shape."""
        return np.interp(survival, self.predicted, self.kept)
