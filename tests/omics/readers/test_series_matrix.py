from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
import yaml

from omics.cohort.read import cohort_endpoints, read_cohort
from omics.common.errors import CohortError
from omics.readers.plain_tables import read_table, table_format
from omics.readers.series_matrix import OTHER_IDS, read_series_clinical

TEXT = """!Series_title\t"a study"
!Sample_title\t"tumour A"\t"tumour B"\t"tumour C"
!Sample_geo_accession\t"GSM7"\t"GSM8"\t"GSM9"
!Sample_characteristics_ch1\t"age: 61"\t"age: 47"\t"age: NA"
!Sample_characteristics_ch1\t"os days: 100"\t"sex: male"\t"os days: 300"
!Sample_characteristics_ch1\t"sex: female"\t"os days: 200"\t"died: 0"
!Sample_characteristics_ch1\t"died: 1"\t"died: 1"\t""
!series_matrix_table_begin
"ID_REF"\t"GSM7"\t"GSM8"\t"GSM9"
"1007_s_at"\t5.5\t6.25\t7
"1053_at"\tnull\t4.5\t3
!series_matrix_table_end
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "GSE1_series_matrix.txt"
    path.write_text(TEXT)
    return path


def test_the_table_with_the_titles_as_other_ids(path: Path) -> None:
    assert table_format(path) == "series_matrix"
    table = read_table(path)
    np.testing.assert_array_equal(table.to_numpy(), [[5.5, np.nan], [6.25, 4.5], [7, 3]])
    assert table.attrs[OTHER_IDS] == {"GSM7": "tumour A", "GSM8": "tumour B", "GSM9": "tumour C"}


def test_compressed(path: Path) -> None:
    packed = path.with_suffix(".txt.gz")
    packed.write_bytes(gzip.compress(TEXT.encode()))
    assert read_table(packed).equals(read_table(path))


def test_characteristics_by_their_names(path: Path) -> None:
    clinical = read_series_clinical(path).set_index("sample_id")
    assert clinical["age"].tolist()[:2] == [61, 47]
    assert np.isnan(clinical["age"]["GSM9"])
    assert clinical["os days"].tolist() == [100, 200, 300]
    assert clinical["sex"].tolist()[:2] == ["female", "male"]
    assert clinical["died"].tolist() == [1, 1, 0]


def test_one_file_is_samples_table_and_view(path: Path) -> None:
    spec = {
        "name": "geo",
        "samples": {"file": path.name, "id": "sample_id"},
        "views": {"rna": {"modality": "transcriptomics", "file": path.name, "scale": "log"}},
        "endpoints": {"survival": {"time": "os days", "event": "died"}},
    }
    (path.parent / "cohort.yaml").write_text(yaml.safe_dump(spec))
    cohort = read_cohort(path.parent)
    assert cohort_endpoints(cohort).survival().time.tolist() == [100, 200, 300]
    assert cohort["rna"].shape == (3, 2)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("!series_matrix_table_end\n", "", "no_block"),
        ("!series_matrix_table_begin", "!x", "no_block"),
        ("6.25\t7", "6.25", "ragged_row"),
        ("6.25", "high", "text_for_number"),
        ("1053_at", "1007_s_at", "duplicate_column"),
    ],
)
def test_malformed(old: str, new: str, code: str, path: Path) -> None:
    path.write_text(TEXT.replace(old, new))
    with pytest.raises(CohortError) as raised:
        read_table(path)
    assert raised.value.code == code
