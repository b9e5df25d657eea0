"""NPX of Olink in long form."""

from __future__ import annotations

import gzip
import logging
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import CohortError
from omics.readers.olink import read_olink

FIXTURES = Path(__file__).parent / "fixtures" / "olink"
EXPLORE = FIXTURES / "explore.csv"
HT = FIXTURES / "explore_ht.csv"


def damaged(source: Path, tmp_path: Path, old: str, new: str) -> Path:
    text = source.read_text()
    assert old in text
    path = tmp_path / source.name
    path.write_text(text.replace(old, new))
    return path


def refusal(path: Path) -> CohortError:
    with pytest.raises(CohortError) as caught:
        read_olink(path)
    return caught.value


def test_explore_with_semicolons(caplog):
    with caplog.at_level(logging.INFO):
        frame = read_olink(EXPLORE)
    assert frame["sample_id"].tolist() == ["P-01", "P-02", "P-03"]
    assert list(frame.columns[1:]) == ["IL6_OID20101", "IL6_OID20563", "TNF"]
    # A warning stays (P-02), a failure is not measured (P-03 on the Inflammation panel).
    expected = [[1.5, 1.25, -0.5], [2.5, 2.0, 0.75], [np.nan, np.nan, np.nan]]
    np.testing.assert_array_equal(frame.iloc[:, 1:], expected)
    assert "1 control sample(s) left out: CONTROL_SAMPLE_AS 1" in caplog.text
    assert "2 NPX that failed quality control" in caplog.text


def test_explore_ht_with_sample_and_assay_types(caplog):
    with caplog.at_level(logging.INFO):
        frame = read_olink(HT)
    assert frame["sample_id"].tolist() == ["007", "008"]
    assert list(frame.columns[1:]) == ["MAP2K1", "TNF"]
    np.testing.assert_array_equal(frame.iloc[:, 1:], [[0.5, -1.25], [0.75, np.nan]])
    assert "3 control sample(s) left out: SC1, NC1, PC1" in caplog.text
    assert "1 control assay(s) left out" in caplog.text


def test_parquet_and_gzip_read_the_same(tmp_path):
    table = pd.read_csv(HT, dtype={"SampleID": str}, keep_default_na=False)
    table.to_parquet(tmp_path / "npx.parquet")
    (tmp_path / "npx.csv.gz").write_bytes(gzip.compress(HT.read_bytes()))
    assert read_olink(tmp_path / "npx.parquet").equals(read_olink(HT))
    assert read_olink(tmp_path / "npx.csv.gz").equals(read_olink(HT))


def test_parquet_of_whole_numbers_as_ids_and_gaps(tmp_path):
    table = pd.DataFrame(
        {"SampleID": [7, 8], "OlinkID": ["O1", "O1"], "Assay": ["A", "A"], "NPX": [1.5, np.nan]}
    )
    table.assign(QC_Warning=["PASS", None]).to_parquet(tmp_path / "npx.parquet")
    frame = read_olink(tmp_path / "npx.parquet")
    assert frame["sample_id"].tolist() == ["7", "8"]
    np.testing.assert_array_equal(frame["A"], [1.5, np.nan])


def test_parquet_of_text(tmp_path):
    pd.read_csv(HT, dtype=str).to_parquet(tmp_path / "npx.parquet")
    error = refusal(tmp_path / "npx.parquet")
    assert (error.code, error.column) == ("text_for_number", "NPX")


def test_parquet_without_npx(tmp_path):
    pd.read_csv(HT, dtype=str).drop(columns="NPX").to_parquet(tmp_path / "npx.parquet")
    assert refusal(tmp_path / "npx.parquet").code == "missing_column"


def test_an_assay_that_a_sample_lacks_is_not_measured(tmp_path):
    row = "P-02;2;OID20202;P01375;TNF;0.1;Inflammation;B0001;Plate1;WARN;-1.2;0.75;Plate control;PASS\n"
    frame = read_olink(damaged(EXPLORE, tmp_path, row, ""))
    assert frame["TNF"].isna().tolist() == [False, True, True]


def test_a_table_without_quality_control(tmp_path):
    path = tmp_path / "npx.csv"
    path.write_text("SampleID;OlinkID;Assay;NPX\nS1;OID1;A;1.5\nS1;OID2;B;\n")
    np.testing.assert_array_equal(read_olink(path).iloc[:, 1:], [[1.5, np.nan]])


def test_a_sample_on_two_plates_is_named(tmp_path):
    text = EXPLORE.read_text().replace("P-02;2;", "P-01;2;").replace("Plate1;WARN", "Plate2;WARN")
    path = tmp_path / "npx.csv"
    path.write_text(text)
    error = refusal(path)
    assert (error.code, error.patient) == ("several_plates", "P-01")
    assert "plates Plate1, Plate2" in str(error)


def test_a_patient_called_control_is_a_patient(tmp_path):
    frame = read_olink(damaged(EXPLORE, tmp_path, "P-01", "control_1"))
    assert frame["sample_id"].tolist()[0] == "control_1"


@pytest.mark.parametrize(
    ("source", "old", "new", "code"),
    [
        (EXPLORE, ";NPX;", ";Quantified_value;", "missing_column"),
        (EXPLORE, "SampleID;", "Sample;", "missing_column"),
        (EXPLORE, ";0.75;", ";0,75;", "text_for_number"),
        (EXPLORE, ";0.75;Plate control", ";0.75", "ragged_row"),
        (EXPLORE, "P-02;2;OID20202;P01375;TNF", "P-02;2;OID20202;P01375;TNFA", "assay_names_differ"),
        (EXPLORE, "P-02;2", ";2", "empty_id"),
        (EXPLORE, ";TNF;", ";;", "empty_feature"),
        (HT, '"SAMPLE"', '"SAMPLE_CONTROL"', "empty_table"),
    ],
)
def test_damaged(tmp_path, source, old, new, code):
    assert refusal(damaged(source, tmp_path, old, new)).code == code


def test_warnings_and_values_below_the_limit_are_counted(tmp_path: Path) -> None:
    rows = ["S1;IL6;O1;PASS;2.0;1.5", "S1;TNF;O2;PASS;2.0;3", "S2;IL6;O1;WARN;2.0;1", "S2;TNF;O2;WARN;2.0;5"]
    path = tmp_path / "npx.csv"
    path.write_text("\n".join(["SampleID;Assay;OlinkID;QC_Warning;LOD;NPX", *rows]) + "\n")
    kept = read_olink(path)
    assert kept.iloc[:, 1:].to_numpy().tolist() == [[1.5, 3], [1, 5]]
    assert kept.attrs["left_out"] == [
        "1 of 2 sample(s) have a warning of quality control: their NPX stay; qc_warning: missing",
        "2 NPX are below the limit of detection and stay: IL6 2",
    ]
    missing = read_olink(path, qc_warning="missing").iloc[:, 1:].to_numpy()
    np.testing.assert_array_equal(missing, [[1.5, 3], [np.nan, np.nan]])
