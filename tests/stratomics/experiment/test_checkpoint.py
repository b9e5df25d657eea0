"""The checkpoint of a run that is not complete."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
import pytest

from models.ensemble.training_history import NO_HISTORY
from models.prediction import Prediction
from omics.common.errors import DataError
from stratomics.experiment.checkpoint import checkpoint_folder, open_checkpoint
from stratomics.experiment.tasks import FINAL, FitTask, FoldPredictions


def _fail(run: Path, fitted: Sequence[FitTask]) -> None:
    table = pd.DataFrame({"sample_id": ["a"], "repeat": [0], "fold": [0], "risk": [0.5]})
    with open_checkpoint(run, [FINAL, FitTask(0)]) as checkpoint:
        for task in fitted:
            result = FoldPredictions({"stratomics": Prediction(table, {})}, NO_HISTORY.copy())
            checkpoint.save_fold(task, result)
        msg = "no curve"
        raise DataError(msg)


def test_a_wrong_input_leaves_nothing_before_the_last_fit_and_all_fits_afterwards(tmp_path: Path) -> None:
    run = tmp_path / "run"
    with pytest.raises(DataError):
        _fail(run, [FINAL])
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(DataError):
        _fail(run, [FINAL, FitTask(0)])
    assert list(tmp_path.iterdir()) == [checkpoint_folder(run)]
    with open_checkpoint(run, [FINAL, FitTask(0)]) as checkpoint:
        assert checkpoint.is_done(FitTask(0))
        checkpoint.log.touch()
    assert run.is_dir()
