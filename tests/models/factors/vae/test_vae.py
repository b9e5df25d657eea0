"""The variational autoencoder: missing views, hidden layers, coverage of intervals, and invalid input."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from claims import margin, repetitions
from simulated_views import batch_of, explained, three_views, without

from models.config import TrainerConfig
from models.factors.vae.model import VAE
from models.factors.vae.network import Expert, product_of_experts
from omics.common.errors import FitError

SHORT = TrainerConfig(epochs=10)
MIDDLE = TrainerConfig(epochs=60)
LIKELIHOODS = ("gaussian", "bernoulli", "poisson")


@cache
def fitted(hidden: int) -> VAE:
    """A model of the batch of `three_views`; the tests that use it do not change it."""
    return VAE(3, 0, hidden=hidden).fit(three_views()[0])


@pytest.mark.parametrize("hidden", [0, 5])
def test_the_jacobian_equals_that_of_autograd(hidden: int) -> None:
    rng = np.random.default_rng(0)
    batch = batch_of(a=rng.normal(size=(30, 6)) * 5 + 1, b=rng.normal(size=(30, 4)))
    model = VAE(2, 0, hidden=hidden, trainer=SHORT).fit(batch)
    decoder, scaling = model.fitted.decoder("a"), model.fitted.scaling["a"]
    mean = torch.from_numpy(model.transform(batch).mean)

    def predictor(z: torch.Tensor) -> torch.Tensor:
        posterior = product_of_experts([Expert(z[None] * 0, z[None])])
        return decoder(posterior, torch.zeros(1, 2).double())[0][0]

    jacobians = torch.stack([torch.autograd.functional.jacobian(predictor, z) for z in mean])
    np.testing.assert_allclose(
        model.loadings("a"), jacobians.mean(dim=0).numpy() * scaling.scale[:, None], atol=1e-10
    )


def test_sd_increases_with_every_view_that_is_removed_up_to_the_prior() -> None:
    batch, _ = three_views()
    model = fitted(0)
    sd = [model.transform(without(batch, *"cba"[:removed])).sd.mean() for removed in range(4)]
    assert sd == sorted(sd)
    assert sd[3] == 1.0
    assert sd[0] < 0.15


@pytest.mark.parametrize("hidden", [0, 8])
def test_a_missing_view_is_reconstructed_from_the_others(hidden: int) -> None:
    batch, _ = three_views()
    new, _ = three_views(seed=1)
    mean, sd = fitted(hidden).reconstruct("a", without(new, "a"))
    error = new.views["a"] - mean
    assert (error**2).mean() < 0.3 * (new.views["a"] - batch.views["a"].mean(axis=0)).var()
    assert 0.87 < (np.abs(error) < 1.645 * sd).mean() < 0.93


def test_intervals_of_new_patients_cover() -> None:
    """90% intervals, with the factors aligned to the truth by a linear map from other patients."""
    others, z_others = three_views(seed=2)
    new, z = three_views(seed=1)
    model = fitted(0)
    constant = np.ones((len(z), 1))
    coefficients, *_ = np.linalg.lstsq(
        np.hstack([model.transform(others).mean, constant]), z_others, rcond=None
    )
    factors = model.transform(new)
    error = np.hstack([factors.mean, constant]) @ coefficients - z
    sd = np.sqrt(factors.sd**2 @ coefficients[:-1] ** 2)
    assert 0.85 < (np.abs(error) < 1.645 * sd).mean() < 0.95


@repetitions(2, 10)
@pytest.mark.parametrize("hidden", [0, 16])
def test_intervals_of_training_patients_cover_as_those_of_new_patients(hidden: int, repetitions: int) -> None:
    """90% intervals in 10 cohorts of 80; the sd of held-out factors includes the differences between networks.

    The map to the truth is from 300 other patients. The limits allow for three standard errors over cohorts; the
    coverage has a standard deviation below 0.04 over cohorts.
    """
    coverage = []
    for seed in range(repetitions):
        batch, z = three_views(n=80, p=150, seed=10 + seed, noise=4.0)
        others, z_others = three_views(n=600, p=150, seed=30 + seed, noise=4.0)
        model = VAE(6, seed, hidden=hidden)
        held_out, new = model.fit_transform(batch), model.transform(others)
        inputs = np.column_stack([new.mean, np.ones(600)])
        coefficients = np.linalg.lstsq(inputs[:300], z_others[:300], rcond=None)[0]
        row = []
        for mean, sd, truth in (
            (held_out.mean, held_out.sd, z),
            (new.mean[300:], new.sd[300:], z_others[300:]),
        ):
            error = mean @ coefficients[:-1] + coefficients[-1] - truth
            row.append((np.abs(error) < 1.645 * np.sqrt(sd**2 @ coefficients[:-1] ** 2)).mean())
        coverage.append(row)
    if repetitions < 10:
        wider = margin(0.04 / np.sqrt(10), repetitions, 10, checks=4)
        assert (np.abs(np.mean(coverage, axis=0) - 0.9) < 0.05 + wider).all(), coverage
        return
    mean, error = np.mean(coverage, axis=0), np.std(coverage, axis=0, ddof=1) / np.sqrt(10)
    assert (mean - 3 * error > 0.85).all(), (mean, error)
    assert (mean + 3 * error < 0.95).all(), (mean, error)


def test_factors_of_training_patients_vary_as_those_of_new_patients() -> None:
    """In 74 patients with 900 features, loadings overfit the noise of the training patients."""
    batch, _ = three_views(n=74, p=300, noise=4.0)
    new, _ = three_views(n=300, p=300, noise=4.0, seed=1)
    model = VAE(8, 0, trainer=TrainerConfig(epochs=90))
    held_out = model.fit_transform(batch).mean
    of_new = model.transform(new).mean.var(axis=0).sum()
    assert 0.75 < held_out.var(axis=0).sum() / of_new < 1.25
    assert model.transform(batch).mean.var(axis=0).sum() / of_new > 1.25


def test_held_out_factors_correlate_with_the_factors_of_the_model() -> None:
    batch, z = three_views(n=100)
    model = VAE(3, 0, trainer=MIDDLE)
    held_out, full = model.fit_transform(batch).mean, model.transform(batch).mean
    for k in range(3):
        assert np.corrcoef(held_out[:, k], full[:, k])[0, 1] > 0.97
    assert explained(z, held_out) > 0.95


@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson"])
def test_factors_of_binary_and_count_views(likelihood: str) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 2))
    views = {}
    for name in "ab":
        eta = z @ rng.normal(size=(2, 150)) + 0.5
        binary = rng.random(eta.shape) < 1 / (1 + np.exp(-eta)) if likelihood == "bernoulli" else None
        views[name] = rng.poisson(np.logaddexp(0, eta + 1)) if binary is None else binary
    batch = batch_of(**{name: x.astype(float) for name, x in views.items()})
    model = VAE(2, 0, likelihoods=dict.fromkeys("ab", likelihood), trainer=MIDDLE)
    model.fit(batch.take(np.arange(200)))
    new = batch.take(np.arange(200, 400))
    assert explained(z[200:] - z[200:].mean(axis=0), model.transform(new).mean) > 0.9
    mean, sd = model.reconstruct("a", without(new, "a"))
    training_mean = batch.views["a"][:200].mean(axis=0)
    assert ((new.views["a"] - mean) ** 2).mean() < 0.9 * ((new.views["a"] - training_mean) ** 2).mean()
    assert 0.9 < (((new.views["a"] - mean) / sd) ** 2).mean() < 1.1


@pytest.mark.slow
def test_a_hidden_layer_fits_nonlinear_views() -> None:
    """With 100 epochs the hidden layer has not yet learned the nonlinear part."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 1))
    views = {}
    for name in "ab":
        eta = z @ rng.normal(size=(1, 40)) + 2 * np.tanh(2 * np.abs(z) - 1.5) @ rng.normal(size=(1, 40))
        views[name] = eta + 0.5 * rng.normal(size=eta.shape)
    batch = batch_of(**views)
    new = batch.take(np.arange(200, 400))
    error = {}
    for hidden in (0, 16):
        model = VAE(1, 0, hidden=hidden, trainer=TrainerConfig(epochs=250)).fit(batch.take(np.arange(200)))
        mean, _ = model.reconstruct("a", without(new, "a"))
        error[hidden] = ((mean - new.views["a"]) ** 2).mean()
    assert error[16] < 0.7 * error[0]


@pytest.mark.parametrize("hidden", [0, 4])
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_a_loaded_model_gives_the_same_results(hidden: int, likelihood: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, size=(30, 7)).astype(float)
    x[:, 2] = np.nan
    batch = batch_of(**{"a.b/c": x, "d": rng.normal(size=(30, 5))})
    model = VAE(2, 3, hidden=hidden, likelihoods={"a.b/c": likelihood}, trainer=SHORT).fit(batch)
    model.save(tmp_path, "factors")
    twin = VAE.load(tmp_path, "factors")
    for one, two in zip(
        (*vars(model.transform(batch)).values(), *model.reconstruct("a.b/c", batch), model.loadings("d")),
        (*vars(twin.transform(batch)).values(), *twin.reconstruct("a.b/c", batch), twin.loadings("d")),
        strict=True,
    ):
        assert one.tobytes() == two.tobytes()
    assert model.variance_explained().equals(twin.variance_explained())


def test_the_same_seed_gives_the_same_bytes_whatever_the_global_seed() -> None:
    batch, _ = three_views(n=40)
    results = []
    for global_seed in (0, 3):
        torch.manual_seed(global_seed)
        results.append(VAE(2, 5, hidden=4, trainer=SHORT).fit_transform(batch).mean.tobytes())
    assert results[0] == results[1]
    assert VAE(2, 6, hidden=4, trainer=SHORT).fit_transform(batch).mean.tobytes() != results[0]


def test_scale_and_centre_of_a_feature_do_not_matter() -> None:
    batch, _ = three_views(n=60)
    moved = replace(batch, views=batch.views | {"a": batch.views["a"] * 1000 + 500})
    one, two = (VAE(3, 0, trainer=SHORT).fit(b) for b in (batch, moved))
    np.testing.assert_allclose(one.transform(batch).mean, two.transform(moved).mean, atol=2e-3)
    np.testing.assert_allclose(one.loadings("a") * 1000, two.loadings("a"), rtol=2e-2, atol=2.0)


def test_a_feature_without_data_has_an_infinite_sd() -> None:
    batch, _ = three_views(n=60)
    observed = {**batch.observed, "a": batch.observed["a"].copy()}
    observed["a"][:, 4] = False
    model = VAE(3, 0, trainer=SHORT).fit(replace(batch, observed=observed))
    assert (model.loadings("a")[4] == 0).all()
    mean, sd = model.reconstruct("a", batch)
    assert np.isinf(sd[:, 4]).all()
    assert np.isfinite(np.delete(sd, 4, axis=1)).all()
    assert np.isfinite(mean).all()
    assert np.isfinite(model.variance_explained().to_numpy()).all()


def test_a_constant_feature_keeps_its_value() -> None:
    batch, _ = three_views(n=60)
    batch.views["a"][:, 4] = 7
    model = VAE(3, 0, trainer=MIDDLE).fit(batch)
    np.testing.assert_allclose(model.reconstruct("a", batch)[0][:, 4], 7, atol=0.05)


def test_small_batches_recover_the_factors() -> None:
    batch, z = three_views()
    model = VAE(3, 0, trainer=TrainerConfig(epochs=20, batch_size=50)).fit(batch)
    assert explained(z, model.transform(batch).mean) > 0.97


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"a": np.full((20, 3), np.nan)}, "view a was measured on none"),
        ({"a": np.full((20, 3), 2.5)}, "view a has no feature that varies"),
        ({"a": np.random.default_rng(0).normal(size=(20, 3))}, "view a has values that are not poisson"),
    ],
)
def test_views_that_cannot_be_fitted_are_named(change: dict[str, np.ndarray], sentence: str) -> None:
    batch = batch_of(**{"b": np.random.default_rng(1).normal(size=(20, 4)), **change})
    likelihoods = {"a": "poisson"} if "poisson" in sentence else {}
    with pytest.raises(FitError, match=sentence):
        VAE(2, 0, likelihoods=likelihoods).fit(batch)


def test_other_invalid_input_is_reported() -> None:
    batch, _ = three_views(n=20)
    with pytest.raises(FitError, match="did you mean 'poisson'"):
        VAE(2, likelihoods={"a": "poison"})
    with pytest.raises(FitError, match="1 patients cannot carry a factor"):
        VAE(2).fit(batch.take(np.arange(1)))
