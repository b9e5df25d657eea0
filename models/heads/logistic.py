"""Logistic head: the log odds of a response, higher means more likely."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from models.calibration import Calibration
from models.calibration.response import ResponseRecalibration
from models.heads.head import ResponseTarget
from models.losses.response import binary_cross_entropy

__all__ = ["LogisticHead"]


class LogisticHead:
    """Binary response; the estimate is the logit of the positive class."""

    outputs = 1
    target: Callable[..., Any] = ResponseTarget
    calibration: type[Calibration] = ResponseRecalibration

    def start(self, target: ResponseTarget) -> Tensor:
        """(members, 1) log odds of a response among the patients of each member, a half added to each class."""
        positive = (target.weight * target.positive).sum(-1) + 0.5
        negative = (target.weight * ~target.positive).sum(-1) + 0.5
        return torch.log(positive / negative)[:, None]

    def loss(self, estimate: Tensor, target: ResponseTarget) -> Tensor:
        """(members,) negative log likelihood a patient."""
        return binary_cross_entropy(estimate[..., 0], target.positive, target.weight)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n) logit."""
        return estimate[..., 0]
