"""Files of PLINK 1 compared with ``plink --recode A``."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from omics.common.errors import CohortError
from omics.readers.plain_tables import read_table
from omics.readers.plink import read_bed

FIXTURES = Path(__file__).parent / "fixtures" / "plink"


@pytest.fixture
def trio(tmp_path):
    for ending in ("bed", "bim", "fam"):
        shutil.copy(FIXTURES / f"cohort.{ending}", tmp_path)
    return tmp_path / "cohort.bed"


def test_agrees_with_recode_a():
    raw = pd.read_csv(FIXTURES / "cohort.raw", sep=" ")
    expected = raw.iloc[:, 6:]
    frame = read_table(FIXTURES / "cohort.bed")
    assert frame.columns.tolist() == expected.columns.tolist()
    np.testing.assert_array_equal(frame.to_numpy(), expected.to_numpy(dtype=float))
    assert np.isnan(frame.to_numpy()).any()


def test_ids_of_every_kind_of_family():
    frame = read_table(FIXTURES / "cohort.bed")
    assert frame.index.tolist() == ["P0", "F1_P1", "F1_P2", "P3", "007_0012", "005", "F2_P1"]


@pytest.mark.parametrize("patients", [1, 3, 4, 5, 8, 9])
def test_every_filling_of_the_last_byte(tmp_path, patients):
    # Packed two bits at a time by a loop, the inverse of what the reader does.
    generator = np.random.default_rng(patients)
    codes = generator.integers(0, 4, (6, patients))
    content = bytearray(b"\x6c\x1b\x01")
    for variant in codes:
        for start in range(0, patients, 4):
            content.append(sum(int(code) << (2 * i) for i, code in enumerate(variant[start : start + 4])))
    (tmp_path / "x.bed").write_bytes(content)
    (tmp_path / "x.fam").write_text("".join(f"0 p{i} 0 0 0 -9\n" for i in range(patients)))
    (tmp_path / "x.bim").write_text("".join(f"1\trs{i}\t0\t{i}\tA\tG\n" for i in range(6)))
    copies = {0: 2.0, 1: np.nan, 2: 1.0, 3: 0.0}
    expected = [[copies[int(code)] for code in variant] for variant in codes.T]
    np.testing.assert_array_equal(read_table(tmp_path / "x.bed").to_numpy(), expected)


@pytest.mark.parametrize("ending", [".bim", ".fam"])
def test_missing_companion(trio, ending):
    trio.with_suffix(ending).unlink()
    with pytest.raises(CohortError, match="belong together") as caught:
        read_bed(trio)
    assert (caught.value.code, caught.value.file) == ("missing_file", str(trio.with_suffix(ending)))


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "wrong_magic"),
        (b"\x6c\x1b", "wrong_magic"),
        (b"\x1b\x6c\x01", "wrong_magic"),
        (b"chr1\t0\t100\n", "wrong_magic"),
        (b"\x6c\x1b\x00" + bytes(24), "individual_major"),
        (b"\x6c\x1b\x01" + bytes(23), "wrong_shape"),
        (b"\x6c\x1b\x01" + bytes(25), "wrong_shape"),
    ],
)
def test_malformed_bed(trio, content, code):
    trio.write_bytes(content)
    with pytest.raises(CohortError) as caught:
        read_bed(trio)
    assert (caught.value.code, caught.value.file) == (code, str(trio))


def test_family_of_another_size(trio):
    family = trio.with_suffix(".fam")
    family.write_text(family.read_text() + "0 a 0 0 0 -9\n0 b 0 0 0 -9\n")
    with pytest.raises(CohortError, match="12 variants x 9 patients need 36") as caught:
        read_bed(trio)
    assert caught.value.code == "wrong_shape"


@pytest.mark.parametrize(("ending", "columns"), [(".fam", 5), (".bim", 5), (".bim", 7)])
def test_companion_with_other_columns(trio, ending, columns):
    path = trio.with_suffix(ending)
    lines = path.read_text().splitlines()
    lines[2] = " ".join([*lines[2].split(), "x"][:columns])
    path.write_text("\n".join(lines))
    with pytest.raises(CohortError, match="line 3") as caught:
        read_bed(trio)
    assert (caught.value.code, caught.value.file) == ("ragged_row", str(path))


def test_repeated_variant_and_patient(trio):
    variants = trio.with_suffix(".bim")
    whole = variants.read_text()
    variants.write_text(whole.replace("snp1\t0\t1\tC", "snp0\t0\t1\tC"))
    with pytest.raises(CohortError) as caught:
        read_table(trio)
    assert (caught.value.code, caught.value.column) == ("duplicate_column", "snp0_C")
    variants.write_text(whole)
    family = trio.with_suffix(".fam")
    family.write_text(family.read_text().replace("F1 P2", "F1 P1"))
    with pytest.raises(CohortError) as caught:
        read_table(trio)
    assert (caught.value.code, caught.value.patient) == ("duplicate_patient", "F1_P1")


def test_variants_without_a_name_are_named_by_place_and_alleles(tmp_path: Path) -> None:
    for ending in (".bed", ".bim", ".fam"):
        shutil.copy(FIXTURES / f"cohort{ending}", tmp_path / f"a{ending}")
    bim = tmp_path / "a.bim"
    rows = [line.split() for line in bim.read_text().splitlines()]
    bim.write_text("".join("\t".join([row[0], ".", *row[2:]]) + "\n" for row in rows))
    names = [f"{row[0]}:{row[3]}:{row[4]}:{row[5]}_{row[4]}" for row in rows]
    table = read_bed(tmp_path / "a.bed")
    assert list(table.columns[1:]) == names
    assert (table.iloc[:, 1:].to_numpy() == read_bed(FIXTURES / "cohort.bed").iloc[:, 1:].to_numpy()).any()
