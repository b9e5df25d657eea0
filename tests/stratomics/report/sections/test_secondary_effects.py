"""Secondary estimates are listed next to the primary one, each with the reason why it differs."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from trials import cut_search, enrichment_result, with_arms

from stratomics.enrichment.compared_arms import compared_arms
from stratomics.enrichment.effects.effect import Effect, effect_of, measure_of
from stratomics.report.sections.secondary_effects import drawn_effects, secondary_table
from stratomics.runs.run_directory import RunDirectory

APPARENT, CORRECTED, HARRELL = (
    Effect(0.6, 0.4, 0.9, 0.2),
    Effect(0.7, 0.5, 0.98, 0.17),
    Effect(0.65, 0.4, 1, 0.2),
)


def test_each_estimate_has_a_row_and_a_reason() -> None:
    search = dataclasses.replace(cut_search(CORRECTED), harrell=HARRELL)
    table = secondary_table(enrichment_result(APPARENT, search), (Effect(0.63, 0.4, 0.9, 0.2), APPARENT))
    assert table is not None
    assert table.table["inside (95%)"].tolist() == [
        "0.70 (0.50 to 0.98)",
        "0.60 (0.40 to 0.90)",
        "0.65 (0.40 to 1.00)",
        "0.50 to 0.98",
        "0.63 (0.40 to 0.90)",
    ]
    assert table.table["estimate"][0].startswith("primary")
    assert table.table["why it differs"].str.endswith(".").all()
    assert secondary_table(enrichment_result(APPARENT), None) is None


def test_drawn_effects_are_those_of_the_two_groups(write_run: Callable[..., Path]) -> None:
    run, result = RunDirectory(with_arms(write_run())), enrichment_result(APPARENT, cut_search(CORRECTED))
    drawn, arms = drawn_effects(run, result), compared_arms(run, result)
    assert drawn is not None
    assert arms is not None
    assert arms.inside is not None
    for effect, members in zip(drawn, (arms.inside, ~arms.inside), strict=True):
        expected = effect_of(measure_of(arms.trial.take(np.flatnonzero(members))), np.ones(members.sum()))
        assert effect.estimate == pytest.approx(expected.estimate)
    assert drawn_effects(run, enrichment_result(APPARENT, cut_search(CORRECTED), "rmst")) is None
