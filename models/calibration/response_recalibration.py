"""Recalibration of logits on held-out patients: one slope and one intercept (Platt scaling)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from models.calibration.member_predictions import ResponseMembers
from models.linear.logistic_net import logistic_net
from models.prediction import Prediction
from omics.common.errors import FitError
from omics.common.files import read_state, write_state

__all__ = ["ResponseRecalibration"]

Array = NDArray[np.float64]

SHRINKAGE = 1.0
"""Ridge penalty on the standardised slope, in units of one patient. With few patients the slope shrinks towards 0,
where all patients have the prevalence."""


@dataclass(frozen=True)
class ResponseRecalibration:
    """Calibration slope and intercept of the logits of held-out patients.

    Platt scaling (Cox 1958, doi 10.1093/biomet/45.3-4.562). A slope below 1 means that the predictions are too extreme,
    0 that they carry no information. It is never negative, so a higher logit never gets a lower probability.
    """

    additive: ClassVar[bool] = True

    slope: float
    intercept: float

    @classmethod
    def fit(cls, logit: Array, positive: NDArray[np.bool_]) -> Self:
        """Learn from held-out logits (n,) of the training patients, who must include both classes.

        Examples
        --------
        >>> ResponseRecalibration.fit(np.zeros(4), np.array([True, False, False, False])).slope
        0.0
        """
        spread = float(logit.std())
        if not np.isfinite(spread):
            raise FitError("a held-out logit is not finite, so it cannot be calibrated")
        if spread > 0:
            standard = (logit - logit.mean()) / spread
            coefficients, intercept = logistic_net(standard[:, None], positive, SHRINKAGE / len(logit), 0.0)
            slope = float(coefficients[0]) / spread
            if slope > 0:
                return cls(slope, intercept - slope * float(logit.mean()))
        prevalence = float(positive.mean())
        return cls(0.0, float(np.log(prevalence / (1.0 - prevalence))))

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:
        """Predict from logits (members, n, 1): mean of the members' probabilities, and their standard deviation."""
        members = self.members(estimates).value()
        return Prediction.of_response(sample_ids, endpoint, members.mean(axis=0), members.std(axis=0, ddof=1))

    def members(self, estimates: Array) -> ResponseMembers:
        """Return the members' probabilities, from their logits (members, n, 1)."""
        positive = self.probability(estimates[..., 0])
        return ResponseMembers(np.stack([1.0 - positive, positive], axis=-1), np.array([False, True]))

    def score(self, estimates: Array) -> Array:
        """(members, n) calibrated log odds, from logits (members, n, 1)."""
        return self.slope * estimates[..., 0] + self.intercept

    def probability(self, logit: Array) -> Array:
        """Calibrated probability of the positive class, for logits of any shape."""
        probability: Array = expit(self.slope * logit + self.intercept)
        return probability

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        write_state(folder, name, {"slope": self.slope, "intercept": self.intercept}, {})

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, _ = read_state(folder, name)
        return cls(settings["slope"], settings["intercept"])
