"""Every registered factor model: projection of any patient, missing views, saving and loading."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from simulated_views import explained, without

from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from models.config import TrainerConfig
from models.factors import FACTOR_MODELS
from models.factors.vae.model import VAE
from omics.cohort.endpoints import Endpoints
from omics.common.errors import FitError
from omics.common.registry import resolve

MODELS = sorted(FACTOR_MODELS)
SHORT = TrainerConfig(epochs=10)


def simulated(
    n: int = 200, k: int = 3, p: int = 60, seed: int = 0, noise: float = 1.0
) -> tuple[Batch, np.ndarray]:
    """Three views, and their shared factors; the last view lacks a third of the patients."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k))
    views, observed = {}, {}
    for name in ("a", "b", "c"):
        # The loadings do not depend on n and the seed, so new patients have the same ones.
        loadings = np.random.default_rng([7, ord(name)]).normal(size=(p, k)) * [2.0, 1.4, 1.0][:k]
        views[name] = (z @ loadings.T + rng.normal(size=(n, p)) * noise).astype(np.float32)
        observed[name] = np.ones((n, p), dtype=bool)
    observed["c"][: n // 3] = False
    views["c"][: n // 3] = 0
    ids = np.array([f"p{i}" for i in range(n)])
    return Batch(ids, views, observed, np.zeros((n, 0), np.float32), (), Endpoints({}, "none")), z


@cache
def fitted(kind: Any) -> Any:
    """A model with three factors of the batch of `simulated`; the tests that use it do not change it."""
    return kind(3, 0).fit(simulated()[0])


def short(kind: Any, count: int) -> Any:
    """A model that is trained for ten epochs if it is a network; for properties that need no good fit."""
    return kind(count, 0, trainer=SHORT) if issubclass(kind, VAE) else kind(count, 0)


@pytest.fixture(params=MODELS)
def kind(request: pytest.FixtureRequest) -> Any:
    return resolve(FACTOR_MODELS, request.param, "factors.model")


def test_factors_of_training_and_new_patients_are_recovered(kind: Any) -> None:
    batch, z = simulated()
    model = fitted(kind)
    new, z_new = simulated(seed=1)
    assert explained(z, model.transform(batch).mean) > 0.97
    assert explained(z_new, model.transform(new).mean) > 0.97


def test_loadings_have_the_shape_of_their_view(kind: Any) -> None:
    batch, _ = simulated()
    model = fitted(kind)
    assert model.loadings("b").shape == (60, model.transform(batch).mean.shape[1])


def test_sd_never_decreases_when_a_view_is_removed(kind: Any) -> None:
    batch, _ = simulated()
    model = fitted(kind)
    whole = model.transform(batch)
    observed = {**batch.observed, "b": np.zeros_like(batch.observed["b"])}
    less = model.transform(
        Batch(batch.sample_ids, batch.views, observed, batch.covariates, (), batch.endpoints)
    )
    assert (less.sd >= whole.sd - 1e-12).all()
    assert (less.sd > whole.sd + 1e-6).any()


def test_a_patient_without_any_view_gets_the_prior(kind: Any) -> None:
    batch, _ = simulated()
    nothing = {name: np.zeros_like(seen) for name, seen in batch.observed.items()}
    factors = fitted(kind).transform(
        Batch(batch.sample_ids, batch.views, nothing, batch.covariates, (), batch.endpoints)
    )
    assert (factors.mean == 0).all()
    np.testing.assert_allclose(factors.sd, 1.0)
    assert not factors.known.any()


def test_patients_with_a_view_are_known(kind: Any) -> None:
    batch, _ = simulated(n=40)
    seen = {name: observed.copy() for name, observed in batch.observed.items()}
    for observed in seen.values():
        observed[[3, 38]] = False
    # A patient with a single value of one view is still known.
    for observed in seen.values():
        observed[7] = False
    seen["b"][7, 0] = True
    batch = replace(batch, observed=seen)
    model = short(kind, 2)
    expected = ~np.isin(np.arange(40), [3, 38])
    for factors in (model.fit_transform(batch), model.transform(batch)):
        np.testing.assert_array_equal(factors.known, expected)
        assert factors.known.dtype == bool
        np.testing.assert_allclose(factors.mean[~factors.known], 0.0, atol=1e-12)
        np.testing.assert_allclose(factors.sd[~factors.known], 1.0)
    assert model.transform(batch.take(np.arange(0))).known.shape == (0,)


@pytest.mark.parametrize("name", ["pca", "gfa"])
def test_the_order_of_patients_does_not_matter(name: str) -> None:
    batch, _ = simulated(n=120)
    order = np.random.default_rng(3).permutation(120)
    kind = resolve(FACTOR_MODELS, name, "factors.model")
    shuffled, plain = kind(3, 0), kind(3, 0)
    new, _ = simulated(n=50, seed=1)
    for one, two, rows in (
        (shuffled.fit_transform(batch.take(order)), plain.fit_transform(batch), order),
        (shuffled.transform(new), plain.transform(new), np.arange(50)),
    ):
        np.testing.assert_allclose(one.mean, two.mean[rows], atol=0.02)
        np.testing.assert_allclose(one.sd, two.sd[rows], atol=0.02)


def test_a_missing_view_is_reconstructed_with_an_sd_that_covers(kind: Any) -> None:
    new, _ = simulated(seed=1)
    mean, sd = fitted(kind).reconstruct("b", without(new, "b"))
    error = mean - new.views["b"]
    # Loadings have sd 2, 1.4 and 1, and noise has sd 1: the error of a perfect prediction is 1, of the mean 2.8.
    assert np.sqrt((error**2).mean()) < 1.1
    assert np.mean((error / sd) ** 2) == pytest.approx(1.0, abs=0.15)


def test_without_observed_values_the_reconstruction_is_the_mean(kind: Any) -> None:
    batch, _ = simulated()
    nothing = {name: np.zeros_like(seen) for name, seen in batch.observed.items()}
    mean, sd = fitted(kind).reconstruct("a", replace(batch, observed=nothing))
    np.testing.assert_allclose(mean - mean[0], 0.0)
    assert (sd > 1).all()


def test_variance_explained_equals_that_of_the_simulation(kind: Any) -> None:
    explained = fitted(kind).variance_explained()
    assert list(explained.index) == ["a", "b", "c"]
    assert (explained >= 0).all().all()
    for view, total in explained.sum(axis=1).items():
        loadings = np.random.default_rng([7, ord(str(view))]).normal(size=(60, 3)) * [2.0, 1.4, 1.0]
        # Noise has variance 1; the factors of 200 patients have variance 1 within about a tenth.
        assert total / (1 - total) == pytest.approx((loadings**2).sum() / 60, rel=0.25)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.slow if name.endswith("vae") else ()) for name in MODELS],
)
def test_fit_transform_returns_factors_as_of_new_patients(name: str) -> None:
    """Two weak factors in 40 patients and 900 features: factors from `transform` are too large."""
    kind = resolve(FACTOR_MODELS, name, "factors.model")
    errors, variances = [], []
    for seed in range(3):
        batch, z = simulated(40, 2, 300, seed, noise=5.0)
        new, z_new = simulated(400, 2, 300, 10 + seed, noise=5.0)
        model = kind(2, 0)
        held_out, of_new = model.fit_transform(batch), model.transform(new)
        alignment, *_ = np.linalg.lstsq(np.column_stack([of_new.mean, np.ones(400)]), z_new, rcond=None)
        error = np.square(of_new.mean @ alignment[:-1] + alignment[-1] - z_new).mean()
        errors.append(np.square(held_out.mean @ alignment[:-1] + alignment[-1] - z).mean() / error)
        variances.append(model.transform(batch).mean.var() / held_out.mean.var())
    assert np.mean(variances) > 1.1
    assert 0.7 < np.mean(errors) < 1.4


def test_a_loaded_model_gives_the_same_results(kind: Any, tmp_path: Path) -> None:
    batch, _ = simulated()
    model = fitted(kind)
    model.save(tmp_path, "factors")
    one, two = model.transform(batch), kind.load(tmp_path, "factors").transform(batch)
    np.testing.assert_array_equal(one.mean, two.mean)
    np.testing.assert_array_equal(one.sd, two.sd)


def test_the_same_seed_gives_the_same_bytes(kind: Any) -> None:
    batch, _ = simulated(n=60)
    one, two = (short(kind, 3).fit(batch).transform(batch).mean for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_the_number_of_factors_is_limited_by_the_patients(kind: Any) -> None:
    batch, _ = simulated(n=8)
    factors = short(kind, 50).fit(batch).transform(batch)
    assert factors.mean.shape[1] <= 7
    assert np.isfinite(factors.mean).all()


def test_a_model_that_is_not_fitted_is_reported(kind: Any) -> None:
    with pytest.raises(FitError, match="not fitted"):
        kind(3, 0).transform(simulated()[0])


def test_a_real_cohort_with_half_of_a_view_missing(kind: Any, acc: Any) -> None:
    batch = Harmonizer(HarmonizeConfig()).fit(acc[:70]).transform(acc)
    model = short(kind, 5).fit(batch.take(np.arange(70)))
    factors = model.transform(batch)
    assert factors.mean.shape[0] == 92
    assert np.isfinite(factors.mean).all()
    without = ~batch.present("rppa")
    assert factors.sd[without].mean() > factors.sd[~without].mean()
