"""Cox head: a log hazard, higher means earlier event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import Tensor

from models.calibration import Calibration
from models.calibration.recalibration import CoxRecalibration
from models.heads.head import SurvivalTarget
from models.losses.cox import cox_efron

__all__ = ["CoxHead"]


class CoxHead:
    """Proportional hazards; ties after Efron."""

    outputs = 1
    target: Callable[..., Any] = SurvivalTarget
    calibration: type[Calibration] = CoxRecalibration

    def start(self, target: SurvivalTarget) -> None:
        """Give none: a log hazard counts from whatever the baseline hazard is."""

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) negative log partial likelihood an event."""
        return cox_efron(estimate[..., 0], target.event, target.time, target.weight)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n) log hazard."""
        return estimate[..., 0]
