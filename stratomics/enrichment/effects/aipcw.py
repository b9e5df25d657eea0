"""Censoring-corrected outcomes up to a horizon: augmented inverse probability of censoring weighting (AIPCW)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stratomics.enrichment.effects.nuisance import ArmCurves

__all__ = ["KINDS", "aipcw"]

Array = NDArray[np.float64]

KINDS = ("rmst", "survival")
LARGEST_WEIGHT = 20.0
"""Censoring weights are truncated at this value; truncated weights are counted."""
LEAST_SURVIVAL = 1e-6


def aipcw(
    event: NDArray[np.bool_], time: Array, curves: ArmCurves, horizon: float, kind: str
) -> tuple[Array, Array, Array]:
    """Outcome of each patient, corrected for censoring so that its mean over patients is unbiased.

    Patients followed to the end are weighted by 1 / G, with G the probability of being uncensored, so that they also
    represent censored patients; the expected outcome of censored patients augments the estimate (Robins and Rotnitzky
    1992, doi 10.1007/978-1-4757-1229-2_14).

    Parameters
    ----------
    event, time
        (n,) each.
    curves
        Curves of these patients, estimated from other patients.
    horizon
        Time up to which the outcome counts.
    kind
        ``"rmst"``: time lived up to the horizon; ``"survival"``: 1 if alive beyond it.

    Returns
    -------
    tuple
        (n,) each: the corrected outcome, the outcome expected at time 0, and the weight, which is 0 for patients
        censored before the horizon.
    """
    inside = curves.times <= horizon
    times, survival = curves.times[inside], np.maximum(curves.survival[:, inside], LEAST_SURVIVAL)
    censoring = np.maximum(curves.censoring[:, inside], 1.0 / LARGEST_WEIGHT)
    expected, baseline = _expected_outcome(times, survival, horizon, kind)
    before = np.concatenate([np.ones((len(censoring), 1)), censoring], axis=1)
    # Increments of the censoring martingale. They take the jumps of the curve, so that weights add up for any curve.
    hazard = 1.0 - before[:, 1:] / before[:, :-1]
    augmentation = np.concatenate(
        [np.zeros((len(censoring), 1)), np.cumsum(expected / censoring * hazard, axis=1)], axis=1
    )
    expected = np.concatenate([baseline[:, None], expected], axis=1)
    row = np.arange(len(time)) if len(censoring) > 1 else np.zeros(len(time), dtype=np.int64)
    complete = event & (time <= horizon) | (time >= horizon)
    reached = np.minimum(time, horizon)
    until = np.searchsorted(times, reached, side="left")
    now = np.searchsorted(times, reached, side="right")
    observed = (
        reached if kind == "rmst" else ((time > horizon) | ((time == horizon) & ~event)).astype(np.float64)
    )
    weight = np.where(complete, 1.0 / before[row, until], 0.0)
    corrected = np.where(
        complete,
        observed * weight - augmentation[row, until],
        expected[row, now] / before[row, now] - augmentation[row, now],
    )
    return corrected, baseline[row], weight


def _expected_outcome(times: Array, survival: Array, horizon: float, kind: str) -> tuple[Array, Array]:
    """(m, t) expected outcome of a patient at risk after each time, and (m,) at time 0."""
    if kind == "survival":
        last = survival[:, -1:] if survival.shape[1] else np.ones((len(survival), 1))
        return last / survival, last[:, 0]
    width = np.diff(np.append(times, horizon))
    area = np.cumsum((survival * width)[:, ::-1], axis=1)[:, ::-1]
    if not len(times):
        return area, np.full(len(survival), horizon)
    return times + area / survival, times[0] + area[:, 0]
