"""Logistic hazard head: the odds of an event in each time interval, without proportional hazards."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration.calibration import Calibration
from models.calibration.curve_recalibration import CurveRecalibration
from models.heads.discrete_hazard import log_cumulative_hazards, logits, null_logits
from models.heads.head import SurvivalTarget
from models.heads.time_grid import TIMES, event_quantiles, hazard_cuts
from models.losses.discrete import logistic_hazard
from omics.cohort.endpoints import Survival

__all__ = ["LogisticHazardHead"]


@dataclass(frozen=True)
class LogisticHazardHead:
    """Discrete hazards in intervals that end at `cuts` (k,); curves at `times` (t,).

    Events of all causes count as one.
    """

    target: ClassVar[Callable[..., Any]] = SurvivalTarget
    calibration: ClassVar[type[Calibration]] = CurveRecalibration
    exact_linear: ClassVar[bool] = False

    cuts: NDArray[np.float64]
    times: NDArray[np.float64]

    @classmethod
    def fit(cls, endpoint: Survival) -> Self:
        """Cut time at quantiles of the events."""
        return cls(hazard_cuts(endpoint), event_quantiles(endpoint, TIMES))

    @property
    def outputs(self) -> int:
        """Number of outputs: one per interval, and one shared by all intervals."""
        return len(self.cuts) + 1

    @property
    def linear_direction(self) -> NDArray[np.float64]:
        """(outputs,) 1 for the output that all intervals share."""
        linear_direction: NDArray[np.float64] = np.eye(self.outputs)[-1]
        return linear_direction

    def count(self, target: SurvivalTarget) -> Tensor:
        """(members,) number of patients that the loss is the mean of."""
        return target.weight.sum(-1)

    def null_estimate(self, target: SurvivalTarget) -> Tensor:
        """(members, outputs) hazards among the training patients of each member."""
        return null_logits(
            target.event, target.time, target.entry, self._like(self.cuts, target.time), target.weight
        )

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) negative log likelihood per patient."""
        cuts = self._like(self.cuts, target.time)
        return logistic_hazard(logits(estimate), target.event, target.time, cuts, target.weight, target.late)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, t) log cumulative hazards at `times`."""
        cuts, times = torch.from_numpy(self.cuts), torch.from_numpy(self.times)
        return log_cumulative_hazards(logits(estimate)[..., None, :], cuts, times)[..., 0, :]

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Survival) -> CurveRecalibration:
        """Fit slope, baseline and percentiles of the curves."""
        return CurveRecalibration.fit(estimate, self.times, endpoint.event, endpoint.time, endpoint.entry)

    @staticmethod
    def _like(values: NDArray[np.float64], other: Tensor) -> Tensor:
        return torch.from_numpy(values).to(other)
