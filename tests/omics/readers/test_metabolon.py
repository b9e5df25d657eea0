"""Workbooks of Metabolon in the newer and the older layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from metabolon_files import HEADER, NEWER, OLDER, TOP, write_book

from omics.common.errors import CohortError
from omics.readers.metabolon_sheets import is_imputed, is_log, sheets_of
from omics.readers.notes import notes_of, warnings_of
from omics.readers.plain_tables import read_table

nan = np.nan


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_book(tmp_path_factory.mktemp("newer") / "STUDY DATA TABLES.XLSX", NEWER)


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_book(tmp_path_factory.mktemp("older") / "study.xlsx", OLDER)


def test_the_normalised_sheet_is_read_and_nothing_imputed(newer: Path) -> None:
    table = read_table(newer, file_format="metabolon")
    assert list(table.columns) == ["valine", "leucine_50", "X - 12345", "leucine_1000"]
    assert list(table.index) == ["ABCD-00002", "ABCD-00001", "ABCD-00003"]
    expected = [[0.9, 1.1, nan, 0.7], [1.0, 1.2, 1.0, 0.8], [1.3, nan, nan, 0.9]]
    np.testing.assert_array_equal(table.to_numpy(), expected)
    first, second = notes_of(table)
    assert "'Batch-normalized Data' is read, and not Peak Area Data, Batch-norm Imputed Data" in first
    assert second == "1 pool(s) or blank(s) left out: ABCD-00009"
    assert not warnings_of(table)


def test_ids_of_another_label(newer: Path) -> None:
    table = read_table(newer, "CLIENT_SAMPLE_ID", "metabolon", {"sheet": "Peak Area Data"})
    assert table["valine"].to_dict() == {"P2": 100, "P1": 110, "P3": 120}
    with pytest.raises(CohortError, match="did you mean 'CLIENT_SAMPLE_ID'"):
        read_table(newer, "CLIENT_SAMPLEID", "metabolon")


@pytest.mark.parametrize("sheet", ["Batch-norm Imputed Data", "Log Transformed Data"])
def test_an_imputed_sheet_is_a_finding(newer: Path, sheet: str) -> None:
    table = read_table(newer, None, "metabolon", {"sheet": sheet})
    assert table.notna().all().all()
    assert "read sheet: Batch-normalized Data" in warnings_of(table)["imputed_sheet"]


def test_a_wrong_sheet_is_an_error(newer: Path) -> None:
    with pytest.raises(CohortError, match="no sheet of data 'Chemical Annotation'"):
        read_table(newer, None, "metabolon", {"sheet": "Chemical Annotation"})


def test_samples_of_a_newer_workbook(newer: Path) -> None:
    samples = read_table(newer, "PARENT_SAMPLE_NAME", "metabolon_samples")
    assert list(samples.index) == ["ABCD-00001", "ABCD-00002", "ABCD-00003"]
    np.testing.assert_array_equal(samples["AGE"], [50, 61, nan])
    assert list(samples["CLIENT_SAMPLE_ID"]) == ["P1", "P2", "P3"]


def test_an_older_sheet_has_samples_above_and_metabolites_on_the_left(older: Path) -> None:
    assert list(sheets_of(older)) == ["OrigScale", "ScaledImpData"]
    table = read_table(older, None, "metabolon")
    np.testing.assert_array_equal(table.to_numpy(), [[8412, 100], [9000.5, nan], [nan, 120]])
    assert list(table.columns) == ["leucine", "valine"]
    assert list(read_table(older, "CLIENT IDENTIFIER", "metabolon").index) == ["P1", "P2", "P3"]
    samples = read_table(older, "CLIENT IDENTIFIER", "metabolon_samples")
    assert list(samples["Group"]) == ["case", "control", "case"]
    assert list(samples["SAMPLE_NAME"]) == ["S-1", "S-2", "S-3"]


def test_a_workbook_with_imputed_values_alone_is_a_finding(tmp_path: Path) -> None:
    path = write_book(tmp_path / "a.xlsx", {"ScaledImpData": OLDER["ScaledImpData"]})
    table = read_table(path, None, "metabolon")
    assert "no other sheet has the measured values" in warnings_of(table)["imputed_sheet"]


def test_a_header_with_the_names_of_the_samples(tmp_path: Path) -> None:
    rows = [["BIOCHEMICAL", "SUPER PATHWAY", "COMP ID", "S1", "S2"], ["leucine", "Amino Acid", 60, 1.5, None]]
    table = read_table(write_book(tmp_path / "a.xlsx", {"Sheet1": rows}), None, "metabolon")
    assert list(table.index) == ["S1", "S2"]
    np.testing.assert_array_equal(table["leucine"], [1.5, nan])


def test_a_number_that_is_no_number_and_a_repeated_column_are_errors(tmp_path: Path) -> None:
    rows = [*TOP, HEADER, [1, "leucine", "Amino Acid", 60, "HMDB00687", "high", 1, 2]]
    with pytest.raises(CohortError, match="leucine"):
        read_table(write_book(tmp_path / "a.xlsx", {"OrigScale": rows}), None, "metabolon")
    rows = [["PARENT_SAMPLE_NAME", 35, 35], ["S1", 1, 2]]
    with pytest.raises(CohortError, match="35"):
        read_table(write_book(tmp_path / "b.xlsx", {"Peak Area Data": rows}), None, "metabolon")


def test_another_workbook_is_refused(tmp_path: Path) -> None:
    path = write_book(tmp_path / "a.xlsx", {"Sheet1": [["id", "x"], ["P1", 1]]})
    for kind in ("metabolon", "metabolon_samples"):
        with pytest.raises(CohortError, match="no sheet of"):
            read_table(path, None, kind)


@pytest.mark.parametrize(
    ("sheet", "imputed", "log"),
    [
        ("Batch-norm Imputed Data", True, False),
        ("ScaledImpData", True, False),
        ("Log Transformed Data", True, True),
        ("Volume-normalized Data", False, False),
        ("Catalog", False, False),
    ],
)
def test_names_of_sheets(sheet: str, imputed: bool, log: bool) -> None:
    assert (is_imputed(sheet), is_log(sheet)) == (imputed, log)
