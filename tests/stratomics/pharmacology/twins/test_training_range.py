"""The range of exposure in training: what is outside is named, what is far outside is refused."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from dosed import few_draws

from omics.common.errors import DataError, InputError
from stratomics.fitting.fitted import Fitted
from stratomics.pharmacology.twins.training_range import (
    check_measures,
    outside,
    refuse_far,
    training_range,
)

RANGES = pd.DataFrame({"low": [0.0, 0.2], "high": [1.0, 0.6]}, index=["log_auc24_ss", "t_above_10_ss"])


def values(log_area: float, share: float = 0.5) -> pd.DataFrame:
    return pd.DataFrame({"log_auc24_ss": [0.5, log_area], "t_above_10_ss": [0.5, share]}, index=["a", "b"])


def test_the_range_is_that_of_the_training_patients(exposed_model: Path) -> None:
    """Brute force: the members together are fitted to all patients of the cohort."""
    from datamodules.exposure.exposure_view import with_exposure
    from omics.cohort.read import read_cohort

    with few_draws():
        view = with_exposure(read_cohort(exposed_model.parent / "cohort"))["exposure"].to_df()
    found = training_range(Fitted.load(exposed_model))
    np.testing.assert_allclose(found["low"], view.min(), rtol=1e-5)
    np.testing.assert_allclose(found["high"], view.max(), rtol=1e-5)


def test_a_model_without_exposure_is_refused() -> None:
    encoder = SimpleNamespace(harmonizer=SimpleNamespace(views={"rna": None}))
    model: Any = SimpleNamespace(encoders=[encoder])
    with pytest.raises(InputError, match="the model was fitted without exposure"):
        training_range(model)


def test_a_measure_that_the_model_uses_must_be_there() -> None:
    check_measures(RANGES, pd.Index(["log_auc24_ss", "log_cmin_ss", "t_above_10_ss"]))
    with pytest.raises(InputError, match="the exposure auc24_ss, which the cohort does not have"):
        check_measures(RANGES, pd.Index(["t_above_10_ss"]))


@pytest.mark.parametrize(
    ("area", "share", "expected"),
    [(0.0, 0.6, [False, False]), (1.0 + 1e-7, 0.5, [False, False]), (1.1, 0.1, [True, True])],
)
def test_outside_is_below_the_lowest_or_above_the_highest(
    area: float, share: float, expected: list[bool]
) -> None:
    found = outside(RANGES, values(area, share))
    assert found.loc["b"].to_list() == expected
    assert not found.loc["a"].any()


def test_more_than_twice_beyond_the_range_is_refused() -> None:
    for factor in (1.99, 0.51):
        end = 1.0 if factor > 1 else 0.0
        refuse_far(RANGES, values(end + np.log(factor)), "high")
    # A share cannot be far outside.
    refuse_far(RANGES, values(0.5, 1.0), "high")
    for log_area in (1.0 + np.log(2.01), np.log(0.49)):
        with pytest.raises(
            DataError, match=r"regimen 'high' gives patient b auc24_ss .* have 1 to 2.72; beyond 2"
        ):
            refuse_far(RANGES, values(log_area), "high")
