"""Ordinal head: one score, and thresholds between the levels in their order."""

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
    """Ordered levels, proportional odds: the network gives one score, and the intercepts the thresholds."""

    target: ClassVar[Callable[..., Any]] = ResponseTarget
    calibration: ClassVar[type[Calibration]] = LevelRecalibration
    outputs: ClassVar[int] = 1
    solved: ClassVar[bool] = False

    levels: tuple[str, ...]
    positive: NDArray[np.bool_]

    @classmethod
    def fit(cls, endpoint: Response) -> Self:
        """Learn which levels there are, and which of them are positive."""
        return cls(endpoint.levels, endpoint.positive_levels)

    @property
    def lean(self) -> NDArray[np.float64]:
        """(1,) the score, which falls where positive levels are the lower ones."""
        places = np.arange(len(self.levels))
        return np.sign([places[self.positive].mean() - places[~self.positive].mean()])

    def count(self, target: ResponseTarget) -> Tensor:
        """(members,) patients, of which the loss is the mean."""
        return target.weight.sum(-1)

    def null_estimate(self, target: ResponseTarget) -> Tensor:
        """(members, levels - 1) thresholds that give each member the frequencies of its patients."""
        frequencies = level_frequencies(target, len(self.levels))
        starts = np.stack([LINKS["ordinal"].of_frequency(own) for own in frequencies])
        return torch.from_numpy(starts).to(target.weight)

    def loss(self, estimate: Tensor, target: ResponseTarget) -> Tensor:
        """(members,) negative log likelihood a patient."""
        return cumulative_logit(estimate, target.level, target.weight)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, 1) score, higher means a higher level."""
        return estimate[..., :1]

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Response) -> LevelRecalibration:
        """Slope and thresholds."""
        return LevelRecalibration.fit("ordinal", estimate, endpoint)
