"""Lower bounds on a patient's time that nine in ten reach: the percentile of his curve at which to stop."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.cross_conformal import fewest
from models.survival.kaplan_meier import StepFunction, kaplan_meier, product_limit_hazard
from omics.common.errors import FitError
from omics.common.files import read_state, write_state

__all__ = ["ALPHA", "SurvivalBounds", "missed_share"]

Array = NDArray[np.float64]

ALPHA = 0.1
"""Share of patients who may have the event before their bound."""

FEWEST_FOLLOWED = 0.1
"""Nobody stands for more than ten patients: where fewer are still followed, the curves' word is taken."""


@dataclass(frozen=True)
class SurvivalBounds:
    """The bound of a patient is the first time at which his predicted survival is at most ``1 - level``.

    If curves were true, `level` would be `alpha`. It is the largest level at which at most `alpha` of the patients left
    out have the event before their bound, one more counted among them for the patient to come (conformal
    quantiles: Vovk, Gammerman and Shafer 2005, doi 10.1007/b106715; of survival: Candes, Lei and Ren 2023,
    doi 10.1093/jrsssb/qkac004).

    Attributes
    ----------
    level
        In [0, 1]; 0 where nothing can be promised, so that all bounds are 0 (:meth:`shortfall`).
    alpha
        What was asked for.
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
    ) -> Self:
        """Learn from left-out curves (n, t), and from how likely each patient was to be followed so far (n, u).

        Parameters
        ----------
        curves
            S(t) of each patient, by a model that did not see him.
        event, time
            (n,) each; late entry is not known here.
        censoring
            G(t) of each patient (:func:`models.calibration.censoring_model.conditional_censoring`).
        alpha
            Share of patients who may have the event before their bound.

        Raises
        ------
        FitError
            If a left-out curve is not finite, or has no step.

        Examples
        --------
        >>> time = np.arange(1.0, 101.0)
        >>> curves = StepFunction(time, np.tile(1.0 - time / 100, (100, 1)))
        >>> always = StepFunction(np.array([1.0]), np.ones((100, 1)))
        >>> bounds = SurvivalBounds.fit(curves, np.ones(100, dtype=bool), time, always)
        >>> float(bounds(curves)[0])
        10.0
        """
        return cls._largest(*missed_share(curves, event, time, censoring), alpha)

    @classmethod
    def fit_late(
        cls, curves: StepFunction, event: NDArray[np.bool_], time: Array, entry: Array, alpha: float = ALPHA
    ) -> Self:
        """Learn where patients came at `entry` (n,), from the percentiles of their curves alone.

        Who died before he could come is not among the patients, so that none can stand for him: the share missed
        is that of Kaplan-Meier over percentiles with late entry, which is right if curves are true up to a
        common map of their percentiles.
        """
        seen, until = _within(curves, event, time)
        percentile, before = 1.0 - curves.rowwise(until), 1.0 - curves.rowwise(np.minimum(entry, curves.times[-1]))
        # Who dies in the step in which he came is at risk there.
        hazard = product_limit_hazard(seen, percentile, np.nextafter(before, -1.0))
        levels = np.append(np.unique(percentile[seen]), 1.0)
        missed = -np.expm1(-hazard(np.nextafter(levels, -1.0)))
        return cls._largest(levels, missed, np.full(len(levels), float(len(time))), alpha)

    @classmethod
    def _largest(cls, levels: Array, share: Array, worth: Array, alpha: float) -> Self:
        # With a level, all lower ones have to keep the promise.
        kept = np.maximum.accumulate(worth * share + 1.0 - alpha * (worth + 1.0)) <= 1e-12  # noqa: PLR2004
        return cls(float(levels[kept][-1]) if kept.any() else 0.0, alpha)

    def shortfall(self) -> str | None:
        """Say why all bounds are 0; None where they are not."""
        if self.level > 0.0:
            return None
        return (
            f"fewer than {fewest(self.alpha)} patients to calibrate on: lower bounds on their time are all 0"
        )

    def __call__(self, curves: StepFunction) -> Array:
        """(n,) bounds from curves (n, t).

        A curve that never falls so far bounds the time by its own end: what comes after is not known.
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


def missed_share(
    curves: StepFunction, event: NDArray[np.bool_], time: Array, censoring: StepFunction
) -> tuple[Array, Array, Array]:
    """Share of patients who have the event before their bound, at each level.

    Who has the event at T is missed where ``1 - S(T) < level``, and stands for 1 / G(T) patients. Who is
    censored at C is missed with the probability that those have who reach his percentile 1 - S(C), by
    Kaplan-Meier over percentiles; this he is also taken to be for as long as he is followed, so that on
    average the two cancel if G is true, and the second is right if curves are true up to a common map of their
    percentiles. One of the two is enough (augmented inverse probability of censoring weighting: Farina, Tchetgen
    Tchetgen and Kuchibhotla 2025, doi 10.48550/arXiv.2501.04615). Whatever G is, the weights of patients add up to
    their number.

    Parameters
    ----------
    curves, event, time, censoring
        As :meth:`SurvivalBounds.fit` takes them.

    Returns
    -------
    levels, share, worth
        (k,) ascending, the last of them 1; (k,); and (k,) how many patients without censoring the count is worth.
    """
    seen, until = _within(curves, event, time)
    percentile = 1.0 - curves.rowwise(until)
    survivors = kaplan_meier(seen, percentile)
    levels = np.append(np.unique(percentile[seen]), 1.0)
    weight = 1.0 / np.maximum(censoring.rowwise(np.where(seen, np.nextafter(until, 0.0), until)), FEWEST_FOLLOWED)

    inverse = 1.0 / np.maximum(censoring.values, FEWEST_FOLLOWED)
    grows = np.diff(inverse, axis=1, prepend=1.0)
    followed = (censoring.times < until[:, None]) | (~seen[:, None] & (censoring.times == until[:, None]))
    expected, observed = followed & (grows != 0), ~seen
    place = np.concatenate([percentile[observed], 1.0 - curves(censoring.times)[expected]])
    mass = np.concatenate([weight[observed], -grows[expected]])
    alive = survivors(place)
    # Who stands at a place is missed at a level with probability 1 - (alive at the level) / (alive at the place).
    ratio = np.divide(mass, alive, out=np.zeros_like(mass), where=alive > 0)
    at_level = survivors(np.nextafter(levels, -1.0))
    missed = _below(percentile[seen], weight[seen], levels)
    missed += _below(place, mass, levels) - at_level * _below(place, ratio, levels)
    # Kish's number of equal patients who would be as many as those who are missed.
    direct, squared = (_below(percentile[seen], weight[seen] ** power, levels) for power in (1, 2))
    worth = len(time) * np.divide(direct, squared, out=np.ones_like(direct), where=squared > 0)
    return levels, missed / len(time), worth


def _within(curves: StepFunction, event: NDArray[np.bool_], time: Array) -> tuple[NDArray[np.bool_], Array]:
    """Who had the event (n,) and until when he was followed (n,) before the end of the curves.

    After it nobody's percentile is known, only that it is higher still.
    """
    if not len(curves.times):
        raise FitError(
            "left-out survival curves never step, so no bound can be calibrated; did anybody have the event?"
        )
    if not np.isfinite(curves.values).all():
        raise FitError("a left-out survival curve is not finite, so no bound can be calibrated")
    end = curves.times[-1]
    return event & (time <= end), np.minimum(time, end)


def _below(place: Array, mass: Array, levels: Array) -> Array:
    """(k,) mass at places below each of `levels` (k,)."""
    order = np.argsort(place, kind="stable")
    total = np.append(0.0, np.cumsum(mass[order]))
    return total[np.searchsorted(place[order], levels, side="left")]
