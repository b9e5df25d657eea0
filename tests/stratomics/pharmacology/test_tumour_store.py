"""Growth is stored in its run, read back as it was, and in the manifest; errors of forecasts by hand."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from stored_growth import growth

from omics.common.errors import InputError
from omics.common.files import read_json, write_json, write_parquet
from omics.common.manifest import MANIFEST
from stratomics.pharmacology.tumour_store import forecast_errors, load_growth, save_growth
from stratomics.runs.run_directory import RunDirectory
from stratomics.tracking.mlflow_run import PATIENT_TABLES


def test_what_is_stored_is_read_back(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    write_json(tmp_path / MANIFEST, {"files": {}})
    assert load_growth(run) is None
    for one in (growth(), replace(growth(exposure=False), gain=np.nan, gain_se=np.nan)):
        save_growth(run, one)
        found = load_growth(run)
        assert found is not None
        for field in fields(one):
            value, expected = getattr(found, field.name), getattr(one, field.name)
            if isinstance(expected, pd.DataFrame):
                pd.testing.assert_frame_equal(value, expected)
            else:
                np.testing.assert_equal(value, expected)
    files = {path.relative_to(tmp_path).as_posix() for path in (tmp_path / "tumour").iterdir()}
    assert set(read_json(tmp_path / MANIFEST)["files"]) == files


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    run = RunDirectory(tmp_path)
    save_growth(run, growth())
    write_json(tmp_path / "tumour" / "about.json", {"curve": "stein"})
    with pytest.raises(InputError, match=r"about\.json: damaged"):
        load_growth(run)
    write_parquet(tmp_path / "tumour" / "slopes.parquet", pd.DataFrame({"other": [1]}))
    with pytest.raises(InputError, match="not a table of tumour growth"):
        load_growth(run)


def test_tables_with_rows_of_patients_are_hidden_from_mlflow_where_patient_data_are(tmp_path: Path) -> None:
    save_growth(RunDirectory(tmp_path), growth())
    with_patients = {
        path.name
        for path in (tmp_path / "tumour").glob("*.parquet")
        if "sample_id" in pd.read_parquet(path).columns
    }
    assert with_patients == {"patients.parquet", "forecasts.parquet"}
    assert with_patients <= set(PATIENT_TABLES)


def test_errors_of_forecasts_by_hand() -> None:
    """Two forecasts that are too large by a factor of 2 and 1: the root of (log(2)^2 + 0) / 2."""
    table = pd.DataFrame({"landmark": "baseline", "size": [50.0, 60.0], "with_factors": [100.0, 60.0]})
    found = forecast_errors(table.assign(without_factors=table["size"], last=table["size"] / np.e))
    first, second = found.to_dict("records")
    assert first["with_factors"] == pytest.approx(np.log(2) / np.sqrt(2))
    assert (first["without_factors"], first["last"], first["sizes"]) == (0.0, pytest.approx(1.0), 2)
    assert second["sizes"] == 0
    assert np.isnan(second["last"])
