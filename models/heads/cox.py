"""Cox head: a log hazard, higher means earlier event."""

from __future__ import annotations

from torch import Tensor

from models.heads.head import SurvivalTarget
from models.losses import cox_efron

__all__ = ["CoxHead"]


class CoxHead:
    """Proportional hazards; ties after Efron."""

    outputs = 1

    def loss(self, estimate: Tensor, target: SurvivalTarget) -> Tensor:
        """(members,) negative log partial likelihood an event."""
        return cox_efron(estimate[..., 0], target.event, target.time, target.weight)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n) log hazard."""
        return estimate[..., 0]
