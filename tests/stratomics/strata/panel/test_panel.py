"""The locked panel: stored, loaded and refused; every wrong input is one sentence."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from claims import Z, repetitions

from omics.cohort.new_patients import read_new_patients
from omics.cohort.read import read_cohort
from omics.common.errors import InputError
from omics.simulate.config import SimulationConfig
from omics.simulate.simulate_cohort import simulate
from stratomics.strata.panel.assay.bridge import Bridge
from stratomics.strata.panel.panel import LockedPanel
from stratomics.strata.panel.score_path import PanelSettings
from stratomics.strata.panel.values import assay_values


@pytest.fixture(scope="module")
def cohort() -> Any:
    features = {"rna": 20, "protein": 8, "microbiome": 12}
    return simulate(SimulationConfig(patients=120, features=features, arm=False, sites=1, seed=3)).cohort


@pytest.fixture(scope="module")
def panel(cohort: Any) -> LockedPanel:
    return LockedPanel.fit(cohort, 4)


@pytest.mark.parametrize("form", ["linear", "rank", "ratio"])
def test_a_loaded_panel_predicts_the_same(form: str, cohort: Any, tmp_path: Path) -> None:
    panel = LockedPanel.fit(cohort, 4, settings=PanelSettings(form))
    panel.save(tmp_path / "panel.json")
    again = LockedPanel.load(tmp_path / "panel.json")
    assert again.digest == panel.digest
    first, second = panel.predict(cohort), again.predict(cohort)
    pd.testing.assert_frame_equal(first.patients, second.patients)
    assert {"risk", "survival_bound", "panel_positive", "panel_measured"} <= set(first.patients)


def test_the_score_is_the_weighted_sum_of_scaled_values(panel: LockedPanel, cohort: Any) -> None:
    values = assay_values(cohort)
    total = np.zeros(cohort.n_obs)
    content = panel.to_json()
    for analyte, weight in zip(content["analytes"], content["weights"], strict=True):
        (column,) = (
            i
            for i, n in enumerate(values.names)
            if (n.view, n.feature) == (analyte["view"], analyte["feature"])
        )
        raw = values.values[:, column]
        raw = np.where(np.isneginf(raw), analyte["limit"] - 1, raw)
        total += weight * np.nan_to_num(np.clip((raw - analyte["center"]) / analyte["scale"], -6, 6))
    level = content["calibration"]["slope"] * (total - content["score_center"])
    np.testing.assert_allclose(panel.levels(cohort), level, atol=1e-10)


def test_other_features_and_views_may_be_absent(panel: LockedPanel, cohort: Any) -> None:
    views = [name for name in cohort.mod if name in panel.views]
    small = cohort[:30].copy()
    for name in list(small.mod):
        if name not in views:
            del small.mod[name]
    np.testing.assert_array_equal(panel.levels(small), panel.levels(cohort)[:30])


def test_an_edited_panel_is_refused(panel: LockedPanel, tmp_path: Path) -> None:
    path = tmp_path / "panel.json"
    panel.save(path)
    content = json.loads(path.read_text())
    content["panel"]["weights"][0] *= 1.0001
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=r"panel\.json: the panel was changed after it was locked"):
        LockedPanel.load(path)


@pytest.mark.parametrize("text", ["{}", "[]", "x", '{"schema_version": 1, "panel": {}}'])
def test_another_file_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "panel.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"panel\.json"):
        LockedPanel.load(path)


def test_a_renamed_analyte_is_named(panel: LockedPanel, cohort: Any) -> None:
    renamed = cohort.copy()
    analyte = panel.analytes[0]
    view = renamed.mod[analyte.view]
    view.var_names = [f"{name}_" if name == analyte.feature else name for name in view.var_names]
    with pytest.raises(
        InputError, match=f"no analyte '{analyte.feature}', .*did you mean '{analyte.feature}_'"
    ):
        panel.predict(renamed)


def test_another_platform_needs_a_bridge(panel: LockedPanel, cohort: Any) -> None:
    with pytest.raises(InputError, match="platform 'qPCR' has no bridge to that of the panel"):
        panel.predict(cohort, platform="qPCR")
    index = [assay_values(cohort).names.index(name) for name in panel.analytes]
    values = assay_values(cohort).values[:, index]
    bridge = Bridge.fit((values - 3) / 2, values, [str(name) for name in panel.analytes])
    bridged = panel.with_bridge("qPCR", bridge)
    assert bridged.digest != panel.digest
    assert LockedPanel.from_json(json.loads(json.dumps(bridged.to_json()))).digest == bridged.digest
    assert bridge.lines[0].slope == pytest.approx(2)
    assert bridge.lines[0].intercept == pytest.approx(3)


def test_another_scale_is_another_platform(write_small: Callable[..., Path]) -> None:
    panel = LockedPanel.fit(read_cohort(str(write_small())), 3)
    view = panel.analytes[0].view

    def other(_frames: dict[str, pd.DataFrame], spec: dict[str, Any]) -> None:
        spec["views"][view]["scale"] = "numeric"

    with pytest.raises(
        InputError, match=f"view '{view}' is .* declared numeric, and the panel was learned on"
    ):
        panel.predict(read_new_patients(str(write_small(other))))


def test_shifted_values_are_warned_of(
    panel: LockedPanel, cohort: Any, caplog: pytest.LogCaptureFixture
) -> None:
    shifted = cohort.copy()
    analyte = next(one for one in panel.analytes if one.view in ("rna", "protein"))
    view = shifted.mod[analyte.view]
    view.X = view.X * (1000.0 if panel.views[analyte.view].scale in ("counts", "intensity") else 1.0) + 50.0
    with caplog.at_level(logging.WARNING):
        panel.predict(shifted)
    assert "if this is another platform, name it" in caplog.text


def test_too_many_analytes_are_warned_of(cohort: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        LockedPanel.fit(cohort[:60].copy(), 12)
    assert "12 analytes are many for" in caplog.text


def test_the_cut_divides_held_out_scores_as_asked(cohort: Any) -> None:
    few, many = (LockedPanel.fit(cohort, 3, share=share).cut for share in (0.2, 0.8))
    assert few > many


@repetitions(3, 100)
def test_a_planted_panel_is_found(repetitions: int) -> None:
    """Five of 200 features, 300 patients: ``docs/claims.md``."""
    found = []
    for seed in range(repetitions):
        config = SimulationConfig(
            patients=300,
            features={"protein": 150, "rna": 50},
            panel=5,
            panel_strength=1.2,
            prognostic_strength=0.0,
            signal=0.3,
            arm=False,
            sites=1,
            missing_views=0.0,
            seed=seed,
        )
        simulated = simulate(config)
        panel = LockedPanel.fit(simulated.cohort, 5, seed=seed)
        chosen = {(one.view, one.feature) for one in panel.analytes}
        found.append(len(chosen & set(simulated.truth.panel)) / 5)
    error = np.std(found, ddof=1) / np.sqrt(repetitions)
    assert np.mean(found) >= 0.7 - Z * max(error, 0.02)
