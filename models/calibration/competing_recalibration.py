"""Recalibration of competing risks: each cause separately, then combined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.curve_recalibration import CurveRecalibration
from models.calibration.member_predictions import SurvivalMembers
from models.prediction import Prediction
from omics.common.files import read_state, write_state

__all__ = ["CompetingRecalibration"]

Array = NDArray[np.float64]


@dataclass(frozen=True)
class CompetingRecalibration:
    """Recalibrates the hazard of each cause; events of other causes count as censoring.

    The likelihood of competing risks is the product of these likelihoods over the causes (Prentice et al. 1978,
    doi 10.2307/2530374), so that nothing is assumed about the dependence of the causes. If the members carry no
    information, the cumulative incidences are those of Aalen and Johansen.
    """

    additive: ClassVar[bool] = False

    causes: tuple[CurveRecalibration, ...]

    @property
    def slope(self) -> float:
        """The mean slope of the causes."""
        return float(np.mean([cause.slope for cause in self.causes]))

    @classmethod
    def fit(
        cls,
        estimates: Sequence[Array],
        times: Array,
        cause: NDArray[np.int64],
        time: Array,
        entry: Array | None = None,
    ) -> Self:
        """Learn from held-out log cumulative hazards (n, t) of each cause, centred at the means of their member."""
        return cls(
            tuple(
                CurveRecalibration.fit(estimate, times, cause == number, time, entry)
                for number, estimate in enumerate(estimates, 1)
            )
        )

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:  # noqa: ARG002  # one signature
        """Predict from members' log cumulative hazards (members, n, causes x t)."""
        risks = self.score(estimates)
        survival, incidence = self.incidence(estimates)
        return Prediction.of_competing_risks(
            sample_ids,
            risks.mean(axis=0),
            self.causes[0].times,
            survival,
            incidence,
            risks.std(axis=0, ddof=1),
        )

    def score(self, estimates: Array) -> Array:
        """(members, n) risk of an event of any cause, from log cumulative hazards (members, n, causes x t).

        It is the log of the mean relative hazard over causes, weighted by the share of each cause in the events.
        """
        parts = np.split(estimates, len(self.causes), axis=-1)
        shares = np.array([np.exp(cause.log_baseline[-1]) for cause in self.causes])
        relative = [cause.score(part) for cause, part in zip(self.causes, parts, strict=True)]
        risk: Array = np.log(np.tensordot(shares / shares.sum(), np.exp(relative), 1))
        return risk

    def members(self, estimates: Array) -> SurvivalMembers:
        """Return the event-free survival curves of each member."""
        curves = [self.incidence(member[None])[0] for member in estimates]
        return SurvivalMembers(self.causes[0].times, np.stack(curves))

    def incidence(self, estimates: Array) -> tuple[Array, Array]:
        """Event-free survival S (n, t), and the cumulative incidence (causes, n, t) of each cause."""
        parts = np.split(estimates, len(self.causes), axis=-1)
        curves = [cause.survival(part) for cause, part in zip(self.causes, parts, strict=True)]
        # (causes, n, t) cumulative hazards, finite where a curve is 0.
        hazards = -np.log(np.maximum(curves, np.finfo(np.float64).tiny))
        survival = np.exp(-hazards.sum(axis=0))
        steps = np.diff(hazards, axis=-1, prepend=0.0)
        lost = -np.diff(survival, axis=-1, prepend=1.0)
        total = steps.sum(axis=0)
        share = np.divide(steps, total, out=np.zeros_like(steps), where=total > 0)
        return survival, np.cumsum(share * lost, axis=-1)

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        states = [cause.to_state() for cause in self.causes]
        arrays = {f"{n}.{key}": value for n, (_, part) in enumerate(states) for key, value in part.items()}
        write_state(folder, name, {"causes": [settings for settings, _ in states]}, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        return cls(
            tuple(
                CurveRecalibration.from_state(part, _of_cause(arrays, number))
                for number, part in enumerate(settings["causes"])
            )
        )


def _of_cause(arrays: dict[str, Array], number: int) -> dict[str, Array]:
    prefix = f"{number}."
    return {key.removeprefix(prefix): value for key, value in arrays.items() if key.startswith(prefix)}
