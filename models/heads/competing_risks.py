"""Competing risks head: in each interval of time the odds of each cause, by softmax."""

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
    """Cause-specific discrete hazards ending at `cuts` (k,) of the causes 1, 2, ...; curves at `times` (t,)."""

    target: ClassVar[Callable[..., Any]] = SurvivalTarget
    calibration: ClassVar[type[Calibration]] = CompetingRecalibration
    solved: ClassVar[bool] = False

    cuts: NDArray[np.float64]
    times: NDArray[np.float64]
    causes: int

    @classmethod
    def fit(cls, endpoint: Survival) -> Self:
        """Cut time by the events of all causes together.

        Raises
        ------
        DataError
            If no causes are declared, or one of them befell nobody.
        """
        if endpoint.cause is None:
            raise DataError(
                "head.survival competing_risks needs to know the cause of each event; declare the endpoint's "
                "key `cause` in cohort.yaml, or choose another head"
            )
        cause = endpoint.cause[endpoint.observed]
        causes = int(cause.max(initial=0))
        absent = set(range(1, causes + 1)) - set(cause.tolist())
        if absent:
            raise DataError(
                f"nobody in a training part has cause {min(absent)}; join rare causes, or choose another head"
            )
        return cls(hazard_cuts(endpoint), event_quantiles(endpoint, TIMES), causes)

    @property
    def outputs(self) -> int:
        """For each cause, one an interval and one that they share."""
        return self.causes * (len(self.cuts) + 1)

    @property
    def lean(self) -> NDArray[np.float64]:
        """(outputs,) what all intervals share, of every cause alike."""
        return np.tile(np.eye(len(self.cuts) + 1)[-1], self.causes)

    def count(self, target: SurvivalTarget) -> Tensor:
        """(members,) patients, of which the loss is the mean."""
        return target.weight.sum(-1)

    def null_estimate(self, target: SurvivalTarget) -> Tensor:
        """(members, outputs) hazards of each cause among each member's patients."""
        cuts = torch.from_numpy(self.cuts).to(target.time)
        return torch.cat(
            [
                null_logits(target.cause == cause, target.time, target.entry, cuts, target.weight)
                for cause in range(1, self.causes + 1)
            ],
            -1,
        )

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) negative log likelihood a patient."""
        cuts = torch.from_numpy(self.cuts).to(target.time)
        return competing_risks(
            self._logits(estimate), target.cause, target.time, cuts, target.weight, target.late
        )

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, causes x t) log cumulative cause-specific hazards at `times`."""
        cuts, times = torch.from_numpy(self.cuts), torch.from_numpy(self.times)
        return log_cumulative_hazards(self._logits(estimate), cuts, times).flatten(-2)

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Survival) -> CompetingRecalibration:
        """Slope, baseline and percentiles of each cause."""
        parts = np.split(estimate, self.causes, axis=1)
        return CompetingRecalibration.fit(
            parts, self.times, endpoint.outcome[2], endpoint.time, endpoint.entry
        )

    def _logits(self, estimate: Tensor) -> Tensor:
        return logits(estimate.reshape(*estimate.shape[:-1], self.causes, -1))
