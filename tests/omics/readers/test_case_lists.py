"""Patients who were sequenced and have no mutation: by a case list, a list, or all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from omics.checks.check_cohort import check_cohort
from omics.cohort.read import cohort_files, read_cohort
from omics.common.errors import CohortError
from omics.readers.case_lists import read_case_list
from omics.readers.maf import read_maf

HEAD = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\n"
PATIENTS = [f"P{i}" for i in range(1, 9)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = ["TP53\tP1\tMissense_Mutation", "KRAS\tP2\tMissense_Mutation", "TP53\tP3\tSilent"]
    (tmp_path / "study.maf").write_text(HEAD + "\n".join(rows) + "\n")
    samples = pd.DataFrame({"id": PATIENTS, "time": range(5, 13), "event": [0, 1] * 4})
    samples.to_csv(tmp_path / "samples.csv", index=False)
    return tmp_path


def declare(folder: Path, **keys: Any) -> Path:
    content = {
        "name": "study",
        "samples": {"file": "samples.csv", "id": "id"},
        "views": {"dna": {"modality": "genomics", "file": "study.maf", "scale": "binary", **keys}},
        "endpoints": {"survival": {"time": "time", "event": "event", "unit": "days"}},
    }
    (folder / "cohort.yaml").write_text(yaml.safe_dump(content))
    return folder


def codes(folder: Path) -> dict[str, str]:
    return {finding.code: finding.sentence for finding in check_cohort(folder)}


def test_patients_without_a_row_are_counted_and_named(folder: Path) -> None:
    sentence = codes(declare(folder))["not_in_mutations"]
    assert sentence.startswith("5 of 8 patient(s) have no mutation in the file")
    assert "P4, P5, P6; if they were sequenced, declare sequenced: all, or a list or a file" in sentence
    assert list(read_cohort(folder)["dna"].obs_names) == ["P1", "P2", "P3"]


def test_a_case_list_beside_the_file_is_proposed(folder: Path) -> None:
    (folder / "case_lists").mkdir()
    (folder / "case_lists/cases_sequenced.txt").write_text("case_list_ids: P1\tP5\n")
    assert "sequenced: case_lists/cases_sequenced.txt" in codes(declare(folder))["not_in_mutations"]


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ("all", PATIENTS),
        (["P1", "P5", "P8"], ["P1", "P2", "P3", "P5", "P8"]),
        ("list.txt", ["P1", "P2", "P3", "P7"]),
    ],
)
def test_sequenced_patients_have_zeros(folder: Path, stated: Any, expected: list[str]) -> None:
    (folder / "list.txt").write_text("P7\n\nP1\nP7\n")
    view = read_cohort(declare(folder, sequenced=stated))["dna"].to_df()
    assert sorted(view.index) == expected
    truth = pd.DataFrame(0.0, index=expected, columns=["TP53", "KRAS"])
    truth.loc["P1", "TP53"] = truth.loc["P2", "KRAS"] = 1.0
    np.testing.assert_array_equal(view.loc[expected, ["TP53", "KRAS"]], truth)
    assert "not_in_mutations" not in codes(folder)
    assert ("list.txt" in cohort_files(folder)) == (stated == "list.txt")


def test_panels_count_for_sequenced_patients_too(folder: Path) -> None:
    (folder / "data_gene_panel_matrix.txt").write_text("SAMPLE_ID\tmutations\nP1\tNA\nP5\tSMALL\n")
    (folder / "data_gene_panel_SMALL.txt").write_text("stable_id: SMALL\ngene_list: TP53\n")
    panels = folder / "data_gene_panel_matrix.txt"
    table = read_maf(folder / "study.maf", panels=panels, sequenced=["P5", "P6"]).set_index("sample_id")
    np.testing.assert_array_equal(table.loc["P5"], [0, np.nan])
    np.testing.assert_array_equal(table.loc["P6"], [0, 0])


def test_wrong_declarations_are_errors(folder: Path) -> None:
    with pytest.raises(CohortError, match="must be all, a file, or a list"):
        read_cohort(declare(folder, sequenced=True))
    with pytest.raises(CohortError, match="correct the path of sequenced"):
        read_cohort(declare(folder, sequenced="absent.txt"))
    (folder / "empty.txt").write_text("\n")
    with pytest.raises(CohortError, match="the list has no id"):
        read_case_list(folder / "empty.txt")
