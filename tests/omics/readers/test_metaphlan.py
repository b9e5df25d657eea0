from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.modalities.microbiome import MICROBIOME
from omics.readers.metaphlan import read_metaphlan

FIXTURES = Path(__file__).parent / "fixtures" / "metaphlan"
MERGED = (FIXTURES / "merged_4.tsv").read_text()
COLI = "k__Bacteria|p__Proteobacteria|c__Gammaproteobacteria|o__Enterobacterales|f__Enterobacteriaceae"
PRAUSNITZII = "k__Bacteria|p__Firmicutes|c__Clostridia|o__Eubacteriales|f__Oscillospiraceae"
SPECIES = ["s__Faecalibacterium_prausnitzii", "s__Escherichia_coli"]


def test_version_4_keeps_species_and_what_is_unclassified() -> None:
    table = read_metaphlan(FIXTURES / "merged_4.tsv")
    assert table["sample_id"].tolist() == ["P01", "P02", "007"]
    assert list(table.columns[1:]) == ["UNCLASSIFIED", *SPECIES]
    expected = [[0.205, 0.6025, 0.1925], [0, 1, 0], [0.5, 0, 0.5]]
    np.testing.assert_allclose(table.iloc[:, 1:].to_numpy(), expected, rtol=1e-15)


def test_version_3_drops_the_taxon_ids() -> None:
    table = read_metaphlan(FIXTURES / "merged_3.tsv")
    assert table["sample_id"].tolist() == ["P01", "P02"]
    assert list(table.columns[1:]) == ["UNKNOWN", *SPECIES]
    np.testing.assert_allclose(table.iloc[:, 1:].to_numpy(), [[0.1, 0.7, 0.2], [0, 0, 1]])


def test_the_parts_of_a_patient_sum_to_one_and_suit_the_scale() -> None:
    values = read_metaphlan(FIXTURES / "merged_4.tsv").iloc[:, 1:].to_numpy()
    np.testing.assert_allclose(values.sum(axis=1), 1.0)
    assert np.isfinite(MICROBIOME.transform(values, "relative")).all()


def test_clades_named_by_gtdb(tmp_path: Path) -> None:
    path = tmp_path / "merged.tsv"
    path.write_text(MERGED.replace("|", ";").replace("k__", "d__"))
    assert list(read_metaphlan(path).columns[1:]) == ["UNCLASSIFIED", *SPECIES]


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("clade_name", "#clade_name", "missing_column"),
        ("clade_name", "ID", "missing_column"),
        ("\tP02\t", "\tP01\t", "duplicate_column"),
        ("|s__", "|x__", "no_species"),
        ("60.25\t100.0\t0.0", "60.25\t100.0", "ragged_row"),
        ("60.25\t100.0\t0.0", "60.25\tnone\t0.0", "text_for_number"),
        ("60.25\t100.0\t0.0", "60.25\t-1\t0.0", "not_percent"),
        ("60.25\t100.0\t0.0", "60250\t100.0\t0.0", "not_percent"),
        (
            f"{COLI}|g__Escherichia|s__Escherichia_coli\t",
            f"{PRAUSNITZII}|g__Faecalibacterium|s__Faecalibacterium_prausnitzii\t",
            "duplicate_column",
        ),
    ],
)
def test_malformed(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in MERGED
    path = tmp_path / "merged.tsv"
    changed = MERGED.replace(old, new)
    path.write_text(changed.replace("UNCLASSIFIED", "k__Viruses") if code == "no_species" else changed)
    with pytest.raises(CohortError) as caught:
        read_metaphlan(path)
    assert caught.value.code == code
    assert caught.value.file == str(path)


def test_only_unclassified_is_no_table_of_species(tmp_path: Path) -> None:
    path = tmp_path / "merged.tsv"
    path.write_text("#mpa_vJun23_CHOCOPhlAnSGB_202403\nclade_name\tP01\nUNCLASSIFIED\t100.0\n")
    with pytest.raises(CohortError) as caught:
        read_metaphlan(path)
    assert caught.value.code == "no_species"


def test_an_empty_file(tmp_path: Path) -> None:
    path = tmp_path / "merged.tsv"
    path.write_text("#mpa_v30_CHOCOPhlAn_201901\n")
    with pytest.raises(CohortError) as caught:
        read_metaphlan(path)
    assert caught.value.code == "empty_file"


def test_a_species_under_two_genera_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "merged.tsv"
    path.write_text("clade_name\tP1\nk__B|g__G|s__x\t60\nk__B|g__H|s__x\t30\nk__B|g__H|s__y\t10\n")
    table = read_metaphlan(path)
    assert table.iloc[0, 1:].to_dict() == pytest.approx({"g__G|s__x": 0.6, "g__H|s__x": 0.3, "s__y": 0.1})
