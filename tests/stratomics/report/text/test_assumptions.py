"""Assumptions of a trial have names and units that fit what is shown."""

from __future__ import annotations

import math

import pytest
from trials import trial_design

from models.survival.time_unit import TimeUnit
from stratomics.enrichment.design.trial_design import Assumption
from stratomics.report.text.assumptions import (
    assumption_name,
    assumption_text,
    median_of,
    plan_unit,
    steps_of,
)

HAZARDS = "0.001 from 0; 0.003 from 100"


@pytest.mark.parametrize(
    ("name", "value", "text"),
    [
        # 0.1 by day 100, then 0.003 a day up to log 2: day 298.
        ("hazard of controls inside", HAZARDS, "9.8 months"),
        ("hazard of controls inside", "0.001 from 0; 0 from 100", "not reached"),
        ("candidates", "0.333 from 0", "10.1 per month"),
        ("candidates", "0.333 from 0; 0.666 from 10", "10.1 to 20.3 per month"),
        # 1 - exp(-0.00015 x 30.4375)
        ("dropout", 0.00015, "0.5% per month"),
        ("sensitivity", 0.95, "95%"),
        ("hazard ratio inside", 0.58691, "0.59"),
        ("follow-up of the last patient", 365.25, "12 months"),
        ("something", "words", "words"),
    ],
)
def test_all_times_and_rates_are_in_one_unit(name: str, value: float | str, text: str) -> None:
    assert assumption_text(Assumption(name, value, "data"), TimeUnit("months", 12 / 365.25)) == text


def test_a_hazard_is_named_by_the_median_that_is_shown() -> None:
    assert assumption_name(Assumption("hazard of controls outside", HAZARDS, "data")) == (
        "median time to the event, controls outside"
    )
    assert assumption_name(Assumption("prevalence", 0.5, "data")) == "prevalence"


def test_the_unit_is_that_of_the_duration() -> None:
    design = trial_design()
    assert plan_unit(design, "days").name == "years"
    assert plan_unit(design, "") == TimeUnit("", 1.0)


def test_the_median_of_a_hazard() -> None:
    assert median_of(steps_of("0.1 from 0")) == pytest.approx(math.log(2) / 0.1)
    assert median_of(steps_of(HAZARDS)) == pytest.approx(100 + (math.log(2) - 0.1) / 0.003)
    assert steps_of(0.5) == []
