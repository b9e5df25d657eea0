"""Benefit against harm: the efficacy of a cut minus a weight times its toxicity, for every weight one may hold."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError
from stratomics.enrichment.effects.effect import Effect, Measure, mean_difference

__all__ = ["WEIGHTS", "Utility", "utility_of"]

Array = NDArray[np.float64]

WEIGHTS = (0.0, 0.25, 0.5, 1.0, 2.0)
"""How much of an efficacious outcome a toxic event undoes."""


@dataclass(frozen=True)
class Utility:
    """Benefit and risk of one group, both as differences of rates, treated minus control.

    Attributes
    ----------
    efficacy, toxicity
        More efficacy is better, more toxicity worse.
    utility
        Weight -> ``efficacy - weight x toxicity``.
    even
        Weight at which nothing is gained; None where there is no such weight, since one treatment is better in both.
    """

    efficacy: Effect
    toxicity: Effect
    utility: dict[float, Effect]
    even: float | None


def utility_of(
    measure: Measure,
    treated: NDArray[np.bool_],
    toxic: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    weights: tuple[float, ...] = WEIGHTS,
) -> Utility:
    """Weigh efficacy against toxicity in those inside.

    Intervals take the two as unrelated within an arm, which is too wide where those who respond are spared toxicity and
    too narrow where they pay for it.

    Parameters
    ----------
    measure
        A difference of rates: ``"survival"`` or ``"response"``.
    treated, toxic
        (n,) each.
    inside
        (repeats, n) who is inside.
    weights
        That one may hold.

    Raises
    ------
    DataError
        If the measure is not a difference of rates, or the group too small for one.
    """
    if measure.name not in ("survival", "response"):
        raise DataError(
            f"a {measure.label} cannot be weighed against a toxicity rate; measure survival at a time, or response"
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
