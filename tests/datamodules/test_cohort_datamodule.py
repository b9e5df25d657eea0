"""The datamodule: fits on training rows, deals everybody once a pass."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datamodules.cohort_datamodule import CohortDataModule
from datamodules.config import HarmonizeConfig
from datamodules.harmonizer import Harmonizer
from omics.common.errors import FitError


def test_it_harmonizes_with_what_training_rows_taught(acc: Any) -> None:
    train = np.arange(0, 92, 2)
    data = CohortDataModule(acc, train, HarmonizeConfig())
    data.setup()
    twin = Harmonizer(HarmonizeConfig()).fit(acc[train]).transform(acc)
    np.testing.assert_array_equal(data.batch().views["mrna"], twin.views["mrna"])


def test_each_pass_deals_every_training_patient_once_in_a_new_order(acc: Any) -> None:
    train = np.arange(50)
    data = CohortDataModule(acc, train, HarmonizeConfig(), batch_size=16, seed=3)
    data.setup()
    loader = data.train_dataloader()
    passes = [[list(batch.sample_ids) for batch in loader] for _ in range(2)]
    for dealt in passes:
        assert [len(batch) for batch in dealt] == [16, 16, 16, 2]
        assert sorted(name for batch in dealt for name in batch) == sorted(acc.obs_names[train])
    assert passes[0] != passes[1]


def test_prediction_keeps_the_order(acc: Any) -> None:
    data = CohortDataModule(acc, np.arange(50), HarmonizeConfig(), batch_size=40)
    data.setup()
    ids = [name for batch in data.predict_dataloader() for name in batch.sample_ids]
    assert ids == list(acc.obs_names)


def test_setup_comes_first(acc: Any) -> None:
    with pytest.raises(FitError, match="call setup first"):
        CohortDataModule(acc, np.arange(50), HarmonizeConfig()).batch()
