"""Sentences on recalibration, sites and the learning curve."""

from __future__ import annotations

import dataclasses

import pytest

from stratomics.report.text.transport_details import (
    learning_sentences,
    recalibration_sentences,
    site_sentences,
)
from stratomics.transportability.learning_curve import LearningCurve, LearningPoint, Projection
from stratomics.transportability.random_effects import RandomEffects
from stratomics.transportability.recalibration import Recalibration, RecalibrationStep
from stratomics.transportability.sites import SiteRow, SiteSummary

ONE = {"estimate": 0.5, "low": 0.4, "high": 0.6}
STEP = RecalibrationStep(50, 0.5, 0.4, 0.6)
FOUND = Recalibration(ONE, ONE, ONE, 300, 30_000, (STEP,), 50, None, 2)


def test_recalibration_names_the_numbers_of_patients() -> None:
    text = " ".join(recalibration_sentences(FOUND, "Lyon"))
    assert "the intercept takes 300 patients like these and the slope more than 20,000" in text
    assert "a new intercept improves the loss from 50 patients on" in text
    assert "a new intercept and slope does not improve the loss with up to 50 patients" in text
    assert "2 patients with a predicted hazard of 0" in text
    assert "too few patients" in " ".join(
        recalibration_sentences(dataclasses.replace(FOUND, steps=()), "Lyon")
    )
    assert list(recalibration_sentences(None, "Lyon")) == []


@pytest.mark.parametrize(("left_out", "caution"), [(True, False), (False, True)])
def test_a_new_site_has_its_interval(left_out: bool, caution: bool) -> None:
    summary = RandomEffects(4, 0.7, 0.65, 0.75, 0.1, 0.55, 0.82)
    rows = (SiteRow("tiny", 3, 1, None, None),)
    text = " ".join(site_sentences(SiteSummary(rows, left_out, summary, summary), "survival", "the run"))
    assert "too few events to be evaluated: tiny" in text
    assert "Over 4 sites of the run, Harrell C is 0.70 (0.65 to 0.75)" in text
    assert "between 0.55 and 0.82" in text
    assert ("leave_site_out" in text) is caution
    few = " ".join(site_sentences(SiteSummary(rows, left_out, None, None), "survival", "the run"))
    assert "nothing is said of a new site" in few
    many = tuple(SiteRow(f"s{number}", 1, 0, None, None) for number in range(123))
    text = " ".join(site_sentences(SiteSummary(many, left_out, None, None), "survival", "the run"))
    assert "to be evaluated: s0, s1, s2, s3 and 119 more." in text


def test_small_gains_are_not_written_as_zero() -> None:
    small = {"estimate": 1e-5, "low": 0.0, "high": 1e-4}
    now = Projection(200, 0, ONE, small)
    curve = LearningCurve(
        (LearningPoint(100, ONE),),
        ONE,
        1.0,
        now,
        (Projection(300, 100, ONE, small), Projection(260, 60, ONE, ONE)),
    )
    [text] = learning_sentences(curve)
    assert "100 more patients would lower it by less than 0.001" in text
    assert "60 more patients (one more site) would lower it by 0.500 (0.400 to 0.600)" in text
