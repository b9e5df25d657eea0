"""Recalibration of log hazards on held-out patients: one slope and one baseline hazard."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.member_predictions import SurvivalMembers
from models.linear.cox_net import cox_net
from models.prediction import Prediction
from models.survival.breslow import BreslowBaseline
from omics.common.errors import FitError
from omics.common.files import read_state, write_state

__all__ = ["CoxRecalibration"]

Array = NDArray[np.float64]

SHRINKAGE = 1.0
"""Ridge penalty on the standardised slope, in units of one event. With few events the slope shrinks towards 0, where
all patients have the same curve."""


@dataclass(frozen=True)
class CoxRecalibration:
    """Calibration slope and Breslow baseline of predictions for held-out patients.

    A slope below 1 means that the predictions are too extreme, 0 that they carry no information. It is never negative,
    so a patient with a higher risk never gets a better curve (van Houwelingen 2000,
    doi 10.1002/1097-0258(20001230)19:24<3401::AID-SIM554>3.0.CO;2-2).
    """

    additive: ClassVar[bool] = True

    slope: float
    baseline: BreslowBaseline

    @classmethod
    def fit(
        cls, log_hazard: Array, event: NDArray[np.bool_], time: Array, entry: Array | None = None
    ) -> Self:
        """Learn from held-out log hazards (n,) of the training patients; `entry` (n,) with delayed entry.

        Raises
        ------
        FitError
            If a log hazard is not finite.
        """
        spread = float(log_hazard.std())
        if not np.isfinite(spread):
            raise FitError("a held-out log hazard is not finite, so it cannot be calibrated")
        slope = 0.0
        if spread > 0:
            standard = (log_hazard - log_hazard.mean()) / spread
            one = cox_net(standard[:, None], event, time, SHRINKAGE / len(time), 0.0, entry)
            slope = max(float(one[0]) / spread, 0.0)
        return cls(slope, BreslowBaseline.fit(slope * log_hazard, event, time, entry))

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:  # noqa: ARG002  # one signature
        """Predict from members' log hazards (members, n, 1).

        Risk is the mean calibrated log hazard over members, `risk_sd` its standard deviation over members; S(t) is the
        mean of the members' curves.
        """
        risks, members = self.score(estimates), self.members(estimates)
        return Prediction.of_survival(
            sample_ids,
            risks.mean(axis=0),
            members.times,
            members.survival.mean(axis=0),
            risks.std(axis=0, ddof=1),
        )

    def members(self, estimates: Array) -> SurvivalMembers:
        """Return the members' curves, from their log hazards (members, n, 1)."""
        return SurvivalMembers(self.baseline.times, self.survival(estimates[..., 0]))

    def score(self, estimates: Array) -> Array:
        """(members, n) calibrated log hazards, from log hazards (members, n, 1)."""
        return self.log_hazard(estimates[..., 0])

    def log_hazard(self, log_hazard: Array) -> Array:
        """Calibrated log hazards."""
        return self.slope * log_hazard

    def survival(self, log_hazard: Array) -> Array:
        """Survival S(t) (..., t) at ``baseline.times``, for log hazards (...)."""
        return self.baseline.survival(self.log_hazard(log_hazard))

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        arrays = {"times": self.baseline.times, "cumulative_hazard": self.baseline.cumulative_hazard}
        write_state(folder, name, {"slope": self.slope, "center": self.baseline.center}, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        baseline = BreslowBaseline(arrays["times"], arrays["cumulative_hazard"], settings["center"])
        return cls(settings["slope"], baseline)
