"""Learning curve: loss against the number of training patients, and what more patients would give.

The loss is the Brier score: of a positive response, or of the event by the horizon, weighted for censoring.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.linear.group_ridge import group_ridge, likelihood_of
from models.linear.logistic_net import LogisticLikelihood
from models.survival.breslow import BreslowBaseline
from models.survival.kaplan_meier import StepFunction, censoring_survival
from omics.cohort.endpoints import Response, Survival
from omics.common.errors import DataError
from omics.common.seeds import named_generator
from stratomics.evaluation.comparison import resamples
from stratomics.evaluation.intervals import Estimate, estimate_with_interval
from stratomics.transportability.curve_draws import curve_draws, training_variance
from stratomics.transportability.power_law import fit_power_law

__all__ = [
    "LearningCurve",
    "LearningPoint",
    "Projection",
    "curve_of_losses",
    "learning_curve",
    "subset_losses",
]

Array = NDArray[np.float64]
Rows = NDArray[np.int64]

FOLDS = 5
REPEATS = 8
SIZES = 7
FEWEST_OUTCOMES = 8
"""Events, or patients of the rarer class, in the smallest subset."""
DRAWS = 500


@dataclass(frozen=True)
class LearningPoint:
    """Mean loss in held-out patients of models that learn from a number of patients."""

    patients: int
    loss: Estimate


@dataclass(frozen=True)
class Projection:
    """Loss by the power law, and how much lower it is than with the present number of patients.

    Attributes
    ----------
    patients
        Number of training patients.
    more
        Patients beyond those of the cohort.
    loss, gain
        With 95% intervals.
    """

    patients: int
    more: int
    loss: Estimate
    gain: Estimate


@dataclass(frozen=True)
class LearningCurve:
    """Learning curve of a ridge regression on the factors and covariates of a run, by the Brier score.

    Attributes
    ----------
    points
        Mean losses by size of the subset.
    limit
        Loss of the power law for any number of patients.
    exponent
        Exponent of the power law.
    now
        Loss with all patients.
    projections
        Loss with more patients.
    """

    points: tuple[LearningPoint, ...]
    limit: Estimate
    exponent: float
    now: Projection
    projections: tuple[Projection, ...]


def learning_curve(
    inputs: Array,
    block: Rows,
    endpoint: Survival | Response,
    horizon: float,
    more: tuple[int, ...],
    seed: int,
) -> LearningCurve:
    """Measure the loss against the number of training patients, and extrapolate it.

    In each repeat and fold, nested subsets of the training patients fit a ridge regression, which predicts the held-out
    patients. Intervals have three sources: patients are resampled with their losses at all sizes, which cancels what
    sizes have in common; repeats are resampled; and the loss of a model varies with its training cohort, here and with
    more patients (:func:`stratomics.transportability.curve_draws.training_variance`).

    Parameters
    ----------
    inputs
        (n, K) factors and covariates.
    block
        (K,) number of the block of each input; each block has its own penalty.
    endpoint
        Endpoint, observed in all n patients.
    horizon
        Time at which survival is predicted.
    more
        Numbers of further patients to extrapolate to.
    seed
        Seed of folds and subsets.

    Returns
    -------
    LearningCurve

    Raises
    ------
    DataError
        If there are too few events, or patients of the rarer class, for three sizes.
    """
    sizes = _sizes(endpoint)
    losses = subset_losses(inputs, block, endpoint, horizon, sizes, seed)
    return curve_of_losses(losses, sizes, endpoint, horizon, more, seed)


def curve_of_losses(
    losses: Array,
    sizes: list[int],
    endpoint: Survival | Response,
    horizon: float,
    more: tuple[int, ...],
    seed: int,
) -> LearningCurve:
    """Fit and extrapolate a learning curve.

    Parameters
    ----------
    losses
        (repeats, sizes, n) losses of :func:`subset_losses`.
    sizes
        Numbers of patients in the subsets.
    endpoint, horizon, more, seed
        As in :func:`learning_curve`.

    Returns
    -------
    LearningCurve
    """
    n, number = losses.shape[2], np.array(sizes, dtype=np.float64)
    generator, weight = (
        named_generator(seed, "draws of a learning curve"),
        resamples(np.arange(n), DRAWS, seed),
    )
    # Censoring is estimated in each resample: with fixed weights the loss would vary too much.
    counted = weight * _censoring_weight(endpoint, horizon, weight)
    curves, of_repeats = curve_draws(losses, weight, counted, generator)
    spread = np.sqrt(training_variance(of_repeats, number, n))
    here, there = np.vstack([np.zeros(2), generator.normal(size=(DRAWS, 2))]).T * spread
    law = fit_power_law(number, curves)

    def projected(patients: int) -> Projection:
        loss = estimate_with_interval(law(patients) + here / n + there / patients)
        return Projection(patients, patients - n, loss, estimate_with_interval(law(n) - law(patients)))

    return LearningCurve(
        tuple(
            LearningPoint(size, estimate_with_interval(values + here / n))
            for size, values in zip(sizes, curves.T, strict=True)
        ),
        estimate_with_interval(law.limit + here / n),
        float(law.exponent[0]),
        projected(n),
        tuple(projected(n + extra) for extra in more),
    )


def _outcome(endpoint: Survival | Response) -> NDArray[np.bool_]:
    return endpoint.event if isinstance(endpoint, Survival) else endpoint.positive


def _sizes(endpoint: Survival | Response) -> list[int]:
    outcome = _outcome(endpoint)
    n, rate = len(outcome), float(outcome.mean())
    rarer = rate if isinstance(endpoint, Survival) else min(rate, 1.0 - rate)
    largest = n - -(-n // FOLDS)
    smallest = max(20, int(np.ceil(FEWEST_OUTCOMES / rarer))) if rarer > 0 else n
    if 2 * smallest > largest:
        raise DataError(
            f"a learning curve needs twice as many patients as its smallest subset ({smallest}, for {FEWEST_OUTCOMES} "
            f"events or patients of the rarer class); training parts have {largest}"
        )
    return [int(size) for size in np.unique(np.geomspace(smallest, largest, SIZES).round())]


def subset_losses(
    inputs: Array,
    block: Rows,
    endpoint: Survival | Response,
    horizon: float,
    sizes: list[int],
    seed: int,
) -> Array:
    """Loss of each held-out patient by models that learn from subsets, in each repeat.

    Parameters
    ----------
    inputs, block, endpoint, horizon, seed
        As in :func:`learning_curve`.
    sizes
        Numbers of patients in the subsets.

    Returns
    -------
    numpy.ndarray
        (repeats, sizes, n) squared error of a patient whose outcome is known.
    """
    generator, outcome = named_generator(seed, "learning curve"), _outcome(endpoint)
    losses = np.empty((REPEATS, len(sizes), len(outcome)))
    for repeat in losses:
        fold, order = _folds_and_order(outcome, generator)
        for number in range(FOLDS):
            test, train = np.flatnonzero(fold == number), order[fold[order] != number]
            for place, size in enumerate(sizes):
                predicted = _predict(inputs, block, endpoint, horizon, train[:size], test)
                repeat[place, test] = _loss(predicted, endpoint, horizon, test)
    return losses


def _folds_and_order(outcome: NDArray[np.bool_], generator: np.random.Generator) -> tuple[Rows, Rows]:
    """Folds with about the same share of events, and a random order in which each beginning has it too."""
    fold, place = np.empty(len(outcome), dtype=np.int64), np.empty(len(outcome))
    for kind in (False, True):
        members = generator.permutation(np.flatnonzero(outcome == kind))
        fold[members] = np.arange(len(members)) % FOLDS
        place[generator.permutation(members)] = (np.arange(len(members)) + generator.random()) / max(
            len(members), 1
        )
    return fold, np.argsort(place, kind="stable")


def _predict(
    inputs: Array, block: Rows, endpoint: Survival | Response, horizon: float, train: Rows, test: Rows
) -> Array:
    """Probability of the event by the horizon, or of a positive response, of the test patients."""
    center, spread = inputs[train].mean(axis=0), inputs[train].std(axis=0)
    x = (inputs - center) / np.where(spread > 0, spread, 1.0)
    part = endpoint.take(train)
    likelihood = likelihood_of(part)
    linear = x @ group_ridge(x[train], block, likelihood).coefficients
    if isinstance(part, Survival):
        base = BreslowBaseline.fit(linear[train], part.event, part.time, part.entry)
        curves = StepFunction(base.times, base.survival(linear[test]))
        missed: Array = 1.0 - curves(np.array([horizon]))[:, 0]
        return missed
    if not isinstance(likelihood, LogisticLikelihood):
        raise TypeError("the likelihood of a response is logistic")
    probability: Array = 1.0 / (1.0 + np.exp(-(linear[test] + likelihood.intercept(linear[train]))))
    return probability


def _loss(predicted: Array, endpoint: Survival | Response, horizon: float, test: Rows) -> Array:
    """Squared error of the probability of each test patient."""
    happened = _outcome(endpoint)
    if isinstance(endpoint, Survival):
        happened = happened & (endpoint.time <= horizon)
    loss: Array = (predicted - happened[test]) ** 2
    return loss


def _censoring_weight(endpoint: Survival | Response, horizon: float, weight: Array) -> Array:
    """(draws, n) inverse probability of being uncensored until the event or the horizon, 0 if censored before."""
    if isinstance(endpoint, Response):
        return np.ones_like(weight)
    early = endpoint.event & (endpoint.time <= horizon)
    known = early | (endpoint.time > horizon)
    at = np.where(early, np.nextafter(endpoint.time, 0.0), horizon)
    probability = censoring_survival(endpoint.event, endpoint.time, weight)(at)
    return np.divide(known, probability, out=np.zeros_like(weight), where=probability > 0)
