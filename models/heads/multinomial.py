"""Multinomial head: one logit per class, for classes without order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.calibration.calibration import Calibration
from models.calibration.level_recalibration import LINKS, LevelRecalibration
from models.heads.head import ResponseTarget
from models.heads.level_counts import level_frequencies
from models.losses.response import multinomial
from omics.cohort.endpoints import Response

__all__ = ["MultinomialHead"]


@dataclass(frozen=True)
class MultinomialHead:
    """Classes without order, with one logit each; the ridge penalty determines their common constant."""

    target: ClassVar[Callable[..., Any]] = ResponseTarget
    calibration: ClassVar[type[Calibration]] = LevelRecalibration
    exact_linear: ClassVar[bool] = False

    levels: tuple[str, ...]
    positive: NDArray[np.bool_]

    @classmethod
    def fit(cls, endpoint: Response) -> Self:
        """Learn the classes, and which of them are positive."""
        return cls(endpoint.levels, endpoint.positive_levels)

    @property
    def outputs(self) -> int:
        """Number of outputs: one per class."""
        return len(self.levels)

    @property
    def linear_direction(self) -> NDArray[np.float64]:
        """(classes,) 0.5 for positive classes, -0.5 for the others."""
        return np.where(self.positive, 0.5, -0.5)

    def count(self, target: ResponseTarget) -> Tensor:
        """(members,) number of patients that the loss is the mean of."""
        return target.weight.sum(-1)

    def null_estimate(self, target: ResponseTarget) -> Tensor:
        """(members, classes) log frequencies among the training patients of each member."""
        frequencies = level_frequencies(target, len(self.levels))
        return torch.from_numpy(LINKS["multinomial"].of_frequency(frequencies)).to(target.weight)

    def loss(self, estimate: Tensor, target: ResponseTarget) -> Tensor:
        """(members,) negative log likelihood per patient."""
        return multinomial(estimate, target.level, target.weight)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, classes) logits minus their mean over classes."""
        return estimate - estimate.mean(-1, keepdim=True)

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Response) -> LevelRecalibration:
        """Fit slope and intercepts."""
        return LevelRecalibration.fit("multinomial", estimate, endpoint)
