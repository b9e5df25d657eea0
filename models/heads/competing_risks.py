"""Competing risks head: cause-specific discrete hazards in each time interval, by softmax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration.calibration import Calibration
from models.calibration.competing_recalibration import CompetingRecalibration
from models.heads.discrete_hazard import log_cumulative_hazards, logits, null_logits
from models.heads.head import SurvivalTarget
from models.heads.time_grid import TIMES, event_quantiles, hazard_cuts
from models.losses.discrete import competing_risks
from omics.cohort.endpoints import Survival
from omics.common.errors import DataError

__all__ = ["CompetingRisksHead"]


@dataclass(frozen=True)
class CompetingRisksHead:
    """Discrete hazards of the causes 1, 2, ... in intervals that end at `cuts` (k,); curves at `times` (t,)."""

    target: ClassVar[Callable[..., Any]] = SurvivalTarget
    calibration: ClassVar[type[Calibration]] = CompetingRecalibration
    exact_linear: ClassVar[bool] = False

    cuts: NDArray[np.float64]
    times: NDArray[np.float64]
    causes: int

    @classmethod
    def fit(cls, endpoint: Survival) -> Self:
        """Cut time at quantiles of the events of all causes together.

        Raises
        ------
        DataError
            If no causes are declared, or if a cause has no events.
        """
        if endpoint.cause is None:
            raise DataError(
                "head.survival competing_risks needs the cause of each event; declare the endpoint's key `cause` "
                "in cohort.yaml, or choose another head"
            )
        cause = endpoint.cause[endpoint.observed]
        causes = int(cause.max(initial=0))
        absent = set(range(1, causes + 1)) - set(cause.tolist())
        if absent:
            raise DataError(
                f"no patient of a training set has cause {min(absent)}; merge rare causes, or choose another head"
            )
        return cls(hazard_cuts(endpoint), event_quantiles(endpoint, TIMES), causes)

    @property
    def outputs(self) -> int:
        """Number of outputs: for each cause one per interval, and one shared by all intervals."""
        return self.causes * (len(self.cuts) + 1)

    @property
    def linear_direction(self) -> NDArray[np.float64]:
        """(outputs,) 1 for the output that the intervals share, for every cause."""
        return np.tile(np.eye(len(self.cuts) + 1)[-1], self.causes)

    def count(self, target: SurvivalTarget) -> Tensor:
        """(members,) number of patients that the loss is the mean of."""
        return target.weight.sum(-1)

    def null_estimate(self, target: SurvivalTarget) -> Tensor:
        """(members, outputs) hazards of each cause among the training patients of each member."""
        cuts = torch.from_numpy(self.cuts).to(target.time)
        return torch.cat(
            [
                null_logits(target.cause == cause, target.time, target.entry, cuts, target.weight)
                for cause in range(1, self.causes + 1)
            ],
            -1,
        )

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) negative log likelihood per patient."""
        cuts = torch.from_numpy(self.cuts).to(target.time)
        return competing_risks(
            self._logits(estimate), target.cause, target.time, cuts, target.weight, target.late
        )

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, causes x t) log cumulative cause-specific hazards at `times`."""
        cuts, times = torch.from_numpy(self.cuts), torch.from_numpy(self.times)
        return log_cumulative_hazards(self._logits(estimate), cuts, times).flatten(-2)

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Survival) -> CompetingRecalibration:
        """Fit slope, baseline and percentiles for each cause."""
        parts = np.split(estimate, self.causes, axis=1)
        return CompetingRecalibration.fit(
            parts, self.times, endpoint.outcome[2], endpoint.time, endpoint.entry
        )

    def _logits(self, estimate: Tensor) -> Tensor:
        return logits(estimate.reshape(*estimate.shape[:-1], self.causes, -1))
