"""Protocol of calibrations, which are fitted on patients used neither for training nor for early stopping."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.member_predictions import ResponseMembers, SurvivalMembers
from models.prediction import Prediction

__all__ = ["Calibration"]

Array = NDArray[np.float64]


class Calibration(Protocol):
    """Converts the estimates of an ensemble into calibrated predictions.

    A head fits it to the estimates of held-out patients.
    """

    @property
    def slope(self) -> float:
        """Calibration slope of the estimates; 0 if they carry no information."""
        ...

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:
        """Predict `endpoint` from estimates (members, n, p), centred at each member's mean."""
        ...

    def members(self, estimates: Array) -> SurvivalMembers | ResponseMembers:
        """Return the calibrated predictions of each member, from the same estimates."""
        ...

    @property
    def additive(self) -> bool:
        """Whether :meth:`score` is the slope times the mean of the estimates over p, plus a constant."""
        ...

    def score(self, estimates: Array) -> Array:
        """(members, n) calibrated log hazards or log odds of a response, from the same estimates.

        The delivered risk is their mean over members; the delivered probability is the mean of the members'
        probabilities.
        """
        ...

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        ...

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        ...
