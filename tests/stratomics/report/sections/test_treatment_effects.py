"""Effect of treatment: curves or rates of both arms, on both sides of the rule, and the primary estimates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from section_text import panels_and_text, section_text
from trials import cut_search, enrichment_result, with_arms

from omics.common.files import write_json
from omics.common.json_objects import to_json
from stratomics.enrichment.effects.effect import Effect, effect_of, measure_of
from stratomics.enrichment.from_run import run_trial
from stratomics.evaluation.intervals import exact_interval
from stratomics.report.sections.treatment_effects import treatment_effects
from stratomics.runs.run_directory import RunDirectory

CORRECTED = Effect(0.7, 0.5, 0.98, 0.17)


def enriched(path: Path, measure: str = "hazard_ratio", randomised: str = "yes") -> RunDirectory:
    result = enrichment_result(Effect(0.6, 0.4, 0.9, 0.2), cut_search(CORRECTED), measure, randomised)
    write_json(path / "enrichment.json", to_json(result))
    return RunDirectory(path)


def test_survival_by_arm_and_by_rule(write_run: Callable[..., Path]) -> None:
    run = enriched(with_arms(write_run()))
    panels, text = panels_and_text(treatment_effects(run))
    assert list(panels) == ["arms", "arms-rule", "subgroup-effects"]
    trial = run_trial(run, "a", ["b"]).trial
    effect = effect_of(measure_of(trial), np.ones(len(trial)))
    assert (
        f"Hazard ratio of b to a in all 200 patients: {effect.estimate:.2f} (95% {effect.low:.2f} to" in text
    )
    # The primary estimates only: corrected inside, and not the apparent 0.60.
    assert "0.70 (0.50 to 0.98) inside the rule and 0.00 (-0.10 to 0.10) outside it" in text
    assert "0.60 (0.40 to 0.90)" not in text
    table = panels["arms-rule"].table
    assert set(table["side"]) == {"inside the rule", "outside the rule"}
    at_start = table.groupby(["side", "group"])["at risk"].max()
    assert at_start.loc["inside the rule"].sum() == 60
    assert at_start.loc["outside the rule"].sum() == 140


def test_response_rates_by_arm(write_run: Callable[..., Path]) -> None:
    run = enriched(with_arms(write_run(), response=True), measure="response")
    panels, text = panels_and_text(treatment_effects(run))
    table = panels["arms"].table.set_index("arm")
    patients = run.patients
    for arm in ("a", "b"):
        members = patients[patients["arm"] == arm]
        assert table.loc[arm, "responses"] == members["cr"].sum()
        assert (table.loc[arm, "low"], table.loc[arm, "high"]) == exact_interval(
            members["cr"].sum(), len(members)
        )
    inside = panels["arms-rule"].table
    assert inside["number"].sum() == 200
    assert "Difference of the response rate, b minus a" in text


@pytest.mark.parametrize("randomised", ["no", "adaptive"])
def test_arms_that_were_not_randomised_have_a_warning(
    randomised: str, write_run: Callable[..., Path]
) -> None:
    run = enriched(with_arms(write_run()), randomised=randomised)
    assert "without adjustment" in section_text(treatment_effects(run))


def test_a_run_of_one_arm_has_no_section(write_run: Callable[..., Path]) -> None:
    assert treatment_effects(RunDirectory(write_run(arms=("a",)))) is None
