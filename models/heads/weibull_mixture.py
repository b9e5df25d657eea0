"""Weibull mixture head: every patient a mixture of Weibull distributions with shapes and scales of his own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from torch import Tensor

from models.calibration.calibration import Calibration
from models.calibration.curve_recalibration import CurveRecalibration
from models.heads.head import SurvivalTarget
from models.heads.time_grid import TIMES, event_quantiles
from models.losses.weibull import unbounded_log_shape, weibull_log_survival, weibull_mixture
from omics.cohort.endpoints import Survival

__all__ = ["WeibullMixtureHead"]

COMPONENTS = 3
LOG_SHAPES = (-1.5, 1.5)
OWN = 0.3
"""How loud a component's own parameters are beside the scale that all share, as for discrete hazards."""

SPREAD = 0.7
"""Log scales at which neighbouring components start, so that they have something to tell them apart."""


@dataclass(frozen=True)
class WeibullMixtureHead:
    """Three components around one Weibull distribution of everybody: `shape` and `unit`, its scale.

    Curves are predicted at `times` (t,). Events of all causes are one.
    """

    target: ClassVar[Callable[..., Any]] = SurvivalTarget
    calibration: ClassVar[type[Calibration]] = CurveRecalibration
    outputs: ClassVar[int] = 3 * COMPONENTS + 1
    solved: ClassVar[bool] = False

    shape: float
    unit: float
    times: NDArray[np.float64]

    @classmethod
    def fit(cls, endpoint: Survival) -> Self:
        """Fit one Weibull distribution to everybody."""
        times, (event, time, _, entry, _) = event_quantiles(endpoint, TIMES), endpoint.outcome
        seen = endpoint.observed
        return cls(*_weibull(event[seen], time[seen], entry[seen]), times)

    @property
    def lean(self) -> NDArray[np.float64]:
        """(outputs,) the scale that all components share, which is shorter where the hazard is higher."""
        lean: NDArray[np.float64] = -np.eye(self.outputs)[-1]
        return lean

    def count(self, target: SurvivalTarget) -> Tensor:
        """(members,) patients, of which the loss is the mean."""
        return target.weight.sum(-1)

    def null_estimate(self, target: SurvivalTarget) -> Tensor:
        """(members, outputs) components of the common shape, spread around the common scale."""
        shape = torch.full((COMPONENTS,), unbounded_log_shape(self.shape))
        scales = SPREAD / self.shape * (torch.arange(COMPONENTS) - (COMPONENTS - 1) / 2)
        outputs = torch.cat([torch.zeros(COMPONENTS), shape / OWN, scales / OWN, torch.zeros(1)])
        return outputs.to(target.weight).expand(len(target.weight), -1)

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) negative log likelihood a patient, of time in units of `unit`."""
        entry = None if target.late is None else target.late / self.unit
        time = target.time / self.unit
        return weibull_mixture(_parameters(estimate, self.shape), target.event, time, target.weight, entry)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, t) log cumulative hazards at `times`."""
        ages = torch.from_numpy(self.times / self.unit)
        parameters = _parameters(estimate.double(), self.shape)
        curves = [-weibull_log_survival(parameters, age) for age in ages[:, None]]
        return torch.stack(curves, -1).clamp_min(torch.finfo(torch.float64).tiny).log()

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Survival) -> CurveRecalibration:
        """Slope, baseline and percentiles of the curves."""
        return CurveRecalibration.fit(estimate, self.times, endpoint.event, endpoint.time, endpoint.entry)


def _weibull(
    event: NDArray[np.bool_], time: NDArray[np.float64], entry: NDArray[np.float64]
) -> tuple[float, float]:
    """Shape and scale of largest likelihood; the best scale of a given shape is known."""
    middle = float(np.median(time))
    time, entry, deaths = time / middle, entry / middle, int(event.sum())

    def power(shape: float) -> float:
        return float((time**shape - entry**shape).sum()) / deaths

    def cost(log_shape: float) -> float:
        shape = float(np.exp(log_shape))
        return -log_shape + float(np.log(power(shape))) - (shape - 1.0) * float(np.log(time[event]).mean())

    shape = float(np.exp(minimize_scalar(cost, bounds=LOG_SHAPES, method="bounded").x))
    return shape, middle * power(shape) ** (1.0 / shape)


def _parameters(estimate: Tensor, shape: float) -> Tensor:
    """(..., 3 k) of 3 k + 1 outputs; the last lengthens all scales, in the units of a log hazard of the common shape.

    A ridge means the same on it whatever the shape: at .33 a log hazard of 1 is 3 log scales.
    """
    own, longer = OWN * estimate[..., :-1], estimate[..., -1:] / shape
    return torch.cat([own[..., : 2 * COMPONENTS], own[..., 2 * COMPONENTS :] + longer], -1)
