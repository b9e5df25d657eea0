"""Ordinal head: one score per patient, and ordered thresholds between the levels."""

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
from models.losses.response import cumulative_logit
from omics.cohort.endpoints import Response

__all__ = ["OrdinalHead"]


@dataclass(frozen=True)
class OrdinalHead:
    """Ordered levels with proportional odds: the output is one score; the intercepts are the thresholds."""

    target: ClassVar[Callable[..., Any]] = ResponseTarget
    calibration: ClassVar[type[Calibration]] = LevelRecalibration
    outputs: ClassVar[int] = 1
    exact_linear: ClassVar[bool] = False

    levels: tuple[str, ...]
    positive: NDArray[np.bool_]

    @classmethod
    def fit(cls, endpoint: Response) -> Self:
        """Learn the levels, and which of them are positive."""
        return cls(endpoint.levels, endpoint.positive_levels)

    @property
    def linear_direction(self) -> NDArray[np.float64]:
        """(1,) 1, or -1 if the positive levels are the lower ones."""
        places = np.arange(len(self.levels))
        return np.sign([places[self.positive].mean() - places[~self.positive].mean()])

    def count(self, target: ResponseTarget) -> Tensor:
        """(members,) number of patients that the loss is the mean of."""
        return target.weight.sum(-1)

    def null_estimate(self, target: ResponseTarget) -> Tensor:
        """(members, levels - 1) thresholds that give the frequencies among the training patients of each member."""
        frequencies = level_frequencies(target, len(self.levels))
        thresholds = np.stack([LINKS["ordinal"].of_frequency(frequency) for frequency in frequencies])
        return torch.from_numpy(thresholds).to(target.weight)

    def loss(self, estimate: Tensor, target: ResponseTarget) -> Tensor:
        """(members,) negative log likelihood per patient."""
        return cumulative_logit(estimate, target.level, target.weight)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, 1) score; higher means a higher level."""
        return estimate[..., :1]

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Response) -> LevelRecalibration:
        """Fit slope and thresholds."""
        return LevelRecalibration.fit("ordinal", estimate, endpoint)
