"""The variational autoencoder: its product of experts, missing views, depth, calibration, and how it says no."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from datamodules.batch import Batch
from models.config import TrainerConfig
from models.factors.vae.model import VAE
from models.factors.vae.network import Expert, MultiViewNetwork, ViewDecoder, ViewInputs, product_of_experts
from models.factors.vae.train import AutoencoderTraining, PatientInputs, drawn_subset, train
from omics.cohort.endpoints import Endpoints
from omics.common.errors import FitError

SHORT = TrainerConfig(epochs=10)
LIKELIHOODS = ("gaussian", "bernoulli", "poisson")


def simulated(n: int = 200, p: int = 60, seed: int = 0, noise: float = 1.0) -> tuple[Batch, np.ndarray]:
    """Three views of three factors, the first the strongest; the last view lacks a third of the patients."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3))
    views = {}
    for name in "abc":
        # Loadings are alike for every seed, so that new patients share them.
        loadings = np.random.default_rng([7, ord(name)]).normal(size=(p, 3)) * [2.0, 1.4, 1.0]
        views[name] = z @ loadings.T + rng.normal(size=(n, p)) * noise
    views["c"][: n // 3] = np.nan
    return batch_of(**views), z


def explained(z: np.ndarray, estimate: np.ndarray) -> float:
    """Smallest share of a true factor's variance that a linear map of the estimate explains."""
    coefficients, *_ = np.linalg.lstsq(estimate, z, rcond=None)
    return float((1 - (z - estimate @ coefficients).var(axis=0) / z.var(axis=0)).min())


def batch_of(**views: np.ndarray) -> Batch:
    """Everything observed that is not NaN."""
    n = len(next(iter(views.values())))
    observed = {name: ~np.isnan(x) for name, x in views.items()}
    values = {name: np.nan_to_num(x).astype(np.float32) for name, x in views.items()}
    ids = np.array([f"p{i}" for i in range(n)])
    return Batch(ids, values, observed, np.zeros((n, 0), np.float32), (), Endpoints({}, "none"))


def without(batch: Batch, *views: str) -> Batch:
    return replace(
        batch, observed=batch.observed | {view: np.zeros_like(batch.observed[view]) for view in views}
    )


def test_product_of_experts_is_the_product_of_their_densities() -> None:
    precision, mean = torch.from_numpy(np.array([[[0.5], [3.0]], [[1.0], [-0.7]]]))
    experts = [Expert(p[None], (p * m)[None]) for p, m in zip(precision, mean, strict=True)]
    posterior = product_of_experts(experts)
    z = torch.from_numpy(np.linspace(-8, 8, 20001))
    log_density = -0.5 * z**2 - 0.5 * (precision * (z - mean) ** 2).sum(dim=0)
    density = torch.softmax(log_density, dim=0)
    expected = (density * z).sum()
    assert posterior.mean.item() == pytest.approx(expected.item(), abs=1e-9)
    assert posterior.variance.item() == pytest.approx((density * (z - expected) ** 2).sum().item(), abs=1e-9)


def test_experts_that_say_nothing_leave_the_prior() -> None:
    nothing = Expert(torch.zeros(2, 3), torch.zeros(2, 3))
    posterior = product_of_experts([nothing, nothing])
    assert (posterior.mean == 0).all()
    assert (posterior.variance == 1).all()


@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_expected_log_likelihood_is_no_more_than_what_draws_give(likelihood: str) -> None:
    torch.manual_seed(0)
    decoder = ViewDecoder(4, 2, 0, likelihood).double()
    with torch.no_grad():
        decoder.weight.normal_()
        decoder.log_sd.fill_(-1.0)
    y = torch.tensor([[0.0, 1.0, 1.0, 0.0], [1.0, 1.0, 0.0, 0.0]]).double()
    posterior = product_of_experts([Expert(torch.full((2, 2), 2.0).double(), torch.ones(2, 2).double())])
    mean, variance = decoder(posterior, torch.zeros(2, 2).double())
    bound = decoder.log_likelihood(y, mean, variance)
    # Both factors and loadings are drawn: the moments of the predictor count the uncertainty of both.
    z = posterior.mean + posterior.variance.sqrt() * torch.randn(40000, 2, 2).double()
    weight = decoder.weight + decoder.log_sd.exp() * torch.randn(40000, 4, 2).double()
    eta = decoder.intercept + z @ weight.mT
    drawn = _log_density(likelihood, decoder, y, eta).mean(dim=0)
    assert (bound <= drawn + 0.02).all()
    if likelihood == "gaussian":
        torch.testing.assert_close(bound, drawn, atol=0.02, rtol=0.02)
    else:
        assert (drawn - bound).mean() < 0.25


def _log_density(likelihood: str, decoder: ViewDecoder, y: torch.Tensor, eta: torch.Tensor) -> torch.Tensor:
    if likelihood == "gaussian":
        return torch.distributions.Normal(eta, decoder.noise().sqrt()).log_prob(y)
    if likelihood == "bernoulli":
        return torch.distributions.Bernoulli(logits=eta).log_prob(y)
    return torch.distributions.Poisson(nn.functional.softplus(eta) + 1e-4).log_prob(y)


def test_divergence_of_loadings_is_that_of_gaussians_at_the_best_prior() -> None:
    torch.manual_seed(1)
    decoder = ViewDecoder(30, 2, 0, "gaussian").double()
    with torch.no_grad():
        decoder.weight.normal_()
        decoder.log_sd.uniform_(-2, 0)

    def divergence(prior: torch.Tensor) -> float:
        of = torch.distributions.Normal(decoder.weight, decoder.log_sd.exp())
        return torch.distributions.kl_divergence(of, torch.distributions.Normal(0.0, prior)).sum().item()

    best = (decoder.weight.square() + (2 * decoder.log_sd).exp()).mean(dim=0).sqrt()
    ours = decoder.divergence().item()
    assert ours == pytest.approx(divergence(best), rel=1e-12)
    assert all(ours <= divergence(best * factor) for factor in (0.9, 1.1))


@pytest.mark.parametrize("hidden", [0, 5])
def test_the_jacobian_is_that_of_autograd(hidden: int) -> None:
    rng = np.random.default_rng(0)
    batch = batch_of(a=rng.normal(size=(30, 6)) * 5 + 1, b=rng.normal(size=(30, 4)))
    model = VAE(2, 0, hidden=hidden, trainer=SHORT).fit([batch])
    decoder, columns = model.fitted.decoder("a"), model.fitted.columns["a"]
    mean = torch.from_numpy(model.transform(batch).mean)

    def predictor(z: torch.Tensor) -> torch.Tensor:
        posterior = product_of_experts([Expert(z[None] * 0, z[None])])
        return decoder(posterior, torch.zeros(1, 2).double())[0][0]

    jacobians = torch.stack([torch.autograd.functional.jacobian(predictor, z) for z in mean])
    np.testing.assert_allclose(
        model.loadings("a"), jacobians.mean(dim=0).numpy() * columns.scale[:, None], atol=1e-10
    )


def test_views_are_dropped_but_never_all_of_a_patient() -> None:
    seen = [torch.ones(4000, 2), torch.ones(4000, 3)]
    seen[0][:1000] = 0
    inputs = PatientInputs([torch.zeros_like(mask) for mask in seen], seen, torch.arange(4000))
    kept = drawn_subset(inputs, np.random.default_rng(0)).seen
    has = torch.stack([mask.all(dim=1) for mask in kept], dim=1)
    assert has.any(dim=1).all()
    assert (has[:1000, 1] & ~has[:1000, 0]).all()
    # Of those with two views, half keep all; of the others a quarter both, a quarter none, and so both again.
    assert has[1000:].all(dim=1).double().mean() == pytest.approx(0.75, abs=0.03)


def test_sd_grows_with_every_view_that_is_taken_away_down_to_the_prior() -> None:
    batch, _ = simulated()
    model = VAE(3, 0).fit([batch])
    cut = [model.transform(without(batch, *"cba"[:left])).sd.mean() for left in range(4)]
    assert cut == sorted(cut)
    assert cut[3] == 1.0
    assert cut[0] < 0.15


@pytest.mark.parametrize("hidden", [0, 8])
def test_a_view_that_is_missing_whole_is_told_from_the_others(hidden: int) -> None:
    batch, _ = simulated()
    new, _ = simulated(seed=1)
    model = VAE(3, 0, hidden=hidden).fit([batch])
    mean, sd = model.reconstruct("a", without(new, "a"))
    error = new.views["a"] - mean
    assert (error**2).mean() < 0.3 * (new.views["a"] - batch.views["a"].mean(axis=0)).var()
    assert 0.87 < (np.abs(error) < 1.645 * sd).mean() < 0.93


def test_intervals_of_new_patients_cover() -> None:
    """90% intervals after a linear map that other patients taught."""
    batch, _ = simulated()
    teach, z_teach = simulated(seed=2)
    new, z = simulated(seed=1)
    model = VAE(3, 0).fit([batch])
    constant = np.ones((len(z), 1))
    coefficients, *_ = np.linalg.lstsq(
        np.hstack([model.transform(teach).mean, constant]), z_teach, rcond=None
    )
    factors = model.transform(new)
    error = np.hstack([factors.mean, constant]) @ coefficients - z
    sd = np.sqrt(factors.sd**2 @ coefficients[:-1] ** 2)
    assert 0.85 < (np.abs(error) < 1.645 * sd).mean() < 0.95


@pytest.mark.slow
@pytest.mark.parametrize("hidden", [0, 16])
def test_intervals_of_training_patients_cover_as_those_of_new_ones(hidden: int) -> None:
    """90% intervals of 10 cohorts of 80; the sd of left-out factors counts how far networks disagree.

    The map to the truth is that of 300 other patients. Three standard errors over cohorts are allowed for.
    """
    covered = []
    for seed in range(10):
        batch, z = simulated(n=80, p=150, seed=10 + seed, noise=4.0)
        others, z_others = simulated(n=600, p=150, seed=30 + seed, noise=4.0)
        model = VAE(6, seed, hidden=hidden)
        left_out, new = model.fit_transform([batch]), model.transform(others)
        inputs = np.column_stack([new.mean, np.ones(600)])
        coefficients = np.linalg.lstsq(inputs[:300], z_others[:300], rcond=None)[0]
        row = []
        for mean, sd, truth in (
            (left_out.mean, left_out.sd, z),
            (new.mean[300:], new.sd[300:], z_others[300:]),
        ):
            error = mean @ coefficients[:-1] + coefficients[-1] - truth
            row.append((np.abs(error) < 1.645 * np.sqrt(sd**2 @ coefficients[:-1] ** 2)).mean())
        covered.append(row)
    mean, error = np.mean(covered, axis=0), np.std(covered, axis=0, ddof=1) / np.sqrt(10)
    assert (mean - 3 * error > 0.85).all(), (mean, error)
    assert (mean + 3 * error < 0.95).all(), (mean, error)


def test_training_patients_look_like_new_ones() -> None:
    """The trap: 74 patients whose noise 900 features know by heart."""
    batch, _ = simulated(n=74, p=300, noise=4.0)
    new, _ = simulated(n=300, p=300, noise=4.0, seed=1)
    model = VAE(8, 0)
    left_out = model.fit_transform([batch]).mean
    spread = model.transform(new).mean.var(axis=0).sum()
    assert 0.75 < left_out.var(axis=0).sum() / spread < 1.25
    assert model.transform(batch).mean.var(axis=0).sum() / spread > 1.25


def test_left_out_factors_are_the_factors_of_the_model() -> None:
    batch, z = simulated(n=100)
    model = VAE(3, 0)
    left_out, own = model.fit_transform([batch]).mean, model.transform(batch).mean
    for k in range(3):
        assert np.corrcoef(left_out[:, k], own[:, k])[0, 1] > 0.97
    assert explained(z, left_out) > 0.95


@pytest.mark.parametrize("likelihood", ["bernoulli", "poisson"])
def test_factors_of_binary_and_count_views(likelihood: str) -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 2))
    views = {}
    for name in "ab":
        eta = z @ rng.normal(size=(2, 150)) + 0.5
        drawn = rng.random(eta.shape) < 1 / (1 + np.exp(-eta)) if likelihood == "bernoulli" else None
        views[name] = rng.poisson(np.logaddexp(0, eta + 1)) if drawn is None else drawn
    batch = batch_of(**{name: x.astype(float) for name, x in views.items()})
    model = VAE(2, 0, likelihoods=dict.fromkeys("ab", likelihood)).fit([batch.take(np.arange(200))])
    new = batch.take(np.arange(200, 400))
    assert explained(z[200:] - z[200:].mean(axis=0), model.transform(new).mean) > 0.9
    mean, sd = model.reconstruct("a", without(new, "a"))
    guess = batch.views["a"][:200].mean(axis=0)
    assert ((new.views["a"] - mean) ** 2).mean() < 0.9 * ((new.views["a"] - guess) ** 2).mean()
    assert 0.9 < (((new.views["a"] - mean) / sd) ** 2).mean() < 1.1


def test_depth_finds_what_is_not_linear() -> None:
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
        model = VAE(1, 0, hidden=hidden, trainer=TrainerConfig(epochs=250)).fit([batch.take(np.arange(200))])
        mean, _ = model.reconstruct("a", without(new, "a"))
        error[hidden] = ((mean - new.views["a"]) ** 2).mean()
    assert error[16] < 0.7 * error[0]


@pytest.mark.parametrize("hidden", [0, 4])
@pytest.mark.parametrize("likelihood", LIKELIHOODS)
def test_saved_and_loaded_every_answer_is_the_same(hidden: int, likelihood: str, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.integers(0, 2, size=(30, 7)).astype(float)
    x[:, 2] = np.nan
    batch = batch_of(**{"a.b/c": x, "d": rng.normal(size=(30, 5))})
    model = VAE(2, 3, hidden=hidden, likelihoods={"a.b/c": likelihood}, trainer=SHORT).fit([batch])
    model.save(tmp_path, "factors")
    twin = VAE.load(tmp_path, "factors")
    for one, two in zip(
        (*vars(model.transform(batch)).values(), *model.reconstruct("a.b/c", batch), model.loadings("d")),
        (*vars(twin.transform(batch)).values(), *twin.reconstruct("a.b/c", batch), twin.loadings("d")),
        strict=True,
    ):
        assert one.tobytes() == two.tobytes()
    assert model.variance_explained().equals(twin.variance_explained())


def test_same_seed_same_bytes_whatever_torch_drew_before() -> None:
    batch, _ = simulated(n=40)
    found = []
    for draws in (0, 3):
        torch.manual_seed(draws)
        found.append(VAE(2, 5, hidden=4, trainer=SHORT).fit_transform([batch]).mean.tobytes())
    assert found[0] == found[1]
    assert VAE(2, 6, hidden=4, trainer=SHORT).fit_transform([batch]).mean.tobytes() != found[0]


def test_scale_and_centre_of_a_feature_do_not_matter() -> None:
    batch, _ = simulated(n=60)
    moved = replace(batch, views=batch.views | {"a": batch.views["a"] * 1000 + 500})
    one, two = (VAE(3, 0, trainer=SHORT).fit([b]) for b in (batch, moved))
    np.testing.assert_allclose(one.transform(batch).mean, two.transform(moved).mean, atol=2e-3)
    np.testing.assert_allclose(one.loadings("a") * 1000, two.loadings("a"), rtol=2e-2, atol=2.0)


def test_a_feature_that_nobody_has_is_known_of_as_nothing() -> None:
    batch, _ = simulated(n=60)
    observed = {**batch.observed, "a": batch.observed["a"].copy()}
    observed["a"][:, 4] = False
    model = VAE(3, 0, trainer=SHORT).fit([replace(batch, observed=observed)])
    assert (model.loadings("a")[4] == 0).all()
    mean, sd = model.reconstruct("a", batch)
    assert np.isinf(sd[:, 4]).all()
    assert np.isfinite(np.delete(sd, 4, axis=1)).all()
    assert np.isfinite(mean).all()
    assert np.isfinite(model.variance_explained().to_numpy()).all()


def test_a_constant_feature_is_left_at_its_value() -> None:
    batch, _ = simulated(n=60)
    batch.views["a"][:, 4] = 7
    model = VAE(3, 0).fit([batch])
    np.testing.assert_allclose(model.reconstruct("a", batch)[0][:, 4], 7, atol=0.05)


def test_large_batches_and_small_ones_find_the_same() -> None:
    batch, z = simulated()
    model = VAE(3, 0, trainer=TrainerConfig(epochs=40, batch_size=50)).fit([batch])
    assert explained(z, model.transform(batch).mean) > 0.97


class Regression(nn.Module):
    """A head: what a supervised model brings along."""

    def __init__(self, target: np.ndarray) -> None:
        super().__init__()
        self.target = torch.tensor(target, dtype=torch.float32)
        self.layer = nn.Linear(1, 1)

    def forward(self, mean: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
        return 500 * (self.layer(mean)[:, 0] - self.target[rows]).square().mean()


def test_heads_that_train_along_turn_the_factors_to_their_target() -> None:
    batch, z = simulated(n=150)
    # The weakest factor: alone, one factor would go to the strongest.
    heads = Regression(z[:, 2])
    model = VAE(1, 0).fit([batch])
    alone = model.transform(batch).mean[:, 0]
    network = model.fitted.network.float().train()
    inputs = model.fitted.inputs(batch)
    train(AutoencoderTraining(network, len(batch), TrainerConfig(learning_rate=0.05), 0, heads), inputs)
    together = model.transform(batch).mean[:, 0]
    assert abs(np.corrcoef(alone, z[:, 2])[0, 1]) < 0.3
    assert abs(np.corrcoef(together, z[:, 2])[0, 1]) > 0.8
    assert abs(heads.layer.weight.item()) > 0.3


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
        VAE(2, 0, likelihoods=likelihoods).fit([batch])


def test_other_wrong_input_is_said() -> None:
    batch, _ = simulated(n=20)
    with pytest.raises(FitError, match="did you mean 'poisson'"):
        VAE(2, likelihoods={"a": "poison"})
    with pytest.raises(FitError, match="1 patients cannot carry a factor"):
        VAE(2).fit([batch.take(np.arange(1))])


def test_a_loss_that_diverges_is_said() -> None:
    batch, _ = simulated(n=20)
    fitted = VAE(2, trainer=SHORT).fit([batch]).fitted
    training = AutoencoderTraining(
        fitted.network.float().train(), len(batch), SHORT, 0, lambda mean, _rows: mean.sum() * np.inf
    )
    with pytest.raises(FitError, match=r"loss is not finite in epoch 0; lower trainer.learning_rate"):
        train(training, fitted.inputs(batch))


def test_the_network_takes_any_likelihood_beside_another() -> None:
    network = MultiViewNetwork([3, 2, 4], 2, 3, LIKELIHOODS)
    y = [torch.ones(5, p) for p in (3, 2, 4)]
    inputs = ViewInputs(y, [torch.ones_like(x) for x in y], torch.arange(5))
    bound = network.bound(inputs, network.posterior(inputs), torch.zeros(5, 2))
    assert torch.isfinite(bound.likelihood).all()
    assert (bound.divergence >= 0).all()
