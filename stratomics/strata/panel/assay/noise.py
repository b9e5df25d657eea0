"""Noise of an assay: what it does to the score, and to who is above the cut."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from omics.common.errors import DataError

__all__ = ["AnalyteNoise", "NoiseEffect", "noise_effect", "noise_of_cv", "reclassified_share"]

Array = NDArray[np.float64]

LOG_BASES = {
    "intensity": 2.0,
    "log": 2.0,
    "counts": 2.0,
    "relative": np.e,
    "log_relative": np.e,
    "cells": np.e,
}
"""Scale -> base of the logarithm of harmonized values; values of other scales are not logarithms."""

DRAWS = 200


@dataclass(frozen=True)
class AnalyteNoise:
    """Noise of the analytes of a panel, in its order.

    Attributes
    ----------
    names
        (m,) names of the analytes, for errors.
    sd
        (m,) standard deviation of repeated measurements, on the scale of the modality.
    relative
        (m,) standard deviation as a share of the value; 0 where `sd` is given.
    limit
        (m,) limit of detection of the assay; NaN if there is none.
    """

    names: tuple[str, ...]
    sd: Array
    relative: Array
    limit: Array

    def measure(self, values: Array, generator: np.random.Generator) -> Array:
        """Measure values (n, m) once more; below the limit of detection, nothing is detected."""
        noise = generator.standard_normal(values.shape) * np.hypot(
            self.sd, self.relative * np.abs(_finite(values))
        )
        again = np.where(np.isfinite(values), values + noise, values)
        return self.censor(again)

    def censor(self, values: Array) -> Array:
        """Values below the limit of detection are not detected."""
        return np.where(values < self.limit, -np.inf, values)


@dataclass(frozen=True)
class NoiseEffect:
    """What noise does to a score with a cut.

    Attributes
    ----------
    score_sd, noise_sd
        Standard deviation of the score over patients, and of its noise.
    reclassified
        Share of patients on the other side of the cut when they are measured once more.
    standard_error
        Its Monte Carlo standard error over patients.
    closed_form
        The share for a Gaussian score with the cut at its mean: arctan(noise_sd / score_sd) / pi.
    sensitivity, specificity
        Share of patients above the cut who test positive, and of those below who test negative.
    failing
        (m,) share on the other side of the cut if the analyte fails, and counts as the median.
    below_limit
        (m,) share of patients below the limit of detection of the assay.
    """

    score_sd: float
    noise_sd: float
    reclassified: float
    standard_error: float
    closed_form: float
    sensitivity: float
    specificity: float
    failing: tuple[float, ...]
    below_limit: tuple[float, ...]


def reclassified_share(noise_sd: float, score_sd: float) -> float:
    """Share of a Gaussian score that one more measurement with noise puts on the other side of its mean.

    Parameters
    ----------
    noise_sd, score_sd
        Standard deviation of the noise, and of the score without it.

    Returns
    -------
    float
        arctan(noise_sd / score_sd) / pi.

    Examples
    --------
    >>> [round(reclassified_share(t, 1.0), 4) for t in (0.1, 0.3, 1.0)]
    [0.0317, 0.0928, 0.25]
    """
    return float(np.arctan2(noise_sd, score_sd) / np.pi)


def noise_of_cv(cv: Array, scales: Sequence[str]) -> tuple[Array, Array]:
    """Convert coefficients of variation to noise on the scale of the modality.

    Parameters
    ----------
    cv
        (m,) standard deviation of repeated measurements divided by their mean, such as 0.15.
    scales
        (m,) scale of the view of each analyte.

    Returns
    -------
    tuple of ndarray
        `sd` and `relative` of :class:`AnalyteNoise`: on a logarithmic scale the noise does not depend on the value.

    Examples
    --------
    >>> sd, relative = noise_of_cv(np.array([0.1, 0.1]), ["intensity", "numeric"])
    >>> sd.round(3).tolist(), relative.tolist()
    ([0.144, 0.0], [0.0, 0.1])
    """
    base = np.array([LOG_BASES.get(scale, np.nan) for scale in scales])
    logarithmic = np.isfinite(base)
    sd = np.sqrt(np.log1p(cv**2)) / np.log(np.where(logarithmic, base, np.e))
    return np.where(logarithmic, sd, 0.0), np.where(logarithmic, 0.0, cv)


def noise_effect(
    score: Callable[[Array], Array],
    values: Array,
    noise: AnalyteNoise,
    cut: float,
    generator: np.random.Generator,
    draws: int = DRAWS,
) -> NoiseEffect:
    """Simulate one more measurement of each patient.

    The measured values count as the true ones.

    Parameters
    ----------
    score
        ``(n, m) values -> (n,)``, increasing with what the cut is on.
    values
        (n, m) values of the patients.
    noise
        Noise of the analytes.
    cut
        A patient at or above the cut is positive.
    generator
        Random numbers.
    draws
        Number of measurements.

    Returns
    -------
    NoiseEffect
        Averages over patients and draws.

    Raises
    ------
    DataError
        If all patients are on one side of the cut, or the limit of detection of an analyte is above all of its values.
    """
    below = np.array(
        [_share_below(column, limit) for column, limit in zip(values.T, noise.limit, strict=True)]
    )
    if (below >= 1.0).any():
        number = int(np.argmax(below >= 1.0))
        raise DataError(
            f"the limit of detection of '{noise.names[number]}' is above all of its values, so that the assay never "
            "detects it; check the unit of the limit, or choose another analyte"
        )
    true = score(values)
    positive = true >= cut
    if positive.all() or not positive.any():
        raise DataError("all patients are on the same side of the cut; choose another cut")
    again = np.stack([score(noise.measure(values, generator)) for _ in range(draws)])
    other = ((again >= cut) != positive).mean(axis=0)
    failing = []
    for column in range(values.shape[1]):
        without = values.copy()
        without[:, column] = np.nan
        failing.append(float(((score(without) >= cut) != positive).mean()))
    noise_sd, score_sd = float(np.sqrt(((again - true) ** 2).mean())), float(true.std())
    return NoiseEffect(
        score_sd,
        noise_sd,
        float(other.mean()),
        float(other.std(ddof=1) / np.sqrt(len(true))),
        reclassified_share(noise_sd, score_sd),
        float(1.0 - other[positive].mean()),
        float(1.0 - other[~positive].mean()),
        tuple(failing),
        tuple(below.tolist()),
    )


def _share_below(values: Array, limit: float) -> float:
    known = values[~np.isnan(values)]
    return float((known < limit).mean()) if len(known) and np.isfinite(limit) else 0.0


def _finite(values: Array) -> Array:
    return np.where(np.isfinite(values), values, 0.0)
