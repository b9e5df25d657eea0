from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.readers.maf import read_maf
from omics.readers.notes import notes_of, warnings_of

HEAD = "Hugo_Symbol\tTumor_Sample_Barcode\tVariant_Classification\tFILTER"
ROWS = [
    "TP53\tP1\tMissense_Mutation\tPASS",
    "KRAS\tP1\tSilent\tPASS",
    "EGFR\tP2\tNonsense_Mutation\t.",
    "EGFR\tP3\tMissense_Mutation\tpanel_of_normals",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data_mutations.txt").write_text("\n".join([HEAD, *ROWS]) + "\n")
    (tmp_path / "data_gene_panel_matrix.txt").write_text(
        "SAMPLE_ID\tmutations\nP1\tSMALL\nP2\tLARGE\nP3\tNA\nP4\tSMALL\n"
    )
    for name, genes in (("SMALL", "TP53 KRAS"), ("LARGE", "TP53\tKRAS\tEGFR")):
        (tmp_path / f"data_gene_panel_{name}.txt").write_text(f"stable_id: {name}\ngene_list: {genes}\n")
    return tmp_path


def test_genes_off_the_panel_are_not_measured(folder: Path) -> None:
    table = read_maf(folder / "data_mutations.txt", panels=folder / "data_gene_panel_matrix.txt")
    table = table.set_index("sample_id")
    expected = {
        "P1": [1, 0, np.nan],
        "P2": [0, 0, 1],
        "P3": [0, 0, 0],  # the whole exome; the only mutation was filtered
        "P4": [0, 0, np.nan],  # sequenced, without a mutation
    }
    assert list(table.columns) == ["TP53", "KRAS", "EGFR"]
    for patient, values in expected.items():
        np.testing.assert_array_equal(table.loc[patient], values)


def test_a_matrix_beside_the_file_that_is_not_declared_is_named(folder: Path) -> None:
    table = read_maf(folder / "data_mutations.txt")
    assert "declare panels: data_gene_panel_matrix.txt" in warnings_of(table)["gene_panels"]
    (folder / "data_gene_panel_matrix.txt").unlink()
    assert not warnings_of(read_maf(folder / "data_mutations.txt"))


def test_filtered_mutations_are_counted_and_can_be_kept(folder: Path) -> None:
    table = read_maf(folder / "data_mutations.txt")
    assert notes_of(table) == [
        "1 mutation(s) left out by FILTER: panel_of_normals 1; filter: keep reads them"
    ]
    assert table.set_index("sample_id").loc["P3", "EGFR"] == 0
    kept = read_maf(folder / "data_mutations.txt", filtered="keep").set_index("sample_id")
    assert kept.loc["P3", "EGFR"] == 1


def test_a_panel_without_genes_is_refused(folder: Path) -> None:
    (folder / "data_gene_panel_SMALL.txt").unlink()
    with pytest.raises(CohortError) as raised:
        read_maf(folder / "data_mutations.txt", panels=folder / "data_gene_panel_matrix.txt")
    assert (raised.value.code, raised.value.patient) == ("unknown_panel", "P1")
