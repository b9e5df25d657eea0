"""Weigh benefit against harm: efficacy minus a weight times toxicity, for several weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.enrichment.effects.effect import Effect, Measure, mean_difference

__all__ = ["WEIGHTS", "Utility", "utility_of"]

Array = NDArray[np.float64]

WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)
"""Number of efficacious outcomes that one toxic event offsets."""


@dataclass(frozen=True)
class Utility:
    """Benefit and risk of one group, both as differences of rates, treated minus control.

    Attributes
    ----------
    efficacy, toxicity
        Differences; more efficacy is better, more toxicity worse.
    utility
        Weight -> ``efficacy - weight x toxicity``.
    even
        Weight at which benefit and harm are equal; None where one arm is better in both.
    """

    efficacy: Effect
    toxicity: Effect
    utility: Mapping[float, Effect]
    even: float | None


def utility_of(
    measure: Measure,
    treated: NDArray[np.bool_],
    toxic: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    weights: tuple[float, ...] = WEIGHTS,
) -> Utility:
    """Weigh efficacy against toxicity in the patients inside.

    Intervals assume that efficacy and toxicity are independent within an arm. They are too wide where patients who
    respond have less toxicity, and too narrow where they have more.

    Parameters
    ----------
    measure
        A difference of rates: ``"survival"`` or ``"response"``.
    treated, toxic
        (n,) each.
    inside
        (repeats, n) whether a patient is inside.
    weights
        Weights of toxicity.

    Returns
    -------
    Utility
        Efficacy, toxicity, and the difference at each weight.

    Raises
    ------
    DataError
        If the measure is not a difference of rates, or the group is too small.
    """
    if measure.name not in ("survival", "response"):
        raise DataError(
            f"a {measure.label} cannot be weighed against a toxicity rate; use survival at a time, or response"
        )
    count = inside.astype(np.float64)
    value, error = (part.mean() for part in measure.effects(count))
    harm, harm_error = (part.mean() for part in mean_difference(treated, toxic.astype(np.float64), count))
    if not np.isfinite([value, error, harm, harm_error]).all():
        raise DataError("too few patients inside to weigh benefit against risk; choose a larger group")
    both = {
        w: Effect.of(value - w * harm, float(np.hypot(error, w * harm_error)), ratio=False) for w in weights
    }
    even = float(value / harm) if value * harm > 0 else None
    efficacy, toxicity = Effect.of(value, error, ratio=False), Effect.of(harm, harm_error, ratio=False)
    return Utility(efficacy, toxicity, both, even)
