"""Long tables in parts are equal to the same tables in memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from models.prediction import Prediction
from omics.common.errors import DataError
from stratomics.evaluation.treatment_interaction import relative_effects

IDS = np.array([f"p{i}" for i in range(12)])


def fold(repeat: int, number: int) -> Prediction:
    """Predictions of four patients under arms; the times differ between folds."""
    rng = np.random.default_rng([repeat, number])
    ids, times = IDS[4 * number : 4 * number + 4], np.arange(1.0, 4.0 + number)

    def arm() -> Prediction:
        survival = np.sort(rng.uniform(0.1, 0.9, (4, len(times))), axis=1)[:, ::-1]
        return Prediction.of_survival(ids, rng.normal(size=4), times, survival)

    arms = {name: arm() for name in ("received", "control", "treated")}
    return Prediction.under_arms(arms, rng.normal(size=4), np.ones(4)).at(repeat, number)


@pytest.fixture
def both(tmp_path: Path) -> tuple[Prediction, Prediction]:
    """The same predictions: on disk with one part per fold, in another order, and in memory as one table."""
    folds = [fold(repeat, number) for repeat in (0, 1) for number in (0, 1, 2)]
    for place, one in enumerate(folds):
        one.save(tmp_path / str(place))
    parts = Prediction.concatenate(Prediction.load(tmp_path / str(place)) for place in (3, 0, 5, 1, 2, 4))
    whole = pd.concat([one.long["survival"] for one in folds], ignore_index=True)
    return parts, Prediction(parts.patients, {"survival": whole})


def test_the_table_is_the_same(both: tuple[Prediction, Prediction]) -> None:
    parts, memory = both
    pd.testing.assert_frame_equal(parts.survival, memory.survival)


def test_curves_are_the_same_in_the_same_order(both: tuple[Prediction, Prediction]) -> None:
    one, two = (list(prediction.curves()) for prediction in both)
    assert [(c.repeat, c.fold) for c in one] == [(r, f) for r in (0, 1) for f in (0, 1, 2)]
    for a, b in zip(one, two, strict=True):
        assert (a.repeat, a.fold) == (b.repeat, b.fold)
        np.testing.assert_array_equal(a.sample_ids, b.sample_ids)
        np.testing.assert_array_equal(a.survival.times, b.survival.times)
        np.testing.assert_array_equal(a.survival.values, b.survival.values)


def test_effects_are_the_same(both: tuple[Prediction, Prediction]) -> None:
    one, two = (relative_effects(prediction, 2.0) for prediction in both)
    assert len(one) == 24
    pd.testing.assert_frame_equal(one, two)


def test_a_missing_table_raises_an_error_without_reading(both: tuple[Prediction, Prediction]) -> None:
    with pytest.raises(DataError, match="have no response endpoint; they have survival"):
        _ = both[0].response
