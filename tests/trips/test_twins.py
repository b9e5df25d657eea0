"""From a run with exposure to twins, and what a run without exposure says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml
from dosed import HIGH, MIDDLE, write_dosed
from small import SMALLEST

from stratomics.cli import main


@pytest.mark.slow
def test_twins_of_a_run_are_at_its_horizons_and_agree_with_predict(
    tmp_path: Path, small_run: Path, capsys: Any
) -> None:
    cohort = write_dosed(tmp_path / "cohort")
    horizons = "--evaluation.horizons=[100.0,300.0]"
    assert main(["run", str(cohort), *SMALLEST, horizons, "--runs", str(tmp_path / "runs")]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    for one in (MIDDLE, HIGH):
        (tmp_path / f"{one['name']}.yaml").write_text(yaml.safe_dump(one))
    regimens = ["--regimen", str(tmp_path / "middle.yaml"), str(tmp_path / "high.yaml")]
    out = tmp_path / "twins.csv"
    assert main(["twin", str(run), str(cohort), *regimens, "--patient", "p001", "--out", str(out)]) == 0
    twins = pd.read_csv(out).query("regimen == 'middle' and endpoint == 'survival'")
    assert twins["time"].to_list() == [100, 300]
    assert main(["predict", str(run), str(cohort), "--out", str(tmp_path / "predicted.csv")]) == 0
    curves = pd.read_csv(tmp_path / "predicted.survival.csv").query("sample_id == 'p001'")
    # Patient p001 was given the regimen `middle`.
    expected = [curves.loc[curves["time"] <= time, "survival"].iloc[-1] for time in (100, 300)]
    np.testing.assert_allclose(twins["estimate"], expected, rtol=1e-5)
    capsys.readouterr()
    assert main(["twin", str(small_run), str(cohort), *regimens]) == 2
    assert "the model was fitted without exposure" in capsys.readouterr().err
