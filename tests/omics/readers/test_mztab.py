from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.readers.mztab import read_mztab
from omics.readers.plain_tables import read_table

FIXTURES = Path(__file__).parent / "fixtures" / "mztab"
SPECIFICATION = (FIXTURES / "specification.mztab").read_text()


@pytest.fixture
def code_of(tmp_path: Path):
    def read(old: str, new: str) -> str:
        assert old in SPECIFICATION
        path = tmp_path / "study.mztab"
        path.write_text(SPECIFICATION.replace(old, new))
        with pytest.raises(CohortError) as caught:
            read_table(path)
        assert caught.value.file == str(path)
        return caught.value.code

    return read


def test_assays_by_small_molecules() -> None:
    table = read_table(FIXTURES / "specification.mztab")
    assert list(table.index) == ["P01", "007", "P03"]
    assert list(table.columns) == [
        "Creatinine",
        "Leucine [2]",
        "Leucine [3]",
        "CHEBI:16811",
        "5",
        "Glucose|Fructose",
    ]
    expected = [
        [59809754.62, 1.5, 4, 7, 10, 13],
        [63773291.22, 0, 5, np.nan, 11, 14],
        [np.nan, 2000, 6, 9, 12, 15],
    ]
    np.testing.assert_array_equal(table.to_numpy(), expected)


def test_a_file_of_openms() -> None:
    table = read_table(FIXTURES / "openms.mzTab")
    assert list(table.index) == ["assay_"]
    assert list(table.columns) == ["1", "2", "3"]
    assert table.iloc[0].tolist() == [5.9809756e07, 6.5543884e07, 120.5]


def test_trailing_tabs_of_a_spreadsheet_are_harmless(tmp_path: Path) -> None:
    path = tmp_path / "study.mztab"
    path.write_bytes(b"".join(line + b"\t\t\r\n" for line in SPECIFICATION.encode().split(b"\n")))
    plain = read_mztab(FIXTURES / "specification.mztab")
    assert read_mztab(path).equals(plain)


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("\nSMH\t", "\nCOM\t", "no_header"),
        ("\nSML\t1\t", "\nSMH\tSML_ID\nSML\t1\t", "no_header"),
        ("2.0.0-M", "1.0.0", "unsupported_version"),
        ("MTD\tmzTab-version\t2.0.0-M\n", "", "unsupported_version"),
        ("SMH\tSML_ID", "SMH\tid", "missing_column"),
        ("abundance_assay[2]", "abundance_assay[1]", "duplicate_column"),
        ("\tabundance_assay[", "\tpeak_assay[", "no_abundance"),
        ("MTD\tassay[2]\t007\n", "", "empty_id"),
        ("MTD\tassay[2]\t007\n", "MTD\tassay[2]\tP01\n", "duplicate_patient"),
        ("\t10\t11\t12\t", "\t10\t11\t", "ragged_row"),
        ("\t10\t11\t12\t", "\t10\tlow\t12\t", "text_for_number"),
        ("\t10\t11\t12\t", "\t10\t1,1\t12\t", "text_for_number"),
        ("\t10\t11\t12\t", "\t10\tINF\t12\t", "infinite_value"),
        ("\nSML\t3\t", "\nSML\t2\t", "duplicate_column"),
        ("\nSML\t5\t", "\nSML\tnull\t", "empty_feature"),
    ],
)
def test_malformed(code_of, old: str, new: str, code: str) -> None:
    assert code_of(old, new) == code


def test_text_for_number_names_molecule_and_patient(tmp_path: Path) -> None:
    path = tmp_path / "study.mztab"
    path.write_text(SPECIFICATION.replace("\t4\t5\t6\t", "\t4\t<LOD\t6\t"))
    with pytest.raises(CohortError) as caught:
        read_mztab(path)
    assert (caught.value.column, caught.value.patient) == ("Leucine [3]", "007")


def test_not_text_at_all(tmp_path: Path) -> None:
    path = tmp_path / "study.mzTab"
    path.write_bytes(b"\xff\xfe\x00\x81")
    with pytest.raises(CohortError) as caught:
        read_table(path)
    assert caught.value.code == "not_utf8"
