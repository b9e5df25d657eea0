"""A simulated cohort runs to its end like any other."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from omics.simulate.simulate_cohort import SimulationConfig, simulate, write_simulated
from stratomics.cli import main
from stratomics.runtime.logs import quiet_libraries

QUICK = """
cohort: cohort
split: {folds: 3, repeats: 1, inner_folds: 3}
factors: {count: 4}
evaluation: {draws: 100}
baselines: []
controls: []
tracking: {uri: 'sqlite:////dev/null/store.db'}
workers: 1
"""


@pytest.mark.slow
def test_a_run_on_a_simulated_cohort_finds_its_risk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet_libraries()
    monkeypatch.chdir(tmp_path)
    simulated = simulate(SimulationConfig(patients=150))
    write_simulated(simulated, tmp_path / "cohort")
    Path("quick.yaml").write_text(QUICK)
    assert main(["run", "quick.yaml"]) == 0
    run = Path(capsys.readouterr().out.strip().splitlines()[-1])
    risk = pd.read_parquet(run / "predictions.parquet").set_index("sample_id")["risk"]
    truth = pd.Series(simulated.truth.prognostic, simulated.truth.sample_id)
    assert len(risk) == 150
    assert risk.corr(truth.loc[risk.index], method="spearman") > 0.4
