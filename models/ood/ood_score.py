"""How unlike the patients of training a new patient is: far away among them, or not to be told by their factors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.cross_conformal import LeftOut
from models.factors.factor_model import Factors
from omics.common.errors import DataError, FitError
from omics.common.files import from_state, read_state, to_state, write_state

__all__ = ["FactorDistance", "OodScore"]

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
class OodScore:
    """A score in [0, 1): the share of patients left out who are less strange, high for who is unlike them.

    A patient is strange by his distance among the factors, or by how badly these tell the values of one of his views:
    patients of another disease lie near the center of factors that do not concern them. The largest of his ranks
    decides, to the power of their number, since the largest of many is large.

    Patients are compared with those who lack the same views, where there are at least 50 of them, and with all
    otherwise. Of patients like those of training a share a scores above 1 - a
    (:meth:`models.calibration.cross_conformal.LeftOut.p_values`). A patient without any view has the highest score.

    Attributes
    ----------
    distances
        Of each member.
    patterns
        (patterns, views) bool: which views are observed, of those that patients are compared within.
    parts
        (n, 1 + views) of the patients left out: distance, and misfit of each view, NaN where it is not observed.
    fold
        (n,) number of the member that left each out.
    """

    distances: tuple[FactorDistance, ...]
    patterns: Bools
    parts: Array
    fold: NDArray[np.int64]

    @classmethod
    def fit(
        cls, factors: Sequence[Factors], reconstruction_errors: Sequence[Array], fold: NDArray[np.int64]
    ) -> Self:
        """Learn from the patients of training, whose factors come as they would if they were new.

        Parameters
        ----------
        factors
            Of all n patients, by each member.
        reconstruction_errors
            (n, views) by each member (:func:`models.ood.reconstruction_error.reconstruction_error`).
        fold
            (n,) number of the member that left each out.

        Raises
        ------
        DataError
            If fewer than two patients that a member learned from have any view.
        FitError
            If a factor or a misfit is not finite.

        Examples
        --------
        >>> mean = np.random.default_rng(0).normal(size=(90, 2))
        >>> factors = Factors(mean, np.zeros((90, 2)), np.ones(90, dtype=bool))
        >>> reconstruction_error = np.random.default_rng(1).chisquare(9, size=(90, 1))
        >>> ood_score = OodScore.fit([factors] * 3, [reconstruction_error] * 3, np.arange(90) % 3)
        >>> new = Factors(np.array([[0.0, 0.0], [9.0, 9.0], [0.0, 0.0]]), np.zeros((3, 2)), np.ones(3, dtype=bool))
        >>> ood_score.score([new] * 3, [np.array([[9.0], [9.0], [99.0]])] * 3) > 0.95
        array([False,  True,  True])
        """
        distances, own = [], np.empty((len(fold), 1 + reconstruction_errors[0].shape[1]))
        for member, (of_member, reconstruction_error) in enumerate(
            zip(factors, reconstruction_errors, strict=True)
        ):
            distance = FactorDistance.fit(of_member, fold != member)
            out = fold == member
            own[out] = np.column_stack([distance(of_member), reconstruction_error])[out]
            distances.append(distance)
        # Who has no view says nothing of others.
        has = np.isfinite(own[:, 0])
        observed = _observed(reconstruction_errors)[has]
        patterns, counts = np.unique(observed, axis=0, return_counts=True)
        return cls(tuple(distances), patterns[counts >= ENOUGH], own[has], fold[has])

    def score(self, factors: Sequence[Factors], reconstruction_errors: Sequence[Array]) -> Array:
        """(m,) scores of new patients, from their factors and the misfit of their views by each member."""
        by_each = zip(self.distances, factors, reconstruction_errors, strict=True)
        strange = np.stack([self._rank(np.column_stack([far(own), fit])) for far, own, fit in by_each])
        pattern = _pattern(_observed(reconstruction_errors), self.patterns)
        left_out = LeftOut(
            self._rank(self.parts), self.fold, _pattern(np.isfinite(self.parts[:, 1:]), self.patterns)
        )
        all_alike = LeftOut(left_out.score, self.fold, np.zeros_like(self.fold))
        among_all = all_alike.p_values(strange, np.zeros_like(pattern))
        known = np.stack([own.known for own in factors]).all(axis=0)
        score: Array = 1.0 - np.where(known & (pattern >= 0), left_out.p_values(strange, pattern), among_all)
        return score

    def _rank(self, parts: Array) -> Array:
        """(n,) how strange patients are by all their parts (n, 1 + views), among those left out."""
        ranks = np.full(parts.shape, np.nan)
        for rank, part, left_out in zip(ranks.T, parts.T, self.parts.T, strict=True):
            there = ~np.isnan(part)
            known = np.sort(left_out[np.isfinite(left_out)])
            rank[there] = np.searchsorted(known, part[there], side="left") / max(len(known), 1)
        together: Array = np.nanmax(ranks, axis=1) ** (~np.isnan(ranks)).sum(axis=1)
        return together

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        arrays = {"patterns": self.patterns, "parts": self.parts, "fold": self.fold}
        for number, distance in enumerate(self.distances):
            arrays |= to_state(distance, f"distance{number}")[1]
        write_state(folder, name, {"members": len(self.distances)}, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        numbers = range(settings["members"])
        distances = tuple(from_state(FactorDistance, {}, arrays, f"distance{number}") for number in numbers)
        return cls(distances, **arrays)


def _observed(reconstruction_errors: Sequence[Array]) -> Bools:
    """(n, views) which views of a patient anybody can judge."""
    of_each = np.stack(reconstruction_errors)
    if np.isinf(of_each).any():
        raise FitError("a misfit is infinite: the factors say of a value that it cannot be")
    observed: Bools = np.any(np.isfinite(of_each), axis=0)
    return observed


def _measured(factors: Factors) -> Array:
    measured: Array = factors.mean / np.sqrt(np.maximum(1.0 - factors.sd**2, SMALLEST))
    return measured


def _pattern(observed: Bools, patterns: Bools) -> NDArray[np.int64]:
    """(n,) number of each patient's pattern, -1 where there is none like it."""
    same = (observed[:, None, :] == patterns[None]).all(axis=2)
    if not len(patterns):
        return np.full(len(observed), -1)
    return np.where(same.any(axis=1), same.argmax(axis=1), -1)
