"""Data for the benchmark of factor models: simulated views with known factors, real cohorts, held-out values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from benchmarks.clock import SHARED
from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from omics.cohort.endpoints import Endpoints
from omics.cohort.read import read_cohort

COHORTS = SHARED / "cohorts"
NAMES = ("tcga_acc", "race_septic_shock", "tcga_ov", "nat_breast", "iirn_crohn_flare", "placenta_hood")

Array = NDArray[np.float64]


def simulated(
    seed: int,
    patients: int = 200,
    features: int = 2000,
    views: int = 4,
    factors: int = 15,
    sparse: bool = False,
    likelihood: str = "gaussian",
    active: float = 0.6,
) -> tuple[Batch, Array]:
    """Views with 17% of the patients missing, and the true factors, each active in a proportion of the views.

    Loadings of an active factor are N(0, s^2) with s from U(0.2, 0.8); sparse ones are 1.5 times that in a fifth of the
    features and 0 in the others.
    """
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(patients, factors))
    present = rng.random((patients, views)) > 0.17
    present[~present.any(axis=1), 0] = True
    values, observed = {}, {}
    for view in range(views):
        scale = (rng.random(factors) < active) * rng.uniform(0.2, 0.8, factors)
        loadings = rng.normal(size=(features, factors)) * scale
        if sparse:
            loadings *= (rng.random(loadings.shape) < 0.2) * 1.5
        eta = z @ loadings.T
        if likelihood == "gaussian":
            x = eta + rng.normal(size=eta.shape) * rng.uniform(0.7, 1.5, features)
        elif likelihood == "bernoulli":
            x = rng.random(eta.shape) < 1 / (1 + np.exp(-eta - 0.5 * rng.normal(size=features)))
        else:
            x = rng.poisson(np.logaddexp(0, eta + 0.5 * rng.normal(size=features) + 1))
        here = present[:, [view]]
        values[f"view{view}"] = np.where(here, x, 0).astype(np.float32)
        observed[f"view{view}"] = np.repeat(here, features, axis=1)
    return _batch(values, observed), z


def noise(patients: int, features: int, factors: int) -> Batch:
    """Four large views, simulated without a float64 copy."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(patients, factors)).astype(np.float32)
    values, observed = {}, {}
    for view in range(4):
        x = rng.standard_normal((patients, features), dtype=np.float32)
        x += z @ (rng.normal(size=(factors, features)) * 0.3).astype(np.float32)
        here = rng.random((patients, 1)) > 0.17
        values[f"view{view}"], observed[f"view{view}"] = x, np.repeat(here, features, axis=1)
    return _batch(values, observed)


def cohort(name: str) -> Batch:
    """A real cohort, harmonized on all its patients, so that all methods get the same values."""
    data = read_cohort(COHORTS / name)
    return Harmonizer(HarmonizeConfig()).fit(data).transform(data)


def without_values(batch: Batch, proportion: float, seed: int) -> tuple[Batch, dict[str, NDArray[np.bool_]]]:
    """Hide a proportion of the measured values, and return their masks."""
    rng = np.random.default_rng(seed)
    hidden = {name: seen & (rng.random(seen.shape) < proportion) for name, seen in batch.observed.items()}
    observed = {name: seen & ~hidden[name] for name, seen in batch.observed.items()}
    views = {name: np.where(observed[name], x, 0).astype(np.float32) for name, x in batch.views.items()}
    return replace(batch, views=views, observed=observed), hidden


def without_view(batch: Batch, view: str) -> Batch:
    """Hide a whole view."""
    return replace(batch, observed={**batch.observed, view: np.zeros_like(batch.observed[view])})


def _batch(values: dict[str, NDArray[np.float32]], observed: dict[str, NDArray[np.bool_]]) -> Batch:
    n = len(next(iter(values.values())))
    ids = np.array([f"p{i}" for i in range(n)])
    return Batch(ids, values, observed, np.zeros((n, 0), np.float32), (), Endpoints({}, "none"))
