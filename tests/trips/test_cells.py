"""From single cells to predictions: init, check, run and predict of a simulated cohort of cells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
import yaml
from simulated_cells import write_cells_cohort
from small import SMALLEST

from stratomics.cli import main
from stratomics.runs.run_directory import RunDirectory

VIEWS = ["blood.B cells", "blood.NK_T", "blood.monocytes", "blood.composition"]


def predicted(run: Path, folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[pd.DataFrame, str]:
    assert main(["predict", str(run), str(folder), "--out", str(folder / "predicted.csv")]) == 0
    return pd.read_csv(folder / "predicted.csv").set_index("sample_id"), capsys.readouterr().err


@pytest.mark.slow
def test_cells_are_checked_run_and_predicted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_cells_cohort(tmp_path / "cohort")
    assert main(["check", str(folder), "--json"]) == 0
    assert "pseudobulks are missing because of too few cells" in capsys.readouterr().out
    words = [
        "--cohort",
        str(folder),
        *SMALLEST,
        "--baselines=[clinical_cox]",
        "--runs",
        str(tmp_path / "runs"),
    ]
    assert main(["run", *words]) == 0
    (run,) = (tmp_path / "runs").iterdir()
    patients = RunDirectory(run).patients
    assert [name for name in patients if name.startswith("view.")] == [f"view.{name}" for name in VIEWS]
    assert len(patients) == 40
    assert main(["verify", str(run)]) == 0
    capsys.readouterr()

    plain, _ = predicted(run, folder, capsys)
    assert np.isfinite(plain["risk"]).all()

    def changed(name: str, keep: Any, rename: dict[str, str]) -> tuple[pd.DataFrame, str]:
        new = write_cells_cohort(tmp_path / name)
        cells = anndata.read_h5ad(new / "cells.h5ad")
        cells = cells[keep(cells.obs)].copy()
        cells.obs["cell_type"] = cells.obs["cell_type"].astype(str).replace(rename)
        cells.write_h5ad(new / "cells.h5ad")
        return predicted(run, new, capsys)

    # A patient has the same prediction alone, whichever types and patients the file has.
    alone, _ = changed("alone", lambda obs: obs["patient"] == "p000", {})
    assert alone.loc["p000", "risk"] == pytest.approx(plain.loc["p000", "risk"], abs=1e-6)
    other, err = changed("other", lambda obs: obs["patient"] != "", {"NK/T": "platelets"})
    assert "warning: blood.NK_T: no patient has this view" in err
    assert "info: blood.platelets: the model was trained without this view, which is not used" in err
    assert np.isfinite(other["risk"]).all()
    spec = yaml.safe_load((folder / "cohort.yaml").read_text())
    assert list(spec["views"]) == ["blood"]
