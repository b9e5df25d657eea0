"""Expected patients, events and boundaries of a planned trial, against its calendar and Schoenfeld's formula."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from scipy.stats import norm

from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.setting import AssumedEffect, Setting
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.design.trial_design import TrialDesign
from stratomics.enrichment.plan.expected_events import expected_trial
from stratomics.enrichment.plan.question import ASSUMED, Question
from stratomics.enrichment.plan.side_by_side import side_by_side

SETTING = Setting(Assay(0.4), StepRate.of_median(12.0), StepRate.of_median(18.0), StepRate.constant(30.0))
EFFECT = AssumedEffect(0.6, 0.9)


def design(name: str) -> TrialDesign:
    question = Question(
        SETTING,
        EFFECT,
        dict.fromkeys(ASSUMED, "assumed"),
        subgroup="score above 0.3",
        treatment="new drug against placebo",
        endpoint="survival",
        follow_up=12.0,
    )
    return side_by_side(question).planned[name].design


@pytest.mark.parametrize("name", ["enrichment", "all_comers", "stratified"])
def test_the_planned_events_are_expected_at_the_end(name: str) -> None:
    planned = design(name)
    expected = expected_trial(planned, SETTING, EFFECT)
    assert expected is not None
    (look,) = expected.looks
    assert planned.duration is not None
    # Numbers of patients and events are rounded up.
    assert look.time == pytest.approx(planned.duration, rel=0.02)
    assert look.events == planned.events[-1]
    rows = expected.events
    assert [row.time for row in rows] == sorted(row.time for row in rows)
    assert np.diff([row.events for row in rows]).min() >= 0.0
    assert max(row.randomised for row in rows) == planned.patients
    # Treatment prevents events, so that fewer are expected than without an effect.
    assert all(row.events <= row.without_effect for row in rows)
    at = float(np.interp(look.time, [row.time for row in rows], [row.events for row in rows]))
    assert at == pytest.approx(look.events, rel=0.01)


def test_the_boundary_is_the_hazard_ratio_of_schoenfeld() -> None:
    expected = expected_trial(design("enrichment"), SETTING, EFFECT)
    assert expected is not None
    (look,) = expected.looks
    assert look.efficacy == pytest.approx(math.exp(-norm.isf(0.025) * 2.0 / math.sqrt(look.events)))
    assert look.futility is None


def test_each_look_has_its_boundaries() -> None:
    one = design("enrichment")
    two = dataclasses.replace(one, events=(60, one.events[-1]), efficacy=(None, 1.96), futility=(0.0, None))
    expected = expected_trial(two, SETTING, EFFECT)
    assert expected is not None
    first, last = expected.looks
    assert (first.efficacy, first.futility) == (None, 1.0)
    assert first.time < last.time


def test_a_design_without_one_population_or_duration_has_none() -> None:
    one = design("enrichment")
    assert expected_trial(dataclasses.replace(one, name="adaptive"), SETTING, EFFECT) is None
    assert expected_trial(dataclasses.replace(one, duration=None), SETTING, EFFECT) is None
