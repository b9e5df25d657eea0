"""The datamodule: the harmonizer is fitted on training rows only, and loaders give harmonized patients."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datamodules.batch import Batch
from datamodules.cohort_datamodule import CohortDataModule
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from omics.common.errors import FitError

TRAIN = np.arange(0, 92, 2)


def assert_same(one: Batch, two: Batch) -> None:
    assert list(one.sample_ids) == list(two.sample_ids)
    for view, values in two.views.items():
        np.testing.assert_array_equal(one.views[view], values)
        np.testing.assert_array_equal(one.observed[view], two.observed[view])
    np.testing.assert_array_equal(one.covariates, two.covariates)


def test_loaders_give_patients_harmonized_on_the_training_rows(acc: Any) -> None:
    data = CohortDataModule(acc, TRAIN, HarmonizeConfig())
    data.setup()
    harmonizer = Harmonizer(HarmonizeConfig()).fit(acc[TRAIN])
    for _ in range(2):
        [training], [everyone] = data.train_dataloader(), data.predict_dataloader()
        assert_same(training, harmonizer.transform(acc[TRAIN]))
        assert_same(everyone, harmonizer.transform(acc))


def test_setup_fits_once(acc: Any) -> None:
    data = CohortDataModule(acc, TRAIN, HarmonizeConfig())
    data.setup()
    first = data.harmonizer
    data.setup("fit")
    assert data.harmonizer is first


@pytest.mark.parametrize("loader", ["train_dataloader", "predict_dataloader"])
def test_setup_comes_first(acc: Any, loader: str) -> None:
    with pytest.raises(FitError, match="call setup first"):
        getattr(CohortDataModule(acc, TRAIN, HarmonizeConfig()), loader)()
