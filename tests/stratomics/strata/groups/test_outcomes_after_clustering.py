"""Tests after clustering keep their level: groups learned without outcomes, and guided groups out of fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from claims import at_least, at_most, repetitions
from sklearn.cluster import KMeans

from omics.cohort.endpoints import Response, Survival
from omics.common.seeds import named_generator
from stratomics.strata.groups.arm_interaction import group_interaction
from stratomics.strata.groups.guided import doubled, out_of_fold_groups
from stratomics.strata.groups.outcomes import response_by_group, survival_by_group

Array = np.ndarray
Rng = np.random.Generator

DRAWS = 199
LEVEL = 0.05
GENES, CHOSEN = 500, 50


def two_means(x: Array, k: int = 2) -> KMeans:
    return KMeans(k, n_init=3, random_state=0).fit(x)


def survival_of(rng: Rng, n: int) -> Survival:
    return Survival(rng.exponential(size=n), rng.random(n) < 0.6, np.ones(n, dtype=bool))


def response_of(rng: Rng, n: int) -> Response:
    return Response(rng.random(n) < 0.4, np.ones(n, dtype=bool))


def arms_of(rng: Rng, n: int) -> Array:
    return rng.permutation(np.arange(n) % 2) - 0.5


def chosen(x: Array, score: Array) -> Array:
    """Genes with the largest covariance with a score, which each patient has one of."""
    return np.abs((x - x.mean(axis=0)).T @ score).argsort()[-CHOSEN:]


@pytest.mark.parametrize("k", [2, 3])
@repetitions(60, 1000)
def test_groups_that_saw_no_outcome_keep_the_level(k: int, repetitions: int) -> None:
    rejected = np.zeros(3, dtype=int)
    for number in range(repetitions):
        rng = named_generator(1, "after clustering", k, number)
        group = two_means(rng.normal(size=(120, 10)), k).labels_
        p = [
            survival_by_group(group, survival_of(rng, 120), draws=DRAWS, seed=number).test.p,
            response_by_group(group, response_of(rng, 120), draws=DRAWS, seed=number).test.p,
            group_interaction(group, survival_of(rng, 120), arms_of(rng, 120)).p,
        ]
        rejected += np.array(p) <= LEVEL
    assert (rejected <= at_most(0.065, repetitions, 6)).all(), rejected / repetitions
    assert (rejected >= at_least(0.035, repetitions, 6)).all(), rejected / repetitions


@repetitions(60, 1000)
def test_groups_guided_by_survival_keep_the_level_out_of_fold(repetitions: int) -> None:
    once = twice = 0
    for number in range(repetitions):
        rng = named_generator(2, "guided by survival", number)
        x, survival = rng.normal(size=(120, GENES)), survival_of(rng, 120)

        def learn(train: Any, test: Any, x: Array = x, survival: Survival = survival) -> Array:
            part = survival.take(train)
            genes = chosen(x[train], martingale(part))
            model = two_means(x[np.ix_(train, genes)])
            rate = [
                part.event[model.labels_ == g].sum() / part.time[model.labels_ == g].sum() for g in (0, 1)
            ]
            return model.predict(x[np.ix_(test, genes)]) == np.argmax(rate)

        group = out_of_fold_groups(learn, survival.event, seed=number)
        p = survival_by_group(group, survival, draws=DRAWS, seed=number).test.p
        once, twice = once + (p <= LEVEL), twice + (doubled(p) <= LEVEL)
    assert twice <= at_most(0.065, repetitions), (once / repetitions, twice / repetitions)


@repetitions(60, 1000)
def test_groups_guided_by_treatment_effects_keep_the_level_out_of_fold(repetitions: int) -> None:
    once = twice = 0
    for number in range(repetitions):
        rng = named_generator(3, "guided by effects", number)
        x, response, arm = rng.normal(size=(200, GENES)), response_of(rng, 200), arms_of(rng, 200)
        product = arm * (response.positive - response.positive.mean())

        def learn(train: Any, test: Any, x: Array = x, product: Array = product) -> Array:
            genes = chosen(x[train], product[train])
            model = two_means(x[np.ix_(train, genes)])
            benefit = [product[train][model.labels_ == g].mean() for g in (0, 1)]
            return model.predict(x[np.ix_(test, genes)]) == np.argmax(benefit)

        group = out_of_fold_groups(learn, response.positive, seed=number)
        p = group_interaction(group, response, arm).p
        once, twice = once + (p <= LEVEL), twice + (doubled(p) <= LEVEL)
    assert twice <= at_most(0.065, repetitions), (once / repetitions, twice / repetitions)


def martingale(survival: Survival) -> Array:
    """Residual of each patient without predictors: event less the cumulative hazard by Nelson and Aalen."""
    order = np.argsort(survival.time)
    hazard = np.empty(len(order))
    hazard[order] = np.cumsum(survival.event[order] / np.arange(len(order), 0, -1))
    return survival.event - hazard


def test_the_same_patients_for_guiding_and_testing_reject_mostly() -> None:
    """Why guided groups are assigned out of fold."""
    rejected = 0
    for number in range(20):
        rng = named_generator(4, "the same patients", number)
        x, survival = rng.normal(size=(120, GENES)), survival_of(rng, 120)
        group = two_means(x[:, chosen(x, martingale(survival))]).labels_
        rejected += survival_by_group(group, survival, draws=1).test.p_large_sample <= LEVEL
    assert rejected >= 14
