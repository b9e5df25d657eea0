"""Batch: selection of patients, and which views they have."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from datamodules.batch import Batch
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer


@pytest.fixture(scope="module")
def batch(acc: Any) -> Batch:
    return Harmonizer(HarmonizeConfig()).fit(acc).transform(acc)


def test_take_selects_patients_in_the_given_order(batch: Batch) -> None:
    rows = np.random.default_rng(0).permutation(92)[:40]
    part = batch.take(rows)
    assert len(part) == 40
    assert list(part.sample_ids) == list(batch.sample_ids[rows])
    assert list(part.views) == list(part.observed) == list(batch.views)
    for name, values in batch.views.items():
        assert part.views[name].dtype == np.float32
        np.testing.assert_array_equal(part.views[name], values[rows])
        np.testing.assert_array_equal(part.observed[name], batch.observed[name][rows])
    np.testing.assert_array_equal(part.covariates, batch.covariates[rows])
    assert part.covariate_names == batch.covariate_names
    for name, endpoint in batch.endpoints.named.items():
        assert part.endpoints.named[name].unit == endpoint.unit
        np.testing.assert_array_equal(part.endpoints.named[name].observed, endpoint.observed[rows])


def test_by_id_sorts_patients(batch: Batch) -> None:
    shuffled = batch.take(np.random.default_rng(1).permutation(92))
    assert list(shuffled.sample_ids[shuffled.by_id()]) == sorted(batch.sample_ids)


def test_known_is_true_for_patients_with_at_least_one_view(batch: Batch) -> None:
    names = list(batch.views)
    observed = {name: np.zeros_like(mask) for name, mask in batch.observed.items()}
    observed[names[0]][0, 0] = observed[names[1]][1, 0] = True
    few = replace(batch, observed=observed)
    assert list(np.flatnonzero(few.known(names))) == [0, 1]
    assert list(np.flatnonzero(few.known(names[1:]))) == [1]
