"""Recalibration of survival curves on held-out patients: a slope, a baseline, and percentiles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from models.calibration.member_predictions import SurvivalMembers
from models.calibration.percentiles import Percentiles
from models.prediction import Prediction
from models.survival.kaplan_meier import product_limit_hazard
from omics.common.errors import FitError
from omics.common.files import read_state, write_state

__all__ = ["CurveRecalibration", "curve_cost"]

Array = NDArray[np.float64]

SHRINKAGE = 1.0
"""Ridge penalty on the standardised slope, in units of one event. With few events the slope shrinks towards 0, where
all patients have the Kaplan-Meier curve."""

UNIFORM_SHARE = 0.01
"""Share of a uniform distribution over the steps in the likelihood, so that no event has probability 0."""

STEEPEST = 5.0
"""Largest slope, in units of the spread of the predictions."""


def curve_cost(
    times: Array, event: NDArray[np.bool_], time: Array, entry: Array | None = None
) -> Callable[[Array], float]:
    """Negative log likelihood of survival curves as a function of centred log cumulative hazards.

    The baseline gives as many events in each step as were observed.

    Parameters
    ----------
    times
        (t,) times at which curves step.
    event, time
        (n,) each.
    entry
        (n,) time of entry under observation; from the start by default.

    Returns
    -------
    callable
        Log cumulative hazards (n, t) -> negative log likelihood of all patients.
    """
    follow_up = _FollowUpBySteps.of(times, event, time, entry)
    return lambda relative: -_log_likelihood(follow_up.baseline(relative)[1], times, event, time, entry)


@dataclass(frozen=True)
class CurveRecalibration:
    """Converts log cumulative hazards, centred at each member's mean, into survival curves.

    The log cumulative hazard of a patient is the baseline plus `slope` times the centred estimate. The baseline gives
    as many events in each step as were observed. The slope is 0 if the estimates carry no information; all patients
    then get the Kaplan-Meier curve. In a second step the percentiles of these curves are calibrated
    (:class:`Percentiles`). Neither step changes the order of two patients at any time, except that a curve that would
    increase is kept constant.

    Attributes
    ----------
    slope
        Calibration slope >= 0.
    times
        (t,) times at which curves step.
    log_baseline
        (t,) log cumulative hazard at these times, for an estimate equal to the mean.
    percentiles
        Calibration of the percentiles of the curves.
    """

    additive: ClassVar[bool] = True

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
        """Learn from held-out log cumulative hazards (n, t) at `times`, centred at the means of their member.

        Raises
        ------
        FitError
            If an estimate is not finite.
        """
        if not np.isfinite(estimate).all():
            raise FitError("a held-out survival curve is not finite, so it cannot be calibrated")
        spread = float(estimate.mean(axis=1).std())
        follow_up, of_curves = (
            _FollowUpBySteps.of(times, event, time, entry),
            curve_cost(times, event, time, entry),
        )

        def cost(standard: float) -> float:
            return SHRINKAGE * standard**2 / 2 + of_curves(standard / spread * estimate)

        slope = 0.0
        if spread > 0:
            best = minimize_scalar(cost, bounds=(0.0, STEEPEST), method="bounded", options={"xatol": 1e-4})
            slope = float(best.x) / spread if cost(best.x) < cost(0.0) else 0.0
        log_baseline = (
            follow_up.baseline(slope * estimate)[0]
            if slope > 0
            else _log(product_limit_hazard(event, time, entry)(times))
        )
        survival = np.exp(-_cumulative(log_baseline + slope * estimate))
        at_end = _at(survival, times, np.minimum(time, times[-1]))
        at_entry = None if entry is None else _at(survival, times, np.minimum(entry, times[-1]))
        # Beyond the last step a percentile is only known to be lower, so the event counts as censored.
        observed = event & (time <= times[-1])
        return cls(slope, times, log_baseline, Percentiles.fit(at_end, observed, at_entry))

    def prediction(self, sample_ids: NDArray[np.str_], estimates: Array, endpoint: str) -> Prediction:  # noqa: ARG002  # one signature
        """Predict from members' log cumulative hazards (members, n, t).

        The estimates are averaged over members, then recalibrated. Risk is the slope times the centred log cumulative
        hazard, averaged over the steps; `risk_sd` is its standard deviation over members.
        """
        risks = self.score(estimates)
        return Prediction.of_survival(
            sample_ids, risks.mean(axis=0), self.times, self.survival(estimates), risks.std(axis=0, ddof=1)
        )

    def members(self, estimates: Array) -> SurvivalMembers:
        """Return the curves of each member, from log cumulative hazards (members, n, t)."""
        return SurvivalMembers(self.times, np.stack([self.survival(member[None]) for member in estimates]))

    def score(self, estimates: Array) -> Array:
        """(members, n) risk of log cumulative hazards (members, n, t); higher means earlier event."""
        risk: Array = self.slope * estimates.mean(axis=-1)
        return risk

    def survival(self, estimates: Array) -> Array:
        """Survival S (n, t) of the ensemble at `times`."""
        hazard = _cumulative(self.log_baseline + self.slope * estimates.mean(axis=0))
        return self.percentiles(np.exp(-hazard))

    def to_state(self) -> tuple[dict[str, float], dict[str, Array]]:
        """Return settings for json and arrays for safetensors."""
        arrays = {"times": self.times, "log_baseline": self.log_baseline}
        return {"slope": self.slope}, arrays | vars(self.percentiles)

    @classmethod
    def from_state(cls, settings: Mapping[str, float], arrays: Mapping[str, Array]) -> Self:
        """Rebuild from :meth:`to_state`."""
        percentiles = Percentiles(arrays["predicted"], arrays["observed"])
        return cls(settings["slope"], arrays["times"], arrays["log_baseline"], percentiles)

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        write_state(folder, name, *self.to_state())

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        return cls.from_state(*read_state(folder, name))


@dataclass(frozen=True)
class _FollowUpBySteps:
    """Share of each step that each patient was at risk (n, t), and number of events in each step (t,)."""

    exposure: Array
    deaths: Array

    @classmethod
    def of(cls, times: Array, event: NDArray[np.bool_], time: Array, entry: Array | None) -> Self:
        begins = np.concatenate([[0.0], times[:-1]])
        at_risk = np.clip((time[:, None] - begins) / (times - begins), 0.0, 1.0)
        if entry is not None:
            at_risk = at_risk - np.clip((entry[:, None] - begins) / (times - begins), 0.0, 1.0)
        within = np.searchsorted(times, time[event])
        return cls(at_risk, np.bincount(within, minlength=len(times) + 1)[:-1].astype(np.float64))

    def baseline(self, relative: Array) -> tuple[Array, Array]:
        """Log baseline (t,) that gives the observed number of events in each step, and the cumulative hazards (n, t).

        This is Breslow's estimate for log relative hazards `relative` (n, t) that may change with time.
        """
        log_baseline, hazards = np.empty(len(self.deaths)), np.empty_like(relative)
        before, last = np.zeros(len(relative)), -np.inf
        for step, (deaths, at_step) in enumerate(zip(self.deaths, relative.T, strict=True)):
            exposure, ratio = self.exposure[:, step], np.exp(at_step)
            risk_set = exposure @ ratio
            last = float(_log((deaths + exposure @ before) / risk_set)) if risk_set > 0 else last
            before = np.maximum(before, np.exp(last) * ratio)
            log_baseline[step], hazards[:, step] = last, before
        return log_baseline, hazards


def _log(hazard: Array) -> Array:
    """Log of a hazard, finite where it is 0."""
    finite: Array = np.log(np.maximum(hazard, np.finfo(np.float64).tiny))
    return finite


def _cumulative(log_hazard: Array) -> Array:
    """Cumulative hazards (..., t) that never decrease."""
    hazard: Array = np.maximum.accumulate(np.exp(log_hazard), axis=-1)
    return hazard


def _at(survival: Array, times: Array, at: Array) -> Array:
    """(n,) S of each patient at the time `at` (n,) of this patient, linear between the steps."""
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
    """Log likelihood of all patients; an event lies between two steps, a censored patient survives their time."""
    survival = np.exp(-hazard)
    smallest = np.finfo(np.float64).tiny
    known = event & (time <= times[-1])
    place = np.searchsorted(times, time).clip(max=len(times) - 1)
    rows = np.arange(len(time))
    before = np.where(place == 0, 1.0, survival[rows, place - 1])
    # A curve that would increase is kept constant; an event there must not have probability 0.
    lost = (1.0 - UNIFORM_SHARE) * (before - survival[rows, place]) + UNIFORM_SHARE / len(times)
    alive = _at(survival, times, np.minimum(time, times[-1]))
    total = np.log(np.maximum(np.where(known, lost, alive), smallest)).sum()
    if entry is not None:
        total -= np.log(np.maximum(_at(survival, times, np.minimum(entry, times[-1])), smallest)).sum()
    return float(total)
