"""Nuisance models of doubly robust effects: ridge regressions of outcome, censoring and treatment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.linear.cox_net import cox_net
from models.linear.logistic_net import logistic_net
from models.survival.breslow import BreslowBaseline
from models.survival.kaplan_meier import StepFunction, censoring_survival, kaplan_meier

__all__ = ["ArmCurves", "arm_curves", "probability_of"]

Array = NDArray[np.float64]

EXPLAINED = 0.25
"""Prior variance of the linear predictor, with all covariates at standard deviation 1. It fixes the ridge penalty.
Nothing is tuned, because trials have too few patients for tuning."""


@dataclass(frozen=True)
class ArmCurves:
    """Survival and censoring survival in one arm, (m, t) at `times` (t,): one row per patient, or one row for all."""

    times: Array
    survival: Array
    censoring: Array


def arm_curves(x: Array, event: NDArray[np.bool_], time: Array, new: Array) -> ArmCurves:
    """Estimate survival and censoring curves from training patients, and predict them for others.

    The models are ridge Cox regressions with Breslow's baseline. Without covariates they are Kaplan-Meier curves, one
    row for all patients.

    Parameters
    ----------
    x
        (n, p) covariates of the training patients of one arm.
    event, time
        (n,) outcomes of the training patients.
    new
        (m, p) covariates of the patients to predict.

    Returns
    -------
    ArmCurves
        Curves of the new patients.
    """
    times = np.unique(time)
    if not x.shape[1]:
        curves = kaplan_meier(event, time), censoring_survival(event, time)
        return ArmCurves(times, *(curve(times)[None] for curve in curves))
    # A patient who dies at t is not at risk of being censored at t.
    earlier = np.where(event, np.nextafter(time, -np.inf), time)
    return ArmCurves(
        times, _cox_curves(x, event, time, new)(times), _cox_curves(x, ~event, earlier, new)(times)
    )


def _cox_curves(x: Array, event: NDArray[np.bool_], time: Array, new: Array) -> StepFunction:
    if not event.any():
        return StepFunction(np.array([time.max()]), np.ones((len(new), 1)))
    center, scale = _mean_and_scale(x)
    b = cox_net((x - center) / scale, event, time, _penalty(x), l1_ratio=0.0)
    linear = (x - center) / scale @ b
    base = BreslowBaseline.fit(linear, event, time)
    return StepFunction(base.times, base.survival((new - center) / scale @ b))


def probability_of(x: Array, positive: NDArray[np.bool_], new: Array) -> Array:
    """Probability of a positive value, by ridge logistic regression.

    Without covariates it is the share of positive patients, with half a patient added to each side.

    Parameters
    ----------
    x
        (n, p) covariates of the training patients.
    positive
        (n,) bool.
    new
        (m, p) covariates of the patients to predict.

    Returns
    -------
    ndarray
        (m,) probabilities.
    """
    if not x.shape[1] or positive.all() or not positive.any():
        # Half a patient is added to each side, so that a share is never 0 or 1.
        return np.full(len(new), (positive.sum() + 0.5) / (len(positive) + 1.0))
    center, scale = _mean_and_scale(x)
    b, intercept = logistic_net((x - center) / scale, positive, _penalty(x), l1_ratio=0.0)
    probability: Array = 1.0 / (1.0 + np.exp(-intercept - (new - center) / scale @ b))
    return probability


def _mean_and_scale(x: Array) -> tuple[Array, Array]:
    scale = x.std(axis=0)
    return x.mean(axis=0), np.where(scale > 0, scale, 1.0)


def _penalty(x: Array) -> float:
    n, p = x.shape
    return float(p / (n * EXPLAINED))
