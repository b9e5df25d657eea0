"""Weibull mixture head: each patient has a mixture of Weibull distributions with individual shapes and scales."""

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
COMPONENT_SCALE = 0.3
"""Scale of component-specific outputs relative to the shared scale, as for discrete hazards."""

SPREAD = 0.7
"""Distance of the initial log scales of neighbouring components, so that the components differ."""


@dataclass(frozen=True)
class WeibullMixtureHead:
    """Three components around one Weibull distribution of all patients with the shape `shape` and the scale `unit`.

    Curves are predicted at `times` (t,). Events of all causes count as one.
    """

    target: ClassVar[Callable[..., Any]] = SurvivalTarget
    calibration: ClassVar[type[Calibration]] = CurveRecalibration
    outputs: ClassVar[int] = 3 * COMPONENTS + 1
    exact_linear: ClassVar[bool] = False

    shape: float
    unit: float
    times: NDArray[np.float64]

    @classmethod
    def fit(cls, endpoint: Survival) -> Self:
        """Fit one Weibull distribution to all training patients."""
        times, (event, time, _, entry, _) = event_quantiles(endpoint, TIMES), endpoint.outcome
        observed = endpoint.observed
        return cls(*_weibull(event[observed], time[observed], entry[observed]), times)

    @property
    def linear_direction(self) -> NDArray[np.float64]:
        """(outputs,) -1 for the log scale that all components share, since a higher hazard means a shorter scale."""
        linear_direction: NDArray[np.float64] = -np.eye(self.outputs)[-1]
        return linear_direction

    def count(self, target: SurvivalTarget) -> Tensor:
        """(members,) number of patients that the loss is the mean of."""
        return target.weight.sum(-1)

    def null_estimate(self, target: SurvivalTarget) -> Tensor:
        """(members, outputs) components with the common shape, at different scales around the common scale."""
        shape = torch.full((COMPONENTS,), unbounded_log_shape(self.shape))
        scales = SPREAD / self.shape * (torch.arange(COMPONENTS) - (COMPONENTS - 1) / 2)
        outputs = torch.cat(
            [torch.zeros(COMPONENTS), shape / COMPONENT_SCALE, scales / COMPONENT_SCALE, torch.zeros(1)]
        )
        return outputs.to(target.weight).expand(len(target.weight), -1)

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) negative log likelihood per patient, with time in units of `unit`."""
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
        """Fit slope, baseline and percentiles of the curves."""
        return CurveRecalibration.fit(estimate, self.times, endpoint.event, endpoint.time, endpoint.entry)


def _weibull(
    event: NDArray[np.bool_], time: NDArray[np.float64], entry: NDArray[np.float64]
) -> tuple[float, float]:
    """Maximum likelihood shape and scale; the optimal scale of a given shape has a closed form."""
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
    """(..., 3 k) parameters of 3 k + 1 outputs; the last output shifts all log scales.

    It is divided by the common shape, so that it has the unit of a log hazard and a ridge penalty means the same at
    any shape: at a shape of .33, a log hazard of 1 is a difference of 3 log scales.
    """
    specific, shared = COMPONENT_SCALE * estimate[..., :-1], estimate[..., -1:] / shape
    return torch.cat([specific[..., : 2 * COMPONENTS], specific[..., 2 * COMPONENTS :] + shared], -1)
