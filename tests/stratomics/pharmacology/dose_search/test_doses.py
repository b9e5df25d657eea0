"""Doses and schedules: units and wrong input."""

from __future__ import annotations

import pytest
from exposure import vancomycin

from omics.common.errors import ConfigError
from stratomics.pharmacology.dose_search.doses import parse_doses, schedule_of


def test_doses_are_numbers_with_or_without_the_unit_of_the_model() -> None:
    assert parse_doses(vancomycin(), ["500", 750, "1e3", "1250 mg"]) == (500, 750, 1000, 1250)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1g", "'1g' is in g, and vancomycin_test has mg; write 1000"),
        ("500 mcg", "write 0.5"),
        ("15mg/kg", "multiplied by with per, such as WT"),
        ("2 tablets", "write amounts in mg"),
        ("-500", "the dose is -500; doses are above 0, in mg"),
        ("0", "the dose is 0; doses are above 0"),
        ("much", "'much' is no number"),
        ("1.2.3", "'1.2.3' is no number"),
        ("nan", "'nan' is no number"),
    ],
)
def test_wrong_doses(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_doses(vancomycin(), [text])
    assert message in str(caught.value)


def test_no_dose() -> None:
    with pytest.raises(ConfigError, match="there is no dose"):
        parse_doses(vancomycin(), [])


@pytest.mark.parametrize(
    ("interval", "infusion", "per", "message"),
    [
        (0, 0, None, "interval is 0"),
        (-12, 0, None, "interval is -12"),
        (float("nan"), 0, None, "interval is nan"),
        (float("inf"), 0, None, "interval is inf"),
        (12, 13, None, "an infusion ends within the interval"),
        (12, -1, None, "an infusion ends within the interval"),
        (12, 1, "BSA", "doses are per BSA, which no patient has"),
    ],
)
def test_wrong_schedules(interval: float, infusion: float, per: str | None, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        schedule_of(vancomycin(), interval, infusion, per, ["WT", "CRCL"])


def test_a_schedule_has_one_unit_of_dose() -> None:
    schedule = schedule_of(vancomycin(), 12, 1, "WT", ["WT", "CRCL"])
    assert (schedule.amount, schedule.interval, schedule.infusion, schedule.per) == (1, 12, 1, "WT")
