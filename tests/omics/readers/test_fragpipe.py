from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.readers.plain_tables import read_table, table_format

KINDS = ["Intensity", "MaxLFQ Intensity"]
SAMPLES = [f"{patient} {kind}" for patient in ("P1", "P2") for kind in KINDS]
HEAD = "\t".join(["Protein", "Protein ID", "Gene", "Combined Total Peptides", *SAMPLES])
ROWS = [
    "sp|Q1|A_HUMAN\tQ1\tA\t9\t10\t11\t20\t0",
    "sp|Q2|B_HUMAN\tQ2\tB\t7\t30\t31\t40\t41",
    "contam_sp|P0|K_HUMAN\tP0\tK\t7\t50\t51\t60\t61",
    "rev_sp|Q9|Z_HUMAN\tQ9\tZ\t7\t50\t51\t60\t61",
]


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_max_lfq_of_proteins_without_contaminants(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "combined_protein.tsv", HEAD, *ROWS), file_format="fragpipe")
    assert list(table.columns) == ["sp|Q1|A_HUMAN", "sp|Q2|B_HUMAN"]
    np.testing.assert_array_equal(table.to_numpy(), [[11, 31], [np.nan, 41]])


def test_intensities_where_there_is_no_max_lfq(tmp_path: Path) -> None:
    path = written(
        tmp_path / "combined_protein.txt", HEAD.replace("MaxLFQ Intensity", "Spectral Count"), *ROWS
    )
    assert table_format(path) == "fragpipe"
    assert read_table(path).to_numpy().tolist() == [[10, 30], [20, 40]]


def test_the_format_is_named_where_it_was_not_declared(tmp_path: Path) -> None:
    with pytest.raises(CohortError, match="declare format: fragpipe") as raised:
        read_table(written(tmp_path / "combined_protein.tsv", HEAD, *ROWS))
    assert raised.value.code == "other_format"


def test_a_pivot_report_of_spectronaut(tmp_path: Path) -> None:
    path = written(
        tmp_path / "report.tsv",
        "PG.ProteinGroups\tPG.Genes\t[1] P1.raw.PG.Quantity\t[2] P2.raw.PG.Quantity",
        "Q1;Q2\tA\t100.5\tFiltered",
        "Q3\tB\t7\t8",
    )
    table = read_table(path, file_format="spectronaut")
    assert list(table.index) == ["P1", "P2"]
    np.testing.assert_array_equal(table.to_numpy(), [[100.5, 7], [np.nan, 8]])


LONG = ["R.FileName,PG.ProteinGroups,PG.Quantity", "P1,Q1,5", "P1,Q1,5", "P2,Q1,6", "P2,Q2,7"]


def test_a_long_report_of_spectronaut(tmp_path: Path) -> None:
    table = read_table(written(tmp_path / "report.csv", *LONG), file_format="spectronaut")
    np.testing.assert_array_equal(table.to_numpy(), [[5, np.nan], [6, 7]])


def test_two_quantities_of_a_group_in_a_run_are_refused(tmp_path: Path) -> None:
    with pytest.raises(CohortError) as raised:
        read_table(written(tmp_path / "report.csv", *LONG, "P1,Q1,9"), file_format="spectronaut")
    assert (raised.value.code, raised.value.patient) == ("repeated_value", "P1")
