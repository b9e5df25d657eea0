"""Recalibration of log hazards on left-out patients: one slope and one baseline."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

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
"""Ridge on the standardised slope, in units of one event: with few events it shrinks towards 0, Kaplan-Meier."""


@dataclass(frozen=True)
class CoxRecalibration:
    """Calibration slope and Breslow baseline of predictions for patients who were left out.

    A slope below 1 says that the members promise more than they keep, 0 that they know nothing; it is never
    negative, so a patient of higher risk never gets the better curve (van Houwelingen 2000,
    doi 10.1002/1097-0258(20001230)19:24<3401::AID-SIM554>3.0.CO;2-2).
    """

    slope: float
    baseline: BreslowBaseline

    @classmethod
    def fit(
        cls, log_hazard: Array, event: NDArray[np.bool_], time: Array, entry: Array | None = None
    ) -> Self:
        """Learn from left-out predictions (n,) of the training patients; `entry` (n,) where some came late."""
        spread = float(log_hazard.std())
        if not np.isfinite(spread):
            raise FitError("a left-out log hazard is not finite, so it cannot be calibrated")
        slope = 0.0
        if spread > 0:
            standard = (log_hazard - log_hazard.mean()) / spread
            one = cox_net(standard[:, None], event, time, SHRINKAGE / len(time), 0.0, entry)
            slope = max(float(one[0]) / spread, 0.0)
        return cls(slope, BreslowBaseline.fit(slope * log_hazard, event, time, entry))

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:  # noqa: ARG002  # one signature
        """Predict from members' log hazards (members, n, 1).

        Risk is the members' mean calibrated log hazard, `risk_sd` their spread; S(t) is the mean of the
        members' curves.
        """
        risks, members = self.log_hazard(estimates[..., 0]), self.members(estimates)
        return Prediction.of_survival(
            sample_ids,
            risks.mean(axis=0),
            members.times,
            members.survival.mean(axis=0),
            risks.std(axis=0, ddof=1),
        )

    def members(self, estimates: Array) -> SurvivalMembers:
        """Give the members' curves, from their log hazards (members, n, 1)."""
        return SurvivalMembers(self.baseline.times, self.survival(estimates[..., 0]))

    def log_hazard(self, log_hazard: Array) -> Array:
        """Calibrated log hazards."""
        return self.slope * log_hazard

    def survival(self, log_hazard: Array) -> Array:
        """S(t) (..., t) at ``baseline.times`` for members' log hazards (...)."""
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
