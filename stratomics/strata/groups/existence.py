"""Whether there are groups at all: prediction strength, against one cloud and against axes with one mode."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from stratomics.strata.groups.mixture import SPHERE
from stratomics.strata.groups.references import heavy_cloud, one_mode

__all__ = ["Existence", "PredictionStrength", "Reference", "groups_exist"]

Array = NDArray[np.float64]

HALVES, DRAWS, DRAW_HALVES = 20, 19, 10
"""Random halves of the patients, draws of each reference, and halves of each draw."""
EDGE_HALVES, EDGE_DRAWS, EDGE_DRAW_HALVES, BATCH = 200, 99, 20, 20
"""The same near the edge of a decision, where at most this many draws are made; and draws between two looks."""
LEVEL = 0.05
LEAST_STRENGTH = 0.5
NEARLY = 0.45
"""Strength of the first halves from which it may be one half."""

INSIDE = 4
"""From this many of the first draws with as much strength the cohort is like a reference."""
BEYOND = 2.5
"""Standard deviations above the mean of the first draws from which the cohort is beyond a reference."""
DOUBT = 0.05
"""Probability below which the count of draws is decided before the last draw."""

STARTS, ROUNDS, STEPS = 3, 8, 30
"""Starts of a mixture, steps of k-means of each start, and steps of expectation maximisation."""


@dataclass(frozen=True)
class Reference:
    """Prediction strength in data without groups.

    Attributes
    ----------
    mean, high
        Mean and 95th percentile of the draws.
    p
        One-sided p: share of draws with at least the strength of the cohort.
    draws
        Number of draws.
    """

    mean: float
    high: float
    p: float
    draws: int


@dataclass(frozen=True)
class PredictionStrength:
    """Prediction strength of one number of groups.

    Attributes
    ----------
    k
        Number of groups.
    strength
        Mean over halves; 1 if groups learned from one half are found again in the other.
    cloud, one_mode
        Clouds with heavy tails, and axes with one mode.
    """

    k: int
    strength: float
    cloud: Reference
    one_mode: Reference

    @property
    def beyond(self) -> bool:
        """Whether the strength is beyond both references, and at least one half."""
        return max(self.cloud.p, self.one_mode.p) <= LEVEL and self.strength >= LEAST_STRENGTH


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
    covariance, against a multivariate t cloud with the covariance and Mardia's kurtosis of the cohort, and principal
    axes with one mode each (Silverman 1981, doi 10.1111/j.2517-6161.1981.tb01155.x). Heavy tails alone look like groups
    to the first kind of reference if it is Gaussian, and skewed axes to the t cloud.

    None of 19 draws may be as strong as the cohort, which is a matter of chance if its p is near 0.05. Such a number
    of groups is therefore tested again by 200 halves and up to 99 draws (sequentially: Besag and Clifford 1991, doi
    10.1093/biomet/78.2.301), unless it is too weak to count or a larger number is supported.

    Parameters
    ----------
    x
        (n, q) coordinates of the patients.
    numbers
        Numbers of groups to test, each at least 2, in increasing order.
    generator
        Source of halves and draws.

    Returns
    -------
    Existence
        One test per number.
    """
    observed = _strengths([x], numbers, HALVES, generator)[0]
    kinds = (heavy_cloud, one_mode)
    first = [
        _strengths([draw(x, generator) for _ in range(DRAWS)], numbers, DRAW_HALVES, generator)
        for draw in kinds
    ]
    tests: list[PredictionStrength] = []
    for place, k in reversed(list(enumerate(numbers))):
        strength, drawn = float(observed[place]), [reference[:, place] for reference in first]
        inside = any((values >= strength).sum() >= INSIDE for values in drawn)
        if strength >= NEARLY and not inside and not any(test.beyond for test in tests):
            strength = float(_strengths([x], (k,), EDGE_HALVES, generator)[0, 0])
            if strength >= LEAST_STRENGTH:
                drawn = [
                    values
                    if _is_beyond(strength, values)
                    else _near_the_edge(x, k, strength, draw, generator)
                    for draw, values in zip(kinds, drawn, strict=True)
                ]
        tests.append(PredictionStrength(k, strength, *(_reference(strength, values) for values in drawn)))
    return Existence(tuple(reversed(tests)))


def _is_beyond(strength: float, drawn: Array) -> bool:
    return bool(strength > max(drawn.max(), drawn.mean() + BEYOND * drawn.std(ddof=1)))


def _near_the_edge(
    x: Array,
    k: int,
    strength: float,
    draw: Callable[[Array, np.random.Generator], Array],
    generator: np.random.Generator,
) -> Array:
    """Strengths of further draws, until it is clear whether more than one in twenty is as strong as the cohort."""
    drawn = np.empty(0)
    while len(drawn) < EDGE_DRAWS:
        batch = [draw(x, generator) for _ in range(min(BATCH, EDGE_DRAWS - len(drawn)))]
        drawn = np.concatenate([drawn, _strengths(batch, (k,), EDGE_DRAW_HALVES, generator)[:, 0]])
        count = int((drawn >= strength).sum())
        if min(binom.sf(count - 1, len(drawn), LEVEL), binom.cdf(count, len(drawn), LEVEL)) < DOUBT:
            break
    return drawn


def _reference(strength: float, drawn: Array) -> Reference:
    p = float((1 + (drawn >= strength).sum()) / (1 + len(drawn)))
    return Reference(float(drawn.mean()), float(np.quantile(drawn, 1.0 - LEVEL)), p, len(drawn))


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
