"""A mixture of groups with one shrunken covariance, learned from coordinates that are known with error."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp, softmax

from omics.common.errors import DataError
from stratomics.strata.groups.factor_space import Coordinates

__all__ = ["SPHERE", "GroupMixture"]

Array = NDArray[np.float64]

SPHERE = 100.0
"""Weight in patients of the sphere towards which the covariance is shrunk."""

STARTS = 20
STEPS = 200
TOLERANCE = 1e-6
FEWEST = 2.0
"""A group with fewer expected patients is no group."""
SOFT = 0.1
"""Probability of a start that is spread over all groups."""


@dataclass(frozen=True)
class GroupMixture:
    """k groups of patients with one covariance.

    Attributes
    ----------
    shares
        (k,) share of each group; the probabilities of a patient without data.
    means
        (k, q).
    covariance
        (q, q) of true coordinates within a group.
    """

    shares: Array
    means: Array
    covariance: Array

    @classmethod
    def fit(
        cls, patients: Coordinates, k: int, generator: np.random.Generator, fewest: float = FEWEST
    ) -> GroupMixture:
        """Learn k groups; of several starts, the one with the largest penalised likelihood is kept.

        Expectation maximisation with the error of each patient (extreme deconvolution: Bovy, Hogg and Roweis 2011, doi
        10.1214/10-AOAS439), so that a patient with few data counts little. The covariance is shrunk towards a sphere
        by the weight of 100 patients: factors that explain little then count little.

        Parameters
        ----------
        patients
            At least k patients; those without any view are left out.
        k
            Number of groups; with 1, one cloud.
        generator
            Source of the starts.
        fewest
            Expected patients of the smallest group; a start that ends with a smaller one is left out.

        Raises
        ------
        DataError
            If no start ends with k such groups.
        """
        known = patients.take(patients.known)
        best: tuple[float, GroupMixture] | None = None
        for start in _starts(known.mean, k, generator):
            likelihood, mixture, expected = _maximise(known, start)
            if expected.min() >= fewest and (best is None or likelihood > best[0]):
                best = likelihood, mixture
        if best is None:
            raise DataError(
                f"these {len(known)} patients do not form {k} groups of at least {fewest:g} patients; ask for fewer "
                "groups or other factors"
            )
        return best[1].by_size()

    def by_size(self) -> GroupMixture:
        """Order the groups from the largest to the smallest."""
        order = np.argsort(-self.shares, kind="stable")
        return GroupMixture(self.shares[order], self.means[order], self.covariance)

    def probabilities(self, patients: Coordinates) -> Array:
        """(n, k) probability of each group; a patient without any view gets the shares."""
        logs = np.log(self.shares) + self._log_densities(patients)[0]
        result: Array = softmax(logs, axis=1)
        result[~patients.known] = self.shares
        return result

    def distance(self, patients: Coordinates) -> Array:
        """(n,) squared Mahalanobis distance to the nearest group, with the error of the patient."""
        nearest: Array = self._log_densities(patients)[1].min(axis=1)
        return nearest

    def _log_densities(self, patients: Coordinates) -> tuple[Array, Array]:
        """Log density (n, k) up to a constant, and squared distance (n, k)."""
        which, inverse, log_determinant = _inverses(self.covariance, patients.variance)
        difference = patients.value[:, None] - self.means
        squared = np.einsum("nkq,nqr,nkr->nk", difference, inverse[which], difference)
        return -0.5 * (squared + log_determinant[which, None]), squared


def _inverses(covariance: Array, variance: Array) -> tuple[NDArray[np.int64], Array, Array]:
    """Pattern (n,) of errors of each patient, and inverse and log determinant of the covariance of each pattern."""
    patterns, which = np.unique(variance, axis=0, return_inverse=True)
    total = covariance + patterns[:, :, None] * np.eye(covariance.shape[0])
    inverse, log_determinant = np.linalg.inv(total), np.linalg.slogdet(total)[1]
    return which.reshape(-1).astype(np.int64), inverse.astype(np.float64), log_determinant.astype(np.float64)


def _starts(mean: Array, k: int, generator: np.random.Generator) -> Iterator[Array]:
    """Memberships (n, k) from k-means, every second time after scaling each axis to variance 1."""
    from sklearn.cluster import KMeans

    deviation = np.maximum(mean.std(axis=0), 1e-9)
    for number in range(STARTS if k > 1 else 1):
        scaled = mean / deviation if number % 2 else mean
        seed = int(generator.integers(2**31))
        labels = KMeans(k, n_init=1, random_state=seed).fit_predict(scaled)
        yield np.eye(k)[labels] * (1.0 - SOFT) + SOFT / k


def _maximise(patients: Coordinates, start: Array) -> tuple[float, GroupMixture, Array]:
    """Run the algorithm from memberships (n, k); return likelihood, mixture and expected patients of each group."""
    mixture, before, member = _first(patients, start), -np.inf, start
    for _ in range(STEPS):
        which, inverse, log_determinant = _inverses(mixture.covariance, patients.variance)
        difference = patients.value[:, None] - mixture.means
        pulled = np.einsum("nqr,nkr->nkq", inverse[which], difference)
        logs = np.log(mixture.shares) - 0.5 * (
            (difference * pulled).sum(axis=-1) + log_determinant[which, None]
        )
        likelihood = float(logsumexp(logs, axis=1).sum()) + _penalty(mixture.covariance)
        member = softmax(logs, axis=1)
        if abs(likelihood - before) < TOLERANCE * abs(likelihood):
            break
        before = likelihood
        true = mixture.means + pulled @ mixture.covariance
        shrunk = np.einsum(
            "pqr,rs->pqs", np.einsum("qr,prs->pqs", mixture.covariance, inverse), mixture.covariance
        )
        spread = len(patients) * mixture.covariance - np.einsum("p,pqr->qr", np.bincount(which), shrunk)
        mixture = _updated(true, member, spread)
    return likelihood, mixture, member.sum(axis=0)


def _first(patients: Coordinates, member: Array) -> GroupMixture:
    true = np.repeat(patients.mean[:, None], member.shape[1], axis=1)
    return _updated(true, member, np.zeros((true.shape[2], true.shape[2])))


def _updated(true: Array, member: Array, spread: Array) -> GroupMixture:
    """Shares, means and shrunken covariance from the expected true coordinates (n, k, q) and memberships (n, k)."""
    expected = member.sum(axis=0) + 1e-9
    means = (member[:, :, None] * true).sum(axis=0) / expected[:, None]
    difference = true - means
    scatter = np.einsum("nk,nkq,nkr->qr", member, difference, difference) + spread
    n, q = len(member), true.shape[2]
    sphere = np.trace(scatter) / n / q * np.eye(q)
    return GroupMixture(expected / expected.sum(), means, (scatter + SPHERE * sphere) / (n + SPHERE))


def _penalty(covariance: Array) -> float:
    """Log density of the covariance under the prior that shrinks it, up to a constant."""
    sphere = float(np.trace(covariance)) / len(covariance)
    inverse = float(np.trace(np.linalg.inv(covariance)))
    return -0.5 * SPHERE * (float(np.linalg.slogdet(covariance)[1]) + sphere * inverse)
