"""Guided groups: each patient is assigned without their own outcome."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from omics.common.errors import DataError
from stratomics.strata.groups.guided import doubled, out_of_fold_groups


def test_each_patient_is_assigned_once_and_without_their_outcome() -> None:
    label = np.arange(40) % 4 == 0

    def learn(train: Any, test: Any) -> Any:
        assert not set(train) & set(test)
        assert sorted([*train, *test]) == list(range(40))
        assert label[test].sum() == 2
        return test

    assert out_of_fold_groups(learn, label, seed=1).tolist() == list(range(40))


def test_too_few_events_for_the_folds_are_refused() -> None:
    with pytest.raises(DataError, match="4 patients have one of the outcomes"):
        out_of_fold_groups(lambda _train, test: test, np.arange(40) < 4)


def test_p_is_doubled_up_to_one() -> None:
    assert [doubled(p) for p in (0.0, 0.02, 0.5, 0.9)] == [0.0, 0.04, 1.0, 1.0]
