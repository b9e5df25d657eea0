"""Logistic head: the log odds of a response; higher means more likely."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration.calibration import Calibration
from models.calibration.response_recalibration import ResponseRecalibration
from models.heads.head import ResponseTarget
from models.losses.response import binary_cross_entropy
from omics.cohort.endpoints import Response

__all__ = ["LogisticHead"]


@dataclass(frozen=True)
class LogisticHead:
    """Binary response; the estimate is the logit of the positive class."""

    target: ClassVar[Callable[..., Any]] = ResponseTarget
    calibration: ClassVar[type[Calibration]] = ResponseRecalibration
    outputs: ClassVar[int] = 1
    exact_linear: ClassVar[bool] = True

    @classmethod
    def fit(cls, _endpoint: Response) -> Self:
        """Return the head; a logit needs nothing from the data."""
        return cls()

    @property
    def linear_direction(self) -> NDArray[np.float64]:
        """(1,) the log odds themselves."""
        return np.ones(1)

    def count(self, target: ResponseTarget) -> Tensor:
        """(members,) number of patients that the loss is the mean of."""
        return target.weight.sum(-1)

    def null_estimate(self, target: ResponseTarget) -> Tensor:
        """(members, 1) log odds of a response among the training patients of each member.

        Half a patient is added to each class.
        """
        positive = (target.weight * target.positive).sum(-1) + 0.5
        negative = (target.weight * ~target.positive).sum(-1) + 0.5
        return torch.log(positive / negative)[:, None]

    def loss(self, estimate: Tensor, target: ResponseTarget) -> Tensor:
        """(members,) negative log likelihood per patient."""
        return binary_cross_entropy(estimate[..., 0], target.positive, target.weight)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, 1) logit."""
        return estimate

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Response) -> ResponseRecalibration:
        """Fit slope and intercept."""
        return ResponseRecalibration.fit(estimate[:, 0], endpoint.positive)
