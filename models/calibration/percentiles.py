"""Calibration of the percentiles of survival curves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.survival.kaplan_meier import product_limit_hazard

__all__ = ["Percentiles"]

Array = NDArray[np.float64]

PRIOR_EVENTS = 50.0
"""Weight of the uncalibrated curves, in events. With few events the curves are hardly changed."""

MOST_KNOTS = 200


@dataclass(frozen=True)
class Percentiles:
    """A strictly increasing map from predicted to observed survival probabilities, 0 to 0 and 1 to 1.

    If curves are calibrated, S(T) is uniform for patients with the event at T. Otherwise s is replaced by the share of
    patients with S(T) <= s (CiPOT: Qi, Yu and Greiner 2024, doi 10.48550/arXiv.2405.07374). For a censored patient,
    S(T) is only known to be smaller than S at censoring, so 1 - S(T) is a censored time. Its distribution is estimated
    by Kaplan-Meier, where the cited paper splits censored patients over all smaller values. There is one map for all
    patients and times, so that the order of patients does not change.

    Attributes
    ----------
    predicted, observed
        (k,) ascending.
    """

    predicted: Array
    observed: Array

    @classmethod
    def fit(cls, survival: Array, event: NDArray[np.bool_], at_entry: Array | None = None) -> Self:
        """Learn from S (n,) of held-out patients at their times of event or censoring, and at their entry if delayed.

        Examples
        --------
        >>> uniform = (np.arange(1000) + 0.5) / 1000
        >>> bool(np.abs(Percentiles.fit(uniform, np.ones(1000, bool))(uniform) - uniform).max() < 1e-3)
        True
        """
        lost = 1.0 - survival
        hazard = product_limit_hazard(event, lost, None if at_entry is None else 1.0 - at_entry)
        alive = np.exp(-np.concatenate([[0.0], hazard.values]))
        # Half of the patients with the event at a percentile are counted below it.
        midpoints = (alive[1:] + alive[:-1]) / 2
        # The ends 0 and 1 are added below.
        chosen = np.flatnonzero((hazard.times > 0.0) & (hazard.times < 1.0))
        if len(chosen) > MOST_KNOTS:
            chosen = chosen[np.linspace(0, len(chosen) - 1, MOST_KNOTS).round().astype(int)]
        predicted = np.concatenate([[0.0], (1.0 - hazard.times)[chosen][::-1], [1.0]])
        observed = np.concatenate([[0.0], midpoints[chosen][::-1], [1.0]])
        weight = event.sum() / (event.sum() + PRIOR_EVENTS)
        return cls(predicted, weight * observed + (1.0 - weight) * predicted)

    def __call__(self, survival: Array) -> Array:
        """Map predicted survival probabilities of any shape to calibrated ones."""
        return np.interp(survival, self.predicted, self.observed)
