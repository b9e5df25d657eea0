"""Weibull mixture head: every patient a mixture of Weibull distributions with shapes and scales of his own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration import Calibration
from models.calibration.curves import CurveRecalibration
from models.heads.head import SurvivalTarget
from models.heads.time_grid import TIMES, event_quantiles
from models.losses.weibull import weibull_log_survival, weibull_mixture
from omics.endpoints import Survival

__all__ = ["WeibullMixtureHead"]

COMPONENTS = 3
OWN = 0.3
"""How loud a component's own parameters are beside the scale that all share, as for discrete hazards."""

SPREAD = 0.7
"""Log scales at which neighbouring components start, so that they have something to tell them apart."""


@dataclass(frozen=True)
class WeibullMixtureHead:
    """Three components, time in units of `unit` (1,); curves are predicted at `times` (t,). Causes are one."""

    target: ClassVar[Callable[..., Any]] = SurvivalTarget
    calibration: ClassVar[type[Calibration]] = CurveRecalibration
    outputs: ClassVar[int] = 3 * COMPONENTS + 1

    unit: NDArray[np.float64]
    times: NDArray[np.float64]

    @classmethod
    def fit(cls, endpoint: Survival) -> Self:
        """Measure time by what patients live for each event: the scale of an exponential distribution."""
        times = event_quantiles(endpoint, TIMES)
        _, lived, _, came = endpoint.outcome
        seen = endpoint.observed
        return cls(np.array([(lived - came)[seen].sum() / endpoint.event[seen].sum()]), times)

    def start(self, target: SurvivalTarget) -> Tensor:
        """(members, outputs) exponential distributions around the common scale."""
        scales = SPREAD * (torch.arange(COMPONENTS) - (COMPONENTS - 1) / 2)
        outputs = torch.cat([torch.zeros(2 * COMPONENTS), scales / OWN, torch.zeros(1)])
        return outputs.to(target.weight).expand(len(target.weight), -1)

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) negative log likelihood a patient, of time in units of `unit`."""
        unit, late = float(self.unit[0]), target.late
        entry = None if late is None else late / unit
        return weibull_mixture(_parameters(estimate), target.event, target.time / unit, target.weight, entry)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, t) log cumulative hazards at `times`."""
        ages = torch.from_numpy(self.times / self.unit)
        parameters = _parameters(estimate.double())
        curves = [-weibull_log_survival(parameters, age) for age in ages[:, None]]
        return torch.stack(curves, -1).clamp_min(torch.finfo(torch.float64).tiny).log()

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Survival) -> CurveRecalibration:
        """Slope, baseline and percentiles of the curves."""
        return CurveRecalibration.fit(estimate, self.times, endpoint.event, endpoint.time, endpoint.entry)


def _parameters(estimate: Tensor) -> Tensor:
    """(..., 3 k) of 3 k + 1 outputs, the last of which lengthens all scales."""
    own = OWN * estimate[..., :-1]
    return torch.cat([own[..., : 2 * COMPONENTS], own[..., 2 * COMPONENTS :] + estimate[..., -1:]], -1)
