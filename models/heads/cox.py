"""Cox head: the log hazard; higher means earlier event."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from models.calibration.calibration import Calibration
from models.calibration.cox_recalibration import CoxRecalibration
from models.heads.head import SurvivalTarget
from models.losses.cox import cox_efron
from omics.cohort.endpoints import Survival

__all__ = ["CoxHead"]


@dataclass(frozen=True)
class CoxHead:
    """Proportional hazards with Efron's ties, delayed entry and strata; events of all causes count as one."""

    target: ClassVar[Callable[..., Any]] = SurvivalTarget
    calibration: ClassVar[type[Calibration]] = CoxRecalibration
    outputs: ClassVar[int] = 1
    exact_linear: ClassVar[bool] = True

    @classmethod
    def fit(cls, _endpoint: Survival) -> Self:
        """Return the head; a partial likelihood needs nothing from the data."""
        return cls()

    @property
    def linear_direction(self) -> NDArray[np.float64]:
        """(1,) the log hazard itself."""
        return np.ones(1)

    def count(self, target: SurvivalTarget) -> Tensor:
        """(members,) number of events that the loss is the mean of."""
        return (target.weight * target.event).sum(-1)

    def null_estimate(self, target: SurvivalTarget) -> None:
        """Return None, since a log hazard is relative to the baseline hazard."""

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) negative log partial likelihood per event."""
        return cox_efron(
            estimate[..., 0], target.event, target.time, target.weight, target.late, target.strata
        )

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, 1) log hazard."""
        return estimate

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Survival) -> CoxRecalibration:
        """Fit slope and baseline hazard."""
        return CoxRecalibration.fit(estimate[:, 0], endpoint.event, endpoint.time, endpoint.entry)
