"""Multinomial head: the log odds of each class, without an order."""

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
    """Classes without order; a logit each, free up to a constant that the ridge settles."""

    target: ClassVar[Callable[..., Any]] = ResponseTarget
    calibration: ClassVar[type[Calibration]] = LevelRecalibration
    solved: ClassVar[bool] = False

    levels: tuple[str, ...]
    positive: NDArray[np.bool_]

    @classmethod
    def fit(cls, endpoint: Response) -> Self:
        """Learn which classes there are, and which of them are positive."""
        return cls(endpoint.levels, endpoint.positive_levels)

    @property
    def outputs(self) -> int:
        """One a class."""
        return len(self.levels)

    @property
    def lean(self) -> NDArray[np.float64]:
        """(classes,) half up where a class is positive, half down where not."""
        return np.where(self.positive, 0.5, -0.5)

    def count(self, target: ResponseTarget) -> Tensor:
        """(members,) patients, of which the loss is the mean."""
        return target.weight.sum(-1)

    def null_estimate(self, target: ResponseTarget) -> Tensor:
        """(members, classes) log frequencies among each member's patients."""
        frequencies = level_frequencies(target, len(self.levels))
        return torch.from_numpy(LINKS["multinomial"].of_frequency(frequencies)).to(target.weight)

    def loss(self, estimate: Tensor, target: ResponseTarget) -> Tensor:
        """(members,) negative log likelihood a patient."""
        return multinomial(estimate, target.level, target.weight)

    def predict(self, estimate: Tensor) -> Tensor:
        """(members, n, classes) logits around the mean of the classes."""
        return estimate - estimate.mean(-1, keepdim=True)

    def calibrate(self, estimate: NDArray[np.float64], endpoint: Response) -> LevelRecalibration:
        """Slope and intercepts."""
        return LevelRecalibration.fit("multinomial", estimate, endpoint)
