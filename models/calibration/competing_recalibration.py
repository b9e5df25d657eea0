"""Recalibration of competing risks: each cause by itself, then put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

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
    """For each cause the recalibration of its own hazard, other causes censoring.

    The likelihood of competing risks is the product over causes of just such likelihoods (Prentice et al. 1978,
    doi 10.2307/2530374), so that nothing is assumed about how causes hang together. Where the members know
    nothing, cumulative incidences are those of Aalen and Johansen.
    """

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
        """Learn from left-out log cumulative hazards (n, t) of each cause, around their member's means."""
        return cls(
            tuple(
                CurveRecalibration.fit(estimate, times, cause == number, time, entry)
                for number, estimate in enumerate(estimates, 1)
            )
        )

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:  # noqa: ARG002  # one signature
        """Predict from members' log cumulative hazards (members, n, causes x t).

        Risk is of an event of any cause: the log of the causes' hazards relative to their means, added up by
        what share of the events each cause has.
        """
        parts = np.split(estimates, len(self.causes), axis=-1)
        shares = np.array([np.exp(cause.log_baseline[-1]) for cause in self.causes])
        relative = [cause.risk(part) for cause, part in zip(self.causes, parts, strict=True)]
        risks = np.log(np.tensordot(shares / shares.sum(), np.exp(relative), 1))
        survival, incidence = self.incidence(estimates)
        return Prediction.of_competing_risks(
            sample_ids,
            risks.mean(axis=0),
            self.causes[0].times,
            survival,
            incidence,
            risks.std(axis=0, ddof=1),
        )

    def members(self, estimates: Array) -> SurvivalMembers:
        """Give each member's curve of being alive without any event."""
        alone = [self.incidence(own[None])[0] for own in estimates]
        return SurvivalMembers(self.causes[0].times, np.stack(alone))

    def incidence(self, estimates: Array) -> tuple[Array, Array]:
        """S (n, t), alive without any event, and the cumulative incidence (causes, n, t) of each cause."""
        parts = np.split(estimates, len(self.causes), axis=-1)
        kept = [cause.survival(part) for cause, part in zip(self.causes, parts, strict=True)]
        # (causes, n, t) cumulative hazards; no curve is quite 0.
        hazards = -np.log(np.maximum(kept, np.finfo(np.float64).tiny))
        survival = np.exp(-hazards.sum(axis=0))
        steps = np.diff(hazards, axis=-1, prepend=0.0)
        lost = -np.diff(survival, axis=-1, prepend=1.0)
        total = steps.sum(axis=0)
        share = np.divide(steps, total, out=np.zeros_like(steps), where=total > 0)
        return survival, np.cumsum(share * lost, axis=-1)

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        states = [cause.state() for cause in self.causes]
        arrays = {f"{n}.{key}": value for n, (_, own) in enumerate(states) for key, value in own.items()}
        write_state(folder, name, {"causes": [settings for settings, _ in states]}, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        return cls(
            tuple(
                CurveRecalibration.from_state(own, _of_cause(arrays, number))
                for number, own in enumerate(settings["causes"])
            )
        )


def _of_cause(arrays: dict[str, Array], number: int) -> dict[str, Array]:
    start = f"{number}."
    return {key.removeprefix(start): value for key, value in arrays.items() if key.startswith(start)}
