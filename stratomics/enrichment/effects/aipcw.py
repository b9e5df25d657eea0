"""What a censored outcome up to a horizon would have been, without bias: augmented inverse weighting."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stratomics.enrichment.effects.nuisance import ArmCurves

__all__ = ["KINDS", "aipcw"]

Array = NDArray[np.float64]

KINDS = ("rmst", "survival")
HEAVIEST = 20.0
"""No patient stands for more than so many; who would is counted."""
LEAST = 1e-6


def aipcw(
    event: NDArray[np.bool_], time: Array, curves: ArmCurves, horizon: float, kind: str
) -> tuple[Array, Array, Array]:
    """Outcome of each patient with censoring taken out of it, in the mean over patients.

    Robins and Rotnitzky (1992, doi 10.1007/978-1-4757-1229-2_14): who was seen to the end counts for those who were not
    (weight 1 / G), and what the curves expect of the latter is put in their place.

    Parameters
    ----------
    event, time
        (n,) each.
    curves
        Of these patients, learned from others.
    horizon
        Where the outcome ends.
    kind
        ``"rmst"``: time lived up to the horizon; ``"survival"``: 1 where alive beyond it.

    Returns
    -------
    tuple
        (n,) the outcome freed of censoring, the outcome that the curves expect at the start, and the weight of
        who was seen to the end, 0 for the others.
    """
    inside = curves.times <= horizon
    times, survival = curves.times[inside], np.maximum(curves.survival[:, inside], LEAST)
    censoring = np.maximum(curves.censoring[:, inside], 1.0 / HEAVIEST)
    expected, start = _expected(times, survival, horizon, kind)
    before = np.concatenate([np.ones((len(censoring), 1)), censoring], axis=1)
    # The martingale of censoring, its jumps as the curve has them, so that weights sum up to one whatever the curve.
    hazard = 1.0 - before[:, 1:] / before[:, :-1]
    owed = np.concatenate(
        [np.zeros((len(censoring), 1)), np.cumsum(expected / censoring * hazard, axis=1)], axis=1
    )
    expected = np.concatenate([start[:, None], expected], axis=1)
    row = np.arange(len(time)) if len(censoring) > 1 else np.zeros(len(time), dtype=np.int64)
    done = event & (time <= horizon) | (time >= horizon)
    reached = np.minimum(time, horizon)
    until = np.searchsorted(times, reached, side="left")
    now = np.searchsorted(times, reached, side="right")
    seen = reached if kind == "rmst" else ((time > horizon) | ((time == horizon) & ~event)).astype(np.float64)
    weight = np.where(done, 1.0 / before[row, until], 0.0)
    whole = np.where(
        done, seen * weight - owed[row, until], expected[row, now] / before[row, now] - owed[row, now]
    )
    return whole, start[row], weight


def _expected(times: Array, survival: Array, horizon: float, kind: str) -> tuple[Array, Array]:
    """(m, t) outcome expected of who is there after each time, and (m,) at the start."""
    if kind == "survival":
        last = survival[:, -1:] if survival.shape[1] else np.ones((len(survival), 1))
        return last / survival, last[:, 0]
    width = np.diff(np.append(times, horizon))
    area = np.cumsum((survival * width)[:, ::-1], axis=1)[:, ::-1]
    if not len(times):
        return area, np.full(len(survival), horizon)
    return times + area / survival, times[0] + area[:, 0]
