"""The encoder of a member: it gets its patients from the loaders of the datamodule."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from datamodules.cohort_datamodule import CohortDataModule
from datamodules.split import Fold
from stratomics.config import ExperimentConfig
from stratomics.encoding.encoder import Encoder

TRAIN = np.arange(0, 92, 2)


def test_an_encoder_is_fitted_on_the_loaders_of_the_datamodule(
    acc: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    for name in ("train_dataloader", "predict_dataloader"):
        loader = getattr(CohortDataModule, name)
        monkeypatch.setattr(
            CohortDataModule, name, lambda self, name=name, loader=loader: calls.append(name) or loader(self)
        )
    config = ExperimentConfig()
    encoder, encoded = Encoder.fit(acc, Fold(0, 0, TRAIN, np.setdiff1d(np.arange(92), TRAIN)), config, 1)
    assert calls == ["train_dataloader", "predict_dataloader"]
    # Patients outside the training rows are encoded as new patients.
    new = encoder.encode(acc)
    others = np.setdiff1d(np.arange(92), TRAIN)
    np.testing.assert_array_equal(encoded.factors.mean[others], new.factors.mean[others])
    assert not np.array_equal(encoded.factors.mean[TRAIN], new.factors.mean[TRAIN])
