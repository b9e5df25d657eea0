"""Concatenated batches equal the original batch; batches that do not match raise an error."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from omics.cohort.endpoints import Endpoints, Response, Survival
from omics.common.errors import DataError


@pytest.fixture(scope="module")
def batch(acc: Any) -> Batch:
    batch = Harmonizer(HarmonizeConfig()).fit(acc).transform(acc)
    response = Response(np.arange(92) % 3 == 0, np.arange(92) % 5 > 0)
    named = {**batch.endpoints.named, "response": response}
    return replace(batch, endpoints=Endpoints(named, batch.endpoints.primary_endpoint))


def test_concatenated_parts_equal_the_whole(batch: Batch) -> None:
    rows = np.split(np.random.default_rng(0).permutation(92), [1, 40, 40])
    whole, twin = Batch.concatenate(iter([batch.take(r) for r in rows])), batch.take(np.concatenate(rows))
    assert list(whole.sample_ids) == list(twin.sample_ids)
    assert list(whole.views) == list(whole.observed) == list(twin.views)
    for name, values in twin.views.items():
        assert whole.views[name].dtype == np.float32
        np.testing.assert_array_equal(whole.views[name], values)
        np.testing.assert_array_equal(whole.observed[name], twin.observed[name])
    np.testing.assert_array_equal(whole.covariates, twin.covariates)
    assert whole.covariate_names == twin.covariate_names
    assert whole.endpoints.primary_endpoint == twin.endpoints.primary_endpoint
    for name, endpoint in twin.endpoints.named.items():
        joined = whole.endpoints.named[name]
        assert type(joined) is type(endpoint)
        assert joined.unit == endpoint.unit
        for key, value in vars(endpoint).items():
            np.testing.assert_array_equal(getattr(joined, key), value)


def test_a_single_batch_is_not_copied(batch: Batch) -> None:
    assert Batch.concatenate([batch]) is batch


def test_concatenating_no_batches_raises_an_error() -> None:
    with pytest.raises(DataError, match="there are no batches"):
        Batch.concatenate([])


def test_batches_with_other_columns_raise_an_error(batch: Batch) -> None:
    name = next(iter(batch.views))
    fewer = {**batch.views, name: batch.views[name][:, 1:]}
    reversed_views = dict(reversed(batch.views.items()))
    for views in (fewer, reversed_views, {name: batch.views[name]}):
        with pytest.raises(DataError, match="batch 1 differs from batch 0 in its views"):
            Batch.concatenate([batch, replace(batch, views=views)])
    with pytest.raises(DataError, match="batch 2 differs from batch 0"):
        Batch.concatenate([batch, batch, replace(batch, covariate_names=("other",))])


def test_batches_with_other_endpoints_raise_an_error(batch: Batch) -> None:
    named = batch.endpoints.named
    survival = named[batch.endpoints.primary_endpoint]
    assert isinstance(survival, Survival)
    others = (
        Endpoints({"response": named["response"]}, "response"),
        Endpoints(named, "response"),
        Endpoints(
            {**named, batch.endpoints.primary_endpoint: replace(survival, unit="years")},
            batch.endpoints.primary_endpoint,
        ),
        Endpoints({**named, "response": survival}, batch.endpoints.primary_endpoint),
    )
    for endpoints in others:
        with pytest.raises(DataError, match="other endpoints"):
            Batch.concatenate([batch, replace(batch, endpoints=endpoints)])


def test_known_patients_have_at_least_one_of_the_views(batch: Batch) -> None:
    names = list(batch.views)
    observed = {name: np.zeros_like(mask) for name, mask in batch.observed.items()}
    observed[names[0]][0, 0] = observed[names[1]][1, 0] = True
    few = replace(batch, observed=observed)
    assert list(np.flatnonzero(few.known(names))) == [0, 1]
    assert list(np.flatnonzero(few.known(names[1:]))) == [1]
