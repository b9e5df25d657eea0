"""Group factor analysis: each kind of data, pruning, invalid input, and coverage of intervals."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from claims import margin, repetitions
from hypothesis import given, settings
from hypothesis import strategies as st
from simulated_views import two_views

from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.factors.gfa.model import GFA
from models.factors.likelihoods import LIKELIHOODS
from models.factors.linear_gaussian import LinearGaussian, LinearView
from omics.common.errors import FitError

KINDS = [("gaussian", 0.0), ("gaussian", 0.1), ("bernoulli", 0.1), ("poisson", 0.0)]


@pytest.mark.parametrize("likelihood", sorted(LIKELIHOODS))
def test_factors_of_binary_and_count_views_are_recovered(likelihood: str, tmp_path: Path) -> None:
    batch, z = two_views(n=150, p=80, likelihood=likelihood, scale=1.5)
    new, z_new = two_views(n=100, p=80, likelihood=likelihood, scale=1.5, seed=1)
    model = GFA(4, likelihoods=dict.fromkeys(batch.views, likelihood)).fit(batch)
    for cases, truth in ((batch, z), (new, z_new)):
        estimate = model.transform(cases).mean
        residual = truth - estimate @ np.linalg.lstsq(estimate, truth, rcond=None)[0]
        assert residual.var() < 0.15
    lacking = replace(new, observed={**new.observed, "b": np.zeros_like(new.observed["b"])})
    mean, sd = model.reconstruct("b", lacking)
    seen = new.observed["b"] & new.present("a")[:, None]
    # The view of patients who lack it is predicted better than by the mean, with the sd of the model.
    error = (mean - new.views["b"])[seen]
    assert error.std() < 0.95 * (new.views["b"] - new.views["b"].mean(axis=0))[seen].std()
    assert np.mean((error / sd[seen]) ** 2) == pytest.approx(1.0, abs=0.25)
    model.save(tmp_path, "factors")
    loaded = GFA.load(tmp_path, "factors").transform(new)
    np.testing.assert_array_equal(loaded.mean, model.transform(new).mean)


def test_values_that_were_not_observed_do_not_matter() -> None:
    batch, _ = two_views(holes=0.1)
    garbage = {
        name: np.where(batch.observed[name], x, 1e6).astype(np.float32) for name, x in batch.views.items()
    }
    one, two = (GFA(3).fit(b).transform(b) for b in (batch, replace(batch, views=garbage)))
    np.testing.assert_array_equal(one.mean, two.mean)
    np.testing.assert_array_equal(one.sd, two.sd)


@pytest.mark.parametrize(("likelihood", "holes"), KINDS)
def test_the_order_of_patients_does_not_matter(likelihood: str, holes: float) -> None:
    batch, _ = two_views(n=70, likelihood=likelihood, holes=holes)
    assert_same_in_any_order(lambda: GFA(6, restarts=2, likelihoods=dict.fromkeys("ab", likelihood)), batch)


def test_the_order_of_patients_does_not_matter_in_a_real_cohort(acc: Any) -> None:
    """Without sorting by id, other row orders gave other factors, with evidence up to 130 nats apart."""
    assert_same_in_any_order(lambda: GFA(15), Harmonizer(HarmonizeConfig()).fit(acc).transform(acc))


def assert_same_in_any_order(make: Callable[[], GFA], batch: Batch) -> None:
    order = np.random.default_rng(1).permutation(len(batch))
    one, two = make(), make()
    first, second = one.fit_transform(batch), two.fit_transform(batch.take(order))
    for view in batch.views:
        np.testing.assert_array_equal(one.loadings(view), two.loadings(view))
    np.testing.assert_array_equal(one.evidence, two.evidence)
    # The factors are the same sums, which BLAS may compute in another order.
    for a, b in ((first, second), (one.transform(batch), two.transform(batch.take(order)))):
        np.testing.assert_allclose(a.mean[order], b.mean, rtol=0, atol=1e-10)
        np.testing.assert_allclose(a.sd[order], b.sd, rtol=1e-10)


def test_factors_that_explain_nothing_are_dropped() -> None:
    batch, _ = two_views(n=150)
    model = GFA(8, restarts=2, counts=(1, 8)).fit(batch)
    assert model.loadings("a").shape == (25, 2)
    assert list(model.runs["count"]) == [1, 1, 8, 8]
    assert model.evidence[-1] == model.runs["evidence"].max()
    explained = model.variance_explained()
    assert list(explained.index) == ["a", "b"]
    # Loadings and noise have variance 1: two factors explain two thirds of the variance.
    np.testing.assert_allclose(explained.sum(axis=1), 2 / 3, atol=0.08)


def test_a_factor_of_one_view_is_switched_off_in_the_other() -> None:
    batch, z = two_views(n=150, k=1)
    specific = z[:, :1] * 0 + np.random.default_rng(5).normal(size=(150, 1))
    x = batch.views["a"] + specific @ np.random.default_rng(6).normal(size=(1, 25))
    model = GFA(4).fit(replace(batch, views={**batch.views, "a": x.astype(np.float32)}))
    assert model.loadings("b").shape[1] == 2
    assert sorted(model.loadings("b").any(axis=0)) == [False, True]


def test_pure_noise_leaves_one_factor_with_loadings_0_and_the_prior() -> None:
    batch, _ = two_views(n=80, scale=0.0)
    factors = GFA(5).fit(batch).transform(batch)
    np.testing.assert_array_equal(factors.mean, np.zeros((80, 1)))
    np.testing.assert_array_equal(factors.sd, np.ones((80, 1)))


def test_a_feature_without_data_has_an_infinite_sd() -> None:
    batch, _ = two_views()
    observed = {**batch.observed, "a": batch.observed["a"].copy()}
    observed["a"][:, 3] = False
    model = GFA(2).fit(replace(batch, observed=observed))
    assert (model.loadings("a")[3] == 0).all()
    mean, sd = model.reconstruct("a", batch)
    assert np.isfinite(mean).all()
    assert np.isinf(sd[:, 3]).all()
    assert np.isfinite(np.delete(sd, 3, axis=1)).all()
    assert np.isfinite(model.variance_explained().to_numpy()).all()


def test_training_patients_without_any_view_have_the_prior() -> None:
    batch, _ = two_views(n=19)
    more, _ = two_views(n=25)
    observed = {name: seen.copy() for name, seen in more.observed.items()}
    views = {name: x.copy() for name, x in more.views.items()}
    for name, x in batch.views.items():
        views[name][:19], observed[name][:19] = x, batch.observed[name]
        observed[name][19:] = False
    model = GFA(2).fit(replace(more, views=views, observed=observed))
    factors = model.transform(replace(more, views=views, observed=observed))
    np.testing.assert_array_equal(factors.mean[19:], 0.0)
    np.testing.assert_array_equal(factors.sd[19:], 1.0)


def test_invalid_input_is_reported() -> None:
    batch, _ = two_views()
    flat = {**batch.views, "a": np.ones_like(batch.views["a"])}
    with pytest.raises(FitError, match="view a has no feature that varies"):
        GFA(2).fit(replace(batch, views=flat))
    none = {**batch.observed, "b": np.zeros_like(batch.observed["b"])}
    with pytest.raises(FitError, match="view b was measured on none"):
        GFA(2).fit(replace(batch, observed=none))
    nan = {**batch.views, "a": np.full_like(batch.views["a"], np.nan)}
    with pytest.raises(FitError, match="view a has values that are no numbers"):
        GFA(2).fit(replace(batch, views=nan))
    huge = {**batch.views, "a": batch.views["a"] * np.float32(1e30)}
    with pytest.raises(FitError, match="the fit diverged"):
        GFA(2).fit(replace(batch, views=huge))
    with pytest.raises(FitError, match="view a has values that are not poisson"):
        GFA(2, likelihoods={"a": "poisson"}).fit(batch)
    with pytest.raises(FitError, match="no likelihood is called 'bernouli'; did you mean 'bernoulli'"):
        GFA(2, likelihoods={"a": "bernouli"})
    with pytest.raises(FitError, match="1 patients cannot carry a factor"):
        GFA(2).fit(batch.take(np.array([0])))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_sd_never_decreases_when_values_are_removed(data: st.DataObject) -> None:
    batch, _ = two_views(n=6, p=5, holes=0.2)
    rng = np.random.default_rng(data.draw(st.integers(0, 1000)))
    views = {
        name: LinearView(np.zeros(5), rng.normal(size=(5, 3)) * rng.gamma(1), rng.gamma(1, size=5))
        for name in "ab"
    }
    model = GFA(3)
    model._linear = LinearGaussian(views, 3)
    fewer = {name: seen & (rng.random(seen.shape) > 0.5) for name, seen in batch.observed.items()}
    whole, less = model.transform(batch), model.transform(replace(batch, observed=fewer))
    assert (less.sd >= whole.sd * (1 - 1e-9)).all()


@repetitions(4, 20)
@pytest.mark.parametrize("n", [80, 200])
def test_intervals_of_factors_cover_for_training_and_new_patients(n: int, repetitions: int) -> None:
    """90% intervals, with the factors aligned to the truth by a linear map from other patients.

    20 cohorts of 3 factors in two views of 150 features, with 600 new patients each. The limits allow for three
    standard errors over cohorts, which are below 0.006.
    """
    coverage = []
    for seed in range(repetitions):
        batch, z = two_views(n=n, p=150, k=3, seed=100 + seed, scale=0.35)
        new, z_new = two_views(n=600, p=150, k=3, seed=200 + seed, scale=0.35)
        model = GFA(6)
        held_out = model.fit_transform(batch)
        of_new = model.transform(new)
        other = new.take(np.arange(300)), z_new[:300]
        factors = model.transform(other[0])
        alignment = _alignment(other[1], factors.mean, factors.sd)
        coverage.append(
            (
                _coverage(z, held_out.mean, held_out.sd, alignment),
                _coverage(z_new[300:], of_new.mean[300:], of_new.sd[300:], alignment),
            )
        )
    if repetitions < 20:
        wider = margin(0.006, repetitions, 20, checks=4)
        assert (np.abs(np.mean(coverage, axis=0) - 0.9) < 0.05 + wider).all(), coverage
        return
    mean, error = np.mean(coverage, axis=0), np.std(coverage, axis=0) / math.sqrt(20)
    assert (mean - 3 * error > 0.85).all(), (mean, error)
    assert (mean + 3 * error < 0.95).all(), (mean, error)


def _alignment(z: np.ndarray, mean: np.ndarray, sd: np.ndarray) -> np.ndarray:
    """Least-squares map, with patients weighted by their precision under the map; the last row is the intercept."""
    mean, sd = np.hstack([mean, np.ones((len(mean), 1))]), np.hstack([sd, np.zeros((len(sd), 1))])
    alignment = np.linalg.lstsq(mean, z, rcond=None)[0]
    for _ in range(3):
        for k in range(z.shape[1]):
            weight = 1 / np.sqrt(sd**2 @ alignment[:, k] ** 2 + 1e-4)
            alignment[:, k] = np.linalg.lstsq(mean * weight[:, None], z[:, k] * weight, rcond=None)[0]
    return alignment


def _coverage(z: np.ndarray, mean: np.ndarray, sd: np.ndarray, alignment: np.ndarray) -> float:
    error = np.abs(z - mean @ alignment[:-1] - alignment[-1])
    return float((error <= 1.6449 * np.sqrt(sd**2 @ alignment[:-1] ** 2)).mean())


@repetitions(4, 10)
def test_factors_of_training_patients_vary_as_those_of_new_patients(repetitions: int) -> None:
    """An overfitted noise factor of 900 features and 74 patients has a twentieth of its variance in new patients."""
    ratios = []
    for seed in range(repetitions):
        batch, _ = two_views(n=74, p=900, k=2, seed=seed, scale=0.25)
        new, _ = two_views(n=500, p=900, k=2, seed=50 + seed, scale=0.25)
        model = GFA(8)
        ratios.append(
            model.fit_transform(batch).mean.var(axis=0).sum() / model.transform(new).mean.var(axis=0).sum()
        )
    # The ratio has a standard deviation of 0.2 over cohorts.
    wider = margin(0.2 / math.sqrt(10), repetitions, 10, checks=2)
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.15 + wider), ratios


def test_equal_features_and_more_factors_than_a_view_has_stay_finite(acc: Any) -> None:
    """Copy number is equal over whole chromosome arms; without a smallest noise, or in float32, the result was NaN."""
    batch = Harmonizer(HarmonizeConfig()).fit(acc).transform(acc)
    batch = replace(batch, views={**batch.views, "cna": np.repeat(batch.views["cna"][:, ::2], 2, axis=1)})
    model = GFA(40).fit(batch)
    assert np.isfinite(model.evidence).all()
    # In float32 the bound may decrease by rounding, and no more.
    assert np.diff(model.evidence).min() > -1e-4 * abs(model.evidence[-1])
    assert np.isfinite(model.transform(batch).mean).all()


def test_a_fit_stops_when_the_evidence_per_patient_converges(acc: Any) -> None:
    """With a tolerance relative to the evidence alone, this fit took 400 sweeps without a benefit."""
    part = acc[:49]
    batch = Harmonizer(HarmonizeConfig()).fit(part).transform(part)
    evidence = GFA(15, 3).fit(batch).evidence
    assert len(evidence) < 200
    assert evidence[-1] - evidence[-2] <= 1e-2 * 49 * (1 + 1e-6)
