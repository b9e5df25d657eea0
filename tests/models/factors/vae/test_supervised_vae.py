"""The supervised autoencoder: what outcomes teach it, and whose outcomes are in whose factors."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from datamodules.batch import Batch
from models.config import TrainerConfig
from models.factors.vae.endpoint_heads import EndpointHead, EndpointHeads, learnable
from models.factors.vae.held_out_networks import left_out_rows
from models.factors.vae.model import VAE
from models.factors.vae.supervised_vae import SupervisedVAE
from models.linear.cox_net import CoxLikelihood, cox_net
from omics.cohort.endpoints import Endpoints, Response, Survival

SHORT = TrainerConfig(epochs=10)
STRENGTHS = (2.0, 1.8, 1.6, 1.4, 1.2, 0.5)


def simulated(n: int, seed: int, p: int = 100) -> tuple[Batch, np.ndarray]:
    """Two views of six factors, of which the weakest alone is prognostic; true log hazard (n,)."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 6))
    views = {}
    for name in "ab":
        # Loadings are alike for every seed, so that new patients share them.
        loadings = np.random.default_rng([3, ord(name)]).normal(size=(p, 6)) * STRENGTHS
        views[name] = (z @ loadings.T + rng.normal(size=(n, p))).astype(np.float32)
    hazard = 1.2 * z[:, 5]
    time, censored = rng.exponential(np.exp(-hazard)), rng.exponential(1.5, size=n)
    everybody = np.ones(n, dtype=bool)
    endpoints = {
        "os": Survival(np.minimum(time, censored), time < censored, everybody),
        "response": Response(rng.random(n) < 1 / (1 + np.exp(hazard)), everybody),
    }
    observed = {name: np.ones_like(x, dtype=bool) for name, x in views.items()}
    ids = np.array([f"p{i}" for i in range(n)])
    age = rng.normal(size=(n, 1)).astype(np.float32)
    return Batch(ids, views, observed, age, ("age",), Endpoints(endpoints, "os")), hazard


def with_endpoints(batch: Batch, **named: Survival | Response) -> Batch:
    return replace(batch, endpoints=Endpoints(named, next(iter(named), "none")))


def survival(batch: Batch) -> Survival:
    endpoint = batch.endpoints.named["os"]
    assert isinstance(endpoint, Survival)
    return endpoint


def concordance(batch: Batch, hazard: np.ndarray) -> float:
    from sksurv.metrics import concordance_index_censored

    endpoint = survival(batch)
    return float(concordance_index_censored(endpoint.event, endpoint.time, hazard)[0])


def test_no_outcome_of_a_fold_is_in_the_factors_of_its_patients() -> None:
    batch, _ = simulated(40, 0, p=20)
    endpoint = survival(batch)
    fold = left_out_rows(40, 5)[1]
    event, time = endpoint.event.copy(), endpoint.time.copy()
    event[fold[0]], time[fold[0]] = not event[fold[0]], 77.0
    os = Survival(time, event, endpoint.observed)
    changed = with_endpoints(batch, **{**batch.endpoints.named, "os": os})
    one, two = (SupervisedVAE(3, 5, trainer=SHORT).fit_transform([b]) for b in (batch, changed))
    rest = np.setdiff1d(np.arange(40), fold)
    for a, b in ((one.mean, two.mean), (one.sd, two.sd)):
        assert a[fold].tobytes() == b[fold].tobytes()
        # It is in those of everybody else.
        assert (a[rest] != b[rest]).any(axis=1).all()


def test_residuals_of_a_survival_are_those_of_the_solver() -> None:
    batch, _ = simulated(50, 0, p=5)
    endpoint = survival(batch)
    expected = -CoxLikelihood(endpoint.event, endpoint.time).gradient(np.zeros(50)) / endpoint.event.mean()
    np.testing.assert_allclose(EndpointHead(endpoint, batch, 2).residuals(), expected, atol=1e-6)


def test_who_is_not_observed_has_no_residual_and_no_part_in_the_loss() -> None:
    batch, _ = simulated(30, 0, p=5)
    seen = np.arange(30) < 20
    for endpoint in batch.endpoints.named.values():
        part = replace(endpoint, observed=seen)
        if isinstance(part, Survival):
            part = replace(part, event=part.event & seen, time=np.where(seen, part.time, np.nan))
        head = EndpointHead(part, batch, 2)
        few = EndpointHead(part.take(np.arange(20)), batch.take(np.arange(20)), 2)
        assert (head.residuals()[20:] == 0).all()
        mean = torch.randn(30, 2, generator=torch.Generator().manual_seed(0))
        with torch.no_grad():
            for network in (head.path, few.path):
                network.weight.fill_(0.5)
        all_rows, few_rows = torch.arange(30), torch.arange(20)
        torch.testing.assert_close(head(mean, all_rows), few(mean[:20], few_rows))


def test_an_endpoint_that_teaches_nothing_has_no_loss(caplog: pytest.LogCaptureFixture) -> None:
    batch, _ = simulated(20, 0, p=5)
    nobody = np.zeros(20, dtype=bool)
    censored = with_endpoints(batch, os=replace(survival(batch), event=nobody))
    with caplog.at_level(logging.INFO):
        assert learnable(censored) == []
    assert "endpoint 'os' has no events" in caplog.text
    heads = EndpointHeads(censored, ["os"], 2, 1.0)
    assert (heads.residuals() == 0).all()
    assert heads(torch.ones(20, 2), torch.arange(20)).item() == 0


@pytest.mark.parametrize("what", ["none", "no event", "one class"])
def test_without_anything_to_learn_it_is_the_plain_vae(what: str, caplog: pytest.LogCaptureFixture) -> None:
    batch, _ = simulated(30, 0, p=10)
    nobody = np.zeros(30, dtype=bool)
    named: dict[str, dict[str, Survival | Response]] = {
        "none": {},
        "no event": {"os": replace(survival(batch), event=nobody)},
        "one class": {"response": Response(nobody, ~nobody)},
    }
    batch = with_endpoints(batch, **named[what])
    with caplog.at_level(logging.INFO):
        found = SupervisedVAE(2, 1, trainer=SHORT).fit_transform([batch])
    assert found.mean.tobytes() == VAE(2, 1, trainer=SHORT).fit_transform([batch]).mean.tobytes()
    assert "plain vae" in caplog.text


def test_patients_without_an_endpoint_teach_the_autoencoder() -> None:
    batch, _ = simulated(60, 0, p=20)
    seen = np.arange(60) < 40
    endpoint = survival(batch)
    part = with_endpoints(
        batch, os=Survival(np.where(seen, endpoint.time, np.nan), endpoint.event & seen, seen)
    )
    whole = SupervisedVAE(2, 0, trainer=SHORT).fit([part])
    fewer = SupervisedVAE(2, 0, trainer=SHORT).fit([part.take(np.arange(40))])
    assert np.isfinite(SupervisedVAE(2, 0, trainer=SHORT).fit_transform([part]).mean).all()
    assert not np.allclose(whole.loadings("a"), fewer.loadings("a"), atol=1e-3)


@pytest.mark.parametrize("count", [1, 3])
def test_two_endpoints_saved_loaded_and_the_same_again(count: int, tmp_path: Path) -> None:
    batch, _ = simulated(40, 0, p=10)
    models = [SupervisedVAE(count, 2, hidden=3, trainer=SHORT).fit([batch]) for _ in range(2)]
    models[0].save(tmp_path, "factors")
    answers = [
        (*vars(model.transform(batch)).values(), *model.reconstruct("a", batch), model.loadings("b"))
        for model in (*models, SupervisedVAE.load(tmp_path, "factors"))
    ]
    for one, two, three in zip(*answers, strict=True):
        assert one.tobytes() == two.tobytes() == three.tobytes()
        assert np.isfinite(one).all()
    assert not np.array_equal(
        answers[0][0], VAE(count, 2, hidden=3, trainer=SHORT).fit([batch]).transform(batch).mean
    )


def evaluated(model: VAE, batch: Batch, new: Batch, hazard: np.ndarray) -> np.ndarray:
    """What a ridge Cox on left-out factors does, and what it could owe to outcomes.

    (4,): its concordance in training; on new patients; its correlation with the true log hazard there; concordance of
    the last factor in training.
    """
    endpoint = survival(batch)
    factors = model.fit_transform([batch]).mean
    weights = cox_net(factors, endpoint.event, endpoint.time, 0.1, 0.0)
    told = model.transform(new).mean @ weights
    seen = concordance(batch, factors @ weights), concordance(new, told)
    return np.array([*seen, np.corrcoef(told, hazard)[0, 1], concordance(batch, factors[:, -1])])


def over_cohorts(*, permuted: bool, repeats: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """(repeats, 4) of the plain and of the supervised autoencoder, three factors each, on the same cohorts."""
    plain, taught = [], []
    for seed in range(repeats):
        batch, _ = simulated(150, seed)
        order = np.random.default_rng(seed).permutation(150) if permuted else np.arange(150)
        batch = with_endpoints(batch, os=survival(batch).take(order))
        new, hazard = simulated(500, 1000 + seed)
        plain.append(evaluated(VAE(3), batch, new, hazard))
        taught.append(evaluated(SupervisedVAE(3), batch, new, hazard))
    return np.array(plain), np.array(taught)


def mean_and_error(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return x.mean(axis=0), x.std(axis=0, ddof=1) / np.sqrt(len(x))


@pytest.mark.slow
def test_a_weak_prognostic_factor_beside_strong_ones_is_found() -> None:
    mean, error = mean_and_error(np.subtract(*over_cohorts(permuted=False)[::-1]))
    assert (mean[1:3] > 3 * error[1:3]).all(), (mean, error)
    assert (mean[1:3] > [0.1, 0.3]).all(), (mean, error)


@pytest.mark.slow
def test_a_permuted_outcome_teaches_nothing_and_is_not_learned_by_heart() -> None:
    """Nor does a ridge Cox on its factors fit its patients better than one on factors that never saw an outcome."""
    plain, taught = over_cohorts(permuted=True)
    mean, error = mean_and_error(taught)
    assert abs(mean[1] - 0.5) < 3 * error[1], (mean, error)
    assert (mean[[0, 3]] < 0.5 + 3 * error[[0, 3]]).all(), (mean, error)
    more, error = mean_and_error(taught - plain)
    assert more[0] < 3 * error[0], (more, error)
