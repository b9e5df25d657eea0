"""How unlike the patients of training a new patient is: his distance in factor space, told as a percentile."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.cross_conformal import LeftOut
from models.factors.factor_model import Factors
from omics.errors import DataError, FitError
from omics.files import put_together, read_state, taken_apart, write_state

__all__ = ["FactorDistance", "Outlying"]

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

SMALLEST = 1e-3
"""Least variance of a factor's mean: where a patient's views say nothing of it, it has none."""

ENOUGH = 50
"""Patients lacking the same views among whom one more is compared; with fewer of them, he is compared with all."""


@dataclass(frozen=True)
class FactorDistance:
    """Mahalanobis distance from the patients that one member was trained on.

    A factor that a patient's views say little of is drawn to 0, so that the means of patients who lack views lie closer
    together: each mean is measured by the sqrt(1 - sd^2) that it is expected to spread by, given what was observed.
    The covariance is shrunk (Ledoit and Wolf 2004, doi 10.1016/S0047-259X(03)00096-4).

    Attributes
    ----------
    center, precision
        (K,) and (K, K).
    """

    center: Array
    precision: Array

    @classmethod
    def fit(cls, factors: Factors, learns: Bools) -> Self:
        """Learn from the patients (n,) that the member was trained on, as they would be if they were new.

        Raises
        ------
        DataError
            If fewer than two patients have any view.
        FitError
            If a factor is not finite.
        """
        from sklearn.covariance import ledoit_wolf

        rows = learns & factors.known
        if rows.sum() < 2:  # noqa: PLR2004  # one has no spread
            raise DataError(
                f"{int(rows.sum())} patient has any view, so no distance between patients can be told"
            )
        measured = _measured(factors)[rows]
        if not np.isfinite(measured).all():
            raise FitError("a factor of a training patient is not finite, so distances cannot be told")
        covariance, _ = ledoit_wolf(measured)
        # A factor that is the same for all has no spread.
        covariance[np.diag_indices_from(covariance)] += SMALLEST
        return cls(measured.mean(axis=0), np.linalg.inv(covariance))

    def __call__(self, factors: Factors) -> Array:
        """(n,) distances; infinite of whom nothing is known."""
        away = _measured(factors) - self.center
        squared = np.einsum("nk,kl,nl->n", away, self.precision, away)
        if not np.isfinite(squared).all():
            raise FitError(
                "a factor is not finite, so a patient's distance from those of training cannot be told"
            )
        return np.where(factors.known, np.sqrt(np.maximum(squared, 0.0)), np.inf)


@dataclass(frozen=True)
class Outlying:
    """A score in [0, 1): the share of patients left out who are nearer, high for who is unlike them.

    Patients are compared with those who lack the same views, where there are at least 50 of them, and with all
    otherwise. Of patients like those of training a share a scores above 1 - a
    (:meth:`models.calibration.cross_conformal.LeftOut.p_values`). A patient without any view has the highest score.

    Attributes
    ----------
    distances
        Of each member.
    patterns
        (patterns, views) bool: which views are observed, of those that patients are compared within.
    left_out
        Distances of the patients left out, with the number of their pattern, -1 where it is none of these.
    """

    distances: tuple[FactorDistance, ...]
    patterns: Bools
    left_out: LeftOut

    @classmethod
    def fit(cls, factors: Sequence[Factors], fold: NDArray[np.int64], observed: Bools) -> Self:
        """Learn from the patients of training, whose factors come as they would if they were new.

        Parameters
        ----------
        factors
            Of all n patients, by each member.
        fold
            (n,) number of the member that left each out.
        observed
            (n, views).

        Raises
        ------
        DataError
            If fewer than two patients that a member learned from have any view.
        FitError
            If a factor is not finite.

        Examples
        --------
        >>> mean = np.random.default_rng(0).normal(size=(90, 2))
        >>> by_each = [Factors(mean, np.zeros((90, 2)), np.ones(90, dtype=bool))] * 3
        >>> outlying = Outlying.fit(by_each, np.arange(90) % 3, np.ones((90, 1), dtype=bool))
        >>> far = Factors(np.array([[0.0, 0.0], [9.0, 9.0]]), np.zeros((2, 2)), np.ones(2, dtype=bool))
        >>> outlying.score([far] * 3, np.ones((2, 1), dtype=bool)) > 0.95
        array([False,  True])
        """
        distances, own = [], np.full(len(fold), np.inf)
        for member, of_member in enumerate(factors):
            distance = FactorDistance.fit(of_member, fold != member)
            own[fold == member] = distance(of_member)[fold == member]
            distances.append(distance)
        # Who has no view says nothing of others.
        has = np.isfinite(own)
        patterns, counts = np.unique(observed[has], axis=0, return_counts=True)
        patterns = patterns[counts >= ENOUGH]
        left_out = LeftOut(own[has], fold[has], _pattern(observed[has], patterns))
        return cls(tuple(distances), patterns, left_out)

    def score(self, factors: Sequence[Factors], observed: Bools) -> Array:
        """(m,) scores of new patients, from their factors by each member and which views they have (m, views)."""
        distance = np.stack([far(own) for far, own in zip(self.distances, factors, strict=True)])
        pattern = _pattern(observed, self.patterns)
        within = self.left_out.p_values(distance, pattern)
        together = LeftOut(self.left_out.score, self.left_out.fold, np.zeros_like(self.left_out.category))
        among_all = together.p_values(distance, np.zeros_like(pattern))
        score: Array = 1.0 - np.where((pattern >= 0) & np.isfinite(distance).all(axis=0), within, among_all)
        return score

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        arrays = {"patterns": self.patterns, **vars(self.left_out)}
        for number, distance in enumerate(self.distances):
            arrays |= taken_apart(distance, f"distance{number}")[1]
        write_state(folder, name, {"members": len(self.distances)}, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        numbers = range(settings["members"])
        distances = tuple(put_together(FactorDistance, {}, arrays, f"distance{number}") for number in numbers)
        return cls(distances, arrays.pop("patterns"), LeftOut(**arrays))


def _measured(factors: Factors) -> Array:
    measured: Array = factors.mean / np.sqrt(np.maximum(1.0 - factors.sd**2, SMALLEST))
    return measured


def _pattern(observed: Bools, patterns: Bools) -> NDArray[np.int64]:
    """(n,) number of each patient's pattern, -1 where there is none like it."""
    same = (observed[:, None, :] == patterns[None]).all(axis=2)
    if not len(patterns):
        return np.full(len(observed), -1)
    return np.where(same.any(axis=1), same.argmax(axis=1), -1)
