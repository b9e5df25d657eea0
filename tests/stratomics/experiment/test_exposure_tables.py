"""Exposure that a run saves: the values of the view, the first dose, notes, and a whole run with its section."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import small
import yaml
from dosed import few_draws, write_dosed
from exposed_cohort import write_exposed

from datamodules.exposure.exposure_view import EXPOSURE_VIEW, with_exposure
from omics.cohort.read import read_cohort
from omics.common.files import write_text
from stratomics.experiment.exposure_tables import exposure_tables
from stratomics.pharmacology.run_exposure import load_exposure
from stratomics.runs.run_directory import RunDirectory

KEYS = {
    "model": "vancomycin_goti_2018",
    "covariates": {"CRCL": "crcl", "WT": "wt", "DIAL": "dial"},
    "metrics": ["auc24_first", "t_above_10_ss"],
    "window": 2,
    "time_unit": "days",
}


def events(patients: list[str]) -> pd.DataFrame:
    """Twice 500 or 1,000 mg and a level; the last patient has doses only. Times in days."""
    lines = []
    for number, patient in enumerate(patients):
        steady = {"ID": patient, "crcl": 60 + number, "wt": 70, "dial": 0}
        dose = 500 + 500 * (number % 2)
        lines.append({**steady, "TIME": 0, "AMT": dose, "RATE": 24 * dose, "II": 0.5, "ADDL": 1})
        if number < len(patients) - 1:
            lines.append({**steady, "TIME": 0.95, "DV": dose / 100 + number % 5})
    return pd.DataFrame(lines)


def exposed(folder: Path, dosed: int = 40) -> Path:
    """The small cohort with doses and levels; all are followed for longer than the window, in randomised arms."""
    patients = small.tables()["outcome"]["sample_id"].to_list()[:dosed]
    write_exposed(folder, events(patients), **KEYS)
    outcome = pd.read_csv(folder / "outcome.csv")
    outcome["time"] += 2
    outcome["dose"] = np.where(np.arange(len(outcome)) % 2, "high", "low")
    outcome.to_csv(folder / "outcome.csv", index=False)
    path = folder / "cohort.yaml"
    keys = yaml.safe_load(path.read_text()) | {
        "arm": {"column": "dose", "control": "low", "randomised": "yes"}
    }
    write_text(path, yaml.safe_dump(keys))
    return folder


@pytest.mark.slow
def test_tables_hold_the_values_of_the_view(tmp_path: Path) -> None:
    cohort = with_exposure(read_cohort(exposed(tmp_path, 8)))
    saved = exposure_tables(cohort)
    table = saved.table.set_index("sample_id")
    view = cohort[EXPOSURE_VIEW]
    np.testing.assert_allclose(
        table.loc[view.obs_names, ["log_auc24_first", "t_above_10_ss"]], view.X, rtol=1e-12
    )
    np.testing.assert_allclose(table.loc[view.obs_names, "log_auc24_first_sd"], view.layers["error"][:, 0])
    assert "log_t_above_10_ss" not in table
    # The window and the interval are in hours, as the model.
    assert saved.window == 48.0
    assert set(table["dose_interval"]) == {12.0}
    assert table.groupby("arm")["dose"].unique().map(list).to_dict() == {"high": [1000.0], "low": [500.0]}
    assert table["levels"].tolist() == [1] * 7 + [0]
    assert any("p007" in note for note in saved.notes)
    assert saved.fit is not None
    assert saved.fit.residuals.levels == 7
    assert [kind for kind, _ in saved.endpoints.values()] == ["survival"]


@pytest.mark.slow
def test_a_run_writes_exposure_and_its_report_shows_it(tmp_path: Path) -> None:
    from stratomics.cli import main

    cohort = exposed(tmp_path / "small")
    assert main(["run", "--cohort", str(cohort), *small.SMALLEST, "--runs", str(tmp_path / "runs")]) == 0
    (folder,) = (tmp_path / "runs").glob("*/report.html")
    run = RunDirectory(folder.parent)
    saved = load_exposure(run.path)
    assert saved is not None
    assert set(saved.table["sample_id"]) == set(run.sample_ids)
    page = folder.read_text(encoding="utf-8")
    for words in (
        "Exposure and response",
        "not effects of it",
        "Their contrast is causal",
        "predictive check",
    ):
        assert words in page, words
    assert main(["verify", str(run.path)]) == 0


@pytest.mark.slow
def test_a_run_with_a_refit_stores_it_and_serves_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The final model and the report have the refitted model; `exposure --run` and `predict` use it."""
    from datamodules.exposure.refit import KineticRefit
    from stratomics.cli import main

    keys = {"model": "vancomycin_buelga_2005", "covariates": {"CRCL": "crcl", "WT": "wt"}, "refit": True}
    cohort = write_dosed(tmp_path / "dosed", **keys, target={"auc24_ss": [400, 600]})
    with few_draws():
        assert main(["run", "--cohort", str(cohort), *small.SMALLEST, "--runs", str(tmp_path / "runs")]) == 0
        (page,) = (tmp_path / "runs").glob("*/report.html")
        run = page.parent
        saved, kinetics = load_exposure(run), KineticRefit.load(run / "model")
        assert saved is not None
        assert saved.refit is not None
        assert kinetics is not None
        assert kinetics.model is not None
        values = saved.refit.values.set_index("value")
        assert values["refitted"]["CL"] == kinetics.model.parameters["CL"].typical
        text = page.read_text(encoding="utf-8")
        for words in ("Published and refitted values", "Patients below, within and above the target"):
            assert words in text, words
        log = (run / "run.log").read_text(encoding="utf-8")
        assert log.count("vancomycin_buelga_2005 refitted to") == 3
        assert "20 levels of 20 patients" in log or "19 levels of 19 patients" in log
        capsys.readouterr()
        assert main(["exposure", str(cohort), "--run", str(run), "--json"]) == 0
        shown = json.loads(capsys.readouterr().out)
        assert shown["refit"]["values"][0]["refitted"] == kinetics.model.parameters["CL"].typical
        means = saved.table.set_index("sample_id")["auc24_ss"]
        found = {row["patient"]: row["auc24_ss"] for row in shown["patients"]}
        np.testing.assert_allclose([found[name] for name in means.index], means, rtol=1e-9)
        out = tmp_path / "new.csv"
        assert main(["predict", str(run), str(cohort), "--out", str(out)]) == 0
    assert pd.read_csv(out)["risk"].notna().all()
