"""Forest plot of the effect of treatment: every patient once, and the primary estimates of both sides of the rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from section_text import panels_and_text
from trials import cut_search, enrichment_result, with_arms

from omics.common.files import write_json, write_parquet
from stratomics.enrichment.effects.effect import Effect
from stratomics.enrichment.store import to_json
from stratomics.report.sections.treatment_effects import treatment_effects
from stratomics.runs.run_directory import RunDirectory


def enriched(path: Path, measure: str = "hazard_ratio") -> RunDirectory:
    search = cut_search(Effect(0.7, 0.5, 0.98, 0.17))
    write_json(
        path / "enrichment.json", to_json(enrichment_result(Effect(0.6, 0.4, 0.9, 0.2), search, measure))
    )
    return RunDirectory(path)


def test_subgroups_hold_every_patient_once(write_run: Callable[..., Path]) -> None:
    panels, text = panels_and_text(treatment_effects(enriched(with_arms(write_run()))))
    table = panels["subgroup-effects"].table
    assert set(table["group"]) == {"all", "rule", "age", "site"}
    for _, rows in table.groupby("group"):
        assert rows[["control", "treated"]].to_numpy().sum() == 200
    assert "The effect inside the rule is cross-fitted and corrected for the choice of the cut" in text
    inside = table[table["subgroup"] == "inside the rule"].iloc[0]
    assert (inside["effect"], inside["low"], inside["high"]) == (0.7, 0.5, 0.98)


def test_effects_on_another_measure_are_not_mixed_with_those_of_the_forest(
    write_run: Callable[..., Path],
) -> None:
    panels, text = panels_and_text(treatment_effects(enriched(with_arms(write_run()), "rmst")))
    table = panels["subgroup-effects"].table
    assert table.loc[table["subgroup"] == "inside the rule", "effect"].item() != 0.7
    assert "inside and outside the rule are not corrected for the choice of the cut" in text


def test_covariates_of_few_levels_are_subgroups(write_run: Callable[..., Path]) -> None:
    path = with_arms(write_run())
    patients = pd.read_parquet(path / "patients.parquet")
    many = [f"level {i}" for i in range(200)]
    stage = np.where(np.arange(200) % 3 > 0, "II", None)
    stage[::2] = "I"
    more = {"covariate.stage": stage, "covariate.many": many}
    write_parquet(path / "patients.parquet", patients.assign(**more))
    panels, _ = panels_and_text(treatment_effects(enriched(path)))
    table = panels["subgroup-effects"].table
    assert "many" not in set(table["group"])
    assert set(table.loc[table["group"] == "stage", "subgroup"]) == {"I", "II", "not recorded"}
