"""A planned trial in words, and the call that checks its size."""

from __future__ import annotations

import dataclasses
import math
import re

import pytest
from scipy.stats import norm

from models.survival.time_unit import TimeUnit
from stratomics.enrichment.design.trial_design import Assumption, Estimand, TrialDesign
from stratomics.enrichment.plan.planned_trials import PlannedTrials, VirtualTrialRow
from stratomics.report.text.protocol import (
    power_sentence,
    protocol_paragraph,
    rpact_call,
    simulation_sentence,
)

ESTIMAND = Estimand(
    "positive for: benefit above 1", "b against a", "survival", "treatment policy", "hazard ratio"
)
DAYS = TimeUnit("days", 1.0)
HAZARDS = "0.001 from 0; 0.003 from 100"
ASSUMPTIONS = (
    Assumption("hazard ratio inside", 0.6, "data"),
    Assumption("hazard of controls inside", HAZARDS, "data"),
    Assumption("sensitivity", 1.0, "assumed"),
    Assumption("specificity", 1.0, "assumed"),
)
DESIGN = TrialDesign(
    "enrichment",
    ESTIMAND,
    0.025,
    0.8,
    0.5,
    "one look",
    190,
    380,
    (121,),
    (1.96,),
    (None,),
    1200.0,
    190.0,
    ASSUMPTIONS,
)


def virtual(truth: str, rejected: float, plan: str = "enrichment") -> VirtualTrialRow:
    return VirtualTrialRow(truth, plan, "power", rejected, 0.01, None, 190.0, 380.0, 190.0)


def test_power_is_written_by_scenario_for_the_stored_design() -> None:
    rows = (
        virtual("estimate", 0.81),
        virtual("halved", 0.27),
        virtual("null", 0.026),
        virtual("halved", 0.9, "adaptive"),
    )
    text = power_sentence(PlannedTrials({}, design=DESIGN, virtual=rows))
    assert text.startswith(
        "Power of this trial: 81% if the effect is as estimated, 27% if the effect is half."
    )
    assert text.endswith("If there is no effect, 2.6% of the trials reject.")
    assert power_sentence(PlannedTrials({})) == ""


def test_the_protocol_has_every_number_of_the_design() -> None:
    text = protocol_paragraph(DESIGN, "b against a", DAYS, "patients who gain")
    for part in (
        "b against a",
        "121 events in 190 patients",
        "80% power",
        "0.025",
        "hazard ratio of 0.60",
        "1:1",
        "380",
        "Population: patients who gain.",
        "The final analysis is expected after 1200 days.",
    ):
        assert part in text
    looks = dataclasses.replace(
        DESIGN, events=(60, 121), efficacy=(2.9, 1.97), futility=(None, None), allocation=0.6
    )
    assert "2 analyses, after 60, 121 events" in protocol_paragraph(looks, "b against a", DAYS, "all")
    assert "60% of the patients is randomised" in protocol_paragraph(looks, "b against a", DAYS, "all")


def test_simulated_and_computed_power_are_compared_by_the_monte_carlo_error() -> None:
    near, far = (
        PlannedTrials({}, design=DESIGN, virtual=(virtual("estimate", rejected),), trials=500)
        for rejected in (0.79, 0.75)
    )
    assert "within the Monte Carlo error of 500 trials (standard error 1.0%)" in simulation_sentence(near)
    assert "more than the Monte Carlo error" in simulation_sentence(far)
    assert (
        simulation_sentence(PlannedTrials({}, design=DESIGN)) == simulation_sentence(PlannedTrials({})) == ""
    )


@pytest.mark.parametrize("share", [0.5, 0.6])
def test_the_arguments_of_rpact_give_the_events_of_schoenfeld(share: float) -> None:
    """rpact's ``eventsFixed`` is Schoenfeld's number, doi 10.1093/biomet/68.1.316."""
    call = rpact_call(dataclasses.replace(DESIGN, allocation=share))
    value = {key: float(x) for key, x in re.findall(r"(\w+) = ([\d.]+)", call)}
    z, ratio = norm.isf(value["alpha"]) + norm.isf(value["beta"]), value["allocationRatioPlanned"]
    events = (z / math.log(value["hazardRatio"])) ** 2 * (1 + ratio) ** 2 / ratio
    assert events == pytest.approx((z / math.log(0.6)) ** 2 / (share * (1 - share)), rel=1e-3)
    if share == 0.5:
        assert math.ceil(events) == DESIGN.events[0]


def test_designs_that_one_call_cannot_describe_have_none() -> None:
    assays = (*ASSUMPTIONS[:2], Assumption("sensitivity", 0.9, "assumed"), ASSUMPTIONS[3])
    for other in (
        dataclasses.replace(DESIGN, name="adaptive"),
        dataclasses.replace(DESIGN, events=(60, 121), efficacy=(2.9, 1.97), futility=(None, None)),
        dataclasses.replace(DESIGN, assumptions=assays),
    ):
        assert rpact_call(other) == ""


def test_a_response_is_checked_by_its_rates() -> None:
    rates = (
        Assumption("response rate of controls inside", 0.3, "data"),
        Assumption("difference inside", 0.2, "data"),
        *ASSUMPTIONS[2:],
    )
    call = rpact_call(dataclasses.replace(DESIGN, assumptions=rates, events=()))
    assert "getSampleSizeRates" in call
    assert "pi1 = 0.5, pi2 = 0.3" in call
    assert "response rate expected with control is 30%" in protocol_paragraph(
        dataclasses.replace(DESIGN, assumptions=rates, events=()), "b against a", TimeUnit("", 1.0), "all"
    )
