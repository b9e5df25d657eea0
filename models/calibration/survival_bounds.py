"""Lower bounds on survival time that 90% of patients reach: a calibrated percentile of each predicted curve."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.cross_conformal import smallest_calibration_size
from models.survival.kaplan_meier import (
    LEAST_UNCENSORED,
    StepFunction,
    kaplan_meier,
    product_limit_hazard,
)
from omics.common.errors import FitError
from omics.common.files import read_state, write_state

__all__ = ["ALPHA", "SurvivalBounds", "miscoverage"]

Array = NDArray[np.float64]

ALPHA = 0.1
"""Share of patients who may have the event before their bound; coverage is 1 - ALPHA."""


@dataclass(frozen=True)
class SurvivalBounds:
    """Lower bounds: the first time at which the predicted survival of a patient is at most ``1 - level``.

    If the curves were calibrated, `level` would be `alpha`. It is the largest level at which at most a share `alpha` of
    the held-out patients has the event before their bound, where the new patient is counted as one more miss (conformal
    quantiles: Vovk, Gammerman and Shafer 2005, doi 10.1007/b106715; for survival: Candes, Lei and Ren 2023,
    doi 10.1093/jrsssb/qkac004).

    Attributes
    ----------
    level
        In [0, 1]; 0 if there are too few patients, so that all bounds are 0 (:meth:`too_few_patients`).
    alpha
        Share of patients who may have the event before their bound.
    """

    level: float
    alpha: float

    @classmethod
    def fit(
        cls,
        curves: StepFunction,
        event: NDArray[np.bool_],
        time: Array,
        censoring: StepFunction,
        alpha: float = ALPHA,
        weight: Array | None = None,
    ) -> Self:
        """Learn from held-out curves (n, t) and the probabilities of being uncensored (n, u).

        With density ratios as `weight`, the bounds cover in patients who differ from those held out by covariates alone
        (Tibshirani et al. 2019, doi 10.48550/arXiv.1904.06019). The new patient counts as one patient of mean weight.

        Parameters
        ----------
        curves
            S(t) of each patient, predicted out of fold.
        event, time
            (n,) each, without delayed entry.
        censoring
            Probability G(t) of being uncensored (:func:`models.calibration.censoring_model.conditional_censoring`).
        alpha
            Share of patients who may have the event before their bound.
        weight
            (n,) positive weights, such as those of :mod:`models.calibration.density_ratio`; 1 by default.

        Raises
        ------
        FitError
            If a held-out curve is not finite, or has no step.

        Examples
        --------
        >>> time = np.arange(1.0, 101.0)
        >>> curves = StepFunction(time, np.tile(1.0 - time / 100, (100, 1)))
        >>> always = StepFunction(np.array([1.0]), np.ones((100, 1)))
        >>> bounds = SurvivalBounds.fit(curves, np.ones(100, dtype=bool), time, always)
        >>> float(bounds(curves)[0])
        10.0
        """
        return cls._largest(*miscoverage(curves, event, time, censoring, weight), alpha)

    @classmethod
    def fit_with_entry(
        cls, curves: StepFunction, event: NDArray[np.bool_], time: Array, entry: Array, alpha: float = ALPHA
    ) -> Self:
        """Learn with delayed entry at `entry` (n,), from the percentiles of the curves only.

        Patients who died before they could enter are not observed, and no weights can represent them. The miscoverage
        is therefore the Kaplan-Meier estimate over percentiles with delayed entry. It is valid if the curves are
        calibrated up to a common map of their percentiles.
        """
        observed, until = _within(curves, event, time)
        percentile, before = (
            1.0 - curves.rowwise(until),
            1.0 - curves.rowwise(np.minimum(entry, curves.times[-1])),
        )
        # A patient with the event in the step of their entry is at risk in this step.
        hazard = product_limit_hazard(observed, percentile, np.nextafter(before, -1.0))
        levels = np.append(np.unique(percentile[observed]), 1.0)
        missed = -np.expm1(-hazard(np.nextafter(levels, -1.0)))
        return cls._largest(levels, missed, np.full(len(levels), float(len(time))), alpha)

    @classmethod
    def _largest(cls, levels: Array, share: Array, size: Array, alpha: float) -> Self:
        # A level is valid only if all lower levels have the coverage too.
        valid = np.maximum.accumulate(size * share + 1.0 - alpha * (size + 1.0)) <= 1e-12  # noqa: PLR2004  # rounding error
        return cls(float(levels[valid][-1]) if valid.any() else 0.0, alpha)

    def too_few_patients(self) -> str | None:
        """Return a sentence on why all bounds are 0, or None."""
        if self.level > 0.0:
            return None
        needed = smallest_calibration_size(self.alpha)
        return f"fewer than {needed} patients to calibrate on: all lower bounds on time are 0"

    def __call__(self, curves: StepFunction) -> Array:
        """Return the bounds (n,) of curves (n, t).

        The bound of a curve that never decreases to ``1 - level`` is its last time.
        """
        if self.level == 0.0:
            return np.zeros(len(curves.values))
        reached = 1.0 - curves.values >= self.level
        first = np.where(reached.any(axis=1), reached.argmax(axis=1), len(curves.times) - 1)
        return curves.times[first]

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        write_state(folder, name, vars(self), {})

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, _ = read_state(folder, name)
        return cls(**settings)


def miscoverage(
    curves: StepFunction,
    event: NDArray[np.bool_],
    time: Array,
    censoring: StepFunction,
    weight: Array | None = None,
) -> tuple[Array, Array, Array]:
    """Share of patients with the event before their bound, at each level, corrected for censoring.

    The estimate is doubly robust (augmented inverse probability of censoring weighting: Farina, Tchetgen Tchetgen and
    Kuchibhotla 2025, doi 10.48550/arXiv.2501.04615). A patient with the event at T is missed if ``1 - S(T) < level``,
    and has the weight 1 / G(T). For a patient censored at C, the probability of being missed is estimated by
    Kaplan-Meier over percentiles, among patients who reach the percentile 1 - S(C). The same estimate, taken over the
    follow-up of each patient, is subtracted. The two terms cancel on average if G is correct. The estimate is also
    correct if the curves are calibrated up to a common map of their percentiles. One of the two conditions is enough.
    For any G, the weights of the patients add up to their number.

    Parameters
    ----------
    curves, event, time, censoring, weight
        As in :meth:`SurvivalBounds.fit`.

    Returns
    -------
    levels
        (k,) ascending; the last is 1.
    share
        (k,) share of patients missed at each level.
    size
        (k,) effective number of patients.
    """
    observed, until = _within(curves, event, time)
    percentile = 1.0 - curves.rowwise(until)
    counted = np.ones(len(time)) if weight is None else weight / weight.mean()
    survivors = kaplan_meier(observed, percentile, counted)
    levels = np.append(np.unique(percentile[observed]), 1.0)
    # No weight is above 10. Where fewer patients are still followed, the predicted curves are used instead.
    full = counted / np.maximum(
        censoring.rowwise(np.where(observed, np.nextafter(until, 0.0), until)), LEAST_UNCENSORED
    )

    inverse = 1.0 / np.maximum(censoring.values, LEAST_UNCENSORED)
    increment = counted[:, None] * np.diff(inverse, axis=1, prepend=1.0)
    followed = (censoring.times < until[:, None]) | (~observed[:, None] & (censoring.times == until[:, None]))
    corrected, censored = followed & (increment != 0), ~observed
    place = np.concatenate([percentile[censored], 1.0 - curves(censoring.times)[corrected]])
    mass = np.concatenate([full[censored], -increment[corrected]])
    alive = survivors(place)
    # A patient alive at `place` is missed at a level with probability 1 - (alive at the level) / (alive at `place`).
    ratio = np.divide(mass, alive, out=np.zeros_like(mass), where=alive > 0)
    at_level = survivors(np.nextafter(levels, -1.0))
    missed = _below(percentile[observed], full[observed], levels)
    missed += _below(place, mass, levels) - at_level * _below(place, ratio, levels)
    # Kish's effective sample size, from the weights of the patients who are missed.
    direct, squared = (_below(percentile[observed], full[observed] ** power, levels) for power in (1, 2))
    size = len(time) * np.divide(direct, squared, out=np.ones_like(direct), where=squared > 0)
    return levels, missed / len(time), size


def _within(curves: StepFunction, event: NDArray[np.bool_], time: Array) -> tuple[NDArray[np.bool_], Array]:
    """Return events (n,) and times (n,), both censored at the end of the curves.

    Beyond the end of a curve the percentile of a patient is only known to be higher.
    """
    if not len(curves.times):
        raise FitError(
            "held-out survival curves never step, so no bound can be calibrated; check that patients have events"
        )
    if not np.isfinite(curves.values).all():
        raise FitError("a held-out survival curve is not finite, so no bound can be calibrated")
    end = curves.times[-1]
    return event & (time <= end), np.minimum(time, end)


def _below(place: Array, mass: Array, levels: Array) -> Array:
    """(k,) total mass at places below each of `levels` (k,)."""
    order = np.argsort(place, kind="stable")
    total = np.append(0.0, np.cumsum(mass[order]))
    return total[np.searchsorted(place[order], levels, side="left")]
