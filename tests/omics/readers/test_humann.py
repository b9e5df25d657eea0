"""Tables of HUMAnN: totals alone, as fractions, in any unit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.modalities.microbiome import MICROBIOME
from omics.readers.humann import read_humann
from omics.readers.notes import notes_of
from omics.readers.signatures import format_of_text

TABLE = (
    "# Pathway\tP01_Abundance\t007_Abundance\n"
    "UNMAPPED\t50\t0\n"
    "UNINTEGRATED\t30\t10\n"
    "UNINTEGRATED|g__Blautia.s__Blautia_obeum\t30\t10\n"
    "PWY-1042: glycolysis IV\t20\t30\n"
    "PWY-1042: glycolysis IV|g__Blautia.s__Blautia_obeum\t15\t30\n"
    "PWY-1042: glycolysis IV|unclassified\t5\t0\n"
)


def written(folder: Path, text: str = TABLE) -> Path:
    path = folder / "pathabundance.tsv"
    path.write_text(text)
    return path


def test_totals_are_kept_as_fractions(tmp_path: Path) -> None:
    table = read_humann(written(tmp_path))
    assert table["sample_id"].tolist() == ["P01", "007"]
    assert list(table.columns[1:]) == ["UNMAPPED", "UNINTEGRATED", "PWY-1042: glycolysis IV"]
    np.testing.assert_allclose(table.iloc[:, 1:], [[0.5, 0.3, 0.2], [0, 0.25, 0.75]])
    assert "3 row(s) that are parts by species" in notes_of(table)[0]
    assert np.isfinite(MICROBIOME.transform(table.iloc[:, 1:].to_numpy(), "relative")).all()


@pytest.mark.parametrize("suffix", ["_Abundance-RPKs", "_Abundance-CPM", "-Abundance", ""])
def test_the_unit_in_the_name_of_a_sample_does_not_matter(suffix: str, tmp_path: Path) -> None:
    table = read_humann(written(tmp_path, TABLE.replace("_Abundance", suffix)))
    assert table["sample_id"].tolist() == ["P01", "007"]


def test_gene_families_are_read_and_the_header_is_recognised(tmp_path: Path) -> None:
    path = written(tmp_path, TABLE.replace("# Pathway", "# Gene Family"))
    assert format_of_text(path) == "humann"
    assert len(read_humann(path)) == 2


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("# Pathway", "pathway", "missing_column"),
        ("_Abundance", "_Coverage", "not_abundance"),
        ("\t50\t", "\t-5\t", "not_abundance"),
        ("\t50\t", "\tmuch\t", "text_for_number"),
        ("007_Abundance", "P01_Abundance", "duplicate_column"),
    ],
)
def test_what_is_no_table_of_humann_is_one_sentence(old: str, new: str, code: str, tmp_path: Path) -> None:
    with pytest.raises(CohortError) as caught:
        read_humann(written(tmp_path, TABLE.replace(old, new)))
    assert caught.value.code == code


def test_a_sample_without_abundance_is_named(tmp_path: Path) -> None:
    empty = "\n".join("\t".join([*line.split("\t")[:2], "0"]) for line in TABLE.splitlines()[1:])
    with pytest.raises(CohortError, match="no abundance at all") as caught:
        read_humann(written(tmp_path, TABLE.splitlines()[0] + "\n" + empty + "\n"))
    assert caught.value.patient == "007"
