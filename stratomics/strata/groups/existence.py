"""Whether there are groups at all: prediction strength, against one cloud and against axes with one mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stratomics.strata.groups.mixture import SPHERE

__all__ = ["Existence", "PredictionStrength", "groups_exist"]

Array = NDArray[np.float64]

HALVES = 20
"""Random halves of the patients by which the cohort is evaluated."""
REFERENCE_HALVES = 10
DRAWS = 19
LEVEL = 0.05
LEAST_STRENGTH = 0.5

STARTS, ROUNDS, STEPS = 3, 8, 30
"""Starts of a mixture, steps of k-means of each start, and steps of expectation maximisation."""


@dataclass(frozen=True)
class PredictionStrength:
    """Prediction strength of one number of groups.

    Attributes
    ----------
    k
        Number of groups.
    strength
        Mean over halves; 1 if groups learned from one half are found again in the other.
    p_cloud, p_one_mode
        One-sided p against clouds with heavy tails, and against axes with one mode.
    cloud, one_mode
        Mean strength of the draws.
    """

    k: int
    strength: float
    p_cloud: float
    p_one_mode: float
    cloud: float
    one_mode: float

    @property
    def beyond(self) -> bool:
        """Whether the strength is beyond both references, and at least one half."""
        return max(self.p_cloud, self.p_one_mode) <= LEVEL and self.strength >= LEAST_STRENGTH


@dataclass(frozen=True)
class Existence:
    """The test of each number of groups, in increasing order."""

    tests: tuple[PredictionStrength, ...]

    @property
    def k(self) -> int | None:
        """The largest number of groups that the data support; None for gradients without groups."""
        supported = [test.k for test in self.tests if test.beyond]
        return max(supported, default=None)


def groups_exist(x: Array, numbers: Sequence[int], generator: np.random.Generator) -> Existence:
    """Test for each number of groups whether they are found again, more than in data without groups.

    Prediction strength (Tibshirani and Walther 2005, doi 10.1198/106186005X59243) of a mixture with one shrunken
    covariance. The references are a multivariate t cloud with the covariance and Mardia's kurtosis of the cohort, and
    principal axes with one mode each (Silverman 1981, doi 10.1111/j.2517-6161.1981.tb01155.x). Heavy tails alone look
    like groups to the first kind of reference if it is Gaussian, and skewed axes to the t cloud.

    Parameters
    ----------
    x
        (n, q) coordinates of the patients.
    numbers
        Numbers of groups to test, each at least 2.
    generator
        Source of halves and draws.

    Returns
    -------
    Existence
        One test per number.
    """
    observed = _strengths([x], numbers, HALVES, generator)[0]
    references = [
        _strengths([draw(x, generator) for _ in range(DRAWS)], numbers, REFERENCE_HALVES, generator)
        for draw in (_heavy_cloud, _one_mode)
    ]
    tests = []
    for place, k in enumerate(numbers):
        drawn = [reference[:, place] for reference in references]
        p = [float((1 + (values >= observed[place]).sum()) / (1 + DRAWS)) for values in drawn]
        tests.append(
            PredictionStrength(
                k, float(observed[place]), p[0], p[1], float(drawn[0].mean()), float(drawn[1].mean())
            )
        )
    return Existence(tuple(tests))


def _strengths(
    samples: Sequence[Array], numbers: Sequence[int], halves: int, generator: np.random.Generator
) -> Array:
    """Mean prediction strength (samples, numbers) over random halves."""
    half = len(samples[0]) // 2
    parts: list[list[Array]] = [[], []]
    for x in samples:
        for _ in range(halves):
            order = generator.permutation(len(x))
            for part, rows in zip(parts, (order[:half], order[half : 2 * half]), strict=True):
                part.append(x[rows])
    first, second = (np.stack(part) for part in parts)
    result = np.empty((len(samples), len(numbers)))
    for place, k in enumerate(numbers):
        one, two = _fitted(first, k, generator), _fitted(second, k, generator)
        both = (_agreement(one(second), two(second), k) + _agreement(two(first), one(first), k)) / 2
        result[:, place] = both.reshape(len(samples), halves).mean(axis=1)
    return result


def _agreement(assigned: NDArray[np.int64], own: NDArray[np.int64], k: int) -> Array:
    """(b,) smallest share of pairs of an own group (b, n) that are assigned to one group (b, n).

    A group of fewer than two patients has no pair, and counts as not found again.
    """
    table = np.einsum("bni,bnj->bij", np.eye(k)[own], np.eye(k)[assigned])
    size = table.sum(axis=2)
    pairs = (table * (table - 1)).sum(axis=2)
    share: Array = np.divide(pairs, size * (size - 1), out=np.zeros_like(size), where=size > 1).min(axis=1)
    return share


def _fitted(x: Array, k: int, generator: np.random.Generator) -> Callable[[Array], NDArray[np.int64]]:
    """Fit a mixture to each of b samples (b, n, q) at once; returns the function that assigns (b, m, q) to groups.

    Thousands of halves need this: coordinates without error, all samples in one array.
    :class:`stratomics.strata.groups.mixture.GroupMixture` is the model of one sample, with errors.
    """
    b, n, _ = x.shape
    best, least = (np.zeros((b, k, x.shape[2])), np.zeros((b, k))), np.full(b, -np.inf)
    for _ in range(STARTS):
        chosen = np.argsort(generator.random((b, n)), axis=1)[:, :k]
        slope, offset, likelihood = _expectation_maximisation(
            x, _k_means(x, x[np.arange(b)[:, None], chosen])
        )
        better = likelihood > least
        best[0][better], best[1][better], least[better] = slope[better], offset[better], likelihood[better]
    slope, offset = best
    return lambda new: (np.einsum("bmq,bkq->bmk", new, slope) + offset[:, None]).argmax(axis=2)


def _k_means(x: Array, centers: Array) -> Array:
    """(b, n, k) memberships of 0 or 1 after a few steps from centers (b, k, q)."""
    member = np.zeros((*x.shape[:2], centers.shape[1]))
    for _ in range(ROUNDS):
        nearness = 2 * np.einsum("bnq,bkq->bnk", x, centers) - (centers**2).sum(axis=2)[:, None]
        member = np.eye(centers.shape[1])[nearness.argmax(axis=2)]
        size = member.sum(axis=1)[:, :, None]
        centers = np.where(size > 0, np.einsum("bnk,bnq->bkq", member, x) / np.maximum(size, 1.0), centers)
    return member


def _expectation_maximisation(x: Array, member: Array) -> tuple[Array, Array, Array]:
    """Slopes (b, k, q), offsets (b, k) and likelihood (b,) of mixtures with one shrunken covariance.

    With one covariance the log density is linear in x, apart from a term that all groups share.
    """
    _, n, q = x.shape
    second, eye = np.einsum("bnq,bnr->bqr", x, x), np.eye(q)
    for _ in range(STEPS):
        size = member.sum(axis=1) + 1e-9
        means = np.einsum("bnk,bnq->bkq", member, x) / size[:, :, None]
        within = second - np.einsum("bk,bkq,bkr->bqr", size, means, means)
        sphere = np.trace(within, axis1=1, axis2=2)[:, None, None] / (n * q)
        covariance = (within + (SPHERE * sphere + 1e-12) * eye) / (n + SPHERE)
        slope = np.linalg.solve(covariance, means.transpose(0, 2, 1)).transpose(0, 2, 1)
        offset = np.log(size / size.sum(axis=1, keepdims=True)) - 0.5 * (slope * means).sum(axis=2)
        logs = np.einsum("bnq,bkq->bnk", x, slope) + offset[:, None]
        largest = logs.max(axis=2, keepdims=True)
        weight = np.exp(logs - largest)
        total = weight.sum(axis=2, keepdims=True)
        member = weight / total
    inverse = np.linalg.inv(covariance)
    common = np.einsum("bqr,bqr->b", second, inverse) + n * np.linalg.slogdet(covariance)[1]
    return slope, offset, (largest + np.log(total)).sum(axis=(1, 2)) - 0.5 * common


def _heavy_cloud(x: Array, generator: np.random.Generator) -> Array:
    """Draw one multivariate t cloud with the covariance and Mardia's kurtosis of x (n, q)."""
    n, q = x.shape
    normal = generator.standard_normal((n, q)) @ _root(x)
    degrees = _degrees(x)
    if not np.isfinite(degrees):
        return normal
    # The scale keeps the variance of the t distribution at that of the cohort.
    mixing = generator.chisquare(degrees, n) / (degrees - 2.0)
    drawn: Array = normal / np.sqrt(mixing)[:, None]
    return drawn


def _root(x: Array) -> Array:
    values, axes = np.linalg.eigh(np.cov(x.T, ddof=1).reshape(x.shape[1], -1))
    root: Array = np.sqrt(np.maximum(values, 0.0))[:, None] * axes.T
    return root


def _degrees(x: Array) -> float:
    """Degrees of freedom of a multivariate t with Mardia's kurtosis of x; infinite for normal tails."""
    n, q = x.shape
    centred = x - x.mean(axis=0)
    squared = (centred @ np.linalg.pinv(centred.T @ centred / n) * centred).sum(axis=1)
    ratio = float((squared**2).mean()) / (q * (q + 2) * (n - 1) / (n + 1))
    return (4.0 * ratio - 2.0) / (ratio - 1.0) if ratio > 1.0 else float("inf")


def _one_mode(x: Array, generator: np.random.Generator) -> Array:
    """Draw principal axes independently, each from the density of x with the least smoothing that has one mode."""
    n = len(x)
    centre = x.mean(axis=0)
    _, _, axes = np.linalg.svd(x - centre, full_matrices=False)
    scores = (x - centre) @ axes.T
    drawn = np.empty_like(scores)
    for number, values in enumerate(scores.T):
        width, variance = _least_smoothing(values), values.var()
        noisy = values[generator.integers(n, size=n)] + width * generator.standard_normal(n)
        drawn[:, number] = noisy / np.sqrt(1.0 + width**2 / variance) if variance > 0 else noisy
    result: Array = drawn @ axes + centre
    return result


def _least_smoothing(values: Array) -> float:
    """Smallest bandwidth of a Gaussian kernel at which the density has one mode (bisection)."""
    spread = float(values.std())
    if spread == 0.0:
        return 0.0
    low, high = 0.0, 2.0 * spread
    grid = np.linspace(values.min() - spread, values.max() + spread, 256)
    for _ in range(20):
        middle = (low + high) / 2
        density = np.exp(-0.5 * ((grid[:, None] - values) / middle) ** 2).sum(axis=1)
        rising = np.diff(density) > 0
        modes = int((rising[:-1] & ~rising[1:]).sum())
        low, high = (low, middle) if modes <= 1 else (middle, high)
    return high
