"""Out-of-distribution score: distance from the training patients among the factors, and reconstruction error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from models.calibration.cross_conformal import HeldOutScores
from models.factors.factor_model import Factors
from omics.common.errors import DataError, FitError
from omics.common.files import from_state, read_state, to_state, write_state

__all__ = ["FactorDistance", "OodScore"]

Array = NDArray[np.float64]
Bools = NDArray[np.bool_]

SMALLEST = 1e-3
"""Smallest variance of a factor's posterior mean; it is 0 if the views carry no information on the factor."""

FEWEST_OF_PATTERN = 50
"""Smallest number of training patients with the same missing views for a comparison among them; with fewer, a new
patient is compared with all training patients."""

LEAST_MEASURED = 0.5
"""A view of which a patient has less than this part of the features that a training patient has counts as missing: a
few values say little on how unlike the patient is."""


ARRAYS = ("patterns", "components", "fold", "least_measured")
"""Fields of :class:`OodScore` that are stored as arrays."""


@dataclass(frozen=True)
class FactorDistance:
    """Mahalanobis distance among the factors from the training patients of one member.

    The posterior mean of a factor is shrunk to 0 if a patient's views carry little information on it. Each mean is
    therefore divided by its expected standard deviation sqrt(1 - sd^2), given the observed views. The covariance is
    estimated with shrinkage (Ledoit and Wolf 2004, doi 10.1016/S0047-259X(03)00096-4).

    Attributes
    ----------
    center, precision
        Mean (K,) and inverse covariance (K, K) of the scaled factors.
    """

    center: Array
    precision: Array

    @classmethod
    def fit(cls, factors: Factors, train: Bools) -> Self:
        """Learn from the training patients `train` (n,) of the member, with factors computed as for new patients.

        Raises
        ------
        DataError
            If fewer than two patients have any view.
        FitError
            If a factor is not finite.
        """
        from sklearn.covariance import ledoit_wolf

        rows = train & factors.known
        if rows.sum() < 2:  # noqa: PLR2004  # one has no spread
            raise DataError(
                f"{int(rows.sum())} patient has any view, so no distance between patients can be computed"
            )
        scaled = _scaled(factors)[rows]
        if not np.isfinite(scaled).all():
            raise FitError("a factor of a training patient is not finite, so distances cannot be computed")
        covariance, _ = ledoit_wolf(scaled)
        # A factor that is the same for all patients has variance 0.
        covariance[np.diag_indices_from(covariance)] += SMALLEST
        return cls(scaled.mean(axis=0), np.linalg.inv(covariance))

    def __call__(self, factors: Factors) -> Array:
        """Return distances (n,); infinite for a patient without any view."""
        away = _scaled(factors) - self.center
        squared = np.einsum("nk,kl,nl->n", away, self.precision, away)
        if not np.isfinite(squared).all():
            raise FitError(
                "a factor is not finite, so the distance from the training patients cannot be computed"
            )
        return np.where(factors.known, np.sqrt(np.maximum(squared, 0.0)), np.inf)


@dataclass(frozen=True)
class OodScore:
    """Out-of-distribution score in [0, 1): the share of held-out training patients with a lower nonconformity.

    Nonconformity combines the distance among the factors and the reconstruction error of each view. The reconstruction
    error is needed since patients of another disease are near the center of factors that do not describe them. The
    components are converted to ranks. The combined value is the largest rank to the power of the number of components,
    which corrects for taking a maximum. A view with too few measured features counts as missing.

    Patients are compared with training patients who lack the same views if there are at least 50 of them, and with all
    training patients otherwise. For patients like those of training, a share a has a score above 1 - a
    (:meth:`models.calibration.cross_conformal.HeldOutScores.p_values`). A patient without any view has the highest
    score.

    Attributes
    ----------
    distances
        Distance of each member.
    patterns
        (patterns, views) bool: patterns of observed views that have enough patients for a comparison among them.
    components
        (n, 1 + views) of the held-out patients: distance, and reconstruction error of each view, NaN if not observed.
    fold
        (n,) number of the member that held each patient out.
    least_measured
        (views,) smallest share of the features of a view with which a patient counts as having the view.
    """

    distances: tuple[FactorDistance, ...]
    patterns: Bools
    components: Array
    fold: NDArray[np.int64]
    least_measured: Array

    @classmethod
    def fit(
        cls,
        factors: Sequence[Factors],
        reconstruction_errors: Sequence[Array],
        measured: Sequence[Array],
        fold: NDArray[np.int64],
    ) -> Self:
        """Learn from the training patients, with factors computed as for new patients.

        Parameters
        ----------
        factors
            Factors of all n patients, by each member.
        reconstruction_errors
            (n, views) by each member (:func:`models.ood.reconstruction_error.reconstruction_error`).
        measured
            (n, views) share of the features of each view that are measured, by each member.
        fold
            (n,) number of the member that held each patient out.

        Raises
        ------
        DataError
            If fewer than two training patients of a member have any view.
        FitError
            If a factor or a reconstruction error is not finite.

        Examples
        --------
        >>> mean = np.random.default_rng(0).normal(size=(90, 2))
        >>> factors = Factors(mean, np.zeros((90, 2)), np.ones(90, dtype=bool))
        >>> reconstruction_error = np.random.default_rng(1).chisquare(9, size=(90, 1))
        >>> all_measured = [np.ones((90, 1))] * 3
        >>> ood_score = OodScore.fit([factors] * 3, [reconstruction_error] * 3, all_measured, np.arange(90) % 3)
        >>> new = Factors(np.array([[0.0, 0.0], [9.0, 9.0], [0.0, 0.0]]), np.zeros((3, 2)), np.ones(3, dtype=bool))
        >>> ood_score.score([new] * 3, [np.array([[9.0], [9.0], [99.0]])] * 3, [np.ones((3, 1))] * 3) > 0.95
        array([False,  True,  True])
        """
        least = _least_measured(measured)
        has_view = _has_view(reconstruction_errors, measured, least)
        distances, components = [], np.empty((len(fold), 1 + len(least)))
        for member, (of_member, reconstruction_error) in enumerate(
            zip(factors, reconstruction_errors, strict=True)
        ):
            distance = FactorDistance.fit(of_member, fold != member)
            out = fold == member
            components[out] = _components(distance(of_member), reconstruction_error, has_view)[out]
            distances.append(distance)
        # Patients without any view are not used for comparison.
        used = np.isfinite(components[:, 0])
        patterns, counts = np.unique(has_view[used], axis=0, return_counts=True)
        frequent = patterns[counts >= FEWEST_OF_PATTERN]
        return cls(tuple(distances), frequent, components[used], fold[used], least)

    def score(
        self, factors: Sequence[Factors], reconstruction_errors: Sequence[Array], measured: Sequence[Array]
    ) -> Array:
        """Return scores (m,) of new patients; arguments by each member as those of :meth:`fit`."""
        has_view = _has_view(reconstruction_errors, measured, self.least_measured)
        by_each = zip(self.distances, factors, reconstruction_errors, strict=True)
        nonconformity = np.stack(
            [
                self._combined(_components(distance(part), error, has_view))
                for distance, part, error in by_each
            ]
        )
        pattern = _pattern(has_view, self.patterns)
        held_out = HeldOutScores(
            self._combined(self.components),
            self.fold,
            _pattern(np.isfinite(self.components[:, 1:]), self.patterns),
        )
        one_category = HeldOutScores(held_out.score, self.fold, np.zeros_like(self.fold))
        among_all = one_category.p_values(nonconformity, np.zeros_like(pattern))
        among_pattern = held_out.p_values(nonconformity, pattern)
        known = np.stack([part.known for part in factors]).all(axis=0) & has_view.any(axis=1)
        score: Array = 1.0 - np.where(known & (pattern >= 0), among_pattern, among_all)
        return score

    def _combined(self, components: Array) -> Array:
        """(n,) nonconformity from all components (n, 1 + views), by their ranks among the held-out patients."""
        ranks = np.full(components.shape, np.nan)
        for rank, component, held_out in zip(ranks.T, components.T, self.components.T, strict=True):
            known = ~np.isnan(component)
            reference = np.sort(held_out[np.isfinite(held_out)])
            rank[known] = np.searchsorted(reference, component[known], side="left") / max(len(reference), 1)
        combined: Array = np.nanmax(ranks, axis=1) ** (~np.isnan(ranks)).sum(axis=1)
        return combined

    def save(self, folder: Path, name: str) -> None:
        """Write json and safetensors."""
        arrays = {name: getattr(self, name) for name in ARRAYS}
        for number, distance in enumerate(self.distances):
            arrays |= to_state(distance, f"distance{number}")[1]
        write_state(folder, name, {"members": len(self.distances)}, arrays)

    @classmethod
    def load(cls, folder: Path, name: str) -> Self:
        """Read what :meth:`save` wrote."""
        settings, arrays = read_state(folder, name)
        numbers = range(settings["members"])
        distances = tuple(from_state(FactorDistance, {}, arrays, f"distance{number}") for number in numbers)
        # Models of earlier versions have no such shares: any measured feature counts.
        arrays.setdefault("least_measured", np.zeros(arrays["patterns"].shape[1]))
        return cls(distances, *(arrays[name] for name in ARRAYS))


def _least_measured(measured: Sequence[Array]) -> Array:
    """Return (views,) LEAST_MEASURED times the median share among the patients who have any feature of the view."""
    shares = np.mean(np.stack(measured), axis=0)
    medians = [np.median(column[column > 0.0]) if (column > 0.0).any() else 0.0 for column in shares.T]
    return LEAST_MEASURED * np.asarray(medians, dtype=np.float64)


def _has_view(reconstruction_errors: Sequence[Array], measured: Sequence[Array], least: Array) -> Bools:
    """(n, views) bool: True if the reconstruction error of the view is known, and enough features are measured."""
    of_each = np.stack(reconstruction_errors)
    if np.isinf(of_each).any():
        raise FitError("a reconstruction error is infinite: a value is impossible given the factors")
    enough = np.mean(np.stack(measured), axis=0) >= least
    has_view: Bools = np.any(np.isfinite(of_each), axis=0) & enough
    return has_view


def _components(distance: Array, reconstruction_error: Array, has_view: Bools) -> Array:
    """(n, 1 + views): distance, infinite for a patient without any view, and the error of each view, NaN without it."""
    known = np.where(has_view.any(axis=1), distance, np.inf)
    return np.column_stack([known, np.where(has_view, reconstruction_error, np.nan)])


def _scaled(factors: Factors) -> Array:
    scaled: Array = factors.mean / np.sqrt(np.maximum(1.0 - factors.sd**2, SMALLEST))
    return scaled


def _pattern(observed: Bools, patterns: Bools) -> NDArray[np.int64]:
    """(n,) number of each patient's pattern of observed views, -1 if it is none of `patterns`."""
    same = (observed[:, None, :] == patterns[None]).all(axis=2)
    if not len(patterns):
        return np.full(len(observed), -1)
    return np.where(same.any(axis=1), same.argmax(axis=1), -1)
