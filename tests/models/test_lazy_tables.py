"""Long tables in pieces say what the same tables say in memory, whoever looks at them."""

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
    """Predictions under arms of four patients; folds have times of their own."""
    rng = np.random.default_rng([repeat, number])
    ids, times = IDS[4 * number : 4 * number + 4], np.arange(1.0, 4.0 + number)

    def arm() -> Prediction:
        survival = np.sort(rng.uniform(0.1, 0.9, (4, len(times))), axis=1)[:, ::-1]
        return Prediction.of_survival(ids, rng.normal(size=4), times, survival)

    arms = {name: arm() for name in ("received", "control", "treated")}
    return Prediction.under_arms(arms, rng.normal(size=4), np.ones(4)).at(repeat, number)


@pytest.fixture
def both(tmp_path: Path) -> tuple[Prediction, Prediction]:
    """The same predictions: on disk in a piece a fold, saved in another order, and in memory as one table."""
    folds = [fold(repeat, number) for repeat in (0, 1) for number in (0, 1, 2)]
    for place, one in enumerate(folds):
        one.save(tmp_path / str(place))
    pieces = Prediction.concatenate(Prediction.load(tmp_path / str(place)) for place in (3, 0, 5, 1, 2, 4))
    whole = pd.concat([one.long["survival"] for one in folds], ignore_index=True)
    return pieces, Prediction(pieces.patients, {"survival": whole})


def test_the_table_is_the_same(both: tuple[Prediction, Prediction]) -> None:
    pieces, memory = both
    pd.testing.assert_frame_equal(pieces.survival, memory.survival)


def test_curves_are_the_same_in_the_same_order(both: tuple[Prediction, Prediction]) -> None:
    one, two = (list(own.curves()) for own in both)
    assert [(c.repeat, c.fold) for c in one] == [(r, f) for r in (0, 1) for f in (0, 1, 2)]
    for a, b in zip(one, two, strict=True):
        assert (a.repeat, a.fold) == (b.repeat, b.fold)
        np.testing.assert_array_equal(a.sample_ids, b.sample_ids)
        np.testing.assert_array_equal(a.survival.times, b.survival.times)
        np.testing.assert_array_equal(a.survival.values, b.survival.values)


def test_effects_are_the_same(both: tuple[Prediction, Prediction]) -> None:
    one, two = (relative_effects(own, 2.0) for own in both)
    assert len(one) == 24
    pd.testing.assert_frame_equal(one, two)


def test_a_table_that_is_not_there_is_said_without_reading_one(both: tuple[Prediction, Prediction]) -> None:
    with pytest.raises(DataError, match="of no response endpoint; they hold survival"):
        _ = both[0].response
