"""Order of analytes: each selection finds planted ones, against brute force where that is possible."""

from __future__ import annotations

import numpy as np
import pytest
from claims import Z, repetitions
from panels import planted, values_of

from models.linear.elastic_net import elastic_net, largest_penalty
from models.linear.lasso_order import lasso_order
from models.linear.logistic_net import LogisticLikelihood, logistic_net
from omics.cohort.endpoints import Response
from stratomics.strata.panel.assay.prices import PriceList, Prices
from stratomics.strata.panel.false_selections import stability_settings
from stratomics.strata.panel.selection import SELECTIONS, SelectionTask, entry_order, selection_frequency
from stratomics.strata.panel.target import EndpointTarget


def task(seed: int = 0, n: int = 200, p: int = 30, most: int = 4, kind: str = "response") -> SelectionTask:
    learning = planted(n, p, np.array([1.2, -1.0, 0.8]), seed, kind)
    return SelectionTask(
        learning.patients.values, learning.target, most, learning.prices, np.random.default_rng(seed)
    )


@pytest.mark.parametrize("name", sorted(SELECTIONS))
@pytest.mark.parametrize("kind", ["response", "survival"])
def test_planted_analytes_come_first(name: str, kind: str) -> None:
    order = SELECTIONS[name](task(kind=kind, n=150))
    assert set(order[:3].tolist()) == {0, 1, 2}
    assert len(set(order.tolist())) == 4


def test_the_order_is_that_of_entry_into_a_fine_path() -> None:
    one = task(seed=3, n=120)
    likelihood = one.target.likelihood()
    order = entry_order(one.x, likelihood, 5)
    largest, seen = largest_penalty(one.x, likelihood, 1.0), list[int]()
    for fraction in np.geomspace(1, 0.05, 1500):
        for column in np.flatnonzero(elastic_net(one.x, likelihood, largest * fraction, 1.0)):
            if column not in seen:
                seen.append(int(column))
        if len(seen) >= 5:
            break
    assert order.tolist() == seen[:5]


def test_a_constant_feature_never_enters() -> None:
    one = task()
    x = one.x.copy()
    x[:, 0] = 2.0
    assert 0 not in entry_order(x, one.target.likelihood(), 20)
    assert len(entry_order(np.ones((len(x), 3)), one.target.likelihood(), 2)) == 0


def test_separated_patients_end_the_path_without_an_error() -> None:
    x = np.column_stack([np.repeat([-1.0, 1.0], 20), np.random.default_rng(0).normal(size=(40, 5))])
    order = entry_order(x, LogisticLikelihood(x[:, 0] > 0), 6)
    assert order[0] == 0


def test_the_first_forward_step_is_the_best_score_statistic_per_price() -> None:
    one = task(seed=5)
    slow = []
    for column in range(one.x.shape[1]):
        x = one.x[:, column]
        positive = one.target.label.astype(bool)
        centred = x - x.mean()
        slow.append((centred @ positive) ** 2 / (centred @ centred))
    assert SELECTIONS["price"](one)[0] == int(np.argmax(slow))
    cheap = np.ones(30)
    cheap[int(np.argmax(slow))] = 1000.0
    dear = Prices(cheap, np.zeros(30), one.prices.view)
    assert SELECTIONS["price"](SelectionTask(one.x, one.target, 4, dear, one.generator))[0] == int(
        np.argmax(np.array(slow) / cheap)
    )


def test_a_second_material_must_be_worth_its_draw() -> None:
    one = task(seed=7)
    view = np.where(np.arange(30) == 1, "tissue", "blood")
    free, far = (
        SELECTIONS["price"](
            SelectionTask(
                one.x,
                one.target,
                3,
                Prices(np.ones(30), np.where(view == "tissue", cost, 0.0), view),
                one.generator,
            )
        ).tolist()
        for cost in (0.0, 500.0)
    )
    assert 1 in free
    assert 1 not in far


@pytest.mark.parametrize("kind", ["response", "survival"])
def test_halves_select_nearly_as_the_exact_path_does(kind: str) -> None:
    one = task(n=160, p=60, kind=kind)
    likelihood = one.target.likelihood()
    fast, exact = lasso_order(one.x, likelihood, 8), entry_order(one.x, likelihood, 8)
    assert set(fast[:3].tolist()) == set(exact[:3].tolist()) == {0, 1, 2}
    assert len(set(fast.tolist()) & set(exact.tolist())) >= 6


def test_frequencies_are_shares_of_halves() -> None:
    frequency = selection_frequency(task(), 3, pairs=5)
    assert set(np.round(frequency * 10, 9)) <= set(range(11))
    assert frequency.sum() * 10 == pytest.approx(30)
    assert frequency[:3].min() > frequency[3:].max()


def test_logistic_net_has_the_same_first_analyte() -> None:
    one = task(seed=9)
    likelihood = one.target.likelihood()
    penalty = 0.99 * largest_penalty(one.x, likelihood, 1.0)
    coefficients, _ = logistic_net(one.x, one.target.label.astype(bool), penalty, 1.0)
    assert np.flatnonzero(coefficients).tolist() == entry_order(one.x, likelihood, 1).tolist()


@repetitions(4, 30)
@pytest.mark.parametrize("assumption", ["none", "r-concave"])
def test_false_selections_stay_within_the_bound(repetitions: int, assumption: str) -> None:
    """n 150, p 1,000 in blocks of ten with correlation .5, ten true: ``docs/claims.md``."""
    settings = stability_settings(1000, 0.75, 1.0, assumption)
    false, true = [], []
    for seed in range(repetitions):
        rng = np.random.default_rng(seed)
        common = np.repeat(rng.normal(size=(150, 100)), 10, axis=1)
        x = np.sqrt(0.5) * common + np.sqrt(0.5) * rng.normal(size=(150, 1000))
        effects = np.zeros(1000)
        effects[::100] = 0.5
        positive = rng.random(150) < 1 / (1 + np.exp(-(x @ effects)))
        target = EndpointTarget(Response(positive, np.ones(150, dtype=np.bool_)))
        prices = PriceList.equal().of(values_of(x).names)
        one = SelectionTask(x, target, 10, prices, rng)
        chosen = selection_frequency(one, settings.per_half, 50) >= settings.cutoff
        false.append(int(chosen[effects == 0].sum()))
        true.append(int(chosen[effects != 0].sum()))
    error = max(float(np.std(false, ddof=1)) / np.sqrt(repetitions), 1 / repetitions)
    assert np.mean(false) <= settings.bound + Z * error
