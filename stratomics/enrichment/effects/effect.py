"""Treatment effects with standard errors, for all patients or for many resamples at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from models.survival.time_unit import survival_unit
from omics.common.errors import DataError
from omics.common.registry import check_choice
from stratomics.enrichment.effects.trial import Trial
from stratomics.enrichment.effects.two_arm_cox import two_arm_cox
from stratomics.enrichment.effects.two_arm_curves import two_arm_curves

__all__ = [
    "MEASURES",
    "Effect",
    "Effects",
    "Measure",
    "checked_effect",
    "effect_of",
    "mean_difference",
    "measure_of",
]

Array = NDArray[np.float64]

Effects = tuple[Array, Array]
"""Estimates and standard errors, (draws,) each, on the additive scale (a log hazard ratio, not a hazard ratio)."""

Z = float(norm.ppf(0.975))


@dataclass(frozen=True)
class Effect:
    """One effect with its 95% interval, on the scale on which it is reported: a hazard ratio as a ratio.

    Attributes
    ----------
    estimate, low, high
        Estimate and 95% interval, on the reported scale.
    se
        Standard error on the additive scale. For a ratio this is the standard error of its log.

    Examples
    --------
    >>> print(Effect.of(np.log(0.5), 0.1, ratio=True))
    0.500 (0.411 to 0.608)
    """

    estimate: float
    low: float
    high: float
    se: float

    @classmethod
    def of(cls, estimate: float, se: float, *, ratio: bool, width: float = Z) -> Effect:
        """Build from an estimate on the additive scale. The interval is `width` standard errors to each side."""
        to_reported = np.exp if ratio else float
        low, high = float(to_reported(estimate - width * se)), float(to_reported(estimate + width * se))
        return cls(float(to_reported(estimate)), low, high, float(se))

    def __str__(self) -> str:
        return f"{self.estimate:.3f} ({self.low:.3f} to {self.high:.3f})"


@dataclass(frozen=True)
class Measure:
    """A measure of effect, applied to one trial.

    Attributes
    ----------
    name, label
        Key in MEASURES, and the name in texts.
    effects
        ``count (draws, n) -> (estimates, standard errors)``; NaN where a resample allows no estimate.
    sign
        +1 if a higher value means benefit of treatment, -1 if a lower value does.
    ratio
        Whether the exponential of the estimate is reported.
    """

    name: str
    label: str
    effects: Callable[[Array], Effects]
    sign: int
    ratio: bool = False

    def effect(self, estimate: float, se: float, width: float = Z) -> Effect:
        """Convert an estimate to the reported scale."""
        return Effect.of(estimate, se, ratio=self.ratio, width=width)


def _hazard_ratio(trial: Trial, horizon: float) -> Measure:
    del horizon
    outcome = trial.survival

    def effects(count: Array) -> Effects:
        return two_arm_cox(trial.treated, outcome.event, outcome.time, count)

    return Measure("hazard_ratio", "hazard ratio", effects, sign=-1, ratio=True)


def _curve_difference(trial: Trial, horizon: float, which: int) -> Callable[[Array], Effects]:
    outcome = trial.survival

    def effects(count: Array) -> Effects:
        value, se = two_arm_curves(trial.treated, outcome.event, outcome.time, count, horizon)
        return value[:, 1, which] - value[:, 0, which], np.hypot(se[:, 0, which], se[:, 1, which])

    return effects


def _rmst(trial: Trial, horizon: float) -> Measure:
    label = f"difference of restricted mean time to {survival_unit(trial.survival).text(horizon)}"
    return Measure("rmst", label, _curve_difference(trial, horizon, 0), sign=1)


def _survival(trial: Trial, horizon: float) -> Measure:
    label = f"difference of survival at {survival_unit(trial.survival).text(horizon)}"
    return Measure("survival", label, _curve_difference(trial, horizon, 1), sign=1)


def _response(trial: Trial, horizon: float) -> Measure:
    del horizon
    value = trial.response.positive.astype(np.float64)
    label = "difference of the response rate"
    return Measure("response", label, lambda count: mean_difference(trial.treated, value, count), sign=1)


MEASURES: dict[str, dict[str, Callable[[Trial, float], Measure]]] = {
    "survival": {"hazard_ratio": _hazard_ratio, "rmst": _rmst, "survival": _survival},
    "response": {"response": _response},
}
"""Kind of endpoint -> name -> function of a trial and a horizon. The first measure of a kind is the default."""


def measure_of(trial: Trial, name: str | None = None, horizon: float = float("nan")) -> Measure:
    """Apply a measure of effect to a trial.

    Parameters
    ----------
    trial
        The patients, their arms and outcomes.
    name
        Name of the measure in MEASURES; the first of the kind of endpoint if left out.
    horizon
        Time up to which survival counts, in the unit of the times; the hazard ratio and a response ignore it.

    Returns
    -------
    Measure
        The measure, ready to be computed for resamples.

    Raises
    ------
    ConfigError
        If the trial's kind of endpoint has no measure of that name.

    Examples
    --------
    >>> from omics.cohort.endpoints import Response
    >>> treated = np.arange(40) < 20
    >>> trial = Trial(treated, Response(np.arange(40) % 3 == 0, np.ones(40, dtype=bool)))
    >>> print(effect_of(measure_of(trial), np.ones(40)))
    0.000 (-0.303 to 0.303)
    """
    measures = MEASURES[trial.outcome.kind]
    name = next(iter(measures)) if name is None else name
    check_choice(measures, name, "measure of effect")
    return measures[name](trial, horizon)


def effect_of(measure: Measure, count: Array, group: str = "all patients") -> Effect:
    """Estimate the effect in a weighted group of patients.

    Parameters
    ----------
    measure
        Measure of effect of the trial.
    count
        (n,) how often each patient counts: 1 inside the group and 0 outside.
    group
        Name of the group in an error message.

    Returns
    -------
    Effect
        The effect with its 95% interval.
    """
    estimate, se = measure.effects(count[None])
    return checked_effect(measure, float(estimate[0]), float(se[0]), group)


def checked_effect(measure: Measure, estimate: float, se: float, group: str) -> Effect:
    """Convert an estimate to the reported scale, or explain why there is none.

    Parameters
    ----------
    measure
        Measure of effect of the trial.
    estimate, se
        Estimate and standard error on the additive scale.
    group
        Name of the group in an error message.

    Returns
    -------
    Effect
        The effect with its 95% interval.

    Raises
    ------
    DataError
        If the estimate or its standard error does not exist: an arm has no events, or no patient is followed to the
        horizon.
    """
    if not (np.isfinite(estimate) and np.isfinite(se) and se > 0):
        raise DataError(
            f"{group}: no {measure.label} can be estimated with a standard error, because there are too few events or "
            "no patient is followed that long; choose another cut, or an earlier horizon"
        )
    return measure.effect(estimate, se)


def mean_difference(treated: NDArray[np.bool_], value: Array, count: Array) -> Effects:
    """Mean of the treated minus mean of the controls, with unequal variances (Welch).

    Parameters
    ----------
    treated
        (n,) bool.
    value
        (n,) outcome of each patient.
    count
        (draws, n) how often each patient counts.

    Returns
    -------
    tuple
        (draws,) differences and (draws,) standard errors; NaN where an arm has fewer than two patients.

    Examples
    --------
    >>> estimate, se = mean_difference(np.array([True, True, False, False]), np.arange(4.0), np.ones((1, 4)))
    >>> estimate, se.round(4)
    (array([-2.]), array([0.7071]))
    """
    means, variances = [], []
    for arm in (treated, ~treated):
        n = count[:, arm].sum(axis=1)
        enough = n > 1
        mean = np.divide(count[:, arm] @ value[arm], n, out=np.full(len(n), np.nan), where=n > 0)
        square = np.einsum("bi,bi->b", count[:, arm], (value[arm] - mean[:, None]) ** 2)
        means.append(mean)
        variances.append(np.divide(square, n * (n - 1), out=np.full(len(n), np.nan), where=enough))
    return means[0] - means[1], np.sqrt(variances[0] + variances[1])
