"""Table 1 is by arm for a trial and by outcome otherwise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from written_run import people, written

from omics.common.files import read_json, write_json
from stratomics.report.sections.baseline_table import INDENT, baseline_table
from stratomics.runs.run_directory import RunDirectory


def shown(run: RunDirectory) -> pd.DataFrame:
    return baseline_table(run).table.set_index("characteristic")


def test_by_event(tmp_path: Path) -> None:
    patients = people(60)
    patients["covariate.female"] = np.where(np.arange(60) < 3, np.nan, np.arange(60) % 2)
    patients["covariate.age"] = np.arange(60) + 30.0
    patients["covariate.stage"] = np.arange(60) % 4 + 1.0
    table = shown(written(tmp_path / "run", patients))
    events = int(patients["survival.event"].sum())
    assert list(table.columns[:3]) == [
        "all patients (n = 60)",
        f"event (n = {events})",
        f"no event (n = {60 - events})",
    ]
    assert table.loc[f"{INDENT}female"].iloc[0] == "29 (48%)"
    assert table.loc["age"].iloc[0] == "60 (45 to 74)"
    assert table.loc[f"{INDENT}4"].iloc[0] == "15 (25%)"
    measured = int(patients["view.v0"].sum())
    assert table.loc[f"{INDENT}v0"].iloc[0] == f"{measured} ({measured / 60:.0%})"
    # Groups by outcome differ in the outcome by definition.
    assert table.loc["observed time, months"].iloc[-1] == ""
    assert float(table.loc["age"].iloc[-1]) >= 0.0


def test_by_arm_with_the_names_of_arms(tmp_path: Path) -> None:
    patients = people(40, "response").assign(arm=np.arange(40) % 2)
    run = written(tmp_path / "run", patients, kind="response")
    arm = {"column": "arm", "control": 0, "treated": 1, "randomised": "yes"}
    write_json(run.path / "provenance.json", read_json(run.path / "provenance.json") | {"arm": arm})
    table = shown(RunDirectory(run.path))
    assert list(table.columns[1:3]) == ["control (n = 20)", "treated (n = 20)"]
    cells = table.loc["positive response"]
    counts = [int(str(cell).split()[0]) for cell in cells.iloc[:3]]
    assert counts[0] == counts[1] + counts[2] == patients["response"].sum()
    assert float(cells.iloc[3]) >= 0.0
