"""MaxQuant's proteinGroups.txt."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.modalities.proteomics import PROTEOMICS
from omics.readers.maxquant import read_protein_groups

GROUPS = Path(__file__).parent / "fixtures" / "maxquant" / "proteinGroups.txt"


def damaged(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = GROUPS.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "proteinGroups.txt"
    path.write_text(text)
    return path


def refusal(path: Path) -> CohortError:
    with pytest.raises(CohortError) as caught:
        read_protein_groups(path)
    return caught.value


def test_lfq_of_proteins_only(caplog):
    with caplog.at_level(logging.INFO):
        frame = read_protein_groups(GROUPS)
    assert frame["sample_id"].tolist() == ["P-01", "P-02"]
    assert list(frame.columns[1:]) == ["P02768", "P01024", "P62805", "P62805;P84243"]
    expected = [[880000.0, 69000.0, 5000.0, 1500.0], [460000.0, 0.0, 6500.0, 2900.0]]
    np.testing.assert_array_equal(frame.iloc[:, 1:], expected)
    # The group that is a decoy and a contaminant is counted once.
    assert "2 group(s) marked Reverse left out" in caplog.text
    assert "1 group(s) marked Potential contaminant left out" in caplog.text
    assert "1 group(s) marked Only identified by site left out" in caplog.text


def test_zero_stays_zero_and_is_below_detection_on_the_harmonized_scale():
    frame = read_protein_groups(GROUPS)
    assert frame.loc[1, "P01024"] == 0.0
    logs = PROTEOMICS.transform(frame.iloc[:, 1:].to_numpy(), "intensity")
    assert np.isneginf(logs[1, 1])
    assert np.isfinite(logs).sum() == 7


def test_intensity_where_there_is_no_lfq(tmp_path):
    frame = read_protein_groups(damaged(tmp_path, ("LFQ intensity ", "Other ")))
    np.testing.assert_array_equal(frame["P02768"], [900000.0, 450000.0])


def test_ibaq_where_there_is_nothing_else(tmp_path):
    path = damaged(tmp_path, ("LFQ intensity ", "Other "), ("Intensity P", "Sum P"))
    frame = read_protein_groups(path)
    assert frame["sample_id"].tolist() == ["P-01", "P-02"]
    np.testing.assert_array_equal(frame["P02768"], [100000.0, 50000.0])


def test_groups_with_one_leader_go_by_all_their_names(tmp_path):
    frame = read_protein_groups(damaged(tmp_path, ("P62805\t3;3\t", "P62805;Q99525\t3;3\t")))
    assert list(frame.columns[3:]) == ["P62805;Q99525", "P62805;P84243"]


def test_contaminants_of_older_versions(tmp_path):
    frame = read_protein_groups(damaged(tmp_path, ("Potential contaminant", "Contaminant")))
    assert not [name for name in frame.columns if name.startswith("CON")]


def test_a_stray_byte_in_a_description_is_no_fault(tmp_path):
    path = tmp_path / "proteinGroups.txt"
    path.write_bytes(GROUPS.read_bytes().replace(b"toy", b"to\xff"))
    assert read_protein_groups(path).equals(read_protein_groups(GROUPS))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("Majority protein IDs", "Majority IDs", "missing_column"),
        ("Q-value", "Ratio H/L P-01", "labelled_samples"),
        ("Q-value", "Reporter intensity 1 P-01", "labelled_samples"),
        ("\t880000\t", "\thigh\t", "text_for_number"),
        ("\t880000\t", "\t-880000\t", "negative_value"),
        ("\t0;1;2\t0;1;2;3\n", "\t0;1;2\n", "ragged_row"),
        ("P62805;P84243\t3;3;3", "P62805\t3;3;3", "duplicate_column"),
        ("P01024\tP01024", "P01024\t", "empty_feature"),
    ],
)
def test_damaged(tmp_path, old, new, code):
    assert refusal(damaged(tmp_path, (old, new))).code == code


def test_samples_without_names(tmp_path):
    path = damaged(tmp_path, ("LFQ intensity P", "LFQ P"), ("Intensity P", "Sum P"), ("iBAQ P", "Absolute P"))
    error = refusal(path)
    assert (error.code, error.column) == ("missing_column", "LFQ intensity SAMPLE")


def test_nothing_but_contaminants(tmp_path):
    path = tmp_path / "proteinGroups.txt"
    lines = GROUPS.read_text().splitlines(keepends=True)
    path.write_text("".join([lines[0], lines[3], lines[4]]))
    assert refusal(path).code == "empty_table"
