"""Factors of one view: compared with scikit-learn, also if patients lack the view, and with few patients."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import decomposition

from datamodules.batch import Batch
from models.factors.pca import PCA
from omics.cohort.endpoints import Endpoints


def batch_of(n: int, p: int, absent: int, rank: int) -> Batch:
    rng = np.random.default_rng(n + p)
    x = rng.normal(size=(n, rank)) @ rng.normal(size=(rank, p)) + 2.0 * rng.normal(size=(n, p))
    observed = np.ones((n, p), dtype=bool)
    observed[:absent] = False
    x[:absent] = 0.0
    ids = np.array([f"p{i}" for i in range(n)])
    values = {"a": x.astype(np.float32)}
    return Batch(ids, values, {"a": observed}, np.zeros((n, 0), dtype=np.float32), (), Endpoints({}, ""))


@pytest.mark.parametrize(("n", "p", "absent"), [(60, 200, 0), (60, 200, 25), (120, 30, 40)])
def test_the_factors_of_one_view_are_those_of_scikit_learn(n: int, p: int, absent: int) -> None:
    """scikit-learn divides by n - 1 and gives the noise variance of the same model."""
    batch, few = batch_of(n, p, absent, 4), 6
    ours = PCA(few).fit(batch).linear.views["a"]
    theirs = decomposition.PCA(few, svd_solver="full").fit(batch.views["a"][absent:].astype(float))
    scale = (n - absent - 1) / (n - absent)
    # Its noise variance is the mean of the discarded ones among min(n, p); ours counts all p.
    total = batch.views["a"][absent:].astype(float).var(axis=0).sum()
    noise = (total - theirs.explained_variance_.sum() * scale) / (p - few)
    expected = theirs.components_.T * np.sqrt(theirs.explained_variance_ * scale - noise)
    np.testing.assert_allclose(np.abs(ours.loadings), np.abs(expected), atol=1e-5)
    np.testing.assert_allclose(1 / ours.precision, noise, rtol=1e-5)


@pytest.mark.parametrize("count", [5, 10, 40])
def test_more_factors_than_patients_with_the_view(count: int) -> None:
    batch = batch_of(12, 8, 9, 2)
    factors = PCA(count).fit_transform(batch)
    assert np.isfinite(factors.mean).all()
    assert not factors.mean[:9].any()
