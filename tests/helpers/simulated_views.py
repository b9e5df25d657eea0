"""Simulated views of shared factors, as batches of harmonized patients."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import special

from datamodules.batch import Batch
from omics.cohort.endpoints import Endpoints, Response, Survival


def batch_of(**views: np.ndarray) -> Batch:
    """A batch without covariates and endpoints; NaN is a missing value."""
    n = len(next(iter(views.values())))
    observed = {name: ~np.isnan(x) for name, x in views.items()}
    values = {name: np.nan_to_num(x).astype(np.float32) for name, x in views.items()}
    ids = np.array([f"p{i}" for i in range(n)])
    return Batch(ids, values, observed, np.zeros((n, 0), np.float32), (), Endpoints({}, "none"))


def without(batch: Batch, *views: str) -> Batch:
    """The same patients without some views."""
    return replace(
        batch, observed=batch.observed | {view: np.zeros_like(batch.observed[view]) for view in views}
    )


def two_views(
    n: int = 60,
    p: int = 25,
    k: int = 2,
    seed: int = 0,
    likelihood: str = "gaussian",
    holes: float = 0.0,
    scale: float = 1.0,
) -> tuple[Batch, np.ndarray]:
    """Two views, and their shared factors; each view lacks some patients and a proportion `holes` of values."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k))
    views, observed = {}, {}
    for name in ("a", "b"):
        # The loadings do not depend on the seed, so new patients have the same ones.
        loadings = np.random.default_rng([7, ord(name)]).normal(size=(p, k)) * scale
        eta = z @ loadings.T
        x = {
            "gaussian": lambda eta=eta: eta + rng.normal(size=eta.shape),
            "bernoulli": lambda eta=eta: rng.random(eta.shape) < special.expit(eta),
            "poisson": lambda eta=eta: rng.poisson(np.logaddexp(0, eta + 1)),
        }[likelihood]()
        seen = np.repeat(rng.random((n, 1)) > 0.15, p, axis=1) & (rng.random((n, p)) >= holes)
        views[name], observed[name] = np.where(seen, x, 0).astype(np.float32), seen
    ids = np.array([f"p{i}" for i in range(n)])
    return Batch(ids, views, observed, np.zeros((n, 0), np.float32), (), Endpoints({}, "none")), z


def three_views(n: int = 200, p: int = 60, seed: int = 0, noise: float = 1.0) -> tuple[Batch, np.ndarray]:
    """Three views, and their three factors, the first the strongest; the last view lacks a third of the patients."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, 3))
    views = {}
    for name in "abc":
        # The loadings do not depend on the seed, so new patients have the same ones.
        loadings = np.random.default_rng([7, ord(name)]).normal(size=(p, 3)) * [2.0, 1.4, 1.0]
        views[name] = z @ loadings.T + rng.normal(size=(n, p)) * noise
    views["c"][: n // 3] = np.nan
    return batch_of(**views), z


def prognostic_views(n: int, seed: int, p: int = 100) -> tuple[Batch, np.ndarray]:
    """Two views of six factors, and the true log hazard (n,), which depends on the weakest factor only."""
    rng, strengths = np.random.default_rng(seed), (2.0, 1.8, 1.6, 1.4, 1.2, 0.5)
    z = rng.normal(size=(n, 6))
    views = {}
    for name in "ab":
        # The loadings do not depend on the seed, so new patients have the same ones.
        loadings = np.random.default_rng([3, ord(name)]).normal(size=(p, 6)) * strengths
        views[name] = (z @ loadings.T + rng.normal(size=(n, p))).astype(np.float32)
    hazard = 1.2 * z[:, 5]
    time, censored = rng.exponential(np.exp(-hazard)), rng.exponential(1.5, size=n)
    observed_all = np.ones(n, dtype=bool)
    endpoints = {
        "os": Survival(np.minimum(time, censored), time < censored, observed_all),
        "response": Response(rng.random(n) < 1 / (1 + np.exp(hazard)), observed_all),
    }
    observed = {name: np.ones_like(x, dtype=bool) for name, x in views.items()}
    ids = np.array([f"p{i}" for i in range(n)])
    age = rng.normal(size=(n, 1)).astype(np.float32)
    return Batch(ids, views, observed, age, ("age",), Endpoints(endpoints, "os")), hazard


def survival_of(batch: Batch) -> Survival:
    """The survival endpoint of :func:`prognostic_views`."""
    endpoint = batch.endpoints.named["os"]
    assert isinstance(endpoint, Survival)
    return endpoint


def with_endpoints(batch: Batch, **named: Survival | Response) -> Batch:
    """The same patients with other endpoints."""
    return replace(batch, endpoints=Endpoints(named, next(iter(named), "none")))


def explained(z: np.ndarray, estimate: np.ndarray) -> float:
    """Smallest proportion of a true factor's variance that a linear map of the estimate explains."""
    coefficients, *_ = np.linalg.lstsq(estimate, z, rcond=None)
    residual = z - estimate @ coefficients
    return float((1 - residual.var(axis=0) / z.var(axis=0)).min())
