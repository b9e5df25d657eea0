from pathlib import Path

import numpy as np
import pytest

from omics.common.errors import CohortError
from omics.readers.mwtab import read_mwtab

FIXTURES = Path(__file__).parent / "fixtures" / "mwtab"
MS = (FIXTURES / "ms.txt").read_text()


def test_metabolites() -> None:
    table = read_mwtab(FIXTURES / "ms.txt")
    assert table["sample_id"].tolist() == ["P01", "P02", "P03", "007"]
    assert list(table.columns[1:]) == ["Leucine", "Valine", "(S)-Lactate"]
    expected = [[1.5, 10, 0], [2, 20.25, 1000], [np.nan, 30, 7], [4, np.nan, 8]]
    np.testing.assert_array_equal(table.iloc[:, 1:].to_numpy(), expected)


def test_bins_have_no_row_of_factors() -> None:
    table = read_mwtab(FIXTURES / "nmr_binned.txt")
    assert list(table.columns) == ["sample_id", "0.50...0.54", "0.54...0.58"]
    assert table.iloc[3].tolist() == ["007", 4.0, 8.5]


def test_a_metabolite_called_factors_is_kept_after_the_first_row(tmp_path: Path) -> None:
    path = tmp_path / "study.txt"
    path.write_text(MS.replace("Valine\t10", "Factors\t10"))
    assert "Factors" in read_mwtab(path).columns


def test_windows_line_ends_and_quotes(tmp_path: Path) -> None:
    path = tmp_path / "study.txt"
    path.write_bytes(MS.replace("Leucine\t1.5", '"Leucine"\t"1.5"').replace("\n", "\r\n").encode())
    assert read_mwtab(path).equals(read_mwtab(FIXTURES / "ms.txt"))


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("MS_METABOLITE_DATA_START", "MS_DATA_START", "no_block"),
        ("#END", "NMR_BINNED_DATA_START\nNMR_BINNED_DATA_END\n#END", "several_blocks"),
        ("\nMS_METABOLITE_DATA_END", "", "unclosed_block"),
        ("Samples\tP01\tP02\tP03\t007\nFactors", "Factors", "no_patient"),
        ("Samples\tP01\tP02\tP03\t007", "Samples", "no_patient"),
        ("\nValine\t", "\nLeucine\t", "duplicate_column"),
        ("\nValine\t", "\n\t", "empty_feature"),
        ("Valine\t10\t20.25\t30\tNA", "Valine\t10\t20.25\t30", "ragged_row"),
        ("Valine\t10\t20.25\t30\tNA", "Valine\t10\t20.25\t30\tNA\t5", "ragged_row"),
        ("20.25", "<LOD", "text_for_number"),
    ],
)
def test_malformed(tmp_path: Path, old: str, new: str, code: str) -> None:
    assert old in MS
    path = tmp_path / "study.txt"
    path.write_text(MS.replace(old, new, 1) if old == "MS_METABOLITE_DATA_START" else MS.replace(old, new))
    with pytest.raises(CohortError) as caught:
        read_mwtab(path)
    assert caught.value.code == code
    assert caught.value.file == str(path)


def test_only_an_extended_block_is_no_table(tmp_path: Path) -> None:
    path = tmp_path / "study.txt"
    path.write_text(
        "EXTENDED_MS_METABOLITE_DATA_START\nmetabolite_name\tsample_id\nEXTENDED_MS_METABOLITE_DATA_END\n"
    )
    with pytest.raises(CohortError) as caught:
        read_mwtab(path)
    assert caught.value.code == "no_block"


def test_an_empty_block(tmp_path: Path) -> None:
    path = tmp_path / "study.txt"
    path.write_text("MS_METABOLITE_DATA_START\nMS_METABOLITE_DATA_END\n")
    with pytest.raises(CohortError) as caught:
        read_mwtab(path)
    assert caught.value.code == "no_patient"
