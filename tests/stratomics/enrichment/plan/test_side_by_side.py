"""Four designs for one question: sizes have their power, and stored designs keep their sources."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest
from claims import at_most, repetitions, z_of

from omics.common.errors import DesignError, InputError
from omics.common.json_objects import from_json, to_json
from stratomics.enrichment import design, virtual
from stratomics.enrichment.design.adaptive_size import adaptive_rule
from stratomics.enrichment.design.assay import Assay
from stratomics.enrichment.design.events import schoenfeld_events
from stratomics.enrichment.design.group_sequential import fixed_design, obrien_fleming
from stratomics.enrichment.design.sample_size import size_of_one_test, size_of_two_tests
from stratomics.enrichment.design.setting import AssumedEffect, Economics, Setting
from stratomics.enrichment.design.step_rate import StepRate
from stratomics.enrichment.design.trial_design import Assumption, TrialDesign
from stratomics.enrichment.plan.question import ASSUMED, Question
from stratomics.enrichment.plan.side_by_side import DESIGNS, side_by_side
from stratomics.enrichment.store import load_design, save_design
from stratomics.enrichment.virtual.effect_scenarios import LogHazardRatio, NormalPrior
from stratomics.enrichment.virtual.trials import virtual_trials

SETTING = Setting(
    Assay(0.4),
    StepRate.of_median(12.0),
    StepRate.of_median(12.0),
    StepRate.constant(30.0),
    dropout=0.005,
    economics=Economics(patient=1.0, test=0.1, time=2.0),
)


def question(effect: AssumedEffect, setting: Setting = SETTING) -> Question:
    return Question(
        setting,
        effect,
        {name: f"where {name} comes from" for name in ASSUMED},
        subgroup="score above 0.3",
        treatment="new drug against placebo",
        endpoint="survival",
        follow_up=12.0,
    )


@repetitions(1_000, 5_000)
@pytest.mark.parametrize("assay", [Assay(0.4), Assay(0.4, 0.85, 0.9)], ids=["perfect", "imperfect"])
def test_every_design_has_about_the_power_it_was_planned_for(assay: Assay, repetitions: int) -> None:
    """5,000 trials, standard error 0.006, beside what Schoenfeld's formula and averaging effects leave out: 0.04."""
    # A power and a level of each of four designs; means of durations and of patients vary less than those.
    allowed, level, off = 0.04, 0.025 + 3 * 0.0022, 0.01
    if repetitions < 5_000:
        allowed += z_of(8) * 0.006 * math.sqrt(5_000 / repetitions)
        level, off = at_most(0.025, repetitions, checks=8) / repetitions, 0.02
    setting = replace(SETTING, assay=assay)
    planned = side_by_side(question(AssumedEffect(0.6, 0.9), setting))
    prior = NormalPrior(LogHazardRatio(math.log(0.6)), LogHazardRatio(math.log(0.9)))
    table = virtual_trials(planned.plans, setting, prior, trials=repetitions, seed=1).table.set_index(
        ["truth", "plan"]
    )
    for name, one in planned.planned.items():
        row = table.loc[("estimate", name)]
        assert row.rejected == pytest.approx(0.8, abs=allowed)
        assert row.short < 0.01
        assert row.randomised <= one.design.patients
        assert row.tested <= one.design.tested * (1 + off)
        if name != "adaptive":
            assert row.duration == pytest.approx(one.design.duration, rel=off)
        assert table.loc[("null", name)].rejected <= level


def test_one_test_of_one_effect_is_schoenfeld() -> None:
    size = size_of_one_test(SETTING, SETTING.all_comers, AssumedEffect(0.7, 0.7), 0.8, fixed_design(), 12.0)
    assert size.events == pytest.approx(schoenfeld_events(0.7))
    course = SETTING.calendar(SETTING.all_comers, AssumedEffect(0.7, 0.7))
    assert course.events(size.patients, size.duration) == pytest.approx(size.events)
    enriched = size_of_one_test(SETTING, SETTING.positive, AssumedEffect(0.7, 1.0), 0.8, fixed_design(), 12.0)
    assert enriched.events == pytest.approx(schoenfeld_events(0.7))
    assert enriched.candidates == pytest.approx(enriched.patients / 0.4)


def test_two_tests_cost_a_little_where_one_would_do_and_save_where_it_would_not() -> None:
    same, inside = AssumedEffect(0.7, 0.7), AssumedEffect(0.6, 1.0)
    everybody = size_of_one_test(SETTING, SETTING.all_comers, same, 0.8, fixed_design(), 12.0).events
    assert everybody < size_of_two_tests(SETTING, same, 0.8, 0.025, 12.0).events < 1.25 * everybody
    diluted = size_of_one_test(SETTING, SETTING.all_comers, inside, 0.8, fixed_design(), 12.0).events
    assert size_of_two_tests(SETTING, inside, 0.8, 0.025, 12.0).events < 0.6 * diluted


def test_adaptive_events_are_the_fewest_that_reach_the_power() -> None:
    effect = AssumedEffect(0.6, 0.95)
    rule = adaptive_rule(SETTING, effect, 0.8, 0.025, 0.4, seed=3)
    assert rule.simulate(0.6, 0.95, 20_000, seed=3).any_rejected >= 0.8
    fewer = replace(rule, events=(round(0.4 * (rule.events[1] - 4)), rule.events[1] - 4))
    assert fewer.simulate(0.6, 0.95, 20_000, seed=3).any_rejected < 0.8 + 0.003


def test_a_design_is_read_back_as_it_was_stored(tmp_path: Path) -> None:
    asked = replace(question(AssumedEffect(0.6, 0.9)), looks=obrien_fleming(3))
    for name, planned in side_by_side(asked).planned.items():
        path = tmp_path / f"{name}.json"
        save_design(path, planned.design)
        content = json.loads(path.read_text())
        assert content["schema_version"] == 1
        assert content["alpha"] == 0.025
        assert {entry["name"]: entry["source"] for entry in content["assumptions"]} == dict(asked.sources)
        assert content["estimand"]["population"]
        assert load_design(path) == planned.design
        assert len(content["events"]) == len(content["efficacy"]) == len(content["futility"])
        assert content["events"][-1] <= content["patients"]
    path.write_text(path.read_text().replace('"schema_version": 1', '"schema_version": 99'))
    with pytest.raises(InputError, match="schema version 99 is unknown"):
        load_design(path)


def test_costs_add_up_and_the_table_shows_every_design() -> None:
    found = side_by_side(question(AssumedEffect(0.6, 0.9)))
    assert list(found.table.design) == list(DESIGNS)
    assert not found.refused
    for row in found.table.itertuples():
        assert row.cost == pytest.approx(row.patients + 0.1 * row.tested + 2.0 * row.duration)


def test_a_design_without_a_benefit_to_show_is_refused_and_the_others_are_planned() -> None:
    found = side_by_side(question(AssumedEffect(0.6, 1.6)))
    assert set(found.planned) == {"stratified", "enrichment", "adaptive"}
    assert "no benefit to show" in found.refused["all_comers"]
    with pytest.raises(DesignError, match="no benefit to show"):
        side_by_side(question(AssumedEffect(1.0, 1.0)))


def test_invalid_questions_and_designs_are_refused_in_one_sentence() -> None:
    asked = question(AssumedEffect(0.6, 0.9))
    with pytest.raises(DesignError, match="no source for prevalence; state for each where it comes from"):
        replace(asked, sources={**asked.sources, "prevalence": " "})
    with pytest.raises(DesignError, match=r"the looks use alpha 0\.05 and the question 0\.025"):
        replace(asked, looks=obrien_fleming(2, alpha=0.05))
    with pytest.raises(DesignError, match="the share of events at the interim look is 1"):
        adaptive_rule(SETTING, AssumedEffect(0.6, 0.9), 0.8, 0.025, 1.0, seed=0)
    with pytest.raises(DesignError, match="the effect is too small to plan for"):
        adaptive_rule(SETTING, AssumedEffect(0.9999, 0.9999), 0.8, 0.025, 0.4, seed=0, trials=50)
    with pytest.raises(DesignError, match="the assumption 'dropout' has no source"):
        Assumption("dropout", 0.1, "")
    planned = side_by_side(asked).planned["enrichment"].design
    with pytest.raises(DesignError, match="there must be one of each per look"):
        replace(planned, efficacy=(1.0, 2.0))
    with pytest.raises(DesignError, match="the design has no assumptions"):
        replace(planned, assumptions=())
    content = to_json(planned)
    content["alhpa"] = content.pop("alpha")
    with pytest.raises(InputError, match="not a TrialDesign: alhpa, alpha missing or unknown"):
        from_json(TrialDesign, content)


@pytest.mark.parametrize("package", [design, virtual], ids=["design", "virtual"])
def test_public_names_are_there(package: object) -> None:
    for name in package.PUBLIC:  # type: ignore[attr-defined]
        assert getattr(package, name).__doc__
        assert name in dir(package)
    with pytest.raises(AttributeError, match="has no 'shoenfeld'"):
        package.shoenfeld  # type: ignore[attr-defined]  # noqa: B018
