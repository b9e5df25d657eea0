"""Making probabilities true, on rows used neither for fitting nor for early stopping."""

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
    """What turns the estimates of an ensemble into predictions that are true on average.

    A head makes it, from what it predicted of patients left out.
    """

    @property
    def slope(self) -> float:
        """How far the members' estimates are believed; 0 where they know nothing."""
        ...

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:
        """Predict `endpoint` from members' estimates (members, n, p), around each member's mean."""
        ...

    def members(self, estimates: Array) -> SurvivalMembers | ResponseMembers:
        """Say what each member predicts, from the same estimates."""
        ...

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        ...

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        ...
