"""Recalibration of survival curves on left-out patients: a slope, a baseline, and the percentiles they keep."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from models.calibration.member_predictions import SurvivalMembers
from models.calibration.percentiles import Percentiles
from models.prediction import Prediction
from models.survival.kaplan_meier import product_limit_hazard
from omics.common.errors import FitError
from omics.common.files import read_state, write_state

__all__ = ["CurveRecalibration"]

Array = NDArray[np.float64]

SHRINKAGE = 1.0
"""Ridge on the standardised slope, in units of one event: with few events it shrinks towards 0, Kaplan-Meier."""

CHANCE = 0.01
"""Probability that a death comes as a surprise, at any of the steps."""

STEEPEST = 5.0
"""Largest slope in units of the spread of the predictions."""


@dataclass(frozen=True)
class CurveRecalibration:
    """What turns log cumulative hazards around a member's mean into survival curves.

    The log cumulative hazard of a patient is the baseline, at which as many die in each step as did, and `slope`
    times his own around the mean: 0 where the members know nothing, so that everybody gets the Kaplan-Meier curve.
    The percentiles of such
    curves at which patients died are then made true (:class:`Percentiles`). Neither step changes the order of two
    patients at any time, except that a curve which would rise stays level.

    Attributes
    ----------
    slope
        >= 0.
    times
        (t,) at which curves step.
    log_baseline
        (t,) log cumulative hazard there of who is like the mean.
    percentiles
        What the curves' percentiles are worth.
    """

    slope: float
    times: Array
    log_baseline: Array
    percentiles: Percentiles

    @classmethod
    def fit(
        cls,
        estimate: Array,
        times: Array,
        event: NDArray[np.bool_],
        time: Array,
        entry: Array | None = None,
    ) -> Self:
        """Learn from left-out log cumulative hazards (n, t) at `times`, around their member's means, of n patients.

        Raises
        ------
        FitError
            If one of them is not finite.
        """
        if not np.isfinite(estimate).all():
            raise FitError("a left-out survival curve is not finite, so it cannot be calibrated")
        spread = float(estimate.mean(axis=1).std())
        lived = _Lived.of(times, event, time, entry)

        def cost(standard: float) -> float:
            _, hazard = lived.baseline(standard / spread * estimate)
            return SHRINKAGE * standard**2 / 2 - _log_likelihood(hazard, times, event, time, entry)

        slope = 0.0
        if spread > 0:
            best = minimize_scalar(cost, bounds=(0.0, STEEPEST), method="bounded", options={"xatol": 1e-4})
            slope = float(best.x) / spread if cost(best.x) < cost(0.0) else 0.0
        log_baseline = (
            lived.baseline(slope * estimate)[0]
            if slope > 0
            else _log(product_limit_hazard(event, time, entry)(times))
        )
        survival = np.exp(-_cumulative(log_baseline + slope * estimate))
        at_end = _at(survival, times, np.minimum(time, times[-1]))
        at_entry = None if entry is None else _at(survival, times, np.minimum(entry, times[-1]))
        # Beyond the last step nobody's percentile is known, only that it is lower still.
        seen = event & (time <= times[-1])
        return cls(slope, times, log_baseline, Percentiles.fit(at_end, seen, at_entry))

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:  # noqa: ARG002  # one signature
        """Predict from members' log cumulative hazards (members, n, t).

        The members are averaged, then recalibrated. Risk is what the slope leaves of a patient's log cumulative
        hazard around the mean, averaged over the steps; `risk_sd` its spread between members.
        """
        risks = self.risk(estimates)
        return Prediction.of_survival(
            sample_ids, risks.mean(axis=0), self.times, self.survival(estimates), risks.std(axis=0, ddof=1)
        )

    def members(self, estimates: Array) -> SurvivalMembers:
        """Give the curve of each member alone, from log cumulative hazards (members, n, t)."""
        return SurvivalMembers(self.times, np.stack([self.survival(own[None]) for own in estimates]))

    def risk(self, estimates: Array) -> Array:
        """(members, n) of log cumulative hazards (members, n, t); higher means earlier event."""
        risk: Array = self.slope * estimates.mean(axis=-1)
        return risk

    def survival(self, estimates: Array) -> Array:
        """S (n, t) at `times` of the ensemble."""
        hazard = _cumulative(self.log_baseline + self.slope * estimates.mean(axis=0))
        return self.percentiles(np.exp(-hazard))

    def state(self) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return what was learned, ready for json and safetensors."""
        arrays = {"times": self.times, "log_baseline": self.log_baseline}
        return {"slope": self.slope}, arrays | vars(self.percentiles)

    @classmethod
    def from_state(cls, settings: Mapping[str, Any], arrays: Mapping[str, Array]) -> Self:
        """Build from what :meth:`state` returned."""
        percentiles = Percentiles(arrays["predicted"], arrays["kept"])
        return cls(settings["slope"], arrays["times"], arrays["log_baseline"], percentiles)

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        write_state(folder, name, *self.state())

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        return cls.from_state(*read_state(folder, name))


@dataclass(frozen=True)
class _Lived:
    """How much of each step each patient lived under observation (n, t), and deaths in each step (t,)."""

    exposure: Array
    deaths: Array

    @classmethod
    def of(cls, times: Array, event: NDArray[np.bool_], time: Array, entry: Array | None) -> Self:
        begins = np.concatenate([[0.0], times[:-1]])
        lived = np.clip((time[:, None] - begins) / (times - begins), 0.0, 1.0)
        if entry is not None:
            lived = lived - np.clip((entry[:, None] - begins) / (times - begins), 0.0, 1.0)
        within = np.searchsorted(times, time[event])
        return cls(lived, np.bincount(within, minlength=len(times) + 1)[:-1].astype(np.float64))

    def baseline(self, relative: Array) -> tuple[Array, Array]:
        """Log hazard (t,) at which as many die in each step as did, and the cumulative hazards (n, t) it gives.

        Breslow's, where what is `relative` (n, t) may change with time.
        """
        log_baseline, hazards = np.empty(len(self.deaths)), np.empty_like(relative)
        before, last = np.zeros(len(relative)), -np.inf
        for step, (deaths, own) in enumerate(zip(self.deaths, relative.T, strict=True)):
            exposure, ratio = self.exposure[:, step], np.exp(own)
            crowd = exposure @ ratio
            last = float(_log((deaths + exposure @ before) / crowd)) if crowd > 0 else last
            before = np.maximum(before, np.exp(last) * ratio)
            log_baseline[step], hazards[:, step] = last, before
        return log_baseline, hazards


def _log(hazard: Array) -> Array:
    """Log of a hazard that may be 0, where no curve has stepped yet."""
    finite: Array = np.log(np.maximum(hazard, np.finfo(np.float64).tiny))
    return finite


def _cumulative(log_hazard: Array) -> Array:
    """Hazards (..., t) that never fall."""
    hazard: Array = np.maximum.accumulate(np.exp(log_hazard), axis=-1)
    return hazard


def _at(survival: Array, times: Array, at: Array) -> Array:
    """(n,) S of each patient at a time of his own, in straight lines between the steps."""
    place = np.searchsorted(times, at).clip(max=len(times) - 1)
    begins = np.where(place == 0, 0.0, times[place - 1])
    share = np.clip((at - begins) / (times[place] - begins), 0.0, 1.0)
    rows = np.arange(len(at))
    before = np.where(place == 0, 1.0, survival[rows, place - 1])
    between: Array = before + share * (survival[rows, place] - before)
    return between


def _log_likelihood(
    hazard: Array, times: Array, event: NDArray[np.bool_], time: Array, entry: Array | None
) -> float:
    """Log likelihood of all patients: who dies, dies between two steps; who is censored, lives until then."""
    survival = np.exp(-hazard)
    smallest = np.finfo(np.float64).tiny
    known = event & (time <= times[-1])
    place = np.searchsorted(times, time).clip(max=len(times) - 1)
    rows = np.arange(len(time))
    before = np.where(place == 0, 1.0, survival[rows, place - 1])
    # A curve that would rise stays level; it must not make a death there impossible.
    lost = (1.0 - CHANCE) * (before - survival[rows, place]) + CHANCE / len(times)
    alive = _at(survival, times, np.minimum(time, times[-1]))
    total = np.log(np.maximum(np.where(known, lost, alive), smallest)).sum()
    if entry is not None:
        total -= np.log(np.maximum(_at(survival, times, np.minimum(entry, times[-1])), smallest)).sum()
    return float(total)
