"""A target in another unit than the measure is an error; others are accepted, however ambitious."""

from __future__ import annotations

import pytest
from kinetic_cases import dose, event_table, kinetic_model

from datamodules.exposure.target_check import check_targets
from omics.common.errors import CohortError

MODEL = kinetic_model(typical={"CL": 5.0, "V": 50.0})
EVENTS = event_table([dose(0, 1000.0, interval=12.0, additional=3)])
"""2,000 mg a day at 5 L/h: an area of 400 mg/L x h a day."""


@pytest.mark.parametrize("target", [(400.0, 600.0), (5000.0, 6000.0), (10.0, 20.0), (0.0, 1e9)])
def test_a_target_that_is_near_is_accepted(target: tuple[float, float]) -> None:
    check_targets({"auc24_ss": target}, EVENTS, MODEL, "cohort.yaml")


@pytest.mark.parametrize("target", [(0.4, 0.6), (400_000.0, 600_000.0)])
def test_a_target_in_another_unit_is_an_error(target: tuple[float, float]) -> None:
    with pytest.raises(CohortError, match=r"auc24_ss.*and 400 mg/L x h is expected of these doses") as error:
        check_targets({"auc24_ss": target}, EVENTS, MODEL, "cohort.yaml")
    assert error.value.code == "bad_target"


def test_a_share_of_time_and_a_cohort_without_doses_have_no_unit() -> None:
    check_targets({"t_above_10_ss": (0.001, 0.002)}, EVENTS, MODEL, "cohort.yaml")
    check_targets({}, EVENTS, MODEL, "cohort.yaml")
    check_targets({"auc24_ss": (0.4, 0.6)}, event_table([dose(0, 1000.0)]), MODEL, "cohort.yaml")
