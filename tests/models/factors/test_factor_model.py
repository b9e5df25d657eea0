"""Every factor model of the table: projects anybody, at home with missing views, saved and loaded alike."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from datamodules.batch import Batch
from datamodules.cohort_datamodule import CohortDataModule
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from datamodules.patient_batches import PatientBatches, batch_loader
from models.factors import FACTOR_MODELS
from omics.cohort.endpoints import Endpoints
from omics.common.errors import FitError
from omics.common.registry import resolve

MODELS = sorted(FACTOR_MODELS)


def simulated(
    n: int = 200, k: int = 3, p: int = 60, seed: int = 0, noise: float = 1.0
) -> tuple[Batch, np.ndarray]:
    """Three views of shared factors; the last lacks a third of the patients."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=(n, k))
    views, observed = {}, {}
    for name in ("a", "b", "c"):
        # Loadings are drawn first and alike for every n, so that new patients share them.
        loadings = np.random.default_rng([7, ord(name)]).normal(size=(p, k)) * [2.0, 1.4, 1.0][:k]
        views[name] = (z @ loadings.T + rng.normal(size=(n, p)) * noise).astype(np.float32)
        observed[name] = np.ones((n, p), dtype=bool)
    observed["c"][: n // 3] = False
    views["c"][: n // 3] = 0
    ids = np.array([f"p{i}" for i in range(n)])
    return Batch(ids, views, observed, np.zeros((n, 0), np.float32), (), Endpoints({}, "none")), z


def explained(z: np.ndarray, estimate: np.ndarray) -> float:
    """Smallest share of a true factor's variance that a linear map of the estimate explains."""
    coefficients, *_ = np.linalg.lstsq(estimate, z, rcond=None)
    rest = z - estimate @ coefficients
    return float((1 - rest.var(axis=0) / z.var(axis=0)).min())


@pytest.fixture(params=MODELS)
def kind(request: pytest.FixtureRequest) -> Any:
    return resolve(FACTOR_MODELS, request.param, "factors.model")


def test_finds_the_factors_of_training_and_new_patients(kind: Any) -> None:
    batch, z = simulated()
    model = kind(3, 0).fit([batch])
    new, z_new = simulated(seed=1)
    assert explained(z, model.transform(batch).mean) > 0.97
    assert explained(z_new, model.transform(new).mean) > 0.97


def test_loadings_have_the_shape_of_their_view(kind: Any) -> None:
    batch, _ = simulated()
    model = kind(3, 0).fit([batch])
    assert model.loadings("b").shape == (60, model.transform(batch).mean.shape[1])


def test_sd_never_shrinks_when_a_view_is_taken_away(kind: Any) -> None:
    batch, _ = simulated()
    model = kind(3, 0).fit([batch])
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
    factors = (
        kind(3, 0)
        .fit([batch])
        .transform(Batch(batch.sample_ids, batch.views, nothing, batch.covariates, (), batch.endpoints))
    )
    assert (factors.mean == 0).all()
    np.testing.assert_allclose(factors.sd, 1.0)
    assert not factors.known.any()


def test_who_is_known_has_a_view(kind: Any) -> None:
    batch, _ = simulated(n=40)
    seen = {name: observed.copy() for name, observed in batch.observed.items()}
    for observed in seen.values():
        observed[[3, 38]] = False
    # Whoever lacks all views but one value of one is known still.
    for observed in seen.values():
        observed[7] = False
    seen["b"][7, 0] = True
    batch = replace(batch, observed=seen)
    model = kind(2, 0)
    expected = ~np.isin(np.arange(40), [3, 38])
    for factors in (model.fit_transform([batch]), model.transform(batch)):
        np.testing.assert_array_equal(factors.known, expected)
        assert factors.known.dtype == bool
        np.testing.assert_allclose(factors.mean[~factors.known], 0.0, atol=1e-12)
        np.testing.assert_allclose(factors.sd[~factors.known], 1.0)
    assert model.transform(batch.take(np.arange(0))).known.shape == (0,)


def test_patients_may_come_in_several_batches(kind: Any) -> None:
    batch, _ = simulated(n=60)
    parts = [batch.take(np.arange(start, min(start + 25, 60))) for start in (0, 25, 50)]
    one, two = (kind(2, 5).fit_transform(batches) for batches in ([batch], parts))
    assert one.mean.tobytes() == two.mean.tobytes()
    assert one.sd.tobytes() == two.sd.tobytes()


@pytest.mark.parametrize("name", ["pca", "gfa"])
def test_the_order_of_patients_is_of_no_matter(name: str) -> None:
    batch, _ = simulated(n=120)
    loader = batch_loader(PatientBatches(batch, 120, 25, seed=3))
    # The first pass of another loader of the same seed has the order that the model sees.
    ids = Batch.concatenate(batch_loader(PatientBatches(batch, 120, 25, seed=3))).sample_ids
    rows = pd.Index(batch.sample_ids).get_indexer(pd.Index(ids))
    assert sorted(rows) == list(range(120))
    assert list(rows) != list(range(120))
    kind = resolve(FACTOR_MODELS, name, "factors.model")
    shuffled, plain = kind(3, 0), kind(3, 0)
    new, _ = simulated(n=50, seed=1)
    for one, two, order in (
        (shuffled.fit_transform(loader), plain.fit_transform([batch]), rows),
        (shuffled.transform(new), plain.transform(new), np.arange(50)),
    ):
        np.testing.assert_allclose(one.mean, two.mean[order], atol=0.02)
        np.testing.assert_allclose(one.sd, two.sd[order], atol=0.02)


def test_the_loader_of_a_cohort_is_such_batches(kind: Any, acc: Any) -> None:
    data = CohortDataModule(acc, np.arange(70), HarmonizeConfig(), batch_size=16, seed=3)
    data.setup()
    ids = Batch.concatenate(data.train_dataloader()).sample_ids
    factors = kind(3, 0).fit_transform(data.train_dataloader())
    assert sorted(ids) == sorted(acc.obs_names[:70])
    twin = kind(3, 0).fit_transform([data.batch(data.train).take(acc.obs_names[:70].get_indexer(ids))])
    np.testing.assert_array_equal(factors.mean, twin.mean)


def without(batch: Batch, view: str) -> Batch:
    return replace(batch, observed={**batch.observed, view: np.zeros_like(batch.observed[view])})


def test_a_whole_missing_view_is_imputed_with_an_honest_sd(kind: Any) -> None:
    batch, _ = simulated()
    new, _ = simulated(seed=1)
    mean, sd = kind(3, 0).fit([batch]).reconstruct("b", without(new, "b"))
    wrong = mean - new.views["b"]
    # Loadings have sd 2, 1.4 and 1; noise has sd 1, so that a perfect guess is wrong by 1 and the mean by 2.8.
    assert np.sqrt((wrong**2).mean()) < 1.1
    assert np.mean((wrong / sd) ** 2) == pytest.approx(1.0, abs=0.15)


def test_what_is_known_of_nobody_is_imputed_by_the_mean(kind: Any) -> None:
    batch, _ = simulated()
    nothing = {name: np.zeros_like(seen) for name, seen in batch.observed.items()}
    mean, sd = kind(3, 0).fit([batch]).reconstruct("a", replace(batch, observed=nothing))
    np.testing.assert_allclose(mean - mean[0], 0.0)
    assert (sd > 1).all()


def test_variance_explained_is_that_of_the_simulation(kind: Any) -> None:
    batch, _ = simulated()
    share = kind(3, 0).fit([batch]).variance_explained()
    assert list(share.index) == ["a", "b", "c"]
    assert (share >= 0).all().all()
    for view, total in share.sum(axis=1).items():
        loadings = np.random.default_rng([7, ord(str(view))]).normal(size=(60, 3)) * [2.0, 1.4, 1.0]
        # Noise has variance 1; the factors of 200 patients have 1 give or take a tenth.
        assert total / (1 - total) == pytest.approx((loadings**2).sum() / 60, rel=0.25)


def test_training_patients_get_factors_as_if_they_were_new(kind: Any) -> None:
    """Two weak factors in 40 patients and 900 features: `transform` would make theirs too large."""
    left_out, seen = [], []
    for seed in range(3):
        batch, z = simulated(40, 2, 300, seed, noise=5.0)
        new, z_new = simulated(400, 2, 300, 10 + seed, noise=5.0)
        model = kind(2, 0)
        own, fresh = model.fit_transform([batch]), model.transform(new)
        turn, *_ = np.linalg.lstsq(np.column_stack([fresh.mean, np.ones(400)]), z_new, rcond=None)
        error = np.square(fresh.mean @ turn[:-1] + turn[-1] - z_new).mean()
        left_out.append(np.square(own.mean @ turn[:-1] + turn[-1] - z).mean() / error)
        seen.append(model.transform(batch).mean.var() / own.mean.var())
    assert np.mean(seen) > 1.1
    assert 0.7 < np.mean(left_out) < 1.4


def test_saved_and_loaded_it_does_the_same(kind: Any, tmp_path: Path) -> None:
    batch, _ = simulated()
    model = kind(3, 0).fit([batch])
    model.save(tmp_path, "factors")
    one, two = model.transform(batch), kind.load(tmp_path, "factors").transform(batch)
    np.testing.assert_array_equal(one.mean, two.mean)
    np.testing.assert_array_equal(one.sd, two.sd)


def test_same_seed_same_bytes(kind: Any) -> None:
    batch, _ = simulated()
    one, two = (kind(3, 5).fit([batch]).transform(batch).mean for _ in range(2))
    assert one.tobytes() == two.tobytes()


def test_more_factors_than_patients_are_cut(kind: Any) -> None:
    batch, _ = simulated(n=8)
    factors = kind(50, 0).fit([batch]).transform(batch)
    assert factors.mean.shape[1] <= 7
    assert np.isfinite(factors.mean).all()


def test_not_fitted_is_said(kind: Any) -> None:
    with pytest.raises(FitError, match="not fitted"):
        kind(3, 0).transform(simulated()[0])


def test_a_real_cohort_with_half_of_a_view_missing(kind: Any, acc: Any) -> None:
    batch = Harmonizer(HarmonizeConfig()).fit(acc[:70]).transform(acc)
    model = kind(5, 0).fit([batch.take(np.arange(70))])
    factors = model.transform(batch)
    assert factors.mean.shape[0] == 92
    assert np.isfinite(factors.mean).all()
    without = ~batch.present("rppa")
    assert factors.sd[without].mean() > factors.sd[~without].mean()
